// Handing over: exactly one owner for every postback that its batch could not finish, and a workflow for every owner.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { deliveryWorkflowId, endpointWorkflowId } from '../../domain/keys.ts';
import { withDatabase, type TestDatabase } from '../support/database.ts';
import { countBy, deliveriesOf, settledBatch, type DeliveryRow } from '../support/deliveries.ts';
import { withOperator, type TestOperator } from '../support/operator.ts';
import { startReceiver, type RudeReceiver } from '../support/rude-receiver.ts';
import { withTemporal, type TestTemporal } from '../support/temporal.ts';
import { withActivities, type TestActivities } from '../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let receiver: RudeReceiver;
let working: TestActivities;

before(async () => {
  [database, temporal, receiver] = await Promise.all([withDatabase(), withTemporal(), startReceiver()]);
  working = withActivities(database.pool, temporal.client, { firstAttemptsMs: 10_000, selfPerEndpoint: 5, selfInAll: 8 });
});
after(async () => {
  await working.close();
  await Promise.all([receiver.close(), temporal.close(), database.drop()]);
});

/** Sends a batch to its endpoints and hands over what is left; returns how many workflows were seen to. */
async function sendAndHandOver(operator: TestOperator, sales: number) {
  const batch = await settledBatch(working.activities, operator, await operator.takeInSales(sales));
  await working.activities.deliverFirst(batch);
  const input = { ...batch, endpointsToWake: [], setAside: [] };
  return { input, ...(await working.activities.handOver(input)) };
}

const ownersOf = (rows: DeliveryRow[]) => countBy(rows, ({ state, owner }) => `${state} ${owner}`);

async function isRunning(workflowId: string): Promise<boolean> {
  const { status } = await temporal.client.workflow.getHandle(workflowId).describe();
  return status.name === 'RUNNING';
}

test('a refused postback gets a workflow of its own, up to the bound; the rest waits in the queue of its endpoint', async () => {
  const operator = await withOperator(database.pool);
  const { id } = await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
  const { input, workflows } = await sendAndHandOver(operator, 12);
  const rows = await deliveriesOf(database.pool, operator);
  assert.deepEqual(ownersOf(rows), { 'retrying self': 5, 'retrying endpoint': 7 });
  assert.equal(workflows, 6);
  for (const { id: deliveryId, owner } of rows)
    if (owner === 'self') assert.ok(await isRunning(deliveryWorkflowId(deliveryId)), deliveryId);
  assert.ok(await isRunning(endpointWorkflowId(id)));

  assert.deepEqual(await working.activities.handOver(input), { workflows: 6 }, 'a second run saw to other workflows');
  assert.deepEqual(await deliveriesOf(database.pool, operator), rows, 'a second run moved a postback');

  await sendAndHandOver(operator, 4);
  const afterwards = ownersOf(await deliveriesOf(database.pool, operator));
  assert.deepEqual(
    afterwards,
    { 'retrying self': 5, 'retrying endpoint': 7, 'pending endpoint': 4 },
    'an endpoint with a queue got single workflows',
  );
});

test('the bound over all endpoints holds as well', async () => {
  const operator = await withOperator(database.pool);
  await operator.addEndpoint(`${receiver.url}/status/404`, { schedule: [0, 3600] });
  await sendAndHandOver(operator, 6);
  const { rows } = await database.pool.query<{ count: number }>(`select count(*)::int from deliveries where owner = 'self'`);
  assert.equal(rows[0]!.count, 8);
});

test('an endpoint that failed ten times in a row gets all its postbacks into its one queue', async () => {
  const operator = await withOperator(database.pool);
  const { id } = await operator.addEndpoint(`${receiver.url}/status/503`, { schedule: [0, 3600] });
  const { workflows } = await sendAndHandOver(operator, 20);
  assert.deepEqual(ownersOf(await deliveriesOf(database.pool, operator, id)), { 'retrying endpoint': 20 });
  assert.equal(workflows, 1);
});
