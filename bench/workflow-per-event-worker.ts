// Worker of the workflow-per-event comparison, in its own process with its own task queue.
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities, DEFAULT_LIMITS } from '../activities/index.ts';
import { takeInLines } from '../api/events/import-lines.ts';
import { createRecorder } from '../activities/delivery/recorder.ts';
import { loadConfig } from '../config.ts';
import { createGuard } from '../delivery/guard.ts';
import { createMailer } from '../delivery/mail.ts';
import { createSender } from '../delivery/send.ts';
import { createPool } from '../store/db/pool.ts';
import { createSecretBox } from '../store/db/secret-box.ts';
import { answerQuestions } from './child.ts';

export type WorkerQuestions = {
  /** Resolves when the worker polls this queue. */
  start(taskQueue: string): Promise<void>;
};

const config = loadConfig();
const { namespace, connection: address } = config.temporal;
const logger = new DefaultLogger('WARN');
Runtime.install({ logger, shutdownSignals: [] });

const pool = createPool(config.databaseUrl, { applicationName: 'bench-workflow-per-event' });
const sender = createSender(
  createGuard({
    allowCidrs: config.allowEndpointCidrs,
    allowPorts: config.allowEndpointPorts,
    requireHttps: config.requireHttps,
  }),
);
const client = new Client({ connection: Connection.lazy(address), namespace });
const activities = createActivities({
  pool,
  sender,
  mailer: createMailer(null),
  consoleUrl: config.publicUrl,
  recorder: createRecorder(pool, (error) => console.error(error)),
  secretBox: createSecretBox(config.secretsKeys),
  client,
  takeInLines,
  limits: { ...DEFAULT_LIMITS, retention: config.retention },
  onError: (error) => console.error(error),
});

let worker: Worker | undefined;
let ended: Promise<void> | undefined;

async function start(taskQueue: string): Promise<void> {
  const workflowsPath = fileURLToPath(new URL('workflow-per-event-flow.ts', import.meta.url));
  worker = await Worker.create({
    connection: await NativeConnection.connect({ ...address, grpcCompression: { codec: 'none' } }),
    namespace,
    taskQueue,
    activities,
    workflowBundle: await bundleWorkflowCode({ workflowsPath, logger }),
    // As many as the real worker has, and pollers for both kinds of task.
    maxConcurrentWorkflowTaskExecutions: 200,
    maxConcurrentLocalActivityExecutions: 200,
    maxConcurrentActivityTaskExecutions: 200,
    maxConcurrentWorkflowTaskPolls: 8,
    maxConcurrentActivityTaskPolls: 8,
    maxCachedWorkflows: 1000,
  });
  ended = worker.run();
}

async function close(): Promise<void> {
  worker?.shutdown();
  await ended;
  await sender.close();
  await pool.end();
}

answerQuestions({ start } satisfies WorkerQuestions, close);
