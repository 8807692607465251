// Drains an endpoint's queue: one probe at a time while the endpoint is down, otherwise all due
// deliveries in order, within its rate.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Drained } from '../../../activities/delivery/drain.ts';
import type { LookUp } from '../../../delivery/names.ts';
import type { EndpointSettings } from '../../../store/delivery/endpoints.ts';
import { switchEndpoint } from '../../../store/delivery/endpoint-switch.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { countBy, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { eventually } from '../../support/eventually.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { startReceiver, type FaultyReceiver, type ReceivedRequest } from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;
let receiver: FaultyReceiver;
/** The receiver's status for each request. */
let statusOf: (request: ReceivedRequest) => number = () => 200;
let operator: TestOperator;
let endpointId: string;

before(async () => {
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
  receiver = await startReceiver({
    handler: (request, response) => void response.writeHead(statusOf(request)).end(),
  });
  working = withActivities(database.pool, temporal.client, {
    firstAttemptsMs: 10_000,
    drainTurnMs: 1000,
    probeWaits: { firstMs: 100, longestMs: 400 },
  });
});
after(async () => {
  await working.close();
  await Promise.all([receiver.close(), temporal.close(), database.drop()]);
});
beforeEach(() => {
  statusOf = () => 200;
  receiver.requests.length = 0;
});

/** A new endpoint with a queue of sales that arrived while it was paused, and active again. */
async function withQueue(sales: number, settings: Partial<EndpointSettings> = {}): Promise<void> {
  operator = await withOperator(database.pool);
  ({ id: endpointId } = await operator.addEndpoint(receiver.url, settings));
  await switchEndpoint(database.pool, operator.operatorId, endpointId, { to: 'paused' });
  await settleBatch(working.activities, operator, await operator.ingestSales(sales));
  await switchEndpoint(database.pool, operator.operatorId, endpointId, { to: 'active' });
}

/** Runs one turn of draining, after this many failed probes. */
function turn(probes = 0, nextSendAt = 0): Promise<Drained> {
  return working.activities.drainQueue({ operatorId: operator.operatorId, endpointId, probes, nextSendAt });
}

test('a turn ends soon after its endpoint was paused, with the rest in the queue', async (t) => {
  const patient = withActivities(database.pool, temporal.client, { drainTurnMs: 30_000 });
  t.after(() => patient.close());
  await withQueue(200, { ratePerSecond: 20 });
  const turning = patient.activities.drainQueue({
    operatorId: operator.operatorId,
    endpointId,
    probes: 0,
    nextSendAt: 0,
  });
  await eventually('the turn to send', () => receiver.requests.length >= 3);
  await switchEndpoint(database.pool, operator.operatorId, endpointId, { to: 'paused' });
  const pausedAt = Date.now();
  const { sent, held } = await turning;
  assert.ok(Date.now() - pausedAt < 5000, `the turn went on for ${Date.now() - pausedAt} ms`);
  assert.equal(sent + held, 200);
  assert.ok(held > 50, `${held} are left`);
});

/** Sets the endpoint to this many consecutive failures. */
async function fail(times: number): Promise<void> {
  await database.pool.query(
    `update endpoints set failures_in_a_row = $3, failing_since = now() where operator_id = $1 and id = $2`,
    [operator.operatorId, endpointId, times],
  );
}

const sentIds = () => receiver.requests.map(({ headers }) => headers['webhook-id']);

describe('the queue of a healthy endpoint', () => {
  test('draining sends every held delivery of an endpoint in order', async () => {
    await withQueue(60, { maxInFlight: 1 });
    // A slow machine may need more than one turn.
    let last = await turn();
    let sent = last.sent;
    for (; last.condition === 'open'; sent += last.sent) last = await turn();
    assert.deepEqual(
      { held: last.held, sent, condition: last.condition },
      { held: 0, sent: 60, condition: 'drained' },
    );
    const rows = await deliveriesOf(database.pool, operator);
    assert.deepEqual(
      sentIds(),
      rows.map(({ id }) => id),
    );
  });

  test('draining leaves deliveries untouched while the endpoint is paused or disabled', async () => {
    await withQueue(3);
    for (const state of ['paused', 'disabled'] as const) {
      await switchEndpoint(database.pool, operator.operatorId, endpointId, { to: state });
      const { held, sent, condition, waitMs } = await turn();
      assert.deepEqual(
        { held, sent, condition, waitMs },
        { held: 3, sent: 0, condition: state, waitMs: null },
      );
    }
    assert.equal(receiver.requests.length, 0);
  });

  test('concurrent runs of draining send each delivery once', async () => {
    await withQueue(40);
    await Promise.all([turn(), turn(), turn()]);
    assert.deepEqual([sentIds().length, new Set(sentIds()).size], [40, 40]);
  });

  test('draining stops at an answer 410, and does not send the refused delivery again', async () => {
    await withQueue(200, { maxInFlight: 1 });
    const [refused] = await deliveriesOf(database.pool, operator);
    statusOf = ({ headers }) => (headers['webhook-id'] === refused!.id ? 410 : 200);
    await turn();
    assert.equal(sentIds().filter((id) => id === refused!.id).length, 1);
    const sent = receiver.requests.length;
    assert.ok(sent < 200, 'all of them were sent');
    const { condition, held, waitMs } = await turn();
    assert.deepEqual({ condition, held, waitMs }, { condition: 'disabled', held: 201 - sent, waitMs: null });
    assert.equal(receiver.requests.length, sent);
  });

  test('draining stops after ten consecutive failures', async () => {
    statusOf = () => 503;
    await withQueue(50, { maxInFlight: 2, schedule: [0, 3600] });
    const { condition, waitMs, held, lastError } = await turn();
    assert.deepEqual(
      { condition, waitMs, held, lastError },
      { condition: 'failing', waitMs: 100, held: 50, lastError: 'http_503' },
    );
    assert.ok(receiver.requests.length <= 12, `${receiver.requests.length} requests`);
  });
});

describe('the queue of an endpoint that is down', () => {
  test('a down endpoint is probed by one delivery, ever more rarely, at no cost of tries', async () => {
    await withQueue(5);
    await fail(10);
    statusOf = () => 503;
    const waits = [];
    for (const probes of [0, 1, 2, 3, 60]) waits.push((await turn(probes)).waitMs);
    assert.deepEqual(waits, [100, 200, 400, 400, 400]);
    const rows = await deliveriesOf(database.pool, operator);
    assert.deepEqual(new Set(sentIds()), new Set([rows[0]!.id]));
    assert.equal(receiver.requests.length, 5);
    assert.deepEqual(
      countBy(rows, ({ state, tries }) => `${state} ${tries}`),
      { 'held 0': 5 },
    );
    const { rows: causes } = await database.pool.query<{ cause: string }>(
      `select cause from attempts where operator_id = $1`,
      [operator.operatorId],
    );
    assert.deepEqual(
      countBy(causes, ({ cause }) => cause),
      { probe: 5 },
    );
    const { rows: reasons } = await database.pool.query<{ reason: string }>(
      `select next_reason as reason from attempts where operator_id = $1`,
      [operator.operatorId],
    );
    for (const { reason } of reasons)
      assert.match(reason, /^503 after \d+ ms; the endpoint is down: held until a probe succeeds$/);
  });

  test('a probe that succeeds resets the endpoint, and the queue drains', async () => {
    await withQueue(20);
    await fail(10);
    const { condition, sent } = await turn(7);
    assert.deepEqual([condition, sent], ['drained', 20]);
    const { rows } = await database.pool.query<{ failures: number; since: Date | null }>(
      `select failures_in_a_row as failures, failing_since as since from endpoints where operator_id = $1`,
      [operator.operatorId],
    );
    assert.deepEqual(rows[0], { failures: 0, since: null });
  });

  test('a first delivery that alone is refused does not hold up the queue', async () => {
    await withQueue(10, { schedule: [0, 3600] });
    await fail(10);
    const [refused] = await deliveriesOf(database.pool, operator);
    statusOf = ({ headers }) => (headers['webhook-id'] === refused!.id ? 404 : 200);
    await turn();
    assert.deepEqual(
      countBy(await deliveriesOf(database.pool, operator), ({ state, tries }) => `${state} ${tries}`),
      { 'delivered 1': 9, 'retrying 1': 1 },
    );
  });

  test('a probe answered 410 holds the queue for good', async () => {
    await withQueue(2);
    await fail(10);
    statusOf = () => 410;
    await turn();
    assert.deepEqual([(await turn()).condition, receiver.requests.length], ['disabled', 1]);
  });
});

describe('the rate of an endpoint', () => {
  /**
   * Runs turns one after the other, like the workflow, until the queue is empty. Returns the start
   * of each request in milliseconds.
   */
  async function drainAll(): Promise<number[]> {
    const startedAt = Date.now();
    for (let last = await turn(); last.held > 0; last = await turn(0, last.nextSendAt))
      assert.equal(last.condition, 'open');
    return receiver.requests.map(({ receivedAtMs }) => receivedAtMs - startedAt);
  }

  test('draining keeps a rate of 20 a second over several turns, to within 5 %', async () => {
    await withQueue(61, { ratePerSecond: 20 });
    const times = await drainAll();
    const spanMs = times.at(-1)! - times[0]!;
    // A stall of this machine can only lower the rate.
    assert.ok(spanMs > 3000 * 0.95, `60 intervals of 50 ms took ${spanMs} ms`);
    assert.ok(spanMs < 3000 * 1.05 + 1000, `60 intervals of 50 ms took ${spanMs} ms`);
    const busiest = Math.max(
      ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length),
    );
    assert.ok(busiest <= 22, `${busiest} requests within a second`);
    // A stall makes a few spans longer and the next ones shorter; the median stays.
    const spans = times.slice(10).map((at, index) => at - times[index]!);
    const usualMs = spans.toSorted((a, b) => a - b)[Math.floor(spans.length / 2)]!;
    assert.ok(Math.abs(usualMs - 500) <= 25, `10 intervals of 50 ms usually took ${usualMs} ms`);
  });

  test('draining keeps a rate below one request per turn', async () => {
    await withQueue(3, { ratePerSecond: 0.1 });
    const first = await turn();
    assert.equal(first.sent, 1);
    assert.ok(first.waitMs! > 8000 && first.waitMs! <= 10_000, `next turn in ${first.waitMs} ms`);
    const second = await turn(0, first.nextSendAt);
    assert.deepEqual([second.sent, second.nextSendAt], [0, first.nextSendAt]);
  });

  test('draining does not burst after slow requests', async () => {
    const slow = await startReceiver({
      handler: (_, response) => void setTimeout(() => response.end(), 700),
    });
    await withQueue(12, { ratePerSecond: 20, maxInFlight: 4, url: slow.url });
    await drainAll();
    await slow.close();
    const times = slow.requests.map(({ receivedAtMs }) => receivedAtMs);
    const gaps = times.slice(1).map((at, index) => at - times[index]!);
    assert.ok(gaps.filter((gap) => gap < 15).length <= 2, `gaps of ${gaps.join(', ')} ms`);
  });
});

describe('the queue of an endpoint on a name', () => {
  test('a turn in which nobody answers for the name leaves the rest in the queue, and later asks with one', async (t) => {
    let found: LookUp = { kind: 'silent' };
    const named = withActivities(
      database.pool,
      temporal.client,
      { lookPauses: { shortestMs: 5000, longestMs: 5000 } },
      async () => found,
    );
    t.after(() => named.close());
    const url = receiver.url.replace('127.0.0.1', 'receiver.test');
    await withQueue(40, { url, maxInFlight: 4, schedule: [0, 1, 1, 1] });
    const turnOf = () =>
      named.activities.drainQueue({ operatorId: operator.operatorId, endpointId, probes: 0, nextSendAt: 0 });
    const first = await turnOf();
    assert.ok(first.sent > 0 && first.sent <= 4, `${first.sent} were tried`);
    assert.deepEqual([first.lastError, first.held], ['dns_error', 40]);
    assert.ok(first.waitMs! >= 3500 && first.waitMs! <= 5000, `next turn in ${first.waitMs} ms`);
    const second = await turnOf();
    assert.deepEqual([second.sent, second.held], [1, 40]);

    found = { kind: 'found', addresses: ['127.0.0.1'] };
    const sent = new Set<string>();
    await eventually('all to be sent', async () => {
      await turnOf();
      for (const id of sentIds()) sent.add(String(id));
      return sent.size === 40;
    });
  });
});
