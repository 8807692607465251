// Signals and cancellation of an endpoint's workflow: cancelling is a pause, and no signal is lost
// where a run continues as new.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Activities } from '../../activities/index.ts';
import { deliveryWorkflowId, endpointWorkflowId } from '../../domain/keys.ts';
import { switchEndpoint } from '../../store/delivery/endpoint-switch.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { SIGNALS, STATUS_QUERY } from '../../workflows/contract.ts';
import type { EndpointStatus } from '../../workflows/endpoint-status.ts';
import { withDatabase, type TestDatabase } from '../support/database.ts';
import { settleBatch } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { withTemporal, type TestTemporal } from '../support/temporal.ts';
import { runWorkers, withActivities, type TestActivities } from '../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;
let receiver: FaultyReceiver;
let stopWorkers: () => Promise<void>;
/** Runs at the start of each turn. */
let beforeTurn: () => Promise<void> = async () => {};

before(async () => {
  [database, temporal, receiver] = await Promise.all([withDatabase(), withTemporal(), startReceiver()]);
  working = withActivities(database.pool, temporal.client);
  const drainQueue: Activities['drainQueue'] = async (input) => {
    await beforeTurn();
    return working.activities.drainQueue(input);
  };
  stopWorkers = await runWorkers(temporal, { ...working.activities, drainQueue });
});
after(async () => {
  await stopWorkers();
  await working.close();
  await Promise.all([receiver.close(), temporal.close(), database.drop()]);
});

/** What waits for the endpoint has its next try in an hour. */
const inAnHour = (endpointId: string) =>
  database.pool.query(
    `update deliveries set next_attempt_at = now() + interval '1 hour' where endpoint_id = $1`,
    [endpointId],
  );

/** A paused endpoint in whose queue three postbacks wait, and its workflow. */
async function withPausedQueue() {
  const operator = await withOperator(database.pool);
  const { id } = await operator.addEndpoint(`${receiver.url}/ok?${operator.operatorId}`);
  await switchEndpoint(database.pool, operator.operatorId, id, { to: 'paused' });
  await settleBatch(working.activities, operator, await operator.ingestSales(3));
  const workflows = createWorkflowClient(temporal.client);
  await workflows.wakeEndpoint(operator.operatorId, id);
  const handle = temporal.client.workflow.getHandle(endpointWorkflowId(id));
  const shows = (text: string) =>
    eventually(`the workflow to say ${text}`, async () => {
      const status = await handle.query<EndpointStatus>(STATUS_QUERY).catch(() => null);
      return status !== null && `${status.condition}: ${status.about?.stateReason}` === text;
    });
  const stateOf = async (): Promise<string> => {
    const { rows } = await database.pool.query<{ state: string }>(
      `select concat_ws(': ', state, state_reason) as state from endpoints where id = $1`,
      [id],
    );
    return rows[0]!.state;
  };
  return { operator, id, workflows, handle, shows, stateOf };
}

test('cancelling the workflow of an endpoint pauses the endpoint, also a second time, and loses nothing', async () => {
  const { handle, shows, stateOf, workflows, operator, id } = await withPausedQueue();
  const { runId } = await handle.describe();
  for (const time of [1, 2]) {
    await shows(time === 1 ? 'paused: switched by hand' : 'paused: paused in Temporal');
    await handle.cancel();
    await shows('paused: cancelled in Temporal');
    assert.equal(await stateOf(), 'paused: cancelled in Temporal');
    if (time === 2) break;
    await switchEndpoint(database.pool, operator.operatorId, id, { to: 'active' });
    await inAnHour(id);
    await workflows.wakeEndpoint(operator.operatorId, id, 'switched');
    await shows('open: null');
    await handle.signal(SIGNALS.pause);
  }
  await recordHistory(temporal.client, handle.workflowId, 'endpoint-cancelled', runId);
  await handle.signal(SIGNALS.resume);
  assert.deepEqual(await temporal.client.workflow.getHandle(handle.workflowId).result(), { sent: 3 });
});

test('a resume sends at once what has its next try later, also what had a workflow of its own', async () => {
  const { handle, shows, workflows, operator, id } = await withPausedQueue();
  await shows('paused: switched by hand');
  const { rows } = await database.pool.query<{ id: string }>(
    `update deliveries set owner = 'self', state = 'retrying', tries = 1, next_attempt_at = now() + interval '1 hour'
     where id = (select max(id) from deliveries where endpoint_id = $1) returning id`,
    [id],
  );
  const single = rows[0]!.id;
  await workflows.startDelivery(operator.operatorId, single);
  await inAnHour(id);
  await handle.signal(SIGNALS.resume);
  await eventually('all to be delivered', async () => {
    const { rows: left } = await database.pool.query(
      `select 1 from deliveries where endpoint_id = $1 and state <> 'delivered'`,
      [id],
    );
    return left.length === 0;
  });
  await temporal.client.workflow.getHandle(deliveryWorkflowId(single)).result();
});

test('a pause that is signalled during the last step before a run continues as new is obeyed', async () => {
  const { handle, shows, stateOf, id, operator } = await withPausedQueue();
  await shows('paused: switched by hand');
  const { runId } = await handle.describe();
  await switchEndpoint(database.pool, operator.operatorId, id, { to: 'active' });
  await inAnHour(id);
  let signalled = false;
  beforeTurn = async () => {
    if (signalled) return;
    signalled = true;
    // The server calls a history long from 4 MB on.
    for (let count = 0; count < 3; count++) {
      await handle.signal(SIGNALS.wake, 'x'.repeat(1_500_000));
      // An answer shows that the signal is in the history.
      await handle.query(STATUS_QUERY);
    }
    await handle.signal(SIGNALS.pause);
    await handle.query(STATUS_QUERY);
  };
  await handle.signal(SIGNALS.switched);
  await eventually('another run', async () => (await handle.describe()).runId !== runId);
  await shows('paused: paused in Temporal');
  assert.equal(await stateOf(), 'paused: paused in Temporal');
});
