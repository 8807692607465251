// The workflow of one failing endpoint: a single workflow holds any number of deliveries and drains
// them after the outage.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { endpointWorkflowId } from '../../domain/keys.ts';
import { SIGNALS, STATUS_QUERY, WORKFLOWS } from '../../workflows/contract.ts';
import type { EndpointStatus } from '../../workflows/endpoint-status.ts';
import { countBy, deliveriesOf } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { takeForRetry } from '../../store/delivery/manual-actions.ts';
import { switchEndpoint } from '../../store/delivery/endpoint-switch.ts';
import { freePort } from '../support/ports.ts';
import { startReceiver } from '../support/faulty-receiver.ts';

let harness: WorkflowHarness;

before(async () => {
  harness = await withHarness({ firstAttemptsMs: 1000 });
});
after(() => harness.close());

/** Waits for a status of the endpoint's workflow that satisfies `holds`. */
function statusOf(workflowId: string, holds: (status: EndpointStatus) => boolean): Promise<EndpointStatus> {
  const handle = harness.temporal.client.workflow.getHandle(workflowId);
  return eventually(`${workflowId} to stand as expected`, async () => {
    const status = await handle.query<EndpointStatus>(STATUS_QUERY).catch(() => null);
    return status !== null && holds(status) && status;
  });
}

async function idsOf(query: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of harness.temporal.client.workflow.list({ query })) ids.push(workflowId);
  return ids;
}

test('one workflow counts 500 deliveries to a dead endpoint and later sends them all', async (t) => {
  const port = await freePort();
  const operator = await withOperator(harness.pool);
  const schedule = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1];
  const { id } = await operator.addEndpoint(`http://127.0.0.1:${port}/`, { schedule });
  const ids = await operator.ingestSales(500);
  harness.dispatch(operator, ids.slice(0, 250));
  harness.dispatch(operator, ids.slice(250));
  const workflowId = endpointWorkflowId(id);
  const status = await statusOf(workflowId, ({ condition, held }) => condition === 'failing' && held >= 450);
  assert.equal(status.lastError, 'connection_refused');
  assert.match(
    await harness.detailsOf(workflowId),
    /^\*\*127.0.0.1:\d+, Test Media\*\*: \d+ postbacks wait, \d+\.00 USD not told, since .*failing \(connection_refused/,
  );
  const query = `WorkflowType = '${WORKFLOWS.drainEndpoint}' AND DeliveryState = 'held'
    AND EndpointId = '${id}' AND Held >= 450`;
  await eventually('the workflow list to show it', async () => (await idsOf(query)).length === 1);
  const singles = await idsOf(`WorkflowType = '${WORKFLOWS.deliverPostback}'`);
  assert.ok(singles.length <= 50, `${singles.length} postbacks have a workflow of their own`);

  const receiver = await startReceiver({ port, handler: (_, response) => void response.end() });
  t.after(() => receiver.close());
  await eventually(
    'everything to arrive',
    async () => {
      return countBy(await deliveriesOf(harness.pool, operator), ({ state }) => state)['delivered'] === 500;
    },
    30_000,
  );
  assert.equal(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size, 500);
  assert.equal(receiver.requests.length, 500);
  await harness.temporal.client.workflow.getHandle(workflowId).result();
  await recordHistory(harness.temporal.client, workflowId, 'endpoint-probed-in-words');
});

test('probes of an endpoint that stays down become ever rarer', async (t) => {
  const receiver = await startReceiver({ handler: (_, response) => void response.writeHead(503).end() });
  t.after(() => receiver.close());
  const operator = await withOperator(harness.pool);
  const { id } = await operator.addEndpoint(receiver.url, { schedule: [0, 3600] });
  harness.dispatch(operator, await operator.ingestSales(30));
  await eventually('five probes', async () => {
    const { rowCount } = await harness.pool.query(
      `select from attempts where operator_id = $1 and cause = 'probe'`,
      [operator.operatorId],
    );
    return rowCount! >= 5;
  });
  // Compares requested timers, not the clock: the server's timers are up to a second late, longer
  // than all of these waits.
  const { events } = await harness.temporal.client.workflow.getHandle(endpointWorkflowId(id)).fetchHistory();
  const waits = (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
    timer
      ? [Number(timer.startToFireTimeout?.seconds ?? 0) * 1000 + (timer.startToFireTimeout?.nanos ?? 0) / 1e6]
      : [],
  );
  for (const wait of [100, 200, 400]) assert.ok(waits.includes(wait), `waits of ${waits.join(', ')} ms`);
  assert.equal(Math.max(...waits), 400);
  await switchEndpoint(harness.pool, operator.operatorId, id, { to: 'paused' });
});

test('a drain with a long history continues as new, with its probe count and its rate', async (t) => {
  const receiver = await startReceiver({ handler: (_, response) => void response.writeHead(503).end() });
  t.after(() => receiver.close());
  const operator = await withOperator(harness.pool);
  const { id } = await operator.addEndpoint(receiver.url, { schedule: [0, 3600], ratePerSecond: 100 });
  harness.dispatch(operator, await operator.ingestSales(30));
  const workflowId = endpointWorkflowId(id);
  await eventually('three probes', async () => {
    const { rowCount } = await harness.pool.query(
      `select from attempts where operator_id = $1 and cause = 'probe'`,
      [operator.operatorId],
    );
    return rowCount! >= 3;
  });
  const { client } = harness.temporal;
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  // The server calls a history long from 4 MB on.
  for (let count = 0; count < 3; count++)
    await client.workflow.getHandle(workflowId).signal(SIGNALS.wake, 'x'.repeat(1_500_000));
  const next = await eventually('another run', async () => {
    const described = await client.workflow.getHandle(workflowId).describe();
    return described.runId !== runId && described.runId;
  });
  const { events } = await client.workflow.getHandle(workflowId, next).fetchHistory();
  const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const { probes, nextSendAt, ...of } = JSON.parse(Buffer.from(input!.data!).toString()) as Record<
    string,
    unknown
  >;
  assert.deepEqual(of, { operatorId: operator.operatorId, endpointId: id });
  assert.ok(Number(probes) >= 3, `${String(probes)} probes`);
  assert.ok(Number(nextSendAt) > 0, `next request at ${String(nextSendAt)}`);
  await switchEndpoint(harness.pool, operator.operatorId, id, { to: 'paused' });
});

test('a paused endpoint collects deliveries without attempts, and resuming drains its queue', async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const operator = await withOperator(harness.pool);
  const { id } = await operator.addEndpoint(`${receiver.url}/ok`, { ratePerSecond: 1000 });
  const workflowId = endpointWorkflowId(id);
  const handle = harness.temporal.client.workflow.getHandle(workflowId);
  await harness.pool.query(`update endpoints set state = 'paused' where operator_id = $1`, [
    operator.operatorId,
  ]);
  harness.dispatch(operator, await operator.ingestSales(5));
  await statusOf(workflowId, ({ condition, held }) => condition === 'paused' && held === 5);
  await handle.signal(SIGNALS.disable);
  await statusOf(workflowId, ({ condition }) => condition === 'disabled');
  assert.equal(receiver.requests.length, 0);
  await handle.signal(SIGNALS.resume);
  assert.deepEqual(await handle.result(), { sent: 5 });
  assert.equal(receiver.requests.length, 5);
  await recordHistory(harness.temporal.client, workflowId, 'endpoint-paused-in-words');
});

test('an endpoint with a rate is never called faster, even for single deliveries', async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const operator = await withOperator(harness.pool);
  await operator.addEndpoint(`${receiver.url}/ok`, { ratePerSecond: 2 });
  for (const number of [1, 2, 3]) {
    harness.dispatch(operator, await operator.ingestSales(1));
    await eventually(`postback ${number}`, () => receiver.requests.length === number);
  }
  const [first, second, third] = receiver.requests.map(({ receivedAtMs }) => receivedAtMs);
  assert.ok(
    second! - first! > 440 && third! - second! > 440,
    `gaps of ${second! - first!} and ${third! - second!} ms`,
  );
});

test('a drain reads the row of a switched endpoint at once and follows the row, not the signal', async (t) => {
  const patient = await withHarness({ probeWaits: { firstMs: 60_000, longestMs: 60_000 } });
  let status = 503;
  const receiver = await startReceiver({ handler: (_, response) => void response.writeHead(status).end() });
  t.after(() => Promise.all([patient.close(), receiver.close()]));
  const { client } = patient.temporal;
  const operator = await withOperator(patient.pool);
  const { id } = await operator.addEndpoint(receiver.url, { schedule: [0, 3600] });
  const handle = client.workflow.getHandle(endpointWorkflowId(id));
  const says = (wanted: string) =>
    eventually(`the workflow to say ${wanted}`, async () => {
      return (await handle.query<EndpointStatus>(STATUS_QUERY).catch(() => null))?.condition === wanted;
    });
  patient.dispatch(operator, await operator.ingestSales(30));
  await says('failing');
  const workflows = createWorkflowClient(client);
  const switchAndWake = async (state: 'active' | 'paused') => {
    await switchEndpoint(patient.pool, operator.operatorId, id, { to: state });
    await workflows.wakeEndpoint(operator.operatorId, id, 'switched');
  };
  await switchAndWake('paused');
  await says('paused');
  // Both rows are written before the workflow gets either signal.
  await switchEndpoint(patient.pool, operator.operatorId, id, { to: 'active' });
  await switchEndpoint(patient.pool, operator.operatorId, id, { to: 'paused' });
  for (let twice = 0; twice < 2; twice++) await workflows.wakeEndpoint(operator.operatorId, id, 'switched');
  await says('paused');
  const sent = receiver.requests.length;
  status = 200;
  await switchAndWake('active');
  await eventually('the queued deliveries to be sent', () => receiver.requests.length > sent);
});

test('a drain continues when another owner’s attempt finds the endpoint up again', async (t) => {
  const patient = await withHarness({ probeWaits: { firstMs: 60_000, longestMs: 60_000 } });
  let status = 503;
  const receiver = await startReceiver({ handler: (_, response) => void response.writeHead(status).end() });
  t.after(() => Promise.all([patient.close(), receiver.close()]));
  const operator = await withOperator(patient.pool);
  const { id } = await operator.addEndpoint(receiver.url, { schedule: [0, 3600], maxInFlight: 1 });
  patient.dispatch(operator, await operator.ingestSales(30));
  const handle = patient.temporal.client.workflow.getHandle(endpointWorkflowId(id));
  await eventually('the endpoint to be down', async () => {
    const answer = await handle.query<EndpointStatus>(STATUS_QUERY).catch(() => null);
    return answer?.condition === 'failing' && answer.held === 30;
  });
  status = 200;
  const [pushed] = await deliveriesOf(patient.pool, operator);
  await takeForRetry(patient.pool, operator.operatorId, pushed!.id);
  await createWorkflowClient(patient.temporal.client).startDelivery(
    operator.operatorId,
    pushed!.id,
    'retryNow',
  );
  await eventually(
    'the unattempted deliveries to be sent',
    async () =>
      countBy(await deliveriesOf(patient.pool, operator), ({ state }) => state)['held'] === undefined,
    30_000,
  );
});
