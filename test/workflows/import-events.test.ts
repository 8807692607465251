// The workflow of an import: takes lines in in steps, has them settled, and shows its progress; the
// sweep starts one that has none.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { importWorkflowId } from '../../domain/keys.ts';
import { createImports } from '../../store/intake/imports.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator, type TestOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

let harness: WorkflowHarness;

before(async () => (harness = await withHarness()));
after(() => harness.close());

/** Stores an import of so many sales, of which the last has no transaction id. */
async function store({ operatorId }: TestOperator, count: number): Promise<string> {
  const imports = createImports(harness.pool);
  const columns = ['event', 'transaction_id', 'customer_id', 'amount', 'currency'];
  const lines = Array.from({ length: count }, (_, index) => {
    return ['sale', index === count - 1 ? '' : `t-${index}`, 'c', '10.00', 'USD'];
  });
  const id = await imports.begin(operatorId, { columns, isDryRun: false, actor: 'key' });
  for (let from = 0; from < count; from += 500)
    await imports.addChunk(operatorId, id, from / 500, lines.slice(from, from + 500));
  const contentHash = createHash('sha256').update('a file').digest();
  await imports.complete(operatorId, id, { total: count, contentHash, idempotencyKey: null });
  return id;
}

test('an import of 1,200 lines takes each in and has them settled, and shows what was refused', async () => {
  const operator = await withOperator(harness.pool);
  const id = await store(operator, 1200);
  await createWorkflowClient(harness.temporal.client).startJob(operator.operatorId, { kind: 'import', id });
  const workflowId = importWorkflowId(id);
  const result: unknown = await harness.temporal.client.workflow.getHandle(workflowId).result();
  assert.deepEqual(result, { state: 'done', total: 1200, done: 1200, refused: 1 });
  assert.equal(
    await harness.detailsOf(workflowId),
    '**done**: 1200 of 1200 lines. 1 were refused: see the import in the API.',
  );
  await eventually('all to be settled', async () => {
    const { rows } = await harness.pool.query<{ count: number }>(
      `select count(*)::int from event_outcomes where operator_id = $1`,
      [operator.operatorId],
    );
    return rows[0]!.count === 1199;
  });
  await recordHistory(harness.temporal.client, workflowId, 'events-imported');
});

test('the sweep starts a stored import that has no workflow', async () => {
  const operator = await withOperator(harness.pool);
  const id = await store(operator, 3);
  assert.equal((await harness.testActivities.activities.sweepOnce()).jobs, 1);
  const handle = harness.temporal.client.workflow.getHandle(importWorkflowId(id));
  assert.deepEqual(await handle.result(), { state: 'done', total: 3, done: 3, refused: 1 });
});
