// Notices to people through a real workflow: the message goes out, and the history has numbers
// only.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { newId } from '../../store/db/ids.ts';
import { noteForChannels } from '../../store/delivery/channel-notices.ts';
import { createNoticeChannels } from '../../store/delivery/notice-channels.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../workflows/contract.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { recordHistory } from '../support/histories.ts';
import { SECRET_BOX, withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

let harness: WorkflowHarness;
let receiver: FaultyReceiver;
before(async () => {
  [harness, receiver] = await Promise.all([withHarness(), startReceiver()]);
});
after(async () => {
  await harness.close();
  await receiver.close();
});

test('a run of the schedule sends what waits, and its history holds neither addresses nor notices', async () => {
  const { pool, temporal } = harness;
  const { operatorId } = await withOperator(pool);
  await createNoticeChannels(pool, SECRET_BOX).insert(operatorId, {
    id: newId('nch'),
    kind: 'slack',
    target: `${receiver.url}/ok/chat`,
    shown: 'chat',
    notices: ['month.closed'],
  });
  await noteForChannels(pool, operatorId, 'month.closed', [{ month: '2026-10' }]);
  const workflowId = 'send-notices-once';
  const start = { workflowId, taskQueue: TASK_QUEUES.upkeep, args: [] };
  const result: unknown = await temporal.client.workflow.execute(WORKFLOWS.sendNotices, start);
  assert.deepEqual(result, { sent: 1, failed: 0 });
  assert.equal(receiver.requests.length, 1);
  const history = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  const payloads = Array.from(historyToJSON(history).matchAll(/"data": ?"([^"]*)"/g), ([, data]) =>
    Buffer.from(data!, 'base64').toString(),
  ).join('\n');
  for (const word of [operatorId, 'chat', '2026-10']) assert.ok(!payloads.includes(word), word);
  await recordHistory(temporal.client, workflowId, 'notices-sent');
});
