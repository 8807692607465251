// Amendments are booked even when Temporal was away at their request: the sweep starts their
// workflow.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { amendmentsWorkflowId } from '../../domain/keys.ts';
import { createAmendments } from '../../store/agreements/amendments.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver } from '../support/faulty-receiver.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { createSettling, outcomesOf } from '../support/settling.ts';

let harness: WorkflowHarness;
before(async () => {
  harness = await withHarness();
});
after(() => harness.close());

test('the sweep starts the workflow that books stored amendments and reports them', async (t) => {
  const { pool, temporal, testActivities } = harness;
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const endpoint = await operator.addEndpoint(`${receiver.url}/ok`);
  const ids = await operator.ingestSales(2);
  await createSettling(pool)(operatorId, ids);
  await pool.query(
    `update deliveries set state = 'delivered', owner = null, finished_at = now() where endpoint_id = $1`,
    [endpoint.id],
  );
  assert.equal((await testActivities.activities.sweepOnce()).amendments, 0);
  const amendments = createAmendments(pool);
  for (const id of ids) {
    const by = { actor: 'key_test', reason: null };
    await amendments.insert(operatorId, id, by, (event) => ({ ...event.values, amountMinor: 50_00n }));
  }
  // The sweep ignores recent amendments, since their workflow is being started.
  await pool.query(`update amendments set amended_at = amended_at - interval '1 minute'`);
  assert.equal((await testActivities.activities.sweepOnce()).amendments, 1);
  const workflowId = amendmentsWorkflowId(operatorId);
  assert.deepEqual(await temporal.client.workflow.getHandle(workflowId).result(), { applied: 2 });
  assert.match(await harness.detailsOf(workflowId), /2 amendments booked/);
  assert.deepEqual(await outcomesOf(pool, ids), Array(2).fill('settled 500'));
  await eventually('both adjustments are reported', () => receiver.requests.length === 2);
  for (const { body } of receiver.requests) assert.match(body, /"type":"conversion\.adjusted"/);
  assert.equal((await testActivities.activities.sweepOnce()).amendments, 0);
  await recordHistory(temporal.client, workflowId, 'amendments-booked');
});
