// Clicks that come beside the settling of events which name them, on a real database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClicks } from '../../../store/attribution/clicks.ts';
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

const CLICK = { linkId: null, subs: [null, null, null, null, null], clickedAt: Date.now() } as const;

for (const way of ['reported', 'held'] as const) {
  test(`a click that is ${way} while an event that names it is settled is told once that is done`, async () => {
    const { pool } = database;
    const { operatorId, affiliateId, ingest } = await withOperator(pool);
    const clicks = createClicks(pool);
    const click = { ...CLICK, id: 'comes-late', affiliateId };
    await ingest([{ clickId: click.id }]);
    const order: string[] = [];
    let adding: Promise<unknown> | undefined;
    await withTransaction(pool, async (settling) => {
      await lockReversals(settling, operatorId, 'conversions');
      const added =
        way === 'reported' ? clicks.insert(operatorId, click) : clicks.insertLate([{ ...click, operatorId }]);
      adding = added.then(() => order.push('told'));
      await untilWaiting(pool, 'the click waits', (count) => count === 1);
      order.push('settled');
    });
    await adding;
    assert.deepEqual(order, ['settled', 'told']);
  });
}

test('a click that no event names waits for nothing that is settled', async () => {
  const { pool } = database;
  const { operatorId, affiliateId, ingest } = await withOperator(pool);
  await ingest([{ clickId: 'another' }]);
  await withTransaction(pool, async (settling) => {
    await lockReversals(settling, operatorId, 'conversions');
    assert.equal(await createClicks(pool).insert(operatorId, { ...CLICK, id: 'unnamed', affiliateId }), true);
  });
});
