// Coupons beside settling, on a real database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCoupons } from '../../../store/attribution/coupons.ts';
import { newId } from '../../../store/db/ids.ts';
import { lockReversals } from '../../../store/db/locks.ts';
import { withTransaction } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { untilWaiting } from '../../support/lock-waits.ts';
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
  let adding: Promise<unknown> | undefined;
  await withTransaction(pool, async (settling) => {
    await lockReversals(settling, operatorId, 'conversions');
    const coupon = { id: newId('cpn'), code: 'SPRING', affiliateId };
    adding = createCoupons(pool)
      .insert(operatorId, { ...coupon, bindsCustomer: true, startsAt: null, endsAt: null })
      .then(() => order.push('added'));
    await untilWaiting(pool, 'the coupon waits', (count) => count === 1);
    order.push('settled');
  });
  await adding;
  assert.deepEqual(order, ['settled', 'added']);
});
