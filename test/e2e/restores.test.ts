// PostgreSQL or Temporal brought back from a backup while the other one is later: what repairs
// itself, and what a person must send again (docs/OPERATIONS.md, Restoring).
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

/** One and a half minutes: sweeps and probes come in their own time. */
const WITHIN_MS = 90_000;
const OPEN = `ExecutionStatus = 'Running' and WorkflowType in ('processConversions', 'deliverPostback', 'drainEndpoint')`;

let stack: TestStack;
let broker: Broker;
let worker: Awaited<ReturnType<TestStack['startWorker']>>;
let well: FaultyReceiver;
let ill: FaultyReceiver;
let isIll = false;
let clickId: string;

before(async () => {
  [stack, well, ill] = await Promise.all([
    withStack(),
    startReceiver(),
    startReceiver({ handler: (_, response) => void response.writeHead(isIll ? 503 : 200).end() }),
  ]);
  const schedule = [0, 2, 2, 2, 3600];
  broker = await withBroker(stack, { url: `${well.url}/ok` });
  worker = await stack.startWorker();
  await ask('POST /v1/endpoints', { url: ill.url, affiliate_id: broker.affiliateId, schedule });
  ({ click_id: clickId } = await ask<{ click_id: string }>('POST /v1/clicks', { link_id: broker.linkId }));
});
after(async () => {
  await stack.close();
  await Promise.all([well.close(), ill.close()]);
});

async function ask<Body>(request: string, body?: object): Promise<Body> {
  const answer = await stack.call<Body>(request, { key: broker.key, ...(body && { body }) });
  assert.ok(answer.status < 300, `${request}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const names = (what: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${what}-${index}`);

/** Sends sales in one request. Returns how each was answered. */
async function send(transactions: readonly string[]): Promise<string[]> {
  const sale = { event: 'sale', customer_id: 'carla', click_id: clickId, amount: '10.00', currency: 'USD' };
  const events = transactions.map((transaction) => ({ ...sale, transaction_id: transaction }));
  type Results = { results: { status: string }[] };
  const { results } = await ask<Results>('POST /v1/events/batch', { events });
  return results.map(({ status }) => status);
}

/** How often a receiver was told of each sale, in the order of the sales. */
function told({ requests }: FaultyReceiver, transactions: readonly string[]): number[] {
  const all = requests.map(({ body }) => (JSON.parse(body) as { data: { transaction_id: string } }).data);
  return transactions.map((one) => all.filter(({ transaction_id: id }) => id === one).length);
}

const toldEach = (receiver: FaultyReceiver, transactions: readonly string[], times: number) =>
  eventually(
    `each of ${transactions[0]}… to be told ${times} times`,
    () => told(receiver, transactions).every((count) => count === times),
    WITHIN_MS,
  );

async function openWorkflows(): Promise<string[]> {
  const open: string[] = [];
  for await (const { workflowId } of stack.temporal.client.workflow.list({ query: OPEN }))
    open.push(workflowId);
  return open;
}

/** Every batch is over, and left something that goes on. */
const stuck = () =>
  eventually('something to be stuck', async () => {
    const open = await openWorkflows();
    return open.length > 0 && !open.some((id) => id.startsWith('conversions/'));
  });

const nothingIsOpen = () =>
  eventually(
    'every workflow to end',
    async () => {
      const { rows } = await stack.pool.query(`select from deliveries where state <> 'delivered'`);
      return rows.length === 0 && (await openWorkflows()).length === 0;
    },
    WITHIN_MS,
  );

test('PostgreSQL from a backup, beside a later Temporal: what it holds is told, what it lacks is sent again by its callers, and no workflow is left over', async () => {
  const [kept, unsettled, lost] = [names('kept', 5), names('unsettled', 3), names('lost', 5)];
  await send(kept);
  await Promise.all([well, ill].map((receiver) => toldEach(receiver, kept, 1)));
  await nothingIsOpen();
  stack.proxies.temporal.sever();
  assert.deepEqual([...new Set(await send(unsettled))], ['accepted']);
  const putBack = await stack.copyDatabase();
  stack.proxies.temporal.restore();
  isIll = true;
  await eventually('the API to be ready', async () => (await stack.call('GET /readyz')).status === 200);
  await send(lost);
  await Promise.all([unsettled, lost].map((sales) => toldEach(well, sales, 1)));
  await stuck();

  await putBack();
  isIll = false;
  // The sweep leaves what is younger than a minute to the API that took it. Events never change.
  await stack.pool.query(
    `begin; set local session_replication_role = replica;
     update events set received_at = received_at - interval '1 minute' where transaction_id like 'unsettled-%';
     commit`,
  );
  await Promise.all([toldEach(well, unsettled, 2), toldEach(ill, unsettled, 1)]);
  assert.deepEqual((await ask<{ data: [] }>(`GET /v1/events?transaction_id=${lost[0]}`)).data, []);
  assert.deepEqual([...new Set(await send(lost))], ['accepted'], 'the backup does not know them');
  await toldEach(well, lost, 2);
  await nothingIsOpen();
  assert.deepEqual(
    told(well, kept),
    kept.map(() => 1),
    'what was settled in the backup is not told again',
  );
  const ids = well.requests
    .filter(({ body }) => body.includes(lost[0]!))
    .map(({ headers }) => headers['webhook-id']);
  assert.equal(new Set(ids).size, 2, 'a new event has postbacks of its own');
});

test('a lost Temporal: the worker makes its schedules anew, and every unfinished event and postback gets a workflow again', async () => {
  const { client } = stack.temporal;
  const schedules = async () => {
    const all: string[] = [];
    for await (const { scheduleId } of client.schedule.list()) all.push(scheduleId);
    return all.toSorted();
  };
  const made = await schedules();
  const [owed, taken] = [names('owed', 5), names('taken', 3)];
  isIll = true;
  await send(owed);
  await toldEach(well, owed, 1);
  await stuck();
  worker.kill('SIGKILL');
  stack.proxies.temporal.sever();
  await send(taken);
  for (const id of await openWorkflows()) await client.workflow.getHandle(id).terminate();
  for (const id of made) await client.schedule.getHandle(id).delete();
  stack.proxies.temporal.restore();
  isIll = false;
  worker = await stack.startWorker();
  await toldEach(well, taken, 1);
  await nothingIsOpen();
  assert.deepEqual(
    told(well, owed),
    owed.map(() => 1),
  );
  assert.deepEqual(await schedules(), made);
});

/** Where a workflow has begun, and done nothing else. */
async function firstTaskOf(workflowId: string, runId: string) {
  const { events } = await stack.temporal.client.workflow.getHandle(workflowId, runId).fetchHistory();
  return events!.find((event) => event.workflowTaskCompletedEventAttributes)!.eventId!;
}

test('Temporal from a backup, beside a later PostgreSQL: workflows that go on from an earlier moment send nothing again', async () => {
  const { client, namespace } = stack.temporal;
  const earlier = [well.requests.length, ill.requests.length];
  const latest = new Map<string, string>();
  for await (const { workflowId, runId } of client.workflow.list({
    query: OPEN.replace('Running', 'Completed'),
  }))
    if (!latest.has(workflowId)) latest.set(workflowId, runId);
  assert.ok(
    [...latest.keys()].some((id) => id.startsWith('delivery/')),
    'single postbacks are among them',
  );
  for (const [workflowId, runId] of latest)
    await client.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution: { workflowId, runId },
      reason: 'a backup',
      requestId: workflowId,
      workflowTaskFinishEventId: await firstTaskOf(workflowId, runId),
    });
  await nothingIsOpen();
  for (const workflowId of latest.keys())
    assert.equal(
      (await client.workflow.getHandle(workflowId).describe()).status.name,
      'COMPLETED',
      workflowId,
    );
  assert.deepEqual([well.requests.length, ill.requests.length], earlier);
});
