// The workflow of a payout run: pays in steps and shows its progress, and the sweep starts one that
// has none.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { payoutRunWorkflowId } from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { createAdjustments } from '../../store/ledger/adjustments.ts';
import { createPayoutRuns } from '../../store/ledger/payout-runs.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator, type TestOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

let harness: WorkflowHarness;

before(async () => (harness = await withHarness()));
after(() => harness.close());

/** Makes affiliates with 5.00 each. */
async function affiliates({ operatorId }: TestOperator, count: number): Promise<void> {
  const adjustments = createAdjustments(harness.pool);
  const { rows } = await harness.pool.query<{ id: string }>(
    `insert into affiliates (operator_id, id, name)
     select $1, 'aff_' || lpad(i::text, 26, '0'), 'x' from generate_series(1, $2) i returning id`,
    [operatorId, count],
  );
  for (const { id } of rows)
    await adjustments.adjust(operatorId, {
      affiliateId: id,
      currency: 'USD',
      amountMinor: 500n,
      reason: 'a test',
      actor: 'key',
      idempotencyKey: newId('req'),
    });
}

async function store({ operatorId }: TestOperator): Promise<string> {
  const wanted = { currency: 'USD', minimumMinor: 0n, givenMinimumMinor: null, idempotencyKey: null };
  const rules = { needsDetails: false, isDryRun: false, actor: 'key' };
  const stored = await createPayoutRuns(harness.pool).insert(operatorId, { ...wanted, ...rules });
  assert.equal(stored.kind, 'stored');
  return (stored as { run: { id: string } }).run.id;
}

test('a payout run of 130 affiliates takes two steps, and shows how many it paid', async () => {
  const operator = await withOperator(harness.pool);
  await affiliates(operator, 130);
  const id = await store(operator);
  await createWorkflowClient(harness.temporal.client).startJob(operator.operatorId, {
    kind: 'payoutRun',
    id,
  });
  const workflowId = payoutRunWorkflowId(id);
  const result: unknown = await harness.temporal.client.workflow.getHandle(workflowId).result();
  assert.deepEqual(result, { state: 'done', total: 130, done: 130, created: 130 });
  assert.equal(
    await harness.detailsOf(workflowId),
    '**done**: 130 payouts for 130 of 130 affiliates with something payable.',
  );
  const { rows } = await harness.pool.query<{ payouts: number; affiliates: number }>(
    `select count(*)::int as payouts, count(distinct affiliate_id)::int as affiliates from payouts
     where operator_id = $1`,
    [operator.operatorId],
  );
  assert.deepEqual(rows, [{ payouts: 130, affiliates: 130 }]);
  await recordHistory(harness.temporal.client, workflowId, 'payouts-run');
});

test('the sweep starts a stored payout run that has no workflow', async () => {
  const operator = await withOperator(harness.pool);
  const id = await store(operator);
  assert.equal((await harness.testActivities.activities.sweepOnce()).jobs, 1);
  const handle = harness.temporal.client.workflow.getHandle(payoutRunWorkflowId(id));
  assert.deepEqual(await handle.result(), { state: 'done', total: 0, done: 0, created: 0 });
});
