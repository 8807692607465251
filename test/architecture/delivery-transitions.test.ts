// Checks that every update of `deliveries` is a function of store/delivery/transitions.ts with a
// row in its table of transitions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesBelow, importsOf, tableRows, readSource } from '../support/sources.ts';
import { standingsFrom, STANDINGS, TRANSITIONS_FILE, transitionTable } from '../support/transition-table.ts';

const table = transitionTable();
const names = [...new Set(table.map(({ name }) => name))];
const files = filesBelow('').filter((file) => !/^(test|bench)\//.test(file));

test('only store/delivery/transitions.ts updates deliveries', () => {
  const updates = /\bupdate\s+(only\s+)?deliveries\b|merge\s+into\s+deliveries\b/i;
  assert.deepEqual(
    files.filter((file) => updates.test(readSource(file))),
    [TRANSITIONS_FILE],
  );
});

test('every function of transitions.ts has a row in its table, and every row a function', () => {
  const exported = readSource(TRANSITIONS_FILE).matchAll(/^export async function (\w+)/gm);
  assert.deepEqual(
    [...exported].map(([, name]) => name),
    names,
  );
});

test('the table of transitions names only known owners and states', () => {
  const unknown = table.flatMap(({ from }) =>
    standingsFrom(from).filter((standing) => !STANDINGS.includes(standing)),
  );
  assert.deepEqual(unknown, []);
});

test('the table of transitions names the files that call each function', () => {
  const callers = files.filter((file) =>
    importsOf(file).some(({ path, typesOnly }) => `${path}.ts` === TRANSITIONS_FILE && !typesOnly),
  );
  for (const name of names) {
    const found = callers
      .filter((file) => importedFrom(file).includes(name))
      .map((file) => file.replace(/^.*\/(.*)\.ts$/, '$1'));
    const said = table.filter((row) => row.name === name).map((row) => row.callers.split(', '));
    for (const listed of said) assert.deepEqual(listed.sort(), found.sort(), name);
  }
});

test('docs/ARCHITECTURE.md shows the table of transitions', () => {
  const rows = tableRows('States of a delivery').filter(([name = '']) => names.includes(name));
  assert.deepEqual(
    rows,
    table.map(({ name, from, to, guard, callers }) => [name, from, to, guard, callers]),
  );
});

function importedFrom(file: string): string[] {
  const [, list = ''] = /import \{([^}]*)\} from '[^']*\/transitions\.ts'/.exec(readSource(file)) ?? [];
  return list.split(',').map((item) => item.trim().split(' ')[0]!);
}
