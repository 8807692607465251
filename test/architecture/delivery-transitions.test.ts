// Checks that every update of `deliveries` is a function of store/delivery/transitions/ with a row
// in the table of transitions in docs/LOOKUP.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesBelow, importsOf, readSource } from '../support/sources.ts';
import { standingsFrom, STANDINGS, TRANSITION_FILES, transitionTable } from '../support/transition-table.ts';

const table = transitionTable();
const names = [...new Set(table.map(({ name }) => name))];
const files = filesBelow('').filter((file) => !/^(test|bench)\//.test(file));

test('only the files of store/delivery/transitions update deliveries', () => {
  const updates = /\bupdate\s+(only\s+)?deliveries\b|merge\s+into\s+deliveries\b/i;
  assert.deepEqual(
    files.filter((file) => updates.test(readSource(file))),
    TRANSITION_FILES,
  );
});

test('every function of store/delivery/transitions has a row in the table of docs/LOOKUP.md, and every row a function', () => {
  const exported = TRANSITION_FILES.flatMap((file) =>
    Array.from(readSource(file).matchAll(/^export async function (\w+)/gm), ([, name = '']) => name),
  );
  assert.deepEqual(names.toSorted(), exported.toSorted());
});

test('the table of transitions names only known owners and states', () => {
  const unknown = table.flatMap(({ from }) =>
    standingsFrom(from).filter((standing) => !STANDINGS.includes(standing)),
  );
  assert.deepEqual(unknown, []);
});

test('the table of transitions names the files that call each function', () => {
  const callers = files.filter((file) =>
    importsOf(file).some(({ path, typesOnly }) => TRANSITION_FILES.includes(`${path}.ts`) && !typesOnly),
  );
  for (const name of names) {
    const found = callers
      .filter((file) => importedFrom(file).includes(name))
      .map((file) => file.replace(/^.*\/(.*)\.ts$/, '$1'));
    const said = table.filter((row) => row.name === name);
    for (const row of said) assert.deepEqual(row.callers.toSorted(), found.toSorted(), name);
  }
});

function importedFrom(file: string): string[] {
  const lists = readSource(file).matchAll(/import \{([^}]*)\} from '[^']*\/transitions\/[^']*'/g);
  return [...lists].flatMap(([, list = '']) => list.split(',').map((item) => item.trim().split(' ')[0]!));
}
