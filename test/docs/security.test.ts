// The threat model in docs/SECURITY.md: every line of it names a test that exists.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesBelow, readSource } from '../support/sources.ts';

test('every threat in docs/SECURITY.md is held by a test that exists', () => {
  const tests = filesBelow('test', '.test.ts').map(readSource).join('\n');
  const page = readSource('docs/SECURITY.md');
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| They '));
  const titles = rows
    .filter((line) => !line.startsWith('| Somebody '))
    .map((line) => line.split(' | ').at(-1)!.replace(/ \|$/, ''));
  assert.ok(titles.length > 30, 'the tables of threats are not read');
  const named = [...page.matchAll(/\(Held by: `([^`]+)`/g)].map(([, title]) => title!.replace(/\s+/g, ' '));
  const missing = [...titles, ...named].filter(
    (title) => !tests.includes(title) && !tests.includes(title.replaceAll("'", "\\'")),
  );
  assert.deepEqual(missing, []);
});
