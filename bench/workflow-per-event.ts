// Measures the compared design: the same intake, rules, SQL and postbacks, with a workflow per
// event.
import { Client, Connection } from '@temporalio/client';
import { createIntake } from '../api/intake/intake.ts';
import { readEvent } from '../api/events/read-event.ts';
import { newId } from '../store/db/ids.ts';
import { loadSecrets } from '../local/data-dir.ts';
import type { BatchInput } from '../workflows/contract.ts';
import { startChild } from './child.ts';
import { rate, type Figures } from './figures.ts';
import { NAMESPACE } from './own-stack.ts';
import { waitUntilRecorded, type Bench, type Stage } from './stage.ts';
import type { WorkerQuestions } from './workflow-per-event-worker.ts';

const TASK_QUEUE = 'bench-workflow-per-event';
/** The first events only warm up the worker. */
const WARM_UP = 64;
/** Concurrent workflows; any number from 16 to 128 gives the same figure. */
const CONCURRENT_WORKFLOWS = 64;

/** Runs a separate worker beside the idle real worker, on the same stage. */
export async function measureWorkflowPerEvent(
  bench: Bench,
  stage: Stage,
  events: number,
): Promise<Partial<Figures>> {
  if (events <= WARM_UP)
    throw new Error(`a rate needs more events than the ${WARM_UP} that warm the worker up`);
  const { stack } = bench;
  const worker = await startChild<WorkerQuestions>('workflow-per-event-worker.ts', {
    ...process.env,
    DATABASE_URL: stack.databaseUrl,
    TEMPORAL_ADDRESS: stack.temporalAddress,
    TEMPORAL_NAMESPACE: NAMESPACE,
    SECRETS_KEY: loadSecrets(stack.dataDir).secretsKey,
    ALLOW_ENDPOINT_CIDRS: '127.0.0.0/8',
    ALLOW_ENDPOINT_PORTS: '*',
    REQUIRE_HTTPS: 'false',
  });
  const connection = await Connection.connect({ address: stack.temporalAddress });
  try {
    await worker.ask('start', TASK_QUEUE);
    const client = new Client({ connection, namespace: NAMESPACE });
    await runAll(bench, client, stage, stage.bodies.splice(0, WARM_UP));
    const startedAt = Date.now();
    await runAll(bench, client, stage, stage.bodies.splice(0, events - WARM_UP));
    return {
      workflow_per_event_per_s: rate(events - WARM_UP, startedAt, await waitUntilRecorded(bench, stage)),
    };
  } finally {
    await connection.close();
    await worker.stop();
  }
}

/** Inserts events and runs a workflow for each, so many at a time. */
async function runAll(
  { pool }: Bench,
  client: Client,
  stage: Stage,
  bodies: readonly string[],
): Promise<void> {
  const { operatorId } = stage;
  const intake = createIntake({ pool, onAccepted: () => {} });
  const rest = bodies.values();
  const caller = async (): Promise<void> => {
    for (const body of rest) {
      const reading = readEvent(
        JSON.parse(body),
        {
          operatorId,
          withoutTransactionId: 'refuse',
          repeatWindowHours: 24,
          eventTypes: new Map(),
          currencies: new Map(),
        },
        Date.now(),
      );
      if (reading.kind === 'invalid') throw reading.error;
      const { id } = reading.event.event;
      await intake.accept([reading.event]);
      const batch: BatchInput = { batchId: newId('bat'), operators: [{ operatorId, eventIds: [id] }] };
      await client.workflow.execute('settleAndDeliver', {
        workflowId: `bench/${id}`,
        taskQueue: TASK_QUEUE,
        args: [batch],
      });
      stage.accepted.push(id);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_WORKFLOWS }, caller));
}
