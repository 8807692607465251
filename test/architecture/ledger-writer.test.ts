// The ledger has one writer: statements that write its tables lie in a few files of store/ledger,
// and in no other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, filesBelow, writes } from '../support/sources.ts';

/**
 * The files that write each table of the ledger. The money columns of a slot are written with the
 * slot.
 */
const WRITERS: Readonly<Record<string, string[]>> = {
  accounts: ['store/ledger/accounts.ts'],
  balances: ['store/ledger/post-releases.ts', 'store/ledger/post.ts'],
  slots: ['store/ledger/post-releases.ts', 'store/ledger/slot-writing.ts'],
  transfers: ['store/ledger/post-releases.ts', 'store/ledger/post.ts'],
};

/** Tests and benchmarks prepare and corrupt rows that they look at afterwards. */
const PREPARES_ROWS = /^(test|bench)\//;

const files = filesBelow('').filter((file) => !PREPARES_ROWS.test(file));

for (const [table, writers] of Object.entries(WRITERS)) {
  test(`only the writer of the ledger writes ${table}`, () => {
    const pattern = writes(table);
    assert.deepEqual(files.filter((file) => pattern.test(codeOf(file))).sort(), writers);
  });
}

test('the check finds every form of a statement that writes a table, and no statement that reads one', () => {
  const found = [
    'insert into slots (id)',
    'update slots s set',
    'update only slots',
    'delete from slots',
    'INSERT INTO\n slots',
    'merge into slots',
  ];
  assert.ok(found.every((text) => writes('slots').test(text)));
  const others = [
    'select from slots',
    'update slots_of_month',
    'insert into slot_facts',
    'for update of slots',
  ];
  assert.ok(others.every((text) => !writes('slots').test(text)));
});

test('the money columns of a slot are listed once', () => {
  const listing = /\bvoid_minor\b[^;]{0,80}\bas "voidMinor"|\bas "clawedMinor"|clawed_minor: /;
  assert.deepEqual(
    files.filter((file) => listing.test(codeOf(file))),
    [],
  );
});
