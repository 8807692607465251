// Release of holds: the scheduled workflow releases due commission in several steps, and subscribed
// endpoints get a postback.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createLogger } from '../../log.ts';
import { prepareNamespace } from '../../worker/namespace.ts';
import { eventually } from '../support/eventually.ts';
import { recordHistory } from '../support/histories.ts';
import { withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';
import { startReceiver } from '../support/faulty-receiver.ts';
import { createSettling } from '../support/settling.ts';

let harness: WorkflowHarness;

before(async () => {
  // Without time, each step releases one chunk and reports that more is due.
  harness = await withHarness({ releaseMs: 0 });
});
after(() => harness.close());

test('the scheduled workflow releases all due holds and notifies subscribed endpoints', async (t) => {
  const { pool, temporal } = harness;
  const { client } = temporal;
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const operator = await withOperator(pool);
  const settle = createSettling(pool);
  const ids = await operator.ingestSales(2);
  for (const id of ids) await settle(operator.operatorId, [id]);
  await operator.addEndpoint(`${receiver.url}/ok`, { events: ['conversion.released'] });
  await pool.query(`update slots set hold_until = now() - interval '1 second' where operator_id = $1`, [
    operator.operatorId,
  ]);

  const log = createLogger('silent', 'test');
  await prepareNamespace(client, log);
  await prepareNamespace(client, log);
  const schedule = client.schedule.getHandle('release-holds');
  await schedule.trigger();
  const released = await eventually('the holds to be released', async () => {
    const { rows } = await pool.query<{ payable: bigint }>(
      `select payable_minor as payable from balances where operator_id = $1 and pending_minor = 0`,
      [operator.operatorId],
    );
    return rows[0];
  });
  assert.equal(released.payable, 20_00n);
  await eventually('both postbacks to arrive', () => receiver.requests.length === 2);
  const reports = receiver.requests.map(
    ({ body }) => JSON.parse(body) as { type: string; data: Record<string, string> },
  );
  assert.deepEqual(
    reports.map(({ type, data }) => `${type} ${data['event_id']}`).toSorted(),
    ids.map((id) => `conversion.released ${id}`),
  );

  const run = await eventually('the run to be over', async () => {
    const { recentActions } = (await schedule.describe()).info;
    const done = recentActions
      .map(({ action }) => action.workflow)
      .filter(({ workflowId }) => workflowId.startsWith('release-holds'));
    for (const { workflowId } of done) {
      const result = (await client.workflow.getHandle(workflowId).result()) as { released: number };
      if (result.released === 2) return workflowId;
    }
    return null;
  });
  await recordHistory(client, run, 'holds-released');
});
