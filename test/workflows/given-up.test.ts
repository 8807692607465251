// Postbacks that were given up: the workflow of their endpoint stays open and shows them, in the
// list of what is stuck, until somebody acknowledges, retries or deletes.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { deliveryWorkflowId, endpointWorkflowId } from '../../domain/keys.ts';
import { stuckWorkflowsUrl } from '../../local/temporal.ts';
import { createEndpoints } from '../../store/delivery/endpoints.ts';
import { acknowledgeDelivery, takeForRetry } from '../../store/delivery/manual-actions.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { SIGNALS, STATUS_QUERY } from '../../workflows/contract.ts';
import type { EndpointStatus } from '../../workflows/endpoint-status.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { recordHistory } from '../support/histories.ts';
import { SECRET_BOX, withOperator, type TestOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

let harness: WorkflowHarness;
let receiver: FaultyReceiver;

before(async () => {
  [harness, receiver] = await Promise.all([withHarness(), startReceiver()]);
});
after(async () => {
  await harness.close();
  await receiver.close();
});

/** The filter of the link that `npm start` prints. */
const STUCK = new URL(stuckWorkflowsUrl('http://ui.example', 'default')).searchParams.get('query')!;

async function stuckIds(filter: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of harness.temporal.client.workflow.list({
    query: `${STUCK} AND ${filter}`,
  }))
    ids.push(workflowId);
  return ids;
}

/** An endpoint that answers 404, and sales whose postbacks it was given up for. */
async function giveUpSales(count: number, settings: { schedule?: number[]; ratePerSecond?: number } = {}) {
  const operator = await withOperator(harness.pool);
  const endpoint = { name: 'Tracker', schedule: [0, 0], ...settings };
  const { id } = await operator.addEndpoint(`${receiver.url}/status/404`, endpoint);
  harness.dispatch(operator, await operator.ingestSales(count));
  const workflowId = endpointWorkflowId(id);
  const handle = harness.temporal.client.workflow.getHandle(workflowId);
  const status = (holds: (status: EndpointStatus) => boolean) =>
    eventually('the workflow of the endpoint to stand as expected', async () => {
      const answer = await handle.query<EndpointStatus>(STATUS_QUERY).catch(() => null);
      return answer !== null && holds(answer) && answer;
    });
  await status(({ held, about }) => held === 0 && about?.gaveUp === count);
  return { operator, id, workflowId, handle, status };
}

const idsOf = async (operator: TestOperator) =>
  (await deliveriesOf(harness.pool, operator)).map(({ id }) => id);

test('what was given up is in the list of what is stuck, with its count and amount, until it is acknowledged', async () => {
  const { operator, id, workflowId, handle } = await giveUpSales(2);
  const filter = `EndpointId = '${id}'`;
  await eventually(
    'the list to show it',
    async () => (await stuckIds(`${filter} AND GaveUp = 2`)).length > 0,
  );
  assert.deepEqual(
    await stuckIds(
      `${filter} AND DeliveryState = 'gave_up' AND NotTold = '20.00 USD' AND EndpointName = 'Tracker'
       AND AffiliateName = 'Test Media' AND AffiliateId = '${operator.affiliateId}'
       AND EndpointHost = '${new URL(receiver.url).host}'
       AND StuckSince > '${new Date(Date.now() - 60_000).toISOString()}'`,
    ),
    [workflowId],
  );
  assert.match(
    await harness.detailsOf(workflowId),
    /^\*\*Tracker at 127.0.0.1:\d+, Test Media\*\*: 0 postbacks wait, 2 were given up, 20.00 USD not told, since .* UTC: .*`acknowledge`/s,
  );
  assert.match(
    (await (await handle.describe()).staticSummary()) ?? '',
    /^postbacks to Tracker at 127.0.0.1:\d+, Test Media$/,
  );
  const workflows = createWorkflowClient(harness.temporal.client);
  for (const deliveryId of await idsOf(operator)) {
    assert.deepEqual(await acknowledgeDelivery(harness.pool, operator.operatorId, deliveryId), {
      kind: 'done',
      endpointId: id,
    });
    await workflows.wakeEndpoint(operator.operatorId, id);
  }
  assert.deepEqual(await handle.result(), { sent: 0 });
  await recordHistory(harness.temporal.client, workflowId, 'endpoint-acknowledged');
});

test('a single delivery that was given up leaves the sight of its endpoint when it is retried', async () => {
  const { operator, id, handle } = await giveUpSales(1);
  const [deliveryId] = await idsOf(operator);
  const taken = await takeForRetry(harness.pool, operator.operatorId, deliveryId!);
  assert.deepEqual(taken, { kind: 'taken', owner: 'self', endpointId: id, wasGivenUp: true });
  const workflows = createWorkflowClient(harness.temporal.client);
  await workflows.wakeEndpoint(operator.operatorId, id);
  assert.deepEqual(await handle.result(), { sent: 0 });
  await workflows.startDelivery(operator.operatorId, deliveryId!, 'retryNow');
  const single = harness.temporal.client.workflow.getHandle(deliveryWorkflowId(deliveryId!));
  await assert.rejects(single.result(), WorkflowFailedError);
  await eventually('the endpoint to show it again', async () =>
    (await stuckIds(`EndpointId = '${id}' AND GaveUp = 1`)).includes(handle.workflowId),
  );
});

test('what a queue gave up is acknowledged by one signal to the workflow of its endpoint', async () => {
  const { operator, handle, workflowId } = await giveUpSales(3, { schedule: [0], ratePerSecond: 1000 });
  await handle.signal(SIGNALS.acknowledge);
  assert.deepEqual(await handle.result(), { sent: 3 });
  const { rows } = await harness.pool.query<{ count: number }>(
    `select count(acknowledged_at)::int as count from deliveries where operator_id = $1 and state = 'gave_up'`,
    [operator.operatorId],
  );
  assert.equal(rows[0]!.count, 3);
  await recordHistory(harness.temporal.client, workflowId, 'endpoint-acknowledged-by-signal');
});

test('what was given up leaves the sight of operators with its endpoint', async () => {
  const { operator, id, handle } = await giveUpSales(1, { schedule: [0] });
  assert.ok(await createEndpoints(harness.pool, SECRET_BOX).remove(operator.operatorId, id));
  await createWorkflowClient(harness.temporal.client).wakeEndpoint(operator.operatorId, id, 'switched');
  assert.deepEqual(await handle.result(), { sent: 0 });
});
