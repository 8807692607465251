// Fairness between operators: a long backlog of one does not delay the others.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { NativeConnection, Worker } from '@temporalio/worker';
import { deliveryWorkflowId } from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { loadBundle } from '../../worker/bundle.ts';
import { TASK_QUEUES } from '../../workflows/contract.ts';
import { withDatabase, type TestDatabase } from '../support/database.ts';
import { withTemporal, type TestTemporal } from '../support/temporal.ts';
import { quietRuntime, withActivities } from '../support/worker.ts';

const BACKLOG = 60;

let database: TestDatabase;
let temporal: TestTemporal;

before(async () => {
  quietRuntime();
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
});
after(async () => {
  await temporal.close();
  await database.drop();
});

test('a delivery of one operator is sent before the whole backlog of another is', async (t) => {
  const workflows = createWorkflowClient(temporal.client);
  const [busy, quiet] = [newId('opr'), newId('opr')];
  const started: string[] = [];
  const start = async (operatorId: string): Promise<void> => {
    const deliveryId = newId('dlv');
    started.push(deliveryWorkflowId(deliveryId));
    await workflows.startDelivery(operatorId, deliveryId);
  };
  await Promise.all(Array.from({ length: BACKLOG }, () => start(busy)));
  await start(quiet);

  const served: string[] = [];
  const working = withActivities(database.pool, temporal.client);
  const connection = await NativeConnection.connect({ address: temporal.address });
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: TASK_QUEUES.attempts,
    workflowBundle: await loadBundle(),
    activities: {
      ...working.activities,
      readPostback: (input: { operatorId: string; deliveryId: string }) => {
        served.push(input.operatorId);
        return working.activities.readPostback(input);
      },
    },
    // Emulates a busy worker, so that almost all tasks wait in Temporal.
    maxConcurrentWorkflowTaskExecutions: 2,
    maxConcurrentActivityTaskExecutions: 1,
    maxConcurrentWorkflowTaskPolls: 1,
    maxConcurrentActivityTaskPolls: 1,
    maxCachedWorkflows: 10,
  });
  await worker.runUntil(
    Promise.all(started.map((workflowId) => temporal.client.workflow.getHandle(workflowId).result())),
  );
  await connection.close();
  await working.close();
  assert.equal(served.length, BACKLOG + 1);
  const place = served.indexOf(quiet) + 1;
  t.diagnostic(`started last of ${BACKLOG + 1}, served as number ${place}`);
  assert.ok(place <= BACKLOG / 6, `served as number ${place} of ${served.length}`);
});
