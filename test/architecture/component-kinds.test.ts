// Kinds of components are told apart by their properties: only their own files name them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_KINDS } from '../../domain/commission/components/index.ts';
import { filesBelow, textOf } from '../support/sources.ts';

const FOLDERS = ['domain', 'store', 'activities', 'api', 'delivery', 'workflows', 'worker'];
/** The files of the kinds, the union that names them, and examples in the API's documentation. */
const MAY_NAME = /^domain\/(commission\/components\/.*|types\.ts)$|^api\/.*operations/;

const KINDS = ALL_KINDS.map(({ kind }) => kind);
/** `payout` is also a kind of other things, so in TypeScript its text does not give it away. */
const UNMISTAKABLE = KINDS.filter((kind) => kind !== 'payout');

/** `kind = 'cpa'` and `kind in ('cpa', …)` in SQL; comparisons, cases and types in TypeScript. */
const SQL = new RegExp(`\\bkind\\s+(=|<>|in \\((\\s*'\\w+',)*)\\s*'(${KINDS.join('|')})'`, 'g');
const TYPESCRIPT = new RegExp(`(\\bkind\\s+[!=]==\\s+|\\bcase |\\bkind: )'(${UNMISTAKABLE.join('|')})'`, 'g');

test('only the files of the kinds compare components with the names of kinds', () => {
  const files = FOLDERS.flatMap((folder) => filesBelow(folder)).filter((file) => !MAY_NAME.test(file));
  const named = files.flatMap((file) =>
    [SQL, TYPESCRIPT].flatMap((pattern) =>
      Array.from(textOf(file).matchAll(pattern), ([text]) => `${file}: ${text}`),
    ),
  );
  assert.deepEqual(named, []);
});
