// Workflow of set-aside events: silent while nothing changes, in words, and no signal lost.
import { after, before, test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { setAsideWorkflowId } from '../../domain/keys.ts';
import { findTemporalCli } from '../../local/temporal-cli.ts';
import { startTemporal } from '../../local/temporal.ts';
import { newId } from '../../store/db/ids.ts';
import { createFxRates } from '../../store/agreements/fx-rates.ts';
import { createSetAside } from '../../store/settlement/set-aside.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { SIGNALS, STATUS_QUERY } from '../../workflows/contract.ts';
import type { SetAsideStatus } from '../../workflows/settle-set-aside.ts';
import { settleBatch } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { withOperator, type TestOperator } from '../support/operator.ts';
import { freePort } from '../support/ports.ts';
import { runWorkers } from '../support/worker.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

const REASON = 'no_exchange_rate';

let harness: WorkflowHarness;
before(async () => {
  harness = await withHarness();
});
after(() => harness.close());

const sweep = () => harness.testActivities.activities.sweepOnce();
const handleOf = ({ operatorId }: TestOperator) =>
  harness.temporal.client.workflow.getHandle(setAsideWorkflowId(operatorId, REASON));

async function showing(operator: TestOperator, count: number): Promise<SetAsideStatus> {
  return await eventually(`${count} events to be shown`, async () => {
    const answer = await handleOf(operator)
      .query<SetAsideStatus>(STATUS_QUERY)
      .catch(() => null);
    return answer?.count === count && answer;
  });
}

test('a set-aside workflow writes no history while nothing changes, and shows a change that nobody signalled', async () => {
  const operator = await withOperator(harness.pool);
  const [first] = await operator.ingest([{ currency: 'GBP' }]);
  await settleBatch(harness.testActivities.activities, operator, [first!]);
  await sweep();
  await showing(operator, 1);
  // The sweep that started it woke it as well, since nothing was shown yet.
  const settled = await eventually('the workflow to wait for a signal', async () => {
    const { historyLength, raw } = await handleOf(operator).describe();
    return raw.pendingWorkflowTask == null && raw.pendingActivities!.length === 0 && historyLength;
  });
  for (let run = 0; run < 5; run++) assert.equal((await sweep()).setAside, 1);
  assert.equal((await handleOf(operator).describe()).historyLength, settled);

  const [second] = await operator.ingest([{ currency: 'GBP' }]);
  await settleBatch(harness.testActivities.activities, operator, [second!]);
  await sweep();
  await showing(operator, 2);
  const store = createSetAside(harness.pool);
  for (const id of [first!, second!]) await store.dismiss(operator.operatorId, id);
  await sweep();
  await eventually(
    'the workflow to end',
    async () => (await handleOf(operator).describe()).status.name === 'COMPLETED',
  );
  assert.equal((await sweep()).setAside, 0, 'an ended workflow was started again');
});

test('the details of set-aside events say in words how many of which sums and days lack which rate', async () => {
  const operator = await withOperator(harness.pool);
  const [from, to] = [Date.now() - 3 * 86_400_000, Date.now() - 86_400_000];
  const ids = await operator.ingest([
    { currency: 'GBP', amountMinor: 1_000_00n, occurredAt: from },
    { currency: 'GBP', amountMinor: 250_00n, occurredAt: to },
    { currency: 'EUR', amountMinor: 7_00n, occurredAt: to },
  ]);
  await settleBatch(harness.testActivities.activities, operator, ids);
  await sweep();
  const { lacking, since } = await showing(operator, 3);
  const { searchAttributes } = await handleOf(operator).describe();
  assert.deepEqual(searchAttributes['NextReason'], [lacking[0]]);
  assert.deepEqual(searchAttributes['StuckSince'], [new Date(since!)]);
  assert.match(
    lacking[0]!,
    /^2 events of 1,250\.00 GBP, .+: no rate GBP→USD\. POST \/v1\/fx-rates, then they are settled by themselves\.$/,
  );
  assert.match(
    lacking[1]!,
    /^1 event of 7\.00 EUR, \d+ \w+ \d{4}: no rate EUR→USD\. POST \/v1\/fx-rates, then it is settled by itself\.$/,
  );
  const details = await harness.detailsOf(setAsideWorkflowId(operator.operatorId, REASON));
  assert.match(details, /^\*\*3 events set aside\*\*: no_exchange_rate\. Send `retry` to settle them again/);
  assert.ok(details.includes(lacking[0]!));
  assert.ok(details.includes(`- ${ids[0]}: GBP→USD on ${new Date(from).toISOString().slice(0, 10)}`));
});

test('a set-aside workflow whose last event went says so, and counts one event in the singular', async () => {
  const operator = await withOperator(harness.pool);
  const [id] = await operator.ingest([{ currency: 'GBP' }]);
  await settleBatch(harness.testActivities.activities, operator, [id!]);
  await sweep();
  await showing(operator, 1);
  const workflowId = setAsideWorkflowId(operator.operatorId, REASON);
  assert.match(
    await harness.detailsOf(workflowId),
    /^\*\*1 event set aside\*\*: .+ Send `retry` to settle it again/,
  );
  await handleOf(operator).signal(SIGNALS.dismiss);
  assert.deepEqual(await handleOf(operator).result(), { settled: 0, dismissed: 1 });
  assert.equal(await harness.detailsOf(workflowId), 'No event is set aside any more: no_exchange_rate.');
});

test('signals to a set-aside workflow in the last step before it continues as new are obeyed', async (t) => {
  const { client, letGo } = await withShortRuns(t);
  const operator = await withOperator(harness.pool);
  const { operatorId } = operator;
  const ids = await operator.ingest([{ currency: 'GBP' }, { currency: 'EUR' }]);
  await settleBatch(harness.testActivities.activities, operator, ids);
  const handle = client.workflow.getHandle(setAsideWorkflowId(operatorId, REASON));
  const retryBegun = (number: number) =>
    eventually(`retry ${number} to begin`, () => letGo.length === number);

  await createWorkflowClient(client).retrySetAside(operatorId, [REASON]);
  await retryBegun(1);
  const { runId: firstRun } = await handle.describe();
  await handle.signal(SIGNALS.retry);
  letGo[0]!();
  await retryBegun(2);
  await addRate(operatorId, 'GBP');
  letGo[1]!();
  await eventually('a new run to begin', async () => (await handle.describe()).runId !== firstRun);

  await handle.signal(SIGNALS.retry);
  await retryBegun(3);
  await handle.signal(SIGNALS.dismiss);
  letGo[2]!();
  assert.deepEqual(await handle.result(), { settled: 1, dismissed: 1 });
  const { rows } = await harness.pool.query<{ status: string }>(
    `select status from event_outcomes where operator_id = $1 order by event_id`,
    [operatorId],
  );
  assert.deepEqual(
    rows.map(({ status }) => status),
    ['settled', 'rejected'],
  );
});

async function addRate(operatorId: string, base: string): Promise<void> {
  const asOf = new Date(Date.now() - 60_000);
  const rate = { base, quote: 'USD', rate: '1.25', source: 'test', asOf, actor: 'test' };
  await createFxRates(harness.pool).insert(operatorId, { id: newId('fx'), ...rate });
}

/**
 * A server that suggests a new run after one retry, with workers whose retries begin and wait until
 * they are let go.
 */
async function withShortRuns(t: TestContext): Promise<{ client: Client; letGo: (() => void)[] }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postrider-short-runs-'));
  const server = await startTemporal({
    program: await findTemporalCli(console.log),
    dataDir,
    port: await freePort(),
    namespace: 'default',
    inMemory: true,
    settings: { 'limit.historyCount.suggestContinueAsNew': 20 },
  });
  const connection = await Connection.connect({ address: server.address });
  const { activities } = harness.testActivities;
  const letGo: (() => void)[] = [];
  const stopWorkers = await runWorkers(
    { address: server.address, namespace: 'default' },
    {
      ...activities,
      retrySetAside: async (input) => {
        await new Promise<void>((resolve) => letGo.push(resolve));
        return await activities.retrySetAside(input);
      },
    },
  );
  t.after(async () => {
    for (const resolve of letGo) resolve();
    await stopWorkers();
    await connection.close();
    await server.stop();
    rmSync(dataDir, { recursive: true });
  });
  return { client: new Client({ connection }), letGo };
}
