// First attempts of a batch against real receivers, a real database, and the real limits per
// endpoint.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createPool } from '../../../store/db/pool.ts';
import type { BatchInput } from '../../../workflows/contract.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { countBy, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { eventually } from '../../support/eventually.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { startRawServer } from '../../support/raw-server.ts';
import { startProxy, throughProxy } from '../../support/severable-proxy.ts';
import { isSigned, startReceiver, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let receiver: FaultyReceiver;
let working: TestActivities;

before(async () => {
  [database, temporal, receiver] = await Promise.all([withDatabase(), withTemporal(), startReceiver()]);
  working = withActivities(database.pool, temporal.client, { firstAttemptsMs: 10_000 });
});
after(async () => {
  await working.close();
  await Promise.all([receiver.close(), temporal.close(), database.drop()]);
});

/** A batch of new sales, settled, with its postbacks planned. */
async function batchOfSales(operator: TestOperator, sales: number): Promise<BatchInput> {
  return settleBatch(working.activities, operator, await operator.ingestSales(sales));
}

function requestsTo(path: string) {
  return receiver.requests.filter((request) => request.path === path);
}

describe('the first attempts of a batch', () => {
  test('a batch delivers every postback once, signed and recorded, also when the step runs again', async () => {
    const operator = await withOperator(database.pool);
    const path = `/ok/${operator.operatorId}`;
    const { secret } = await operator.addEndpoint(receiver.url + path, { maxInFlight: 16 });
    const batch = await batchOfSales(operator, 100);
    const first = await working.activities.deliverFirst(batch);
    assert.deepEqual(first, { delivered: 100, left: 0, endpointsToWake: [] });
    assert.deepEqual(await working.activities.deliverFirst(batch), {
      delivered: 0,
      left: 0,
      endpointsToWake: [],
    });
    const requests = requestsTo(path);
    const deliveries = await deliveriesOf(database.pool, operator);
    assert.equal(requests.length, 100);
    assert.deepEqual(
      new Set(requests.map(({ headers }) => headers['webhook-id'])),
      new Set(deliveries.map(({ id }) => id)),
    );
    assert.ok(
      requests.every((request) => isSigned(request, secret) && request.headers['webhook-attempt'] === '1'),
    );
    assert.deepEqual(
      countBy(deliveries, ({ state, owner, tries }) => `${state} ${owner} ${tries}`),
      { 'delivered null 1': 100 },
    );
    const { rows } = await database.pool.query<{ attempts: bigint; groups: bigint }>(
      `select count(*) as attempts, count(distinct xmin::text) as groups from attempts where operator_id = $1 and cause = 'first'`,
      [operator.operatorId],
    );
    assert.equal(rows[0]!.attempts, 100n);
    assert.ok(rows[0]!.groups < 60n, `100 attempts were written in ${rows[0]!.groups} groups`);
  });

  test('a delivery fills the templates of its endpoint in URL, form and headers', async () => {
    const operator = await withOperator(database.pool);
    const path = `/ok/${operator.operatorId}`;
    const form = {
      tx: '{transaction_id}',
      cents: '{payout:minor}',
      st: '{status:map(pending=1)|0}',
      sub: '{sub1|none}',
    };
    const headers = { 'x-event': '{event}' };
    await operator.addEndpoint(`${receiver.url}${path}?c={currency:lower}`, { body: 'form', form, headers });
    const events = await operator.ingest([{ transactionId: 'a&b' }]);
    await working.activities.deliverFirst(await settleBatch(working.activities, operator, events));
    const [request] = requestsTo(`${path}?c=usd`);
    assert.deepEqual(
      [request?.body, request?.headers['x-event']],
      ['tx=a%26b&cents=1000&st=1&sub=none', 'sale'],
    );
  });

  test('a batch never exceeds the concurrent requests of an endpoint', async (t) => {
    const operator = await withOperator(database.pool);
    let [underWay, most] = [0, 0];
    const counting = await startReceiver({
      handler: (_, response) => {
        most = Math.max(most, ++underWay);
        setTimeout(() => {
          underWay--;
          response.end();
        }, 20);
      },
    });
    t.after(() => counting.close());
    await operator.addEndpoint(counting.url, { maxInFlight: 3 });
    const batches = await Promise.all([batchOfSales(operator, 10), batchOfSales(operator, 10)]);
    const results = await Promise.all(batches.map((batch) => working.activities.deliverFirst(batch)));
    assert.equal(
      results.reduce((sum, { delivered }) => sum + delivered, 0),
      20,
    );
    assert.equal(most, 3);
  });

  test('a batch makes no attempt beyond its time budget; a slow endpoint delays no other endpoint', async (t) => {
    const hurried = withActivities(database.pool, temporal.client, { firstAttemptsMs: 1500 });
    t.after(() => hurried.close());
    const operator = await withOperator(database.pool);
    const slow = await operator.addEndpoint(`${receiver.url}/slow/3000`, { maxInFlight: 2 });
    await operator.addEndpoint(`${receiver.url}/ok/beside-slow`);
    const batch = await batchOfSales(operator, 40);
    const startedAt = Date.now();
    const result = await hurried.activities.deliverFirst(batch);
    const tookMs = Date.now() - startedAt;
    assert.deepEqual([result.delivered, result.left], [42, 38]);
    const quickMs =
      Math.max(...requestsTo('/ok/beside-slow').map(({ receivedAtMs }) => receivedAtMs)) - startedAt;
    assert.ok(quickMs < 1500, `the quick endpoint had to wait for the slow one: ${quickMs} ms`);
    assert.ok(tookMs < 5000, `the budget of 1,500 ms and one request of 3,000 took ${tookMs} ms`);
    const rows = await deliveriesOf(database.pool, operator, slow.id);
    const states = countBy(rows, ({ state, owner, tries }) => `${state} ${owner} ${tries}`);
    assert.deepEqual(states, { 'delivered null 1': 2, 'pending batch 0': 38 });
  });

  test('a delivery whose first attempt failed stays with its batch, with one try used and one failure of its endpoint', async () => {
    const operator = await withOperator(database.pool);
    const failing = await operator.addEndpoint(`${receiver.url}/status/503`);
    const refusing = await operator.addEndpoint(`${receiver.url}/status/404`);
    const batch = await batchOfSales(operator, 12);
    assert.equal((await working.activities.deliverFirst(batch)).left, 24);
    const rows = await deliveriesOf(database.pool, operator);
    assert.deepEqual(
      countBy(rows, ({ state, owner, tries, lastError }) => `${state} ${owner} ${tries} ${lastError}`),
      { 'retrying batch 1 http_503': 12, 'retrying batch 1 http_404': 12 },
    );
    const { rows: endpoints } = await database.pool.query<{ id: string; failures: number }>(
      `select id, failures_in_a_row as failures from endpoints where operator_id = $1`,
      [operator.operatorId],
    );
    const failures = Object.fromEntries(endpoints.map(({ id, failures: count }) => [id, count]));
    assert.deepEqual(failures, { [failing.id]: 12, [refusing.id]: 0 });
  });

  test('an attempt is recorded with phases, address, answer, and the time and reason of the next try', async () => {
    const operator = await withOperator(database.pool);
    await operator.addEndpoint(`${receiver.url}/status/503`, { schedule: [0, 60] });
    await working.activities.deliverFirst(await batchOfSales(operator, 1));
    const { rows } = await database.pool.query<Record<string, unknown>>(
      `select number, cause, status_code, error_class, response_excerpt, dialled, duration_ms, phases, next_reason,
         extract(epoch from next_attempt_at - started_at)::float8 as waits
       from attempts where operator_id = $1`,
      [operator.operatorId],
    );
    assert.equal(rows.length, 1);
    const { duration_ms: durationMs, phases, next_reason: nextReason, waits, ...attempt } = rows[0]!;
    assert.deepEqual(attempt, {
      number: 1,
      cause: 'first',
      status_code: 503,
      error_class: 'http_503',
      response_excerpt: 'status 503',
      dialled: `127.0.0.1:${receiver.port}`,
    });
    const { firstByteMs } = phases as { firstByteMs: number };
    assert.ok(firstByteMs >= 0 && firstByteMs <= Number(durationMs), JSON.stringify(phases));
    const why =
      /^503 after (\d+) ms; next in 1 min(?: \d+ s)?: step 2 of 2 of the schedule, 1 min and jitter$/;
    assert.equal(why.exec(String(nextReason))?.[1], String(durationMs), String(nextReason));
    // 60 s plus jitter of up to a fifth.
    assert.ok(Number(waits) >= 60 && Number(waits) < 75, `the next one is due after ${String(waits)} s`);
  });

  test('an attempt whose request went out twice, since a kept connection broke, says so', async () => {
    const operator = await withOperator(database.pool);
    const breaking = await startRawServer((socket, exchange) => {
      if (exchange === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      else socket.resetAndDestroy();
    });
    await operator.addEndpoint(breaking.url, { maxInFlight: 1 });
    for (let count = 0; count < 2; count += 1)
      assert.equal((await working.activities.deliverFirst(await batchOfSales(operator, 1))).delivered, 1);
    await breaking.close();
    const { rows } = await database.pool.query<{ sends: number }>(
      `select sends from attempts where operator_id = $1 order by id`,
      [operator.operatorId],
    );
    assert.deepEqual(
      rows.map(({ sends }) => sends),
      [1, 2],
    );
    assert.equal(breaking.requests.length, 3);
  });

  test('a failed attempt of an earlier run is left for the hand-over, not made again', async () => {
    const operator = await withOperator(database.pool);
    const path = `/status/500?run=${operator.operatorId}`;
    await operator.addEndpoint(receiver.url + path);
    const batch = await batchOfSales(operator, 3);
    assert.equal((await working.activities.deliverFirst(batch)).left, 3);
    assert.equal((await working.activities.deliverFirst(batch)).left, 3);
    assert.equal(requestsTo(path).length, 3);
  });

  test('a delivery whose signing secret cannot be opened fails and delays no other delivery', async () => {
    const operator = await withOperator(database.pool);
    const sealed = await operator.addEndpoint(`${receiver.url}/ok`);
    const other = await operator.addEndpoint(`${receiver.url}/ok`);
    await database.pool.query(`update endpoints set secret = '\\x00' where operator_id = $1 and id = $2`, [
      operator.operatorId,
      sealed.id,
    ]);
    const batch = await batchOfSales(operator, 20);
    assert.deepEqual(await working.activities.deliverFirst(batch), {
      delivered: 20,
      left: 20,
      endpointsToWake: [],
    });
    assert.deepEqual(
      countBy(
        await deliveriesOf(database.pool, operator),
        ({ endpointId, state, lastError }) => `${endpointId} ${state} ${lastError}`,
      ),
      { [`${sealed.id} retrying local_error`]: 20, [`${other.id} delivered null`]: 20 },
    );
  });

  test('an answer 410 disables the endpoint and holds its deliveries', async () => {
    const operator = await withOperator(database.pool);
    const { id } = await operator.addEndpoint(`${receiver.url}/status/410`, { maxInFlight: 1 });
    const batch = await batchOfSales(operator, 3);
    await working.activities.deliverFirst(batch);
    await working.activities.handOver({ ...batch, endpointsToWake: [], setAside: [] });
    const { rows } = await database.pool.query<{ state: string; reason: string }>(
      `select state, state_reason as reason from endpoints where operator_id = $1 and id = $2`,
      [operator.operatorId, id],
    );
    assert.equal(rows[0]!.state, 'disabled');
    assert.match(rows[0]!.reason, /^410 .*gone$/);
    assert.deepEqual(
      countBy(await deliveriesOf(database.pool, operator), ({ state, owner }) => `${state} ${owner}`),
      { 'held endpoint': 3 },
    );
    const before410 = receiver.requests.length;
    const later = await batchOfSales(operator, 5);
    assert.equal((await working.activities.deliverFirst(later)).delivered, 0);
    assert.equal(receiver.requests.length, before410, 'a disabled endpoint was called');
  });
});

describe('the control header of an answer', () => {
  /**
   * Sends a sale to an endpoint that gives this answer; returns the states of delivery and
   * endpoint.
   */
  async function afterAnswer(answer: string): Promise<string[]> {
    const operator = await withOperator(database.pool);
    const { id } = await operator.addEndpoint(`${receiver.url}/status/${answer}`, { schedule: [0, 3600] });
    await working.activities.deliverFirst(await batchOfSales(operator, 1));
    const [postback] = await deliveriesOf(database.pool, operator);
    const { rows } = await database.pool.query<{ state: string; reason: string | null }>(
      `select state, state_reason as reason from endpoints where operator_id = $1 and id = $2`,
      [operator.operatorId, id],
    );
    const { state, reason } = rows[0]!;
    return [`${postback!.state} ${postback!.owner}`, state, (reason ?? '').replace(/ after \d+ ms/, '')];
  }

  test('the control header disables the endpoint, whether the postback was accepted or not', async () => {
    assert.deepEqual(await afterAnswer('200?webhook-delivery=disable'), [
      'delivered null',
      'disabled',
      'the receiver asked for no more postbacks',
    ]);
    assert.deepEqual(await afterAnswer('400?webhook-delivery=disable'), [
      'held endpoint',
      'disabled',
      '400: asked for no more postbacks',
    ]);
  });

  test('the control header ends a single delivery', async () => {
    assert.deepEqual(await afterAnswer('500?webhook-delivery=abort-message'), ['gave_up null', 'active', '']);
  });
});

describe('without PostgreSQL', () => {
  test('two runs of a batch that wait for PostgreSQL together send each postback once', async (t) => {
    const proxy = await startProxy(Number(new URL(database.url).port));
    const pool = createPool(throughProxy(database.url, proxy));
    const beyond = withActivities(pool, temporal.client, { firstAttemptsMs: 10_000 });
    t.after(() => Promise.all([beyond.close(), pool.end(), proxy.close()]));
    const operator = await withOperator(database.pool);
    const path = `/ok/${operator.operatorId}`;
    await operator.addEndpoint(receiver.url + path, { events: ['sale'] });
    const stalled = await operator.addEndpoint(`${receiver.url}/slow/300`, { events: ['kyc'] });
    const batch = await batchOfSales(operator, 20);
    // Another batch's attempt ends while PostgreSQL is away: now this process knows that no attempt
    // can be recorded.
    const other = await settleBatch(working.activities, operator, await operator.ingest([{ type: 'kyc' }]));
    const otherDone = beyond.activities.deliverFirst(other);
    await eventually('the slow request', () => requestsTo('/slow/300').length === 1);
    proxy.sever();
    await eventually('a failed record', () => beyond.dependencyErrors.length > 0);
    // Like Temporal after an activity timeout: further runs start while the first one still waits.
    const runs = [1, 2, 3].map(() => beyond.activities.deliverFirst(batch));
    proxy.restore();
    await Promise.all([...runs, otherDone]);
    assert.equal(requestsTo(path).length, 20);
    assert.deepEqual(
      countBy(await deliveriesOf(database.pool, operator), ({ state, tries }) => `${state} ${tries}`),
      { 'delivered 1': 21 },
    );
    assert.equal((await deliveriesOf(database.pool, operator, stalled.id)).length, 1);
  });
});
