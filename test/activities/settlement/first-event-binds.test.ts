// Bindings on a real database: of a customer's events with a click, the one that occurred first
// binds, whichever arrives first, and what a former binding decided is judged anew.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClicks } from '../../../store/attribution/clicks.ts';
import { createCoupons, type CouponRow } from '../../../store/attribution/coupons.ts';
import { newId } from '../../../store/db/ids.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { addAffiliate, auditOf, createSettling, outcomesOf } from '../../support/settling.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;
before(async () => {
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
  working = withActivities(database.pool, temporal.client);
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(database.pool);
  await working.close();
  await Promise.all([temporal.close(), database.drop()]);
  assert.deepEqual(findings, []);
});

const DAY_MS = 86_400_000;
const subs = [null, null, null, null, null] as const;
const daysAgo = (days: number): number => Date.now() - days * DAY_MS;

/** An operator with two affiliates, and how to click for one of them and to settle events. */
async function withRivals() {
  const { pool } = database;
  const operator = await withOperator(pool);
  const { operatorId, affiliateId: first } = operator;
  const { affiliateId: second } = await addAffiliate(pool, operatorId);
  return {
    operator,
    first,
    second,
    clicked: (id: string, affiliateId: string, days: number) =>
      createClicks(pool).insert(operatorId, {
        id,
        affiliateId,
        linkId: null,
        subs,
        clickedAt: daysAgo(days),
      }),
    withCoupon: (code: string, affiliateId: string, fields: Partial<CouponRow> = {}) =>
      createCoupons(pool).insert(operatorId, {
        id: newId('cpn'),
        code,
        affiliateId,
        bindsCustomer: true,
        startsAt: null,
        endsAt: null,
        ...fields,
      }),
    async settled(...fields: Parameters<TestOperator['ingest']>[0]): Promise<string[]> {
      const ids = await operator.ingest(fields);
      await createSettling(pool)(operatorId, ids);
      return ids;
    },
    async owners(ids: readonly string[]): Promise<(string | null)[]> {
      const { rows } = await pool.query<{ id: string; affiliateId: string | null }>(
        `select event_id as id, affiliate_id as "affiliateId" from event_outcomes
         where operator_id = $1 and event_id = any($2)`,
        [operatorId, ids],
      );
      return ids.map((id) => rows.find((row) => row.id === id)!.affiliateId);
    },
    async requested(): Promise<string[]> {
      const { rows } = await pool.query<{ id: string }>(
        'select event_id as id from change_requests where operator_id = $1 order by 1',
        [operatorId],
      );
      return rows.map(({ id }) => id);
    },
    judgeAnew: () => working.activities.applyAmendments({ operatorId }),
  };
}

test('an event that occurred first and comes late gives its customer to the affiliate of its click', async () => {
  const { first, second, clicked, settled, owners, requested, judgeAnew } = await withRivals();
  await clicked('old', second, 12);
  await clicked('new', first, 3);
  const later = await settled(
    { clickId: 'new', customerId: 'u', occurredAt: daysAgo(2) },
    { clickId: null, customerId: 'u', occurredAt: daysAgo(1) },
  );
  assert.deepEqual(await owners(later), [first, first]);
  const late = await settled({ clickId: 'old', customerId: 'u', occurredAt: daysAgo(10) });
  assert.deepEqual(await requested(), later.toSorted());
  await judgeAnew();
  assert.deepEqual(await owners([...late, ...later]), [second, second, second]);
  const next = await settled({ clickId: 'new', customerId: 'u', occurredAt: daysAgo(0.5) });
  assert.deepEqual(await owners(next), [second]);
  assert.deepEqual(await requested(), []);
});

test('an event of the same affiliate that occurred first takes nothing out of the books', async () => {
  const { first, clicked, settled, owners, requested } = await withRivals();
  await clicked('old', first, 12);
  await clicked('new', first, 3);
  const later = await settled({ clickId: 'new', customerId: 'u', occurredAt: daysAgo(2) });
  const late = await settled({ clickId: 'old', customerId: 'u', occurredAt: daysAgo(10) });
  assert.deepEqual(await owners([...late, ...later]), [first, first]);
  assert.deepEqual(await requested(), []);
});

test('an event that names only the click of a former binding is no longer the customer’s', async () => {
  const { first, second, clicked, settled, requested, judgeAnew } = await withRivals();
  await clicked('old', second, 12);
  await clicked('new', first, 3);
  await settled({ clickId: 'new', customerId: 'u', occurredAt: daysAgo(2) });
  const [alone] = await settled({ clickId: 'new', customerId: null, occurredAt: daysAgo(1) });
  await settled({ clickId: 'old', customerId: 'u', occurredAt: daysAgo(10) });
  assert.ok((await requested()).includes(alone!));
  await judgeAnew();
  assert.deepEqual(await outcomesOf(database.pool, [alone!]), ['settled 1000']);
});

test('a click that comes after its event binds the customer whom a later event had bound', async () => {
  const { first, second, clicked, settled, owners, judgeAnew } = await withRivals();
  await clicked('known', first, 9);
  const ids = await settled(
    { clickId: 'known', customerId: 'u', occurredAt: daysAgo(2) },
    { clickId: 'comes-late', customerId: 'u', occurredAt: daysAgo(6) },
  );
  assert.deepEqual(await owners(ids), [first, first]);
  await clicked('comes-late', second, 8);
  // The event leaves the books, binds its customer, and then the others follow.
  while (!(await judgeAnew()).isEnd);
  assert.deepEqual(await owners(ids), [second, second]);
});

test('a coupon that is made after its event binds the customer whom a later event had bound', async () => {
  const { first, second, clicked, withCoupon, settled, owners, judgeAnew } = await withRivals();
  await clicked('known', first, 9);
  const ids = await settled(
    { clickId: 'known', customerId: 'u', occurredAt: daysAgo(2) },
    { clickId: null, coupon: 'spring', customerId: 'u', occurredAt: daysAgo(6) },
  );
  assert.deepEqual(await owners(ids), [first, first]);
  await withCoupon('Spring', second);
  while (!(await judgeAnew()).isEnd);
  assert.deepEqual(await owners(ids), [second, second]);
});

test('a coupon that is made after its event and would not have bound its customer changes nothing', async () => {
  const { first, second, clicked, withCoupon, settled, requested } = await withRivals();
  await clicked('known', first, 9);
  await settled(
    { clickId: 'known', customerId: 'u', occurredAt: daysAgo(5) },
    { clickId: null, coupon: 'LATER', customerId: 'u', occurredAt: daysAgo(4) },
    { clickId: null, coupon: 'ENDED', customerId: 'u', occurredAt: daysAgo(6) },
    { clickId: null, coupon: 'SINGLE', customerId: 'u', occurredAt: daysAgo(7) },
  );
  await withCoupon('LATER', second);
  await withCoupon('ENDED', second, { endsAt: new Date(daysAgo(6.5)) });
  await withCoupon('SINGLE', second, { bindsCustomer: false });
  assert.deepEqual(await requested(), []);
});

test('a click that comes after its event and does not count for it changes nothing', async () => {
  const { first, second, clicked, settled, requested } = await withRivals();
  await clicked('known', first, 9);
  await settled(
    { clickId: 'known', customerId: 'u', occurredAt: daysAgo(2) },
    { clickId: 'comes-late', customerId: 'u', occurredAt: daysAgo(6) },
  );
  await clicked('comes-late', second, 5);
  assert.deepEqual(await requested(), []);
});
