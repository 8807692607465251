// Orphans on a real database: matched by a late click, a coupon, a binding or manually; orphans
// without evidence stay.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '../../../store/db/ids.ts';
import { createClicks } from '../../../store/attribution/clicks.ts';
import { createCoupons } from '../../../store/attribution/coupons.ts';
import { createOperators } from '../../../store/setup/operators.ts';
import { createOrphans } from '../../../store/attribution/orphans.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { deliveriesOf } from '../../support/deliveries.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { addAffiliate, auditOf, createSettling, outcomesOf, pendingOf } from '../../support/settling.ts';
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

const noClick = { clickId: null };
const noMoney = { amountMinor: null, currency: null };

/** Ingests events and settles them in one batch. */
async function settled(
  operator: TestOperator,
  fields: Parameters<TestOperator['ingest']>[0],
): Promise<string[]> {
  const ids = await operator.ingest(fields);
  await createSettling(database.pool)(operator.operatorId, ids);
  return ids;
}

const outcomes = (ids: readonly string[]) => outcomesOf(database.pool, ids);
const matched = ({ operatorId }: TestOperator) =>
  working.activities.matchOrphans({ operatorId, after: null });
const coupon = { code: 'Spring', bindsCustomer: true, startsAt: null, endsAt: null };
const subs = [null, null, null, null, null] as const;

test('an event that overtook its click is matched to it, with all other events of its customer', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const endpoint = await operator.addEndpoint('http://127.0.0.1:9/');
  const ids = await settled(operator, [
    { clickId: 'theirs-1', customerId: 'a' },
    { ...noClick, customerId: 'a' },
    { clickId: 'theirs-2', customerId: 'b' },
  ]);
  assert.deepEqual(await matched(operator), { settled: 0, next: null });
  const { operatorId, affiliateId } = operator;
  await createClicks(pool).insert(operatorId, {
    id: 'theirs-1',
    affiliateId,
    linkId: null,
    subs,
    clickedAt: Date.now() - 1000,
  });
  assert.deepEqual(await matched(operator), { settled: 2, next: null });
  assert.deepEqual(await outcomes(ids), ['settled 1000', 'settled 1000', 'orphaned unknown_click']);
  const deliveries = await deliveriesOf(pool, operator, endpoint.id);
  assert.deepEqual(
    deliveries.map(({ owner }) => owner),
    ['endpoint', 'endpoint'],
  );
  assert.deepEqual(await matched(operator), { settled: 0, next: null });
});

test('a late click counts by the time at which it happened', async () => {
  const operator = await withOperator(database.pool);
  const [id] = await settled(operator, [{ clickId: 'old', customerId: 'a' }]);
  const { operatorId, affiliateId } = operator;
  await createClicks(database.pool).insert(operatorId, {
    id: 'old',
    affiliateId,
    linkId: null,
    subs,
    clickedAt: 0,
  });
  await matched(operator);
  assert.deepEqual(await outcomes([id!]), ['rejected click_expired']);
});

test('an event whose click is too old is matched by a coupon that comes later, and looked at without one no more', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const { operatorId, affiliateId } = operator;
  await createClicks(pool).insert(operatorId, {
    id: 'long-ago',
    affiliateId,
    linkId: null,
    subs,
    clickedAt: 0,
  });
  const expired = { clickId: 'long-ago', customerId: 'a' };
  const ids = await settled(operator, [
    { ...expired, coupon: 'LATE' },
    { ...expired, customerId: 'b' },
  ]);
  assert.deepEqual(await outcomes(ids), ['rejected click_expired', 'rejected click_expired']);
  assert.deepEqual(await matched(operator), { settled: 0, next: null });
  await createCoupons(pool).insert(operatorId, { ...coupon, id: newId('cpn'), code: 'LATE', affiliateId });
  assert.deepEqual(await matched(operator), { settled: 1, next: null });
  assert.deepEqual(await outcomes(ids), ['settled 1000', 'rejected click_expired']);
});

test('an older event that comes late ends a binding only of the time when existing customers are ignored', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const { operatorId, affiliateId } = operator;
  const clickedAt = Date.now() - 86_400_000;
  await createClicks(pool).insert(operatorId, {
    id: 'yesterday',
    affiliateId,
    linkId: null,
    subs,
    clickedAt,
  });
  const before1 = await settled(operator, [{ clickId: 'yesterday', customerId: 'bound-before' }]);
  await createOperators(pool).update(operatorId, { existingCustomers: 'ignore' });
  const since = await settled(operator, [{ clickId: 'yesterday', customerId: 'bound-since' }]);
  const older = {
    ...noClick,
    ...noMoney,
    type: 'kyc',
    occurredAt: clickedAt - 86_400_000,
  } as const;
  await settled(operator, [
    { ...older, customerId: 'bound-before' },
    { ...older, customerId: 'bound-since' },
  ]);
  const { rows } = await pool.query(
    `select event_id as id, reason from change_requests where operator_id = $1`,
    [operatorId],
  );
  assert.deepEqual(rows, [{ id: since[0], reason: 'unbound' }]);
  await working.activities.applyAmendments({ operatorId });
  assert.deepEqual(await outcomes([...before1, ...since]), ['settled 1000', 'orphaned existing_customer']);
});

test('a coupon matches events in any case of its code, and binds their customers unless binding is off', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const rival = await addAffiliate(pool, operator.operatorId);
  const ids = await settled(operator, [
    { ...noClick, customerId: 'a', coupon: 'SPRING' },
    { ...noClick, customerId: 'a' },
    { ...noClick, customerId: 'b', coupon: 'once' },
    { ...noClick, customerId: 'b' },
  ]);
  const before1 = [
    'orphaned unknown_coupon',
    'orphaned no_evidence',
    'orphaned unknown_coupon',
    'orphaned no_evidence',
  ];
  assert.deepEqual(await outcomes(ids), before1);
  const coupons = createCoupons(pool);
  await coupons.insert(operator.operatorId, {
    ...coupon,
    id: newId('cpn'),
    affiliateId: operator.affiliateId,
  });
  await coupons.insert(operator.operatorId, {
    ...coupon,
    id: newId('cpn'),
    code: 'once',
    affiliateId: rival.affiliateId,
    bindsCustomer: false,
  });
  await matched(operator);
  assert.deepEqual(await outcomes(ids), [
    'settled 1000',
    'settled 1000',
    'settled 1000',
    'orphaned no_evidence',
  ]);
  assert.deepEqual(
    [await pendingOf(pool, operator.affiliateId), await pendingOf(pool, rival.affiliateId)],
    [20_00n, 10_00n],
  );
});

test('a known coupon attributes an event at once, and a deleted one attributes nothing more', async () => {
  const operator = await withOperator(database.pool);
  const coupons = createCoupons(database.pool);
  const id = newId('cpn');
  await coupons.insert(operator.operatorId, { ...coupon, id, affiliateId: operator.affiliateId });
  const withCoupon = (customerId: string) => ({ ...noClick, customerId, coupon: 'spring' });
  const [first] = await settled(operator, [withCoupon('a')]);
  assert.ok(await coupons.delete(operator.operatorId, id));
  const [second] = await settled(operator, [withCoupon('b')]);
  assert.deepEqual(await outcomes([first!, second!]), ['settled 1000', 'orphaned unknown_coupon']);
  const { rows } = await database.pool.query(
    `select method, affiliate_id from event_outcomes where event_id = $1`,
    [first],
  );
  assert.deepEqual(rows, [{ method: 'coupon', affiliate_id: operator.affiliateId }]);
});

test('a manual assignment settles an orphan, binds its customer, and settles their other orphans', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const ids = await settled(operator, [
    { ...noClick, ...noMoney, type: 'registration', customerId: 'a' },
    { ...noClick, customerId: 'a' },
    { ...noClick, customerId: 'b' },
  ]);
  const given = { eventId: ids[1]!, affiliateId: operator.affiliateId, from: null, actor: 'key_1' };
  assert.equal(await createOrphans(pool).assign(operator.operatorId, given), 'assigned');
  await matched(operator);
  assert.deepEqual(await outcomes(ids), ['settled 0', 'settled 1000', 'orphaned no_evidence']);
  const { rows } = await pool.query(
    `select event_id, method from event_outcomes where operator_id = $1 and status = 'settled' order by 1`,
    [operator.operatorId],
  );
  assert.deepEqual(rows, [
    { event_id: ids[0], method: 'binding' },
    { event_id: ids[1], method: 'manual' },
  ]);
  const [next] = await settled(operator, [{ ...noClick, customerId: 'a' }]);
  assert.deepEqual(await outcomes([next!]), ['settled 1000']);
});

test('a customer bound meanwhile by an earlier event keeps the binding despite a manual assignment', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const rival = await addAffiliate(pool, operator.operatorId);
  const [orphan] = await settled(operator, [{ clickId: 'lost', customerId: 'a' }]);
  await createOrphans(pool).assign(operator.operatorId, {
    eventId: orphan!,
    affiliateId: operator.affiliateId,
    from: null,
    actor: 'key_1',
  });
  const earlier = Date.now() - 60_000;
  await settled(operator, [{ clickId: rival.clickId, customerId: 'a', occurredAt: earlier }]);
  await matched(operator);
  const { rows } = await pool.query(`select affiliate_id, method from event_outcomes where event_id = $1`, [
    orphan,
  ]);
  assert.deepEqual(rows, [{ affiliate_id: rival.affiliateId, method: 'binding' }]);
});

test('two concurrent runs of orphan matching settle each orphan once', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const { operatorId, affiliateId } = operator;
  const names = Array.from({ length: 40 }, (_, index) => `late-${index}`);
  const ids = await settled(
    operator,
    names.map((clickId) => ({ clickId })),
  );
  const click = { affiliateId, linkId: null, subs, clickedAt: Date.now() - 1000, operatorId };
  await createClicks(pool).insertAll(names.map((id) => ({ ...click, id })));
  await Promise.all([matched(operator), matched(operator), matched(operator)]);
  assert.deepEqual(new Set(await outcomes(ids)), new Set(['settled 1000']));
  assert.equal(await pendingOf(pool, affiliateId), 400_00n);
});

test('orphan matching reads the orphans of all operators page by page, past those without evidence', async () => {
  const operators = [await withOperator(database.pool), await withOperator(database.pool)];
  for (const operator of operators) {
    const orphans = Array.from({ length: 600 }, (_, index) => ({
      clickId: `late-${index}`,
      customerId: `c-${index}`,
    }));
    await settled(operator, orphans);
    const { operatorId, affiliateId } = operator;
    const click = { affiliateId, linkId: null, subs, clickedAt: Date.now() - 1000, operatorId };
    await createClicks(database.pool).insertAll(
      Array.from({ length: 10 }, (_, index) => ({ ...click, id: `late-${599 - index}` })),
    );
  }
  const settledOn: number[] = [];
  let position: { operatorId: string; eventId: string } | null = null;
  do {
    const page: Awaited<ReturnType<typeof matched>> = await working.activities.matchOrphans({
      operatorId: null,
      after: position,
    });
    settledOn.push(page.settled);
    position = page.next;
  } while (position !== null && settledOn.length < 10);
  // Earlier tests left a few orphans of their own.
  assert.deepEqual(settledOn, [10, 10]);
  for (const operator of operators)
    assert.equal(await pendingOf(database.pool, operator.affiliateId), 100_00n);
});
