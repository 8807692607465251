// The workflow of a replay: shows its progress, keeps its rate, and obeys cancellation.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { replayWorkflowId } from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { createReplays } from '../../store/delivery/replays.ts';
import { SIGNALS, STATUS_QUERY, WORKFLOWS } from '../../workflows/contract.ts';
import type { ReplayStatus } from '../../workflows/replay-postbacks.ts';
import { countBy, deliveriesOf, settleBatch } from '../support/deliveries.ts';
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

/** Stores a replay of so many exhausted deliveries without starting its workflow. */
async function createReplay(count: number, ratePerSecond: number | null) {
  const operator = await withOperator(harness.pool);
  const path = `/ok?${operator.operatorId}`;
  await operator.addEndpoint(receiver.url + path);
  await settleBatch(harness.testActivities.activities, operator, await operator.ingestSales(count));
  await harness.pool.query(
    `update deliveries set state = 'gave_up', owner = null, finished_at = now() where operator_id = $1`,
    [operator.operatorId],
  );
  const filter = { endpointId: null, affiliateId: null, from: null, to: null, states: ['gave_up'] as const };
  const { operatorId } = operator;
  const { id } = await createReplays(harness.pool).insert(operatorId, newId('rpl'), filter, {
    ratePerSecond,
    isDryRun: false,
  });
  const workflowId = replayWorkflowId(id);
  const requests = () => receiver.requests.filter((request) => request.path === path);
  const start = () =>
    createWorkflowClient(harness.temporal.client).startJob(operatorId, { kind: 'replay', id });
  return {
    operator,
    id,
    workflowId,
    requests,
    start,
    handle: harness.temporal.client.workflow.getHandle(workflowId),
  };
}

test('a replay keeps its rate, and the workflow list shows its progress', async () => {
  const { workflowId, handle, requests, start, operator } = await createReplay(25, 10);
  await start();
  const { client } = harness.temporal;
  const query = `WorkflowType = '${WORKFLOWS.replayPostbacks}' AND DeliveryState = 'replaying'
    AND OperatorId = '${operator.operatorId}' AND Held > 0`;
  await eventually('the workflow list to show it', async () => {
    for await (const listed of client.workflow.list({ query })) return listed.workflowId === workflowId;
    return false;
  });
  assert.match(
    await harness.detailsOf(workflowId),
    /^\*\*running\*\*: \d+ of 25 postbacks went out.* Send `cancel`/,
  );
  assert.deepEqual(await handle.result(), { state: 'done', total: 25, released: 25, sent: 25 });
  const sent = await eventually('every postback', () => requests().length === 25 && requests());
  const spanMs = sent.at(-1)!.receivedAtMs - sent[0]!.receivedAtMs;
  assert.ok(spanMs > 1000, `25 at 10 a second, ten at a time, took ${spanMs} ms`);
  await recordHistory(client, workflowId, 'replay-paced');
});

test('a cancelled replay releases no more deliveries, and what went out is delivered', async () => {
  const { id, operator, workflowId, handle, start } = await createReplay(100, 5);
  await start();
  await eventually('the first delivery to go out', async () => {
    const status = await handle.query<ReplayStatus>(STATUS_QUERY).catch(() => null);
    return (status?.sent ?? 0) > 0;
  });
  await handle.signal(SIGNALS.cancel);
  const { state, released, sent } = (await handle.result()) as ReplayStatus;
  assert.equal(state, 'cancelled');
  assert.equal(released, sent);
  assert.ok(sent >= 5 && sent < 100, `${sent} were sent`);
  await eventually('those to be delivered', async () => {
    return countBy(await deliveriesOf(harness.pool, operator), (row) => row.state)['delivered'] === sent;
  });
  assert.equal((await createReplays(harness.pool).find(operator.operatorId, id))?.state, 'cancelled');
  await recordHistory(harness.temporal.client, workflowId, 'replay-recalled');
});

test('the sweep starts a stored replay that has no workflow', async () => {
  const { handle } = await createReplay(3, null);
  assert.equal((await harness.testActivities.activities.sweepOnce()).jobs, 1);
  assert.deepEqual(await handle.result(), { state: 'done', total: 3, released: 3, sent: 3 });
});
