// Kinds of slots: the list in the code equals the one in the database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SLOT_KINDS } from '../../../domain/commission/slot-kinds.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
before(async () => (database = await withDatabase()));
after(() => database.drop());

test('the check constraint on slots.kind allows every kind of slot and no other', async () => {
  const { rows } = await database.pool.query<{ definition: string }>(
    `select pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = 'slots'::regclass and conname = 'slots_kind_check'`,
  );
  const allowed = Array.from(rows[0]!.definition.matchAll(/'(\w+)'/g), ([, kind]) => kind!);
  assert.deepEqual(allowed.toSorted(), SLOT_KINDS.toSorted());
});
