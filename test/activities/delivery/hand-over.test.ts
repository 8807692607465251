// Hand-over: exactly one owner for every delivery that a batch left unfinished, and a workflow for
// every owner.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { deliveryWorkflowId, endpointWorkflowId } from '../../../domain/keys.ts';
import { takeForRetry } from '../../../store/delivery/manual-actions.ts';
import { SINGLE_LIMITS } from '../../../store/delivery/single-limits.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { countBy, deliveriesOf, settleBatch, type DeliveryRow } from '../../support/deliveries.ts';
import { eventually } from '../../support/eventually.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { startReceiver, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let receiver: FaultyReceiver;
let working: TestActivities;

before(async () => {
  [database, temporal, receiver] = await Promise.all([withDatabase(), withTemporal(), startReceiver()]);
  working = withActivities(database.pool, temporal.client, {
    firstAttemptsMs: 10_000,
    singles: { ...SINGLE_LIMITS, perEndpoint: 5, inAll: 8 },
  });
});
after(async () => {
  await working.close();
  await Promise.all([receiver.close(), temporal.close(), database.drop()]);
});

/** Sends a batch and hands over the rest; returns the number of workflows started or woken. */
async function sendAndHandOver(operator: TestOperator, sales: number) {
  const batch = await settleBatch(working.activities, operator, await operator.ingestSales(sales));
  await working.activities.deliverFirst(batch);
  const input = { ...batch, endpointsToWake: [], setAside: [] };
  return { input, ...(await working.activities.handOver(input)) };
}

const ownersOf = (rows: DeliveryRow[]) => countBy(rows, ({ state, owner }) => `${state} ${owner}`);

async function untilRunning(workflowId: string): Promise<void> {
  await eventually(`${workflowId} to run`, async () => {
    const handle = temporal.client.workflow.getHandle(workflowId);
    const described = await handle.describe().catch(() => null);
    return described?.status.name === 'RUNNING';
  });
}

test('refused deliveries get workflows of their own up to the limit; the rest joins the queue', async () => {
  const operator = await withOperator(database.pool);
  const { id } = await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
  const { input, workflows } = await sendAndHandOver(operator, 12);
  const rows = await deliveriesOf(database.pool, operator);
  assert.deepEqual(ownersOf(rows), { 'retrying self': 5, 'retrying endpoint': 7 });
  assert.equal(workflows, 6);
  for (const { id: deliveryId, owner } of rows)
    if (owner === 'self') await untilRunning(deliveryWorkflowId(deliveryId));
  await untilRunning(endpointWorkflowId(id));

  assert.deepEqual(
    await working.activities.handOver(input),
    { workflows: 6 },
    'a second run saw to other workflows',
  );
  assert.deepEqual(await deliveriesOf(database.pool, operator), rows, 'a second run moved a postback');

  await sendAndHandOver(operator, 4);
  const afterwards = ownersOf(await deliveriesOf(database.pool, operator));
  assert.deepEqual(
    afterwards,
    { 'retrying self': 5, 'retrying endpoint': 7, 'held endpoint': 4 },
    'an endpoint with a queue got single workflows',
  );
});

test('the limit of single deliveries over all endpoints holds', async () => {
  const operator = await withOperator(database.pool);
  await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
  await sendAndHandOver(operator, 6);
  const { rows } = await database.pool.query<{ count: number }>(
    `select count(*)::int from deliveries where owner = 'self'`,
  );
  assert.equal(rows[0]!.count, 8);
});

test('an endpoint that fails ten times in a row gets no more of the batch; the rest joins its queue', async () => {
  const operator = await withOperator(database.pool);
  const { id } = await operator.addEndpoint(`${receiver.url}/status/503`, {
    schedule: [0, 3600],
    maxInFlight: 2,
  });
  const { workflows } = await sendAndHandOver(operator, 40);
  const rows = await deliveriesOf(database.pool, operator, id);
  const tried = rows.filter(({ tries }) => tries === 1);
  assert.ok(tried.length >= 10 && tried.length <= 12, `${tried.length} were tried`);
  assert.deepEqual(ownersOf(rows), { 'retrying endpoint': tried.length, 'held endpoint': 40 - tried.length });
  assert.equal(workflows, 1);
});

test('the default limits are 50 single deliveries for each endpoint and 2,000 in all', async (t) => {
  const real = withActivities(database.pool, temporal.client, { firstAttemptsMs: 10_000 });
  t.after(() => real.close());
  await database.pool.query(`update deliveries set owner = 'endpoint' where owner = 'self'`);
  /** Number of single deliveries after 60 refused postbacks. */
  const singlesOf60 = async (): Promise<number> => {
    const operator = await withOperator(database.pool);
    await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600], maxInFlight: 64 });
    const batch = await settleBatch(real.activities, operator, await operator.ingestSales(60));
    await real.activities.deliverFirst(batch);
    // As if something had been delivered between, so that the endpoint is not failing.
    await database.pool.query(`update endpoints set failing_since = null where operator_id = $1`, [
      operator.operatorId,
    ]);
    await real.activities.handOver({ ...batch, endpointsToWake: [], setAside: [] });
    const rows = await deliveriesOf(database.pool, operator);
    assert.ok(rows.every(({ owner }) => owner === 'self' || owner === 'endpoint'));
    return rows.filter(({ owner }) => owner === 'self').length;
  };
  assert.equal(await singlesOf60(), 50);
  // Rows that count against the limit although no workflow runs for them.
  await database.pool.query(
    `insert into deliveries (operator_id, batch_id, next_attempt_at, id, endpoint_id, affiliate_id, event_id, original_event_id, type, body, state, owner)
     select operator_id, 'filler', now(), 'dlv_filler' || n, endpoint_id, affiliate_id, null, 'filler' || n, type, body, 'retrying', 'self'
     from (select * from deliveries where owner = 'self' limit 1) d, generate_series(1, 1935) n`,
  );
  assert.equal(await singlesOf60(), 15);
  assert.equal(await singles(), 2000);
  await database.pool.query(`delete from deliveries where batch_id = 'filler'`);
});

test('an endpoint that does nothing but fail gets five workflows of single deliveries by default', async (t) => {
  const real = withActivities(database.pool, temporal.client, { firstAttemptsMs: 10_000 });
  t.after(() => real.close());
  await database.pool.query(`update deliveries set owner = 'endpoint' where owner = 'self'`);
  const operator = await withOperator(database.pool);
  await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
  const batch = await settleBatch(real.activities, operator, await operator.ingestSales(9));
  await real.activities.deliverFirst(batch);
  await real.activities.handOver({ ...batch, endpointsToWake: [], setAside: [] });
  assert.deepEqual(ownersOf(await deliveriesOf(database.pool, operator)), {
    'retrying self': 5,
    'retrying endpoint': 4,
  });
});

test('of 40 endpoints of an operator that do nothing but fail, each gets two workflows of single deliveries', async (t) => {
  const real = withActivities(database.pool, temporal.client, { firstAttemptsMs: 10_000 });
  t.after(() => real.close());
  await database.pool.query(`update deliveries set owner = 'endpoint' where owner = 'self'`);
  const [operator, other] = [await withOperator(database.pool), await withOperator(database.pool)];
  for (let index = 0; index < 40; index++)
    await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
  await other.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
  for (const one of [operator, other]) {
    const batch = await settleBatch(real.activities, one, await one.ingestSales(6));
    await real.activities.deliverFirst(batch);
    await real.activities.handOver({ ...batch, endpointsToWake: [], setAside: [] });
  }
  assert.deepEqual(ownersOf(await deliveriesOf(database.pool, operator)), {
    'retrying self': 80,
    'retrying endpoint': 160,
  });
  assert.deepEqual(ownersOf(await deliveriesOf(database.pool, other)), {
    'retrying self': 5,
    'retrying endpoint': 1,
  });
});

test('postbacks for whose host name nobody answers join the queue at once', async (t) => {
  const named = withActivities(database.pool, temporal.client, { firstAttemptsMs: 10_000 }, async () => ({
    kind: 'silent',
  }));
  t.after(() => named.close());
  await database.pool.query(`update deliveries set owner = 'endpoint' where owner = 'self'`);
  const operator = await withOperator(database.pool);
  await operator.addEndpoint('http://receiver.test/', { schedule: [0, 3600] });
  const batch = await settleBatch(named.activities, operator, await operator.ingestSales(3));
  await named.activities.deliverFirst(batch);
  await named.activities.handOver({ ...batch, endpointsToWake: [], setAside: [] });
  assert.deepEqual(ownersOf(await deliveriesOf(database.pool, operator)), { 'retrying endpoint': 3 });
});

test('the limits of single deliveries hold when many hand-overs and manual retries race', async () => {
  await database.pool.query(`update deliveries set owner = 'endpoint' where owner = 'self'`);
  const operators = await Promise.all([1, 2, 3, 4].map(() => withOperator(database.pool)));
  const batches = await Promise.all(
    operators.map(async (operator) => {
      await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
      const made = await Promise.all(
        [1, 2].map(async () => settleBatch(working.activities, operator, await operator.ingestSales(4))),
      );
      for (const batch of made) await working.activities.deliverFirst(batch);
      return made;
    }),
  );
  const isOver = new AbortController();
  let most = 0;
  const watching = (async () => {
    for (; !isOver.signal.aborted;) most = Math.max(most, await singles());
  })();
  // Each batch twice, like Temporal after an activity timeout.
  const handing = [...batches.flat(), ...batches.flat()].map((batch) =>
    working.activities.handOver({ ...batch, endpointsToWake: [], setAside: [] }),
  );
  await Promise.all(handing);
  const pushing = operators.flatMap(async (operator) => {
    const rows = await deliveriesOf(database.pool, operator);
    const limits = { perEndpoint: 5, inAll: 8 };
    return Promise.all(rows.map(({ id }) => takeForRetry(database.pool, operator.operatorId, id, limits)));
  });
  const pushed = (await Promise.all(pushing)).flat();
  isOver.abort();
  await watching;
  assert.equal(await singles(), 8);
  assert.equal(most, 8, 'more had a workflow of their own for a moment');
  assert.ok(pushed.every(({ kind }) => kind === 'taken'));
  for (const operator of operators)
    assert.ok(
      (await deliveriesOf(database.pool, operator)).every(
        ({ owner }) => owner === 'self' || owner === 'endpoint',
      ),
    );
});

async function singles(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `select count(*)::int from deliveries where owner = 'self'`,
  );
  return rows[0]!.count;
}
