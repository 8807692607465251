// Kinds of commission components are distinguished by their properties: only their own files name
// them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_KINDS } from '../../domain/commission/components/index.ts';
import { filesBelow, readSource } from '../support/sources.ts';

const FOLDERS = ['domain', 'store', 'activities', 'api', 'delivery', 'workflows', 'worker'];
/** Files of the kinds, the union that names them, and examples in the API's documentation. */
const MAY_NAME =
  /^domain\/(commission\/components\/.*|types\.ts)$|^api\/(.*operations|openapi\/vocabulary\/)/;

const KINDS = ALL_KINDS.map(({ kind }) => kind);
/** `payout` also names other kinds, so its text in TypeScript says nothing about components. */
const UNAMBIGUOUS_KINDS = KINDS.filter((kind) => kind !== 'payout');

/**
 * Matches `kind = 'cpa'` and `kind in ('cpa', …)` in SQL, and comparisons, cases and types in
 * TypeScript.
 */
const SQL = new RegExp(`\\bkind\\s+(=|<>|in \\((\\s*'\\w+',)*)\\s*'(${KINDS.join('|')})'`, 'g');
const TYPESCRIPT = new RegExp(
  `(\\bkind\\s+[!=]==\\s+|\\bcase |\\bkind: )'(${UNAMBIGUOUS_KINDS.join('|')})'`,
  'g',
);

test('only the files of the component kinds compare components with the names of kinds', () => {
  const files = FOLDERS.flatMap((folder) => filesBelow(folder)).filter((file) => !MAY_NAME.test(file));
  const named = files.flatMap((file) =>
    [SQL, TYPESCRIPT].flatMap((pattern) =>
      Array.from(readSource(file).matchAll(pattern), ([text]) => `${file}: ${text}`),
    ),
  );
  assert.deepEqual(named, []);
});
