// The queue of an endpoint that does nothing but fail: what joins it goes out together, few signals
// are sent, and none is missed.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { endpointWorkflowId } from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { promiseQueueLook } from '../../store/delivery/queue-looks.ts';
import { SINGLE_LIMITS } from '../../store/delivery/single-limits.ts';
import { WORKFLOWS } from '../../workflows/contract.ts';
import { countBy, deliveriesOf } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver } from '../support/faulty-receiver.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator, type TestOperator } from '../support/operator.ts';
import { withActivities } from '../support/worker.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

const PAUSE_MS = 1000;

let harness: WorkflowHarness;

before(async () => {
  harness = await withHarness({
    singles: { ...SINGLE_LIMITS, perFailing: 2 },
    lookPauses: { shortestMs: PAUSE_MS, longestMs: PAUSE_MS },
  });
});
after(() => harness.close());

/** Dispatches an event and waits until its postback was handed over or planned for the queue. */
async function fail(operator: TestOperator, tried: number): Promise<void> {
  harness.dispatch(operator, await operator.ingestSales(1));
  await eventually(`postback ${tried} to leave its batch`, async () => {
    const rows = await deliveriesOf(harness.pool, operator);
    return rows.length === tried && rows.every(({ owner }) => owner !== 'batch');
  });
}

test('thirty postbacks to a failing endpoint need two workflows of their own, and few signals and turns', async (t) => {
  let status = 404;
  const receiver = await startReceiver({ handler: (_, response) => void response.writeHead(status).end() });
  t.after(() => receiver.close());
  const operator = await withOperator(harness.pool);
  const { id } = await operator.addEndpoint(receiver.url, { schedule: [0, 2, 2, 2, 2, 2, 2, 2] });
  const startedAt = Date.now();
  for (let tried = 1; tried <= 30; tried++) await fail(operator, tried);
  await eventually('each to be tried', async () =>
    (await deliveriesOf(harness.pool, operator)).every(({ tries }) => tries > 0),
  );
  const pauses = Math.ceil((Date.now() - startedAt) / (PAUSE_MS * 0.7));
  const { client } = harness.temporal;
  const workflowId = endpointWorkflowId(id);
  const { events = [] } = await client.workflow.getHandle(workflowId).fetchHistory();
  const signals = (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes);
  const turns = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
  // The first ones come before the first turn has promised the next.
  assert.ok(signals.length <= pauses + 5, `${signals.length} signals in ${pauses} pauses`);
  assert.ok(turns.length <= pauses + 5, `${turns.length} turns in ${pauses} pauses`);
  const singles = client.workflow.list({
    query: `WorkflowType = '${WORKFLOWS.deliverPostback}' AND EndpointId = '${id}'`,
  });
  const seen = new Set<string>();
  for await (const single of singles) seen.add(single.workflowId);
  assert.ok(seen.size <= 5, `${seen.size} postbacks have a workflow of their own`);

  status = 200;
  await eventually('everything to arrive', async () =>
    (await deliveriesOf(harness.pool, operator)).every(({ state }) => state === 'delivered'),
  );
  await client.workflow.getHandle(workflowId).result();
  await recordHistory(client, workflowId, 'endpoint-failing');
});

test('no postback is forgotten in the queue of an endpoint that now and then answers, without any sweep', async (t) => {
  let count = 0;
  const receiver = await startReceiver({
    handler: (_, response) => void response.writeHead(++count % 3 === 0 ? 200 : 404).end(),
  });
  t.after(() => receiver.close());
  const operator = await withOperator(harness.pool);
  const schedule = [0, ...Array.from({ length: 60 }, () => 1)];
  for (let index = 0; index < 3; index++)
    await operator.addEndpoint(`${receiver.url}/${index}`, { schedule });
  const ids = await operator.ingestSales(60);
  for (let from = 0; from < ids.length; from += 2) {
    harness.dispatch(operator, ids.slice(from, from + 2));
    const planned = 3 * (from + 2);
    await eventually('the batch to be planned', async () => {
      const rows = await deliveriesOf(harness.pool, operator);
      return rows.length === planned && rows.filter(({ owner }) => owner === 'batch').length < 10;
    });
  }
  const left = async () =>
    countBy(await deliveriesOf(harness.pool, operator), ({ state, owner }) => `${state} ${owner}`);
  await eventually(
    'all to be delivered',
    async () => {
      const states = await left();
      return states['delivered null'] === 180;
    },
    60_000,
  ).catch(async (error: Error) => assert.fail(`${error.message}: ${JSON.stringify(await left())}`));
});

test('what joins a queue while a turn looks at it does not rely on that look', async (t) => {
  const operator = await withOperator(harness.pool);
  const receiver = await startReceiver({ handler: (_, response) => void response.writeHead(404).end() });
  t.after(() => receiver.close());
  const { id: endpointId } = await operator.addEndpoint(receiver.url, { schedule: [0, 3600] });
  const of = { operatorId: operator.operatorId, endpointId };
  // The database of a turn, which tells when the queue was read.
  let onRead: () => Promise<void> = async () => {};
  const pool = new Proxy(harness.pool, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value;
      return async (text: string, values: unknown[]) => {
        const answer = await target.query(text, values);
        if (typeof text === 'string' && text.includes('"hasGivenUp"')) await onRead();
        return answer;
      };
    },
  });
  const turning = withActivities(pool, harness.temporal.client, {
    lookPauses: { shortestMs: PAUSE_MS, longestMs: PAUSE_MS },
  });
  t.after(() => turning.close());
  const settle = async (): Promise<string[]> => {
    const operators = [{ operatorId: operator.operatorId, eventIds: await operator.ingestSales(1) }];
    const batchId = newId('bat');
    const settled = await harness.testActivities.activities.settle({ batchId, operators, owner: 'endpoint' });
    return settled.endpointsToWake.map((woken) => woken.endpointId);
  };
  for (let sale = 0; sale < 6; sale++) await settle();
  const turn = () => turning.activities.drainQueue({ ...of, probes: 0, nextSendAt: 0 });
  await turn();
  assert.deepEqual(await settle(), [endpointId], 'a turn in an hour was soon enough');

  let whileRead: string[] = [];
  onRead = async () => void (whileRead = await settle());
  // As after a signal; a signal itself would start a turn of the worker beside this one.
  await promiseQueueLook(harness.pool, of.operatorId, endpointId, new Date());
  await turn();
  assert.deepEqual(whileRead, [endpointId], 'the look that was just over was relied on');
});
