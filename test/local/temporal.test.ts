// The embedded Temporal: workflows survive a kill, histories are kept for a week, and the UI link
// holds a valid query.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { findTemporalCli } from '../../local/temporal-cli.ts';
import { startTemporal, stuckWorkflowsUrl } from '../../local/temporal.ts';
import { freePort } from '../support/ports.ts';
import { withTemporal } from '../support/temporal.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'postrider-temporal-'));
after(() => rmSync(dataDir, { recursive: true, force: true }));

test('an open workflow survives a kill of Temporal, which keeps histories for a week', async () => {
  const options = {
    program: await findTemporalCli(() => {}),
    dataDir,
    port: await freePort(),
    namespace: 'default',
  };
  const first = await startTemporal(options);
  const connection = await Connection.connect({ address: first.address });
  const { workflow } = new Client({ connection });
  await workflow.start('anything', { taskQueue: 'nobody', workflowId: 'kept' });
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  const second = await startTemporal(options);
  assert.equal((await workflow.getHandle('kept').describe()).status.name, 'RUNNING');
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  assert.equal(Number(config?.workflowExecutionRetentionTtl?.seconds), 7 * 24 * 3600);
  await connection.close();
  await second.stop();
});

test('the UI link to stuck workflows contains a query that the server accepts', async () => {
  const { client, close } = await withTemporal();
  after(close);
  const query =
    new URL(stuckWorkflowsUrl('http://127.0.0.1:8233', 'default')).searchParams.get('query') ?? '';
  assert.equal((await client.workflow.count(query)).count, 0);
  await client.workflow.start('deliverPostback', { taskQueue: 'nobody', workflowId: 'delivery/1' });
  await client.workflow.start('processConversions', { taskQueue: 'nobody', workflowId: 'conversions/1' });
  while ((await client.workflow.count('ExecutionStatus="Running"')).count < 2);
  assert.equal((await client.workflow.count(query)).count, 1);
});
