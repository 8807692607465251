// Deliberate defects against the tree: each one's text is still where it is said to be, so that a
// run of all of them does not leave out what nobody can put in any more.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { DEFECTS } from '../mutations/defects.ts';
import { rowOf, TABLE_HEAD } from '../mutations/table.ts';
import { readSource } from '../support/sources.ts';

test('the text of every deliberate defect occurs exactly once in its file, and its tests are there', () => {
  const lost = DEFECTS.filter(({ file, from, to, tests }) => {
    const isOnce = existsSync(file) && readSource(file).split(from).length === 2;
    return !isOnce || from === to || tests.length === 0 || !tests.every(existsSync);
  });
  assert.deepEqual(
    lost.map(({ title, file }) => `${title}: mend or replace it in test/mutations/, for ${file}`),
    [],
  );
});

test('no two deliberate defects have one title', () => {
  const titles = DEFECTS.map(({ title }) => title);
  assert.deepEqual(
    titles.filter((title, at) => titles.indexOf(title) !== at),
    [],
  );
});

test('the table of MUTATIONS.md is what test/mutations/run.ts --list prints', () => {
  const table = [TABLE_HEAD, ...DEFECTS.map((defect) => rowOf(defect))].join('\n');
  assert.ok(readSource('docs/MUTATIONS.md').includes(`\n${table}\n\n`));
});
