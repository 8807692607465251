// Housekeeping by schedule and by signal: orphans matched again, and expired data deleted.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createTemporal } from '../../api/temporal.ts';
import { rematchWorkflowId } from '../../domain/keys.ts';
import { createLogger } from '../../log.ts';
import { createWorkflowClient, type WorkflowClient } from '../../workflows/client.ts';
import { createClicks } from '../../store/attribution/clicks.ts';
import { prepareNamespace } from '../../worker/namespace.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { createSettling, outcomesOf } from '../support/settling.ts';
import { withTemporal } from '../support/temporal.ts';
import { runWorkers } from '../support/worker.ts';

let harness: WorkflowHarness;
before(async () => {
  harness = await withHarness();
});
after(() => harness.close());

const subs = [null, null, null, null, null] as const;

/** Creates an operator with orphans, whose clicks exist by now. */
async function createOrphansWithClicks(count: number) {
  const operator = await withOperator(harness.pool);
  const { operatorId, affiliateId } = operator;
  const names = Array.from({ length: count }, (_, index) => `late-${index}`);
  const ids = await operator.ingest(names.map((clickId) => ({ clickId })));
  await createSettling(harness.pool)(operatorId, ids);
  for (const id of names)
    await createClicks(harness.pool).insert(operatorId, {
      id,
      affiliateId,
      linkId: null,
      subs,
      clickedAt: Date.now() - 1000,
    });
  return { operatorId, ids };
}

test('new evidence wakes the rematching of orphans, which ends after the last page', async () => {
  const { client } = harness.temporal;
  const { operatorId, ids } = await createOrphansWithClicks(3);
  await createWorkflowClient(client).rematchOrphans(operatorId);
  const workflowId = rematchWorkflowId(operatorId);
  assert.deepEqual(await client.workflow.getHandle(workflowId).result(), { settled: 3 });
  assert.deepEqual(await outcomesOf(harness.pool, ids), ['settled 1000', 'settled 1000', 'settled 1000']);
  await recordHistory(client, workflowId, 'orphans-matched');
});

test('evidence for an orphan before the current page starts another round of rematching', async () => {
  const temporal = await withTemporal();
  const { client } = temporal;
  const asked: string[] = [];
  const position = { operatorId: 'a', eventId: 'evt_1' };
  const activities = {
    ...harness.testActivities.activities,
    async matchOrphans({ after: from }: { after: typeof position | null }) {
      asked.push(from === null ? 'from the start' : `after ${from.eventId}`);
      if (asked.length === 2) await createWorkflowClient(client).rematchOrphans('a');
      return { settled: 1, next: from === null ? position : null };
    },
  };
  const stop = await runWorkers(temporal, activities);
  try {
    await createWorkflowClient(client).rematchOrphans('a');
    assert.deepEqual(await client.workflow.getHandle(rematchWorkflowId('a')).result(), { settled: 4 });
    const round = ['from the start', 'after evt_1'];
    assert.deepEqual(asked, [...round, ...round]);
  } finally {
    await stop();
    await temporal.close();
  }
});

test('schedules are created once, and match all operators’ orphans and delete old months', async () => {
  const { client } = harness.temporal;
  const log = createLogger('silent', 'test');
  const { ids } = await createOrphansWithClicks(2);
  await prepareNamespace(client, log);
  await prepareNamespace(client, log);
  const made: string[] = [];
  for (const id of ['sweep', 'rematch-orphans', 'purge'])
    made.push((await client.schedule.getHandle(id).describe()).scheduleId);
  assert.deepEqual(made, ['sweep', 'rematch-orphans', 'purge']);
  await client.schedule.getHandle('rematch-orphans').trigger();
  await eventually('the orphans to be settled', async () =>
    (await outcomesOf(harness.pool, ids)).every((outcome) => outcome.startsWith('settled')),
  );
  const options = { workflowId: 'purge-now', taskQueue: TASK_QUEUES.upkeep, args: [] };
  assert.deepEqual(await client.workflow.execute(WORKFLOWS.purge, options), { partitions: [], rows: 0 });
  await recordHistory(client, 'purge-now', 'purge');
});

test('a schedule with a changed definition is updated at start, and stays paused', async (t) => {
  const temporal = await withTemporal();
  t.after(() => temporal.close());
  const { schedule } = temporal.client;
  const log = createLogger('silent', 'test');
  const earlier = {
    type: 'startWorkflow',
    workflowType: 'earlier',
    taskQueue: 'earlier',
    args: ['earlier'],
  } as const;
  for (const id of ['sweep', 'purge'])
    await schedule.create({
      scheduleId: id,
      spec: { intervals: [{ every: '7h' }] },
      action: { ...earlier, workflowId: `${id}-earlier` },
      policies: { overlap: 'ALLOW_ALL', catchupWindow: '2h' },
    });
  await schedule.getHandle('purge').pause('stopped by the operator');

  await Promise.all([prepareNamespace(temporal.client, log), prepareNamespace(temporal.client, log)]);
  const sweep = await eventually('the sweep to be updated', async () => {
    const found = await schedule.getHandle('sweep').describe();
    return found.action.workflowType === WORKFLOWS.sweep ? found : null;
  });
  assert.deepEqual(
    sweep.spec.intervals?.map(({ every }) => every),
    [10_000],
  );
  assert.deepEqual(
    [sweep.action.workflowId, sweep.action.taskQueue, sweep.action.args],
    ['sweep', TASK_QUEUES.upkeep, []],
  );
  assert.deepEqual([sweep.policies.overlap, sweep.policies.catchupWindow], ['SKIP', 60_000]);
  assert.equal(sweep.state.paused, false);
  assert.ok(sweep.info.lastUpdatedAt instanceof Date);

  const purge = await eventually('the purge to be updated', async () => {
    const found = await schedule.getHandle('purge').describe();
    return found.action.workflowType === WORKFLOWS.purge ? found : null;
  });
  assert.deepEqual([purge.spec.intervals, purge.spec.calendars?.length], [[], 1]);
  assert.deepEqual([purge.state.paused, purge.state.note], [true, 'stopped by the operator']);
});

test('a schedule whose definition did not change is not written again', async (t) => {
  const temporal = await withTemporal();
  t.after(() => temporal.close());
  const log = createLogger('silent', 'test');
  await prepareNamespace(temporal.client, log);
  await prepareNamespace(temporal.client, log);
  for (const id of ['sweep', 'release-holds', 'rematch-orphans', 'close-due-periods', 'purge'])
    assert.equal((await temporal.client.schedule.getHandle(id).describe()).info.lastUpdatedAt, undefined, id);
});

/** Temporal as the API uses it, where `rematchOrphans` does this. */
function rematching(rematchOrphans: WorkflowClient['rematchOrphans']) {
  const { client, connection } = harness.temporal;
  return createTemporal({
    pool: harness.pool,
    client,
    connection,
    workflows: { rematchOrphans } as WorkflowClient,
    uiUrl: undefined,
    log: createLogger('silent', 'test'),
  });
}

test('many signals of new evidence cause one round of rematching at once, and one further round', async () => {
  const looks: string[] = [];
  const temporal = rematching(async (operatorId) => void looks.push(operatorId));
  for (let i = 0; i < 100; i++) temporal.rematchSoon('a');
  temporal.rematchSoon('b');
  assert.deepEqual(looks, ['a', 'b']);
  await eventually('the look after it', () => looks.length > 2);
  assert.deepEqual(looks, ['a', 'b', 'a']);
});

test('a signal of new evidence that Temporal does not take is sent again until it is taken', async () => {
  let asked = 0;
  const taken: string[] = [];
  const temporal = rematching(async (operatorId) => {
    if (++asked < 3) throw new Error('Temporal is away');
    taken.push(operatorId);
  });
  temporal.rematchSoon('a');
  await eventually('Temporal to take it', () => taken.length > 0);
  assert.deepEqual([asked, taken], [3, ['a']]);
});
