// The queue of an endpoint: one probe at a time while it is down, everything in order when it is not, never faster than it allows.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Drained } from '../../../activities/delivery/drain.ts';
import type { EndpointSettings } from '../../../store/delivery/endpoints.ts';
import { switchEndpoint } from '../../../store/delivery/endpoint-switch.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { countBy, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { startReceiver, type FaultyReceiver, type ReceivedRequest } from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;
let receiver: FaultyReceiver;
/** What the receiver answers, by request. */
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

/** A new endpoint with a queue of sales that came while it was paused, and is made active again. */
async function withQueue(sales: number, settings: Partial<EndpointSettings> = {}): Promise<void> {
  operator = await withOperator(database.pool);
  ({ id: endpointId } = await operator.addEndpoint(receiver.url, settings));
  await switchEndpoint(database.pool, operator.operatorId, endpointId, 'paused');
  await settleBatch(working.activities, operator, await operator.ingestSales(sales));
  await switchEndpoint(database.pool, operator.operatorId, endpointId, 'active');
}

/** One turn at the queue, after as many failed probes. */
function turn(probes = 0, nextSendAt = 0): Promise<Drained> {
  return working.activities.drainQueue({ operatorId: operator.operatorId, endpointId, probes, nextSendAt });
}

/** The endpoint as if it had failed that often in a row. */
async function fail(times: number): Promise<void> {
  await database.pool.query(
    `update endpoints set failures_in_a_row = $3, failing_since = now() where operator_id = $1 and id = $2`,
    [operator.operatorId, endpointId, times],
  );
}

const sentIds = () => receiver.requests.map(({ headers }) => headers['webhook-id']);

describe('a healthy queue', () => {
  test('is sent whole and in order', async () => {
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

  test('waits, untouched, while the endpoint is paused or disabled', async () => {
    await withQueue(3);
    for (const state of ['paused', 'disabled'] as const) {
      await switchEndpoint(database.pool, operator.operatorId, endpointId, state);
      const { held, sent, condition, waitMs } = await turn();
      assert.deepEqual(
        { held, sent, condition, waitMs },
        { held: 3, sent: 0, condition: state, waitMs: null },
      );
    }
    assert.equal(receiver.requests.length, 0);
  });

  test('is sent by one turn at a time, however often the step runs', async () => {
    await withQueue(40);
    await Promise.all([turn(), turn(), turn()]);
    assert.deepEqual([sentIds().length, new Set(sentIds()).size], [40, 40]);
  });

  test('stops when the receiver answers 410 in the middle of it, and what it refused is not sent again', async () => {
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

  test('rests when its endpoint starts to fail, after ten failures in a row', async () => {
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
  test('is probed by one postback, ever more rarely, which costs that postback no try', async () => {
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

  test('is sent once a probe is answered, and the endpoint starts afresh', async () => {
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

  test('is not held up by a first postback that alone is refused', async () => {
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

  test('is held for good when a probe is answered 410', async () => {
    await withQueue(2);
    await fail(10);
    statusOf = () => 410;
    await turn();
    assert.deepEqual([(await turn()).condition, receiver.requests.length], ['disabled', 1]);
  });
});

describe('a rate', () => {
  /** Turns until the queue is empty, one after the other as the workflow takes them; milliseconds since the start of each request. */
  async function drainAll(): Promise<number[]> {
    const startedAt = Date.now();
    for (let last = await turn(); last.held > 0; last = await turn(0, last.nextSendAt))
      assert.equal(last.condition, 'open');
    return receiver.requests.map(({ receivedAtMs }) => receivedAtMs - startedAt);
  }

  test('of 20 a second is kept over several turns, to within 5 %', async () => {
    await withQueue(61, { ratePerSecond: 20 });
    const times = await drainAll();
    const spanMs = times.at(-1)! - times[0]!;
    // A stall of this machine may only make it slower.
    assert.ok(spanMs > 3000 * 0.95, `60 intervals of 50 ms took ${spanMs} ms`);
    assert.ok(spanMs < 3000 * 1.05 + 1000, `60 intervals of 50 ms took ${spanMs} ms`);
    const busiest = Math.max(
      ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length),
    );
    assert.ok(busiest <= 22, `${busiest} requests within a second`);
    // A stall makes a few of these spans longer and the ones after it shorter, and leaves the middle one as it is.
    const spans = times.slice(10).map((at, index) => at - times[index]!);
    const usualMs = spans.toSorted((a, b) => a - b)[Math.floor(spans.length / 2)]!;
    assert.ok(Math.abs(usualMs - 500) <= 25, `10 intervals of 50 ms usually took ${usualMs} ms`);
  });

  test('below one request per turn is kept as well', async () => {
    await withQueue(3, { ratePerSecond: 0.1 });
    const first = await turn();
    assert.equal(first.sent, 1);
    assert.ok(first.waitMs! > 8000 && first.waitMs! <= 10_000, `next turn in ${first.waitMs} ms`);
    const second = await turn(0, first.nextSendAt);
    assert.deepEqual([second.sent, second.nextSendAt], [0, first.nextSendAt]);
  });

  test('does not burst after requests that took long', async () => {
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
