// The workflow of one failed delivery: retries on schedule, shows its status, and obeys its
// signals.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import type { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { ServerResponse } from 'node:http';
import { deliveryWorkflowId } from '../../domain/keys.ts';
import { pauseDelivery, resumeDelivery } from '../../store/delivery/manual-actions.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { GAVE_UP, SIGNALS, STATUS_QUERY } from '../../workflows/contract.ts';
import type { DeliveryStatus } from '../../workflows/deliver-postback.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { isSigned, startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';

let harness: WorkflowHarness;
let receiver: FaultyReceiver;

before(async () => {
  [harness, receiver] = await Promise.all([withHarness(), startReceiver()]);
});
after(async () => {
  await harness.close();
  await receiver.close();
});

/**
 * Settles a sale with a postback to this mode of the receiver, and waits for the delivery's
 * workflow to report its status.
 */
async function failDelivery(mode: string, schedule: number[], url = receiver.url) {
  const operator = await withOperator(harness.pool);
  const path = `${mode}?${operator.operatorId}`;
  const { id: endpointId, secret } = await operator.addEndpoint(url + path, {
    name: 'Tracker',
    schedule,
  });
  harness.dispatch(operator, await operator.ingestSales(1));
  const { id } = await eventually('the postback to be handed over', async () => {
    const [row] = await deliveriesOf(harness.pool, operator);
    return row?.owner === 'self' && row;
  });
  const workflowId = deliveryWorkflowId(id);
  const handle = harness.temporal.client.workflow.getHandle(workflowId);
  const status = (state: string) =>
    eventually(`the workflow to say ${state}`, async () => {
      const answer = await handle.query<DeliveryStatus>(STATUS_QUERY).catch(() => null);
      return answer?.state === state && answer;
    });
  await eventually('the workflow to exist', () => handle.describe().catch(() => null));
  const requests = () => receiver.requests.filter((request) => request.path === path);
  return { operator, endpointId, secret, id, workflowId, handle, status, requests };
}

test('a delivery that fails twice is retried by its own workflow, which records every attempt', async () => {
  const postback = await failDelivery('/flip/2', [0, 1, 0]);
  assert.deepEqual(await postback.handle.result(), { state: 'delivered', tries: 3 });
  const requests = postback.requests();
  assert.deepEqual(
    requests.map(({ headers }) => [headers['webhook-id'], headers['webhook-attempt']]),
    ['1', '2', '3'].map((number) => [postback.id, number]),
  );
  assert.ok(requests.every((request) => isSigned(request, postback.secret)));
  assert.ok(requests[1]!.receivedAtMs - requests[0]!.receivedAtMs >= 1000, 'the schedule was not kept');
  const { story } = await postback.handle.query<DeliveryStatus>(STATUS_QUERY);
  assert.match(
    story.join(' '),
    /^\| 1 \| 500 after \d+ ms \| first \| \| 2 \| 500 after \d+ ms \| retry \| \| 3 \| 200 after \d+ ms \| retry \|$/,
  );
  const { rows } = await harness.pool.query<{ number: number; cause: string; status: number }>(
    `select number, cause, status_code as status from attempts where operator_id = $1 order by number`,
    [postback.operator.operatorId],
  );
  assert.deepEqual(rows, [
    { number: 1, cause: 'first', status: 500 },
    { number: 2, cause: 'retry', status: 500 },
    { number: 3, cause: 'retry', status: 200 },
  ]);
  await recordHistory(harness.temporal.client, postback.workflowId, 'postback-retried-in-words');
});

test('a waiting delivery is found by its search attributes and retried at once on a signal', async () => {
  const { client } = harness.temporal;
  const postback = await failDelivery('/flip/1', [0, 3600]);
  const { tries, lastError, nextAttemptAt } = await postback.status('retrying');
  assert.deepEqual([tries, lastError], [1, 'http_500']);
  const waitMs = Date.parse(nextAttemptAt!) - Date.now();
  assert.ok(waitMs > 3_590_000 && waitMs < 3_600_000 * 1.25, `next attempt in ${waitMs} ms`);
  const query = `DeliveryState = 'retrying' AND EndpointId = '${postback.endpointId}' AND Attempts = 1
    AND LastError = 'http_500'
    AND OperatorId = '${postback.operator.operatorId}' AND AffiliateId = '${postback.operator.affiliateId}'
    AND AffiliateName = 'Test Media' AND EndpointName = 'Tracker' AND NotTold = '10.00 USD'
    AND EndpointHost = '${new URL(receiver.url).host}' AND NextReason STARTS_WITH '500 after '
    AND StuckSince > '${new Date(Date.now() - 60_000).toISOString()}'
    AND EventType = 'conversion.created' AND NextAttemptAt > '${new Date().toISOString()}'`;
  await eventually('the workflow list to show it', async () => {
    for await (const { workflowId } of client.workflow.list({ query }))
      return workflowId === postback.workflowId;
    return false;
  });
  assert.match(
    await harness.detailsOf(postback.workflowId),
    /^\*\*conversion.created 10.00 USD to Tracker at 127.0.0.1:\d+, Test Media\*\*: 500 since [-\d]+ [:\d]+ UTC, try 2 at [-\d]+ [:\d]+ UTC\.\n\nRetrying after 1 try: 500 after \d+ ms; next in .*: step 2 of 2 .*`retryNow`/,
  );
  const described = await postback.handle.describe();
  assert.match(
    (await described.staticSummary()) ?? '',
    /^conversion.created 10.00 USD to Tracker at 127.0.0.1:\d+, Test Media$/,
  );
  const { events } = await postback.handle.fetchHistory();
  assert.ok(!JSON.stringify(events).includes('/flip/1'), 'the history holds the path of the URL');
  await postback.handle.signal(SIGNALS.retryNow);
  assert.deepEqual(await postback.handle.result(), { state: 'delivered', tries: 2 });
  assert.match(await harness.detailsOf(postback.workflowId), /\| 2 \| 200 after \d+ ms \| manual \|/);
  await recordHistory(client, postback.workflowId, 'postback-pushed-in-words');
});

/** The row of a delivery, as far as a pause concerns it. */
async function pauseOf(id: string): Promise<{ reason: string | null; state: string }> {
  const { rows } = await harness.pool.query<{ reason: string | null; state: string }>(
    `select pause_reason as reason, state from deliveries where id = $1`,
    [id],
  );
  return rows[0]!;
}

test('a delivery paused by a signal is paused in its row and not retried until it is resumed', async () => {
  const postback = await failDelivery('/flip/1', [0, 1]);
  const { nextAttemptAt } = await postback.status('retrying');
  await postback.handle.signal(SIGNALS.pause);
  await postback.status('paused');
  assert.deepEqual(await pauseOf(postback.id), { reason: 'paused in Temporal', state: 'retrying' });
  await eventually(
    'the wait for the next attempt to end',
    () => Date.now() > Date.parse(nextAttemptAt!) + 500,
  );
  assert.equal(postback.requests().length, 1);
  assert.match(await harness.detailsOf(postback.workflowId), /500 since .* UTC, paused in Temporal\./);
  await postback.handle.signal(SIGNALS.resume);
  assert.deepEqual(await postback.handle.result(), { state: 'delivered', tries: 2 });
  assert.equal((await pauseOf(postback.id)).reason, null);
  await recordHistory(harness.temporal.client, postback.workflowId, 'postback-paused-in-row');
});

test('a delivery whose workflow is cancelled is paused, and resumed in a run that can be cancelled again', async () => {
  const { client } = harness.temporal;
  const postback = await failDelivery('/flip/1', [0, 3600]);
  const { runId } = await postback.handle.describe();
  const latest = client.workflow.getHandle(postback.workflowId);
  for (const time of [1, 2]) {
    await latest.cancel();
    await postback.status('paused');
    assert.equal((await pauseOf(postback.id)).reason, 'cancelled in Temporal', `cancelled ${time} times`);
    await latest.signal(SIGNALS.resume);
    await postback.status('retrying');
    assert.equal((await pauseOf(postback.id)).reason, null);
  }
  await recordHistory(client, postback.workflowId, 'postback-cancelled', runId);
  assert.equal(postback.requests().length, 1);
  await latest.signal(SIGNALS.retryNow);
  assert.deepEqual(await latest.result(), { state: 'delivered', tries: 2 });
  const { story } = await latest.query<DeliveryStatus>(STATUS_QUERY);
  assert.equal(story.length, 2, 'the new run does not tell of the attempt before it');
});

test('a delivery paused over the API stays paused in a workflow that was terminated', async () => {
  const postback = await failDelivery('/flip/1', [0, 1]);
  const { operatorId } = postback.operator;
  assert.equal(
    (await pauseDelivery(harness.pool, operatorId, postback.id, 'paused over the API')).kind,
    'done',
  );
  const workflows = createWorkflowClient(harness.temporal.client);
  await workflows.startDelivery(operatorId, postback.id, 'pause');
  await postback.status('paused');
  await postback.handle.terminate();
  await workflows.startDelivery(operatorId, postback.id);
  assert.equal((await postback.status('paused')).nextReason, 'paused over the API');
  assert.equal((await resumeDelivery(harness.pool, operatorId, postback.id)).kind, 'done');
  await workflows.startDelivery(operatorId, postback.id, 'resume');
  const latest = harness.temporal.client.workflow.getHandle(postback.workflowId);
  assert.deepEqual(await latest.result(), { state: 'delivered', tries: 2 });
});

test('a delivery is given up on a signal, or at the end of its schedule, and its workflow fails', async () => {
  const signalled = await failDelivery('/status/404', [0, 3600]);
  await signalled.handle.signal(SIGNALS.giveUp);
  const ended = await failDelivery('/status/404', [0, 0]);
  for (const [{ handle, operator }, tries] of [
    [signalled, '1 try'],
    [ended, '2 tries'],
  ] as const) {
    await assert.rejects(handle.result(), (error: WorkflowFailedError) => {
      assert.equal((error.cause as ApplicationFailure).type, GAVE_UP);
      assert.match(error.cause!.message, new RegExp(`^gave up after ${tries}: http_404$`));
      return true;
    });
    assert.equal((await deliveriesOf(harness.pool, operator))[0]?.state, 'gave_up');
  }
  await recordHistory(harness.temporal.client, signalled.workflowId, 'postback-given-up-fails');
});

test('a retry signalled during an attempt joins it, and one after it is made at once', async () => {
  const open: ServerResponse[] = [];
  const slow = await startReceiver({
    handler: (_, response) =>
      void (slow.requests.length === 1 ? response.writeHead(500).end() : open.push(response)),
  });
  const postback = await failDelivery('', [0, 0, 3600], slow.url);
  const answered = (count: number) => eventually(`request ${count}`, () => slow.requests.length === count);
  await answered(2);
  await postback.handle.signal(SIGNALS.retryNow);
  open.shift()!.writeHead(500).end();
  await eventually('the second answer to be counted', async () => {
    const now = await postback.handle.query<DeliveryStatus>(STATUS_QUERY);
    return now.tries === 2 && Date.parse(now.nextAttemptAt!) > Date.now() + 3_000_000;
  });
  assert.equal(slow.requests.length, 2);
  await postback.handle.signal(SIGNALS.retryNow);
  await answered(3);
  open.shift()!.end();
  assert.deepEqual(await postback.handle.result(), { state: 'delivered', tries: 3 });
  await recordHistory(harness.temporal.client, postback.workflowId, 'postback-retry-joined');
  await slow.close();
});
