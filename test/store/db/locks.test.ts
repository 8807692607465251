// A change of agreements waits for its turn among those who rate conversions again.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { lockReversals, withoutSettling } from '../../../store/db/locks.ts';
import { withTransaction } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

test('a change of agreements asks again for a lock that others hold longer than it may wait', async () => {
  const { pool } = database;
  let release = (): void => {};
  let changes = 0;
  const held = new Promise<void>((isHeld) => {
    const released = new Promise<void>((resolve) => (release = resolve));
    void withTransaction(pool, async (client) => {
      await lockReversals(client, 'opr_1', 'amendments');
      isHeld();
      await released;
    });
  });
  await held;
  const changed = withoutSettling(pool, 'opr_1', async () => ++changes);
  const refused = withTransaction(pool, (client) => lockReversals(client, 'opr_1', 'amendments'));
  // It waits as long as the change does, began after it, and so ends after its first wait.
  await assert.rejects(refused, { code: '55P03' });
  release();
  assert.equal(await changed, 1);
});
