// Recorder: sent and recorded attempts agree, also while PostgreSQL is away.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createPool } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { countBy, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { eventually } from '../../support/eventually.ts';
import { withOperator } from '../../support/operator.ts';
import { startProxy, throughProxy } from '../../support/severable-proxy.ts';
import { startReceiver } from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;

before(async () => {
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
});
after(() => Promise.all([temporal.close(), database.drop()]));

test('no attempt starts while recording fails, and the attempts already made are recorded afterwards', async (t) => {
  const proxy = await startProxy(Number(new URL(database.url).port));
  const pool = createPool(throughProxy(database.url, proxy));
  const working = withActivities(pool, temporal.client, { firstAttemptsMs: 20_000 });
  const held: ServerResponse[] = [];
  let isHolding = true;
  const receiver = await startReceiver({
    handler: (_, response) => void (isHolding ? held.push(response) : response.end()),
  });
  const operator = await withOperator(database.pool);
  await operator.addEndpoint(receiver.url, { maxInFlight: 4 });
  const batch = await settleBatch(working.activities, operator, await operator.ingestSales(30));

  const running = working.activities.deliverFirst(batch);
  t.after(async () => {
    // The recorder repeats until PostgreSQL is back, also where this test failed while it was away.
    proxy.restore();
    await running;
    await Promise.all([working.close(), pool.end(), proxy.close(), receiver.close()]);
  });
  await eventually('four requests under way', () => held.length === 4);
  proxy.sever();
  isHolding = false;
  for (const response of held) response.end();
  // An attempt that got its permit before the first record failed is under way already.
  await eventually('a second failed record', () => working.dependencyErrors.length > 1);
  const sentThen = receiver.requests.length;
  assert.ok(sentThen <= 8, `${sentThen} requests were sent`);
  await eventually('three more failed records', () => working.dependencyErrors.length > 4);
  assert.equal(receiver.requests.length, sentThen, 'something was sent that could not be recorded');
  assert.deepEqual(
    countBy(await deliveriesOf(database.pool, operator), ({ state }) => state),
    { pending: 30 },
  );

  proxy.restore();
  assert.equal((await running).delivered, 30);
  const ids = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
  assert.deepEqual([receiver.requests.length, ids.size], [30, 30]);
  assert.deepEqual(
    countBy(await deliveriesOf(database.pool, operator), ({ state, tries }) => `${state} ${tries}`),
    { 'delivered 1': 30 },
  );
});

test('an answer with bytes that PostgreSQL refuses is recorded all the same', async (t) => {
  const receiver = await startReceiver({
    handler: (_, response) =>
      void response.writeHead(200).end(Buffer.from([0, 0xff, 0xed, 0xa0, 0x80, 0x5c, 0x75, 0x30])),
  });
  const working = withActivities(database.pool, temporal.client);
  t.after(() => Promise.all([working.close(), receiver.close()]));
  const operator = await withOperator(database.pool);
  await operator.addEndpoint(receiver.url);
  const batch = await settleBatch(working.activities, operator, await operator.ingestSales(1));
  assert.equal((await working.activities.deliverFirst(batch)).delivered, 1);
  assert.deepEqual(working.dependencyErrors, []);
});

test('a failure whose commit was not acknowledged is written again and counted once', async (t) => {
  const proxy = await startProxy(Number(new URL(database.url).port));
  const pool = createPool(throughProxy(database.url, proxy));
  const working = withActivities(pool, temporal.client);
  const receiver = await startReceiver({
    handler: (_, response) => {
      proxy.severAtReplyTo('commit');
      response.writeHead(500).end();
    },
  });
  t.after(() => Promise.all([working.close(), pool.end(), proxy.close(), receiver.close()]));
  const operator = await withOperator(database.pool);
  const endpoint = await operator.addEndpoint(receiver.url);
  const batch = await settleBatch(working.activities, operator, await operator.ingestSales(1));
  await working.activities.deliverFirst(batch);
  assert.equal(working.dependencyErrors.length, 1);
  const { rows } = await database.pool.query(
    `select d.tries, e.failures_in_a_row, (select count(*)::int from attempts a where a.operator_id = e.operator_id) as attempts
     from endpoints e join deliveries d on d.operator_id = e.operator_id and d.endpoint_id = e.id where e.id = $1`,
    [endpoint.id],
  );
  assert.deepEqual(rows, [{ tries: 1, failures_in_a_row: 1, attempts: 1 }]);
});
