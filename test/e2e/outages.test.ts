// Outages of Temporal and PostgreSQL as operators and affiliates see them: no event is lost, and
// work resumes by itself.
// Long form, with so many deliveries in flight: `DELIVERIES=1000 npm test --
// test/e2e/outages.test.ts`
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { saleOf, withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const DELIVERIES = Number(process.env.DELIVERIES ?? 300);
const MAX_IN_FLIGHT = 8;

let stack: TestStack;
let receiver: FaultyReceiver;
let broker: Broker;
let clickId: string;

before(async () => {
  [stack, receiver] = await Promise.all([withStack(), startReceiver()]);
  [broker] = await Promise.all([
    withBroker(stack, { url: `${receiver.url}/slow/20`, max_in_flight: MAX_IN_FLIGHT }),
    stack.startWorker(),
  ]);
  const click = { key: broker.key, body: { link_id: broker.linkId } };
  ({ click_id: clickId } = (await stack.call<{ click_id: string }>('POST /v1/clicks', click)).body);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

const sale = (transactionId: string) => saleOf(transactionId, clickId);

const sendSale = (transactionId: string) =>
  stack.call<{ id: string }>('POST /v1/events', { key: broker.key, body: sale(transactionId) });

async function readiness() {
  const { status, body } = await stack.call('GET /readyz');
  return { status, says: body['status'] };
}

/**
 * Waits until each of these sales was reported to the affiliate; returns the number of postbacks
 * about them.
 */
async function reportsOf(transactionIds: readonly string[], withinMs: number): Promise<number> {
  const reported = () =>
    receiver.requests.flatMap(
      ({ body }) => (JSON.parse(body) as { data: { transaction_id: string } }).data.transaction_id,
    );
  await eventually(
    'all sales to be reported',
    () => {
      const seen = new Set(reported());
      return transactionIds.every((id) => seen.has(id));
    },
    withinMs,
  );
  return reported().filter((id) => transactionIds.includes(id)).length;
}

/** Severs the connections to PostgreSQL and waits until an event is refused in time. */
async function severPostgres(): Promise<void> {
  stack.proxies.postgres.sever();
  const startedAt = Date.now();
  const refused = await sendSale('refused');
  assert.deepEqual([refused.status, refused.headers.get('retry-after') !== null], [503, true]);
  assert.ok(Date.now() - startedAt < 3000, `the refusal took ${Date.now() - startedAt} ms`);
  await eventually('readiness to say so', async () => (await readiness()).status === 503);
}

test('events are accepted while Temporal is away, and settled and reported when it is back', async () => {
  await sendSale('before');
  await reportsOf(['before'], 15_000);
  stack.proxies.temporal.sever();
  const ids = Array.from({ length: 20 }, (_, index) => `temporal-away-${index}`);
  for (const id of ids) {
    const startedAt = Date.now();
    assert.equal((await sendSale(id)).status, 202);
    assert.ok(Date.now() - startedAt < 1000, 'the answer waited for Temporal');
  }
  await eventually('readiness to say so', async () => (await readiness()).says === 'degraded');
  assert.equal((await readiness()).status, 200);
  stack.proxies.temporal.restore();
  assert.equal(await reportsOf(ids, 40_000), 20);
  await eventually('readiness to say so', async () => (await readiness()).says === 'ready');
});

test('events are refused fast while PostgreSQL is away, and earlier accepted events are reported later', async () => {
  const taken = Array.from({ length: 100 }, (_, index) => `taken-${index}`);
  const answer = await stack.call('POST /v1/events/batch', {
    key: broker.key,
    body: { events: taken.map(sale) },
  });
  assert.equal(answer.status, 200);
  await severPostgres();
  stack.proxies.postgres.restore();
  await eventually('events to be taken again', async () => (await sendSale('refused')).status === 202);
  const reported = await reportsOf([...taken, 'refused'], 60_000);
  // Requests in flight when the connections broke may have been made twice.
  assert.ok(reported <= 101 + MAX_IN_FLIGHT, `${reported} postbacks reported of 101 sales`);
  await eventually('every delivery to be recorded', async () => {
    const open = await stack.pool.query(`select from deliveries where state <> 'delivered'`);
    return open.rowCount === 0;
  });
});

test(`${DELIVERIES} deliveries wait while PostgreSQL is away and resume once it is back`, async (t) => {
  const planned = async () => {
    const { rows } = await stack.pool.query<{ all: number; delivered: number }>(
      `select
         count(*)::int as all,
         (count(*) filter (where state = 'delivered'))::int as delivered
       from deliveries`,
    );
    return rows[0]!;
  };
  const taken = Array.from({ length: DELIVERIES }, (_, index) => `sent-${index}`);
  const earlier = receiver.requests.length;
  const { all: plannedBefore } = await planned();
  for (let from = 0; from < DELIVERIES; from += 250) {
    const body = { events: taken.slice(from, from + 250).map(sale) };
    assert.equal((await stack.call('POST /v1/events/batch', { key: broker.key, body })).status, 200);
  }
  await eventually('the first postbacks to arrive', () => receiver.requests.length > earlier + MAX_IN_FLIGHT);
  await severPostgres();
  const sentByThen = receiver.requests.length - earlier;
  assert.ok(sentByThen < DELIVERIES, 'it went away when everything was over');
  stack.proxies.postgres.restore();
  await eventually(
    'every delivery to be recorded',
    async () => {
      const { all, delivered } = await planned();
      return all === plannedBefore + DELIVERIES && delivered === all;
    },
    60_000 + DELIVERIES * 20,
  );
  const reported = await reportsOf(taken, 1000);
  t.diagnostic(
    `PostgreSQL went away after ${sentByThen} requests; ` +
      `${reported - DELIVERIES} postbacks were reported twice`,
  );
  assert.ok(reported <= DELIVERIES + MAX_IN_FLIGHT, `${reported} postbacks reported of ${DELIVERIES} sales`);
});

test('postbacks go on when connections to PostgreSQL stay silent for ever', async () => {
  const taken = Array.from({ length: 200 }, (_, index) => `silent-${index}`);
  const earlier = receiver.requests.length;
  const body = { events: taken.map(sale) };
  assert.equal((await stack.call('POST /v1/events/batch', { key: broker.key, body })).status, 200);
  await eventually('the first postbacks to arrive', () => receiver.requests.length > earlier + MAX_IN_FLIGHT);
  stack.proxies.postgres.abandon();
  assert.ok(receiver.requests.length < earlier + taken.length, 'it happened when everything was over');
  await reportsOf(taken, 90_000);
  await eventually(
    'every delivery to be recorded',
    async () => (await stack.pool.query(`select from deliveries where state <> 'delivered'`)).rowCount === 0,
    60_000,
  );
});
