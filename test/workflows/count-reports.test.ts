// Counting of reports through a real workflow: the schedule's run counts what came in, and its
// history has numbers only.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createReports } from '../../store/ledger/reports.ts';
import { newId } from '../../store/db/ids.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../workflows/contract.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

let harness: WorkflowHarness;
before(async () => (harness = await withHarness()));
after(() => harness.close());

test('a run of the schedule counts what came in since the last one', async () => {
  const { pool, temporal } = harness;
  const { operatorId } = await withOperator(pool);
  const affiliateId = newId('aff');
  await pool.query(
    `with a as (insert into affiliates (operator_id, id, name) values ($1, $2, 'A'))
     insert into clicks (operator_id, id, affiliate_id, clicked_at) values ($1, $3, $2, now())`,
    [operatorId, affiliateId, newId('clk')],
  );
  const workflowId = 'count-reports-once';
  const start = { workflowId, taskQueue: TASK_QUEUES.upkeep, args: [] };
  const result: unknown = await temporal.client.workflow.execute(WORKFLOWS.countReports, start);
  assert.deepEqual(result, { days: 1, more: false });
  const today = new Date().toISOString().slice(0, 10);
  const filter = { from: today, to: today, affiliateId: null, linkId: null, type: null };
  const page = { limit: 10, before: null };
  const { rows } = await createReports(pool).list(operatorId, 'affiliate', filter, page);
  assert.deepEqual(
    rows.map(({ id, clicks }) => [id, clicks]),
    [[affiliateId, 1]],
  );
  await recordHistory(temporal.client, workflowId, 'reports-counted');
});
