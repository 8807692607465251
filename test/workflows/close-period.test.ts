// Closing of months: the schedule finds due months and starts a workflow for each.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { periodWorkflowId } from '../../domain/keys.ts';
import { createLogger } from '../../log.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { beginClosing } from '../../store/ledger/closing.ts';
import { prepareNamespace } from '../../worker/namespace.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { auditOf, createSettling } from '../support/settling.ts';

let harness: WorkflowHarness;
before(async () => {
  harness = await withHarness();
});
after(() => harness.close());

/** Creates an operator with one transfer, posted so many months ago. */
async function createTransfer(monthsAgo: number): Promise<{ operatorId: string; period: string }> {
  const operator = await withOperator(harness.pool);
  const now = new Date();
  const then = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - monthsAgo, 1, 12));
  await createSettling(harness.pool, () => then)(operator.operatorId, await operator.ingestSales(1));
  return { operatorId: operator.operatorId, period: then.toISOString().slice(0, 7) };
}

const isClosed = async ({ operatorId, period }: { operatorId: string; period: string }): Promise<boolean> => {
  const { rows } = await harness.pool.query(
    `select from periods where operator_id = $1 and period = $2 and status = 'closed'`,
    [operatorId, period],
  );
  return rows.length === 1;
};

test('the schedule closes due and begun months of every operator, never the current one', async () => {
  const { client } = harness.temporal;
  const [old, begun, young] = await Promise.all([createTransfer(2), createTransfer(2), createTransfer(0)]);
  await beginClosing(harness.pool, begun.operatorId, begun.period);
  await prepareNamespace(client, createLogger('silent', 'test'));
  await client.schedule.getHandle('close-due-periods').trigger();
  for (const one of [old, begun]) await eventually('the month to be closed', () => isClosed(one));
  const handle = client.workflow.getHandle(periodWorkflowId(old.operatorId, old.period));
  assert.deepEqual(await handle.result(), { kind: 'closed', transfers: 1, statements: 1 });
  assert.equal(await (await handle.describe()).staticSummary(), `closing ${old.period}`);
  const { rows } = await harness.pool.query(`select from periods where operator_id = $1`, [young.operatorId]);
  assert.equal(rows.length, 0);
  assert.deepEqual((await auditOf(harness.pool)).findings, []);
  await recordHistory(client, periodWorkflowId(old.operatorId, old.period), 'period-closed');
  const started = await eventually('the scheduled run to end', async () => {
    const { info } = await client.schedule.getHandle('close-due-periods').describe();
    return info.recentActions[0]?.action.workflow.workflowId;
  });
  await recordHistory(client, started, 'due-periods-started');
});

test('closing a month that cannot be closed returns the reason, and two starts close a month once', async () => {
  const { client } = harness.temporal;
  const workflows = createWorkflowClient(client);
  const lasting = await createTransfer(0);
  assert.equal(await workflows.closePeriod(lasting.operatorId, lasting.period), true);
  const handle = client.workflow.getHandle(periodWorkflowId(lasting.operatorId, lasting.period));
  assert.deepEqual(await handle.result(), { kind: 'not_ended' });
  const past = await createTransfer(1);
  const starts = await Promise.all([1, 2, 3].map(() => workflows.closePeriod(past.operatorId, past.period)));
  assert.ok(starts.includes(true));
  await eventually('the month to be closed', () => isClosed(past));
});
