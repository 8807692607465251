// Sweep: finds and restarts each kind of work that a crash or an outage can leave without an owner.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { createSetAside } from '../../../activities/settlement/set-aside.ts';
import {
  conversionsWorkflowId,
  deliveryWorkflowId,
  endpointWorkflowId,
  setAsideWorkflowId,
} from '../../../domain/keys.ts';
import { clearRetryRequest, noteRetry, requestRetries } from '../../../store/agreements/retry-requests.ts';
import { TASK_QUEUES, WORKFLOWS, type BatchInput } from '../../../workflows/contract.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { countBy, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { eventually } from '../../support/eventually.ts';
import { withOperator } from '../../support/operator.ts';
import { startProxy } from '../../support/severable-proxy.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;

before(async () => {
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
  working = withActivities(database.pool, temporal.client, { sweepGraceMs: 0 });
});
after(async () => {
  await working.close();
  await Promise.all([temporal.close(), database.drop()]);
});

async function isRunning(workflowId: string): Promise<boolean> {
  try {
    return (await temporal.client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Ids of events in the inputs of all batches started so far. */
async function startedEvents(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of temporal.client.workflow.list({
    query: `WorkflowType = '${WORKFLOWS.processConversions}'`,
  })) {
    const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
    const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    const { operators } = JSON.parse(Buffer.from(payload!.data!).toString()) as BatchInput;
    ids.push(...operators.flatMap(({ eventIds }) => eventIds));
  }
  return ids;
}

test('the sweep starts lost events in batches of at most 500', async () => {
  const operator = await withOperator(database.pool);
  const ids = await operator.ingestSales(1100);
  assert.equal((await working.activities.sweepOnce()).events, 1100);
  const started = await eventually('three batches to be listed', async () => {
    const listed = await startedEvents();
    return listed.length === 1100 && listed;
  });
  assert.deepEqual(started.toSorted(), ids.toSorted());
  await settleBatch(working.activities, operator, ids);
  assert.equal((await working.activities.sweepOnce()).events, 0, 'settled events were started again');
});

test('the sweep finds an event that becomes visible a minute and a half late', async () => {
  const operator = await withOperator(database.pool);
  await working.activities.sweepOnce();
  const ids = await operator.ingest([{ receivedAt: Date.now() - 90_000 }]);
  assert.equal((await working.activities.sweepOnce()).events, 1);
  await settleBatch(working.activities, operator, ids);
});

test('the sweep takes over the deliveries of a batch only after its workflow ended', async () => {
  const operator = await withOperator(database.pool);
  await operator.addEndpoint('http://127.0.0.1:9/never-called');
  const batch = await settleBatch(working.activities, operator, await operator.ingestSales(3));
  const handle = await temporal.client.workflow.start(WORKFLOWS.processConversions, {
    workflowId: conversionsWorkflowId(batch.batchId),
    taskQueue: TASK_QUEUES.batches,
    args: [batch],
  });
  assert.equal((await working.activities.sweepOnce()).batches, 0);
  await handle.terminate();
  assert.equal((await working.activities.sweepOnce()).batches, 1);
  const rows = await deliveriesOf(database.pool, operator);
  assert.deepEqual(
    countBy(rows, ({ state, owner }) => `${state} ${owner}`),
    { 'held endpoint': 3 },
  );
  assert.ok(await isRunning(endpointWorkflowId(rows[0]!.endpointId)));
});

test('the sweep restarts terminated workflows of deliveries and endpoints', async () => {
  const operator = await withOperator(database.pool);
  const { id: endpointId } = await operator.addEndpoint('http://127.0.0.1:9/never-called');
  await settleBatch(working.activities, operator, await operator.ingestSales(2));
  const [single, queued] = await deliveriesOf(database.pool, operator);
  await database.pool.query(
    `update deliveries set owner = case when id = $2 then 'self' else 'endpoint' end, state = 'retrying' where operator_id = $1`,
    [operator.operatorId, single!.id],
  );
  assert.notEqual(queued, undefined);
  const ids = [deliveryWorkflowId(single!.id), endpointWorkflowId(endpointId)];
  await working.activities.sweepOnce();
  for (const id of ids) await temporal.client.workflow.getHandle(id).terminate();
  await working.activities.sweepOnce();
  assert.deepEqual(await Promise.all(ids.map(isRunning)), [true, true]);
});

test('the sweep restarts workflows long before their next try is due, and those that only show what was given up', async () => {
  const operator = await withOperator(database.pool);
  const endpoints = [1, 2, 3].map((number) =>
    operator.addEndpoint(`http://127.0.0.1:9/never-called/${number}`),
  );
  const [one, two, three] = (await Promise.all(endpoints)).map(({ id }) => id);
  await settleBatch(working.activities, operator, await operator.ingestSales(1));
  const rows = await deliveriesOf(database.pool, operator);
  const idOf = (endpointId: string) => rows.find((row) => row.endpointId === endpointId)!.id;
  const put = (endpointId: string, owner: string | null, state: string) =>
    database.pool.query(
      `update deliveries set owner = $2, state = $3, next_attempt_at = now() + interval '20 hours' where id = $1`,
      [idOf(endpointId), owner, state],
    );
  await Promise.all([
    put(one!, 'self', 'retrying'),
    put(two!, 'endpoint', 'retrying'),
    put(three!, null, 'gave_up'),
  ]);
  const workflowIds = [deliveryWorkflowId(idOf(one!)), endpointWorkflowId(two!), endpointWorkflowId(three!)];
  await working.activities.sweepOnce();
  assert.deepEqual(await Promise.all(workflowIds.map(isRunning)), [true, true, true]);
  const listed = async () => {
    const ids: string[] = [];
    const query = `ExecutionStatus = 'Running' AND WorkflowId IN (${workflowIds.map((id) => `'${id}'`).join(', ')})`;
    for await (const { workflowId } of temporal.client.workflow.list({ query })) ids.push(workflowId);
    return ids.length;
  };
  await eventually('the list to show them', async () => (await listed()) === 3);
  for (const id of workflowIds) await temporal.client.workflow.getHandle(id).terminate();
  await eventually('the list to show that they ended', async () => (await listed()) === 0);
  await working.activities.sweepOnce();
  assert.deepEqual(await Promise.all(workflowIds.map(isRunning)), [true, true, true]);
  await eventually('the list to show them again', async () => (await listed()) === 3);
  await database.pool.query(`update deliveries set acknowledged_at = now() where id = $1`, [idOf(three!)]);
  await temporal.client.workflow.getHandle(endpointWorkflowId(three!)).terminate();
  await eventually('the list to show that it ended', async () => (await listed()) === 2);
  await working.activities.sweepOnce();
  assert.ok(!(await isRunning(endpointWorkflowId(three!))), 'an acknowledged delivery is shown again');
});

test('the sweep releases a successor whose predecessor is finished', async () => {
  const operator = await withOperator(database.pool);
  await operator.addEndpoint('http://127.0.0.1:9/never-called');
  const [first] = await operator.ingest([{ transactionId: 'reversed' }]);
  await settleBatch(working.activities, operator, [first!]);
  const [chargeback] = await operator.ingest([
    { type: 'chargeback', transactionId: 'back', reference: 'reversed' },
  ]);
  await settleBatch(working.activities, operator, [chargeback!]);
  const [predecessor, successor] = await deliveriesOf(database.pool, operator);
  assert.equal(successor?.owner, 'predecessor');
  await database.pool.query(
    `update deliveries set owner = null, state = 'delivered', finished_at = now() where operator_id = $1 and id = $2`,
    [operator.operatorId, predecessor!.id],
  );
  assert.equal((await working.activities.sweepOnce()).released, 1);
  assert.equal((await deliveriesOf(database.pool, operator))[1]?.owner, 'endpoint');
});

test('the sweep wakes the workflows of set-aside events', async () => {
  const operator = await withOperator(database.pool);
  await settleBatch(working.activities, operator, await operator.ingest([{ currency: 'EUR' }]));
  assert.equal((await working.activities.sweepOnce()).setAside, 1);
  assert.ok(await isRunning(setAsideWorkflowId(operator.operatorId, 'no_exchange_rate')));
});

describe('a wanted retry of set-aside events', () => {
  const reason = 'no_exchange_rate';
  const retries = async () => (await working.activities.sweepOnce()).retries;

  test('the sweep asks for a wanted retry, and not again while it is under way or done', async () => {
    const operator = await withOperator(database.pool);
    const { operatorId } = operator;
    await settleBatch(working.activities, operator, await operator.ingest([{ currency: 'EUR' }]));
    await requestRetries(database.pool, operatorId, [reason]);
    assert.equal(await retries(), 1);
    const meanwhile: number[] = [];
    const { retrySetAside } = createSetAside({
      pool: database.pool,
      handOver: working.activities.handOver,
      async settle(input) {
        meanwhile.push(await retries());
        return await working.activities.settle(input);
      },
    });
    await retrySetAside({ operatorId, reason });
    assert.deepEqual([meanwhile, await retries()], [[0], 0]);
  });

  test('the sweep asks again for a retry that was ended, and for one wanted during another', async () => {
    const operator = await withOperator(database.pool);
    await settleBatch(working.activities, operator, await operator.ingest([{ currency: 'EUR' }]));
    await requestRetries(database.pool, operator.operatorId, [reason]);
    const wantedAt = await noteRetry(database.pool, operator.operatorId, reason);
    assert.equal(await retries(), 0);
    await database.pool.query(`update retries_wanted set settling_until = now()`);
    assert.equal(await retries(), 1);
    await noteRetry(database.pool, operator.operatorId, reason);
    await requestRetries(database.pool, operator.operatorId, [reason]);
    assert.equal(await retries(), 0);
    await clearRetryRequest(database.pool, operator.operatorId, reason, wantedAt!);
    assert.equal(await retries(), 1);
  });
});

test('events whose batch could not start are found again by the next sweep', async (t) => {
  const proxy = await startProxy(Number(temporal.address.split(':')[1]));
  const connection = await Connection.connect({ address: proxy.address });
  const client = new Client({ connection, namespace: temporal.namespace });
  const cutOff = withActivities(database.pool, client, { sweepGraceMs: 0 });
  t.after(async () => {
    await Promise.all([cutOff.close(), connection.close()]);
    await proxy.close();
  });
  const operator = await withOperator(database.pool);
  const ids = await operator.ingestSales(7);
  proxy.sever();
  await assert.rejects(cutOff.activities.sweepOnce());
  proxy.restore();
  const found = await eventually('Temporal to be back', () =>
    cutOff.activities.sweepOnce().catch(() => null),
  );
  assert.equal(found.events, 7);
  await settleBatch(working.activities, operator, ids);
});

test('the sweep starts the workflow of a down endpoint whose next probe is promised, without a wake signal', async () => {
  const operator = await withOperator(database.pool);
  const { id } = await operator.addEndpoint('http://127.0.0.1:9/never-called');
  await settleBatch(working.activities, operator, await operator.ingestSales(1));
  await database.pool.query(`update deliveries set owner = 'endpoint' where operator_id = $1`, [
    operator.operatorId,
  ]);
  await database.pool.query(
    `update endpoints set failures_in_a_row = 10, failing_since = now(),
       queue_read_by = now() + interval '9 minutes' where id = $1`,
    [id],
  );
  const handle = temporal.client.workflow.getHandle(endpointWorkflowId(id));
  for (let run = 0; run < 3; run++) await working.activities.sweepOnce();
  assert.ok(await isRunning(handle.workflowId));
  const { events } = await handle.fetchHistory();
  assert.ok(
    !events!.some(({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes),
  );
});
