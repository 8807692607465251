// Activities with limits short enough for tests, and real workers around them.
import type { Client } from '@temporalio/client';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { createActivities, DEFAULT_LIMITS, type Activities, type Limits } from '../../activities/index.ts';
import { takeInLines } from '../../api/events/import-lines.ts';
import { createRecorder } from '../../activities/delivery/recorder.ts';
import { createGuard } from '../../delivery/guard.ts';
import { createMailer } from '../../delivery/mail.ts';
import type { Names } from '../../delivery/names.ts';
import { createSender } from '../../delivery/send.ts';
import type { Pool } from '../../store/db/pool.ts';
import { loadBundle } from '../../worker/bundle.ts';
import { heartbeats } from '../../worker/heartbeat.ts';
import { hideNames } from '../../worker/hidden-names.ts';
import { TASK_QUEUES } from '../../workflows/contract.ts';
import { SECRET_BOX } from './operator.ts';
import type { TestTemporal } from './temporal.ts';

export interface TestActivities {
  readonly activities: Activities;
  /** Errors of dependencies so far. */
  readonly dependencyErrors: unknown[];
  /** For `after`. */
  close(): Promise<void>;
}

const SHORT_LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  drainTurnMs: 2000,
  probeWaits: { firstMs: 100, longestMs: 400 },
  lookPauses: { shortestMs: 0, longestMs: 0 },
  retention: { clicksMonths: 13, attemptsMonths: 13 },
};

/**
 * Creates activities as the worker does, with calls to this machine allowed. `lookUp` stands for
 * the name servers.
 */
export function withActivities(
  pool: Pool,
  client: Client,
  limits: Partial<Limits> = {},
  lookUp?: Names['lookUp'],
): TestActivities {
  const dependencyErrors: unknown[] = [];
  const sender = createSender(
    createGuard({
      allowCidrs: ['127.0.0.0/8'],
      allowPorts: '*',
      requireHttps: false,
      ...(lookUp && { lookUp }),
    }),
  );
  const activities = createActivities({
    pool,
    sender,
    mailer: createMailer(null),
    consoleUrl: 'http://track.example/console',
    recorder: createRecorder(pool, (error) => dependencyErrors.push(error)),
    secretBox: SECRET_BOX,
    client,
    takeInLines,
    limits: { ...SHORT_LIMITS, ...limits },
    onError: (error) => dependencyErrors.push(error),
  });
  return { activities, dependencyErrors, close: () => sender.close() };
}

let isQuiet = false;

/** Lets Temporal's SDK log errors only. Its runtime is one per process, which test files share. */
export function quietRuntime(): void {
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR' }) };
  if (!isQuiet) Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
  isQuiet = true;
}

/** Runs workers for all three task queues in the namespace; returns a function that stops them. */
export async function runWorkers(
  temporal: Pick<TestTemporal, 'address' | 'namespace'> & Partial<Pick<TestTemporal, 'dataConverter'>>,
  activities: Activities,
): Promise<() => Promise<void>> {
  quietRuntime();
  const { address, namespace, dataConverter = {} } = temporal;
  const connection = await NativeConnection.connect({ address });
  const isEncrypted = (dataConverter.payloadCodecs ?? []).length > 0;
  const interceptors = { activity: isEncrypted ? [heartbeats, hideNames] : [heartbeats] };
  const workflowBundle = await loadBundle();
  const common = {
    connection,
    namespace,
    dataConverter,
    activities,
    interceptors,
    workflowBundle,
    shutdownForceTime: '1s' as const,
  };
  const workers = await Promise.all(
    Object.values(TASK_QUEUES).map((taskQueue) =>
      Worker.create({ ...common, taskQueue, maxConcurrentWorkflowTaskExecutions: 50 }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
    await connection.close();
  };
}
