// The workflow of an action on everything that is stuck: shows its progress, spares an endpoint
// that is down, and ends the workflows of single postbacks.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import type { StuckAction } from '../../domain/delivery/stuck.ts';
import { deliveryWorkflowId, stuckActionWorkflowId } from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { createStuck } from '../../store/delivery/stuck.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { WORKFLOWS } from '../../workflows/contract.ts';
import { countBy, deliveriesOf, settleBatch } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator, type TestOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { startReceiver } from '../support/faulty-receiver.ts';

let harness: WorkflowHarness;

before(async () => {
  // Probes of their own would come too late for these tests.
  const never = 600_000;
  harness = await withHarness({ probeWaits: { firstMs: never, longestMs: never } });
});
after(() => harness.close());

async function store({ operatorId }: TestOperator, action: StuckAction): Promise<string> {
  const filter = { endpointId: null, affiliateId: null, state: null, reason: null, lastError: null };
  const aim = { id: newId('act'), action, filter, isDryRun: false };
  return (await createStuck(harness.pool).insertAction(operatorId, aim)).id;
}

/** Acts on everything that is stuck; resolves with the result of the workflow. */
async function act(operator: TestOperator, action: StuckAction) {
  const id = await store(operator, action);
  await createWorkflowClient(harness.temporal.client).startJob(operator.operatorId, {
    kind: 'stuckAction',
    id,
    action,
  });
  const handle = harness.temporal.client.workflow.getHandle(stuckActionWorkflowId(id));
  return { workflowId: handle.workflowId, result: (await handle.result()) as object };
}

const statesOf = async (operator: TestOperator) =>
  countBy(await deliveriesOf(harness.pool, operator), ({ state }) => state);

test('a retry of 1,200 postbacks to an endpoint that is down costs it a probe a step, and all arrive once', async (t) => {
  let isUp = false;
  const receiver = await startReceiver({
    handler: (_, response) => void response.writeHead(isUp ? 200 : 503).end(),
  });
  t.after(() => receiver.close());
  const operator = await withOperator(harness.pool);
  const { operatorId } = operator;
  const { id: endpointId } = await operator.addEndpoint(receiver.url);
  await settleBatch(harness.testActivities.activities, operator, await operator.ingestSales(1200));
  await harness.pool.query(
    `update deliveries set state = 'gave_up', owner = null, finished_at = now() where operator_id = $1`,
    [operatorId],
  );
  await harness.pool.query(
    `update endpoints set failures_in_a_row = 10, failing_since = now(), last_error = 'http_503' where id = $1`,
    [endpointId],
  );

  const { workflowId, result } = await act(operator, 'retry');
  assert.deepEqual(result, { state: 'done', total: 1200, done: 1200, joined: 0, refused: 0 });
  assert.match(await harness.detailsOf(workflowId), /^\*\*done\*\*: 1200 of 1200 postbacks sent again\.$/);
  const query = `WorkflowType = '${WORKFLOWS.actOnStuck}' AND DeliveryState = 'done'
    AND OperatorId = '${operatorId}'`;
  await eventually('the workflow list to show it', async () => {
    for await (const listed of harness.temporal.client.workflow.list({ query }))
      return listed.workflowId === workflowId;
    return false;
  });
  await eventually('a probe', () => receiver.requests.length > 0);
  assert.deepEqual(await statesOf(operator), { held: 1200 });

  isUp = true;
  await act(operator, 'retry');
  await eventually('all to arrive', async () => (await statesOf(operator))['delivered'] === 1200, 30_000);
  const [failed, arrived] = [receiver.requests.length - 1200, new Set<string>()];
  for (const { headers } of receiver.requests.slice(failed)) arrived.add(headers['webhook-id']!);
  assert.equal(arrived.size, 1200);
  assert.ok(failed <= 4, `${failed} probes of an endpoint that was down`);
  await recordHistory(harness.temporal.client, workflowId, 'stuck-retried');
});

test('a give-up of everything that is stuck ends the workflows of single postbacks', async () => {
  const operator = await withOperator(harness.pool);
  await operator.addEndpoint('http://127.0.0.1:9/');
  await settleBatch(harness.testActivities.activities, operator, await operator.ingestSales(3));
  await harness.pool.query(
    `update deliveries set state = 'retrying', owner = 'self', tries = 1, last_error = 'timeout',
       next_attempt_at = now() + interval '5 hours' where operator_id = $1`,
    [operator.operatorId],
  );
  const client = createWorkflowClient(harness.temporal.client);
  const singles = await deliveriesOf(harness.pool, operator);
  for (const { id } of singles) await client.startDelivery(operator.operatorId, id);
  const { result } = await act(operator, 'give_up');
  assert.deepEqual(result, { state: 'done', total: 3, done: 3, joined: 0, refused: 0 });
  assert.deepEqual(await statesOf(operator), { gave_up: 3 });
  for (const { id } of singles) {
    const handle = harness.temporal.client.workflow.getHandle(deliveryWorkflowId(id));
    await eventually('the workflow to end', async () => (await handle.describe()).status.name !== 'RUNNING');
  }
});

test('the sweep starts a stored action on what is stuck that has no workflow', async () => {
  const operator = await withOperator(harness.pool);
  const id = await store(operator, 'acknowledge');
  assert.equal((await harness.testActivities.activities.sweepOnce()).jobs, 1);
  const handle = harness.temporal.client.workflow.getHandle(stuckActionWorkflowId(id));
  assert.deepEqual(await handle.result(), { state: 'done', total: 0, done: 0, joined: 0, refused: 0 });
});
