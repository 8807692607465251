// Batches from start to end on a real Temporal server: healthy batches, batches with problems, and
// batches that the sweep starts.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { setAsideWorkflowId } from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { createLogger } from '../../log.ts';
import { createFxRates } from '../../store/agreements/fx-rates.ts';
import { prepareNamespace } from '../../worker/namespace.ts';
import { SIGNALS, STATUS_QUERY, TASK_QUEUES, WORKFLOWS } from '../../workflows/contract.ts';
import type { SetAsideStatus } from '../../workflows/settle-set-aside.ts';
import { countBy, deliveriesOf } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';

let harness: WorkflowHarness;
let receiver: FaultyReceiver;

before(async () => {
  [harness, receiver] = await Promise.all([withHarness(), startReceiver()]);
});
after(async () => {
  await harness.close();
  await receiver.close();
});

/** Id of the batch workflow that settled an event. */
async function batchOf(operatorId: string, eventId: string): Promise<string> {
  return eventually('the event to be settled', async () => {
    const { rows } = await harness.pool.query<{ workflowId: string }>(
      `select 'conversions/' || batch_id as "workflowId"
       from event_outcomes
       where operator_id = $1 and event_id = $2`,
      [operatorId, eventId],
    );
    return rows[0]?.workflowId;
  });
}

test('a healthy batch is settled and delivered by local activities alone', async () => {
  const { client } = harness.temporal;
  const operator = await withOperator(harness.pool);
  await operator.addEndpoint(`${receiver.url}/ok`);
  const ids = await operator.ingestSales(20);
  harness.dispatch(operator, ids);
  const workflowId = await batchOf(operator.operatorId, ids[0]!);
  const handle = client.workflow.getHandle(workflowId);
  assert.deepEqual(await handle.result(), { events: 20, delivered: 20, handedOver: 0 });
  const { events } = await handle.fetchHistory();
  const scheduled = events!.filter(
    ({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes,
  );
  assert.deepEqual([scheduled.length, events!.length <= 7], [0, true], `${events!.length} events of history`);
  await recordHistory(client, workflowId, 'batch-delivered');
});

test('a batch with failed deliveries hands them over and ends', async () => {
  const { client } = harness.temporal;
  const operator = await withOperator(harness.pool);
  await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
  const ids = await operator.ingestSales(3);
  harness.dispatch(operator, ids);
  const workflowId = await batchOf(operator.operatorId, ids[0]!);
  assert.deepEqual(await client.workflow.getHandle(workflowId).result(), {
    events: 3,
    delivered: 0,
    handedOver: 3,
  });
  await recordHistory(client, workflowId, 'batch-handed-over');
});

test('a chargeback’s postback follows its conversion’s to the same endpoint, in order', async () => {
  const operator = await withOperator(harness.pool);
  const path = `/slow/300?${operator.operatorId}`;
  await operator.addEndpoint(receiver.url + path);
  harness.dispatch(operator, await operator.ingest([{ transactionId: 'reversed' }]));
  await eventually('the conversion under way', () =>
    receiver.requests.some((request) => request.path === path),
  );
  harness.dispatch(
    operator,
    await operator.ingest([{ type: 'chargeback', transactionId: 'back', reference: 'reversed' }]),
  );
  const sent = await eventually('both postbacks', () => {
    const requests = receiver.requests.filter((request) => request.path === path);
    return requests.length === 2 && requests;
  });
  const bodies = sent.map(({ body }) => JSON.parse(body) as { type: string; data: { payout_delta: string } });
  assert.deepEqual(
    bodies.map(({ type, data }) => [type, data.payout_delta]),
    [
      ['conversion.created', '10.00'],
      ['conversion.reversed', '-10.00'],
    ],
  );
  assert.ok(
    sent[1]!.receivedAtMs - sent[0]!.receivedAtMs >= 300,
    'the clawback did not wait for its conversion',
  );
});

test('events without a rate share one workflow with a count, and settle when retried', async () => {
  const { client } = harness.temporal;
  const operator = await withOperator(harness.pool);
  const ids = await operator.ingest([{ currency: 'EUR' }, { currency: 'EUR' }, { currency: 'EUR' }]);
  harness.dispatch(operator, ids);
  const workflowId = setAsideWorkflowId(operator.operatorId, 'no_exchange_rate');
  const handle = client.workflow.getHandle(workflowId);
  const status = await eventually('the events to be shown', async () => {
    const answer = await handle.query<SetAsideStatus>(STATUS_QUERY).catch(() => null);
    return answer?.count === 3 && answer;
  });
  assert.deepEqual(status.samples.map(({ eventId }) => eventId).toSorted(), ids);
  assert.match(await harness.detailsOf(workflowId), /^\*\*3 events set aside\*\*: no_exchange_rate/);

  const rate = {
    base: 'EUR',
    quote: 'USD',
    rate: '1.1',
    source: 'test',
    asOf: new Date(Date.now() - 60_000),
    actor: 'test',
  };
  await createFxRates(harness.pool).insert(operator.operatorId, { id: newId('fx'), ...rate });
  await handle.signal(SIGNALS.retry);
  assert.deepEqual(await handle.result(), { settled: 3, dismissed: 0 });
  await recordHistory(client, workflowId, 'set-aside-settled');
});

test('the scheduled sweep starts batches, deliveries and drains that were never started', async () => {
  const { client } = harness.temporal;
  const log = createLogger('silent', 'test');
  const operator = await withOperator(harness.pool);
  await operator.addEndpoint(`${receiver.url}/ok`);
  await operator.ingestSales(30);
  await Promise.all([prepareNamespace(client, log), prepareNamespace(client, log)]);
  assert.equal((await client.schedule.getHandle('sweep').describe()).policies.overlap, 'SKIP');
  const handle = await client.workflow.start(WORKFLOWS.sweep, {
    workflowId: 'sweep-now',
    taskQueue: TASK_QUEUES.upkeep,
  });
  await handle.result();
  await eventually('every delivery to be delivered', async () => {
    const rows = await deliveriesOf(harness.pool, operator);
    return countBy(rows, ({ state }) => state)['delivered'] === 30;
  });
  await recordHistory(client, 'sweep-now', 'sweep');
});
