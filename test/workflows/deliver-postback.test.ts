// The workflow of one failed delivery: retries on schedule, shows its status, and obeys its
// signals.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { deliveryWorkflowId } from '../../domain/keys.ts';
import { SIGNALS, STATUS_QUERY } from '../../workflows/contract.ts';
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
async function failDelivery(mode: string, schedule: number[]) {
  const operator = await withOperator(harness.pool);
  const path = `${mode}?${operator.operatorId}`;
  const { id: endpointId, secret } = await operator.addEndpoint(receiver.url + path, { schedule });
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
    /^\| 1 \| http_500 \| first .*\| 2 \| 500 after \d+ ms \| retry \| \| 3 \| 200 after \d+ ms \| retry \|$/,
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
  await recordHistory(harness.temporal.client, postback.workflowId, 'postback-retried');
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
    AND EventType = 'conversion.created' AND NextAttemptAt > '${new Date().toISOString()}'`;
  await eventually('the workflow list to show it', async () => {
    for await (const { workflowId } of client.workflow.list({ query }))
      return workflowId === postback.workflowId;
    return false;
  });
  assert.match(
    await harness.detailsOf(postback.workflowId),
    /\*\*retrying\*\* after 1 try: http_500\nNext attempt: .*`retryNow`/,
  );
  await postback.handle.signal(SIGNALS.retryNow);
  assert.deepEqual(await postback.handle.result(), { state: 'delivered', tries: 2 });
  assert.match(await harness.detailsOf(postback.workflowId), /\| 2 \| 200 after \d+ ms \| manual \|/);
  await recordHistory(client, postback.workflowId, 'postback-pushed');
});

test('a paused delivery is not retried until it is resumed', async () => {
  const postback = await failDelivery('/flip/1', [0, 1]);
  const { nextAttemptAt } = await postback.status('retrying');
  await postback.handle.signal(SIGNALS.pause);
  await eventually(
    'the wait for the next attempt to end',
    () => Date.now() > Date.parse(nextAttemptAt!) + 500,
  );
  assert.equal(postback.requests().length, 1);
  await postback.handle.signal(SIGNALS.resume);
  assert.deepEqual(await postback.handle.result(), { state: 'delivered', tries: 2 });
  await recordHistory(harness.temporal.client, postback.workflowId, 'postback-paused');
});

test('a delivery is given up on a signal, or at the end of its schedule', async () => {
  const signalled = await failDelivery('/status/404', [0, 3600]);
  await signalled.handle.signal(SIGNALS.giveUp);
  assert.deepEqual(await signalled.handle.result(), { state: 'gave_up', tries: 1 });
  const ended = await failDelivery('/status/404', [0, 0]);
  assert.deepEqual(await ended.handle.result(), { state: 'gave_up', tries: 2 });
  for (const { operator } of [signalled, ended])
    assert.equal((await deliveriesOf(harness.pool, operator))[0]?.state, 'gave_up');
  await recordHistory(harness.temporal.client, signalled.workflowId, 'postback-given-up');
});
