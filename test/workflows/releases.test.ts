// Releases that change a workflow while workflows run: what docs/OPERATIONS.md says of an upgrade
// and of going back.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { eventually } from '../support/eventually.ts';
import { withTemporal, type TestTemporal } from '../support/temporal.ts';

type Release = 'before' | 'after' | 'incompatible';

const TASK_QUEUE = 'releases';
const steps = { first: () => Promise.resolve(), second: () => Promise.resolve() };
const bundles = new Map<Release, { code: string }>();
let temporal: TestTemporal;
let connection: NativeConnection;

before(async () => {
  temporal = await withTemporal();
  connection = await NativeConnection.connect({ address: temporal.address });
  for (const release of ['before', 'after', 'incompatible'] as const) {
    const workflowsPath = fileURLToPath(new URL(`releases/${release}.ts`, import.meta.url));
    bundles.set(release, await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }));
  }
});
after(async () => {
  await connection.close();
  await temporal.close();
});

/**
 * Runs a worker of a release during `work`. It keeps no workflow in memory, so each step replays.
 */
async function during<T>(release: Release, work: () => Promise<T>): Promise<T> {
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: bundles.get(release)!,
    activities: steps,
    maxCachedWorkflows: 0,
  });
  return worker.runUntil(work);
}

async function start(workflowId: string) {
  return temporal.client.workflow.start('changing', { taskQueue: TASK_QUEUE, workflowId });
}

type Handle = Awaited<ReturnType<typeof start>>;

async function eventsOf(handle: Handle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).map((event) => Object.keys(event).find((key) => key.endsWith('Attributes'))!);
}

const hasEvent = (handle: Handle, kind: string) =>
  eventually(`an event ${kind}`, async () => (await eventsOf(handle)).some((name) => name.startsWith(kind)));

test('a workflow that runs during an upgrade ends by the steps it began with, and a later one by the new ones', async () => {
  const old = await during('before', async () => {
    const handle = await start('over-an-upgrade');
    await hasEvent(handle, 'activityTaskCompleted');
    return handle;
  });
  await during('after', async () => {
    await old.signal('go');
    assert.equal(await old.result(), 'as before');
    const later = await start('after-an-upgrade');
    await later.signal('go');
    assert.equal(await later.result(), 'as after');
  });
});

test('a workflow of the new release that reaches an old worker waits, and ends once old workers are gone', async () => {
  const handle = await during('after', async () => {
    const started = await start('back-and-forth');
    await hasEvent(started, 'activityTaskCompleted');
    return started;
  });
  await during('before', async () => {
    await handle.signal('go');
    await hasEvent(handle, 'workflowTaskFailed');
  });
  assert.equal((await handle.describe()).status.name, 'RUNNING');
  assert.equal(await during('after', () => handle.result()), 'as after');
});

test('a change without a patch stops running workflows in plain sight, and going back lets them end', async () => {
  const handle = await during('before', async () => {
    const started = await start('a-mistake');
    await hasEvent(started, 'activityTaskCompleted');
    return started;
  });
  await during('incompatible', async () => {
    await handle.signal('go');
    await hasEvent(handle, 'workflowTaskFailed');
  });
  assert.equal((await handle.describe()).status.name, 'RUNNING');
  assert.equal(await during('before', () => handle.result()), 'as before');
});
