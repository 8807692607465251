// Coupons beside settling, on a real database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCoupons } from '../../../store/attribution/coupons.ts';
import { newId } from '../../../store/db/ids.ts';
import { lockReversals } from '../../../store/db/locks.ts';
import { withTransaction } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { withOperator } from '../../support/operator.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

test('a coupon is added once nothing is being settled that has not seen it', async () => {
  const { pool } = database;
  const { operatorId, affiliateId } = await withOperator(pool);
  const order: string[] = [];
  const isWaiting = async (): Promise<boolean> =>
    (
      await pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
    ).rowCount === 1;
  let adding: Promise<unknown> | undefined;
  await withTransaction(pool, async (settling) => {
    await lockReversals(settling, operatorId, 'conversions');
    const coupon = { id: newId('cpn'), code: 'SPRING', affiliateId };
    adding = createCoupons(pool)
      .insert(operatorId, { ...coupon, bindsCustomer: true, startsAt: null, endsAt: null })
      .then(() => order.push('added'));
    await eventually('the coupon waits', isWaiting);
    order.push('settled');
  });
  await adding;
  assert.deepEqual(order, ['settled', 'added']);
});
