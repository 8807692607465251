// An endpoint that gets another URL while it is down: what waits goes to the new one at once, and
// what was learned of the old one is forgotten.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { deliveryWorkflowId, endpointWorkflowId } from '../../domain/keys.ts';
import { createEndpoints } from '../../store/delivery/endpoints.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { STATUS_QUERY } from '../../workflows/contract.ts';
import type { EndpointStatus } from '../../workflows/endpoint-status.ts';
import { countBy, deliveriesOf } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { SECRET_BOX, withOperator, type TestOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

let harness: WorkflowHarness;
let old: FaultyReceiver;
let fresh: FaultyReceiver;
let answer: [number, Record<string, string>?] = [503];

before(async () => {
  harness = await withHarness({ probeWaits: { firstMs: 3_600_000, longestMs: 3_600_000 } });
  old = await startReceiver({ handler: (_, response) => void response.writeHead(...answer).end() });
  fresh = await startReceiver({ handler: (_, response) => void response.end() });
});
after(() => Promise.all([harness.close(), old.close(), fresh.close()]));

/** Changes the URL and signals as the API does. Returns the deliveries that left their workflow. */
async function move({ operatorId }: TestOperator, endpointId: string, url: string): Promise<string[]> {
  const workflows = createWorkflowClient(harness.temporal.client);
  const updated = await createEndpoints(harness.pool, SECRET_BOX).update(operatorId, endpointId, { url });
  for (const single of updated!.singles) await workflows.startDelivery(operatorId, single, 'retryNow');
  await workflows.wakeEndpoint(operatorId, endpointId, 'switched');
  return updated!.singles;
}

const statesOf = async (operator: TestOperator) =>
  countBy(await deliveriesOf(harness.pool, operator), ({ state }) => state);

test('an endpoint that is down and gets another URL is sent all that waits, single deliveries too', async () => {
  answer = [503];
  const operator = await withOperator(harness.pool);
  const { id } = await operator.addEndpoint(old.url, { schedule: [0, 3600] });
  const handle = harness.temporal.client.workflow.getHandle(endpointWorkflowId(id));
  harness.dispatch(operator, await operator.ingestSales(2));
  const singles = await eventually('two postbacks to have workflows', async () => {
    const rows = await deliveriesOf(harness.pool, operator);
    return rows.filter(({ owner }) => owner === 'self').length === 2 && rows.map((row) => row.id);
  });
  harness.dispatch(operator, await operator.ingestSales(30));
  await eventually('the queue to wait for its endpoint', async () => {
    const status = await handle.query<EndpointStatus>(STATUS_QUERY).catch(() => null);
    return status?.condition === 'failing' && status.held > 0;
  });
  const moved = await move(operator, id, `${fresh.url}/new`);
  assert.deepEqual(
    singles.filter((single) => !moved.includes(single)),
    [],
  );
  await eventually('all to arrive', async () => (await statesOf(operator))['delivered'] === 32);
  const arrived = fresh.requests.filter(({ path }) => path === '/new');
  assert.equal(new Set(arrived.map(({ headers }) => headers['webhook-id'])).size, 32);
  assert.equal(arrived.length, 32);
  for (const single of singles)
    await harness.temporal.client.workflow.getHandle(deliveryWorkflowId(single)).result();
});

test("an endpoint that gets another URL does not wait for the Retry-After of the old one's server", async () => {
  answer = [429, { 'retry-after': '3600' }];
  const operator = await withOperator(harness.pool);
  // A rate leads all postbacks through the queue.
  const { id } = await operator.addEndpoint(old.url, { schedule: [0, 1, 1], ratePerSecond: 1000 });
  const handle = harness.temporal.client.workflow.getHandle(endpointWorkflowId(id));
  harness.dispatch(operator, await operator.ingestSales(5));
  await eventually('the queue to wait as long as it was asked to', async () => {
    const status = await handle.query<EndpointStatus>(STATUS_QUERY).catch(() => null);
    return status !== null && Date.parse(status.nextTurnAt ?? '') > Date.now() + 3_000_000;
  });
  await move(operator, id, `${fresh.url}/other`);
  await eventually('all to arrive', async () => (await statesOf(operator))['delivered'] === 5);
  assert.equal(fresh.requests.filter(({ path }) => path === '/other').length, 5);
});
