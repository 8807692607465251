// Tests of the budget of the first load.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type BuiltFile, firstLoads } from '../../console/budget.ts';

/** A file that does not get smaller by compression. */
const file = (kb: number, links: Partial<BuiltFile> = {}): BuiltFile => ({
  source: randomBytes(kb * 1000),
  isEntry: false,
  imports: [],
  dynamicImports: [],
  ...links,
});

test('the first load of a page is its entry, all it imports once, and the heaviest page it opens', () => {
  const files = new Map([
    ['console', file(10, { isEntry: true, imports: ['react', 'style'], dynamicImports: ['small', 'big'] })],
    ['portal', file(5, { isEntry: true, imports: ['react'] })],
    ['react', file(60)],
    ['style', file(3)],
    ['small', file(2, { imports: ['react'] })],
    ['big', file(20, { imports: ['react', 'table'], dynamicImports: ['chart'] })],
    ['table', file(4)],
    ['chart', file(50)],
  ]);
  const loads = firstLoads(files).map(({ entry, kb }) => [entry, Math.round(kb)]);
  assert.deepEqual(loads, [
    ['console', 97],
    ['portal', 65],
  ]);
});
