// Starts the worker process: creates its dependencies, runs one worker per task queue, and drains
// on a stop signal.
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities, DEFAULT_LIMITS } from '../activities/index.ts';
import { takeInLines } from '../api/events/import-lines.ts';
import { createRecorder } from '../activities/delivery/recorder.ts';
import { VERSION } from '../build.ts';
import { loadConfig } from '../config.ts';
import { createGuard } from '../delivery/guard.ts';
import { createMailer } from '../delivery/mail.ts';
import { createNames } from '../delivery/names.ts';
import { createSender } from '../delivery/send.ts';
import { createLogger } from '../log.ts';
import { createProcessMetrics } from '../process-metrics.ts';
import { createPool } from '../store/db/pool.ts';
import { createSecretBox } from '../store/db/secret-box.ts';
import { TASK_QUEUES } from '../workflows/contract.ts';
import { createPayloadCodec } from '../workflows/payload-codec.ts';
import { loadBundle } from './bundle.ts';
import { heartbeats } from './heartbeat.ts';
import { hideNames } from './hidden-names.ts';
import { createWorkerMetrics } from './metrics.ts';
import { prepareNamespace } from './namespace.ts';
import { installRuntime } from './runtime.ts';
import { readTraceparents } from '../store/intake/traceparents.ts';
import { createAttemptLog, createSetAsideLog } from './trouble-log.ts';

/**
 * Limit of a statement that has none of its own, so that none runs on for ever after its activity
 * was given up.
 */
const STATEMENT_MS = 60_000;

const config = loadConfig();
const log = createLogger(config.logLevel, 'worker');
const runtime = await installRuntime({
  logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
    log[level === 'ERROR' ? 'error' : 'warn'](meta ?? {}, message),
  ),
  isMeasured: config.metricsPort !== undefined,
});

const { namespace, connection: address, codecKeys } = config.temporal;
const dataConverter = { payloadCodecs: codecKeys ? [createPayloadCodec(createSecretBox(codecKeys))] : [] };
const onDependencyError = (error: unknown): void => log.warn({ err: error }, 'a dependency is away');
const pool = createPool(config.databaseUrl, {
  applicationName: 'postrider-worker',
  statementTimeoutMs: STATEMENT_MS,
  onError: onDependencyError,
});
const native = await connectToTemporal();
const connection = await Connection.connect(address);
const client = new Client({ connection, namespace, dataConverter });
await prepareNamespace(client, log);

const recorder = createRecorder(pool, onDependencyError);
const metrics = createWorkerMetrics({
  registry: createProcessMetrics({ pool, version: VERSION, commit: config.commit }),
  backlog: recorder.backlog,
  readSdk: runtime.readMetrics,
});
const tracing =
  config.tracing &&
  (await import('./tracing.ts')).startWorkerTracing({
    ...config.tracing,
    version: VERSION,
    readTraceparents: (operatorId, eventIds) => readTraceparents(pool, operatorId, eventIds),
    onLost: (reason) => log.warn({ reason }, 'spans could not be sent, and are dropped'),
  });
if (config.metricsPort !== undefined) await metrics.listen(config.metricsPort, config.host);
const names = createNames({ servers: config.nameServers, onAsked: metrics.lookedUp });
const sender = createSender(
  createGuard({
    allowCidrs: config.allowEndpointCidrs,
    allowPorts: config.allowEndpointPorts,
    requireHttps: config.requireHttps,
    lookUp: names.lookUp,
  }),
);
const mailer = createMailer(config.smtp);
const secretBox = createSecretBox(config.secretsKeys);
const logAttempt = createAttemptLog(log);
const counted = metrics.countBatches(
  createActivities({
    pool,
    sender: metrics.countAttempts(sender),
    mailer,
    consoleUrl: `${config.publicUrl}/console`,
    recorder,
    secretBox,
    client,
    takeInLines,
    limits: { ...DEFAULT_LIMITS, retention: config.retention },
    onRecorded(due, record) {
      metrics.recorded(due, record);
      logAttempt(due, record);
      tracing?.recorded(due, record);
    },
    traceparentOf: tracing?.traceparentOf,
    traceBatch: tracing?.traceBatch,
    onSetAside: createSetAsideLog(log),
    onError: onDependencyError,
  }),
);
const measured = metrics.countNotices(counted);
const activities = tracing ? tracing.traceBatches(measured) : measured;
const workflowBundle = await loadBundle();

/**
 * Attempts end within 15 s and activities within 20 s, so a stop lets them finish and be recorded.
 */
const common = {
  connection: native,
  namespace,
  dataConverter,
  workflowBundle,
  activities,
  interceptors: { activity: codecKeys ? [heartbeats, hideNames] : [heartbeats] },
  shutdownGraceTime: '24s',
  shutdownForceTime: '25500ms',
} satisfies Partial<WorkerOptions>;

const workers = await Promise.all([
  Worker.create({
    ...common,
    taskQueue: TASK_QUEUES.batches,
    // A hanging endpoint holds a batch's slot for up to 16 s; other batches need slots meanwhile.
    maxConcurrentWorkflowTaskExecutions: 200,
    maxConcurrentLocalActivityExecutions: 200,
    maxConcurrentActivityTaskExecutions: 50,
    maxConcurrentWorkflowTaskPolls: 8,
    maxConcurrentActivityTaskPolls: 2,
    maxCachedWorkflows: 400,
  }),
  Worker.create({
    ...common,
    taskQueue: TASK_QUEUES.attempts,
    maxConcurrentActivityTaskExecutions: 200,
    maxConcurrentWorkflowTaskPolls: 2,
    maxConcurrentActivityTaskPolls: 4,
    maxCachedWorkflows: 500,
  }),
  Worker.create({
    ...common,
    taskQueue: TASK_QUEUES.upkeep,
    maxConcurrentActivityTaskExecutions: 200,
    maxConcurrentWorkflowTaskPolls: 2,
    maxConcurrentActivityTaskPolls: 4,
    maxCachedWorkflows: 200,
  }),
]);

log.info({ taskQueues: Object.values(TASK_QUEUES) }, 'worker started');
try {
  // The SDK stops the workers on SIGTERM and SIGINT; when one of them fails, the others stop too.
  await Promise.all(workers.map((worker) => worker.run()));
} finally {
  await sender.close();
  await tracing?.close();
  mailer.close();
  names.close();
  await pool.end();
  await connection.close();
  await native.close();
}
log.info('worker stopped');

/** Connects to Temporal, retrying forever: the native connection does not retry by itself. */
async function connectToTemporal(): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect({ ...address, grpcCompression: { codec: 'none' } });
    } catch (error) {
      onDependencyError(error);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
