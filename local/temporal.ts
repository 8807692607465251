// The embedded Temporal development server, with the settings this project is measured on.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES, WORKFLOWS } from '../workflows/contract.ts';
import { spawnCommand, startPart, waitUntil, type Part, type RunningPart } from './process.ts';

export interface TemporalOptions {
  /** The `temporal` program, from `findTemporalCli`. */
  readonly program: string;
  /** The folder that holds `temporal/` (the data) and `logs/`. */
  readonly dataDir: string;
  readonly port: number;
  /** No UI when not given. */
  readonly uiPort?: number;
  readonly namespace: string;
  /** Forget everything at the end; for tests. */
  readonly inMemory?: boolean;
}

// The defaults of the first two (20 a second) cost 50 ms for every step on the development server's single shard.
// The others are limits of a shared cluster; here they would only turn a burst into errors.
const DYNAMIC_CONFIG = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.rps': 50_000,
  'matching.rps': 50_000,
  'matching.enableFairness': true,
  // Tasks are in turn within a partition; and on one machine several only forward to each other.
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'frontend.rps': 50_000,
  'frontend.namespaceRPS': 50_000,
};

// A closed workflow must stay readable longer than the retry schedule runs (75 h); the server's own default is a day.
const RETENTION_SECONDS = 7 * 24 * 3600;

/** Temporal as a part of the stack: ready when it answers and its namespace keeps histories long enough. */
export async function createTemporalPart(options: TemporalOptions): Promise<Part> {
  const logFile = resolve(options.dataDir, 'logs/temporal.log');
  return {
    name: 'temporal',
    logFile,
    mark: `start-dev --ip 127.0.0.1 --port ${options.port} `,
    spawn: () =>
      spawnCommand({ file: options.program, args: serverArguments(options), env: SERVER_ENV, logFile }),
    ready: (signal) => waitUntil(() => answers(options), signal),
    readySeconds: 60,
    stopSignal: 'SIGTERM',
    stopSeconds: 3,
  };
}

/** A server for tests and tools that supervise nothing. */
export async function startTemporal(
  options: TemporalOptions,
): Promise<RunningPart & { readonly address: string }> {
  return { ...(await startPart(await createTemporalPart(options))), address: `127.0.0.1:${options.port}` };
}

/** Where ops look: what is open because something is wrong. Healthy traffic never shows there. */
export function stuckWorkflowsUrl(uiUrl: string, namespace: string): string {
  const { deliverPostback, drainEndpoint, settleSetAside } = WORKFLOWS;
  const troubled = [deliverPostback, drainEndpoint, settleSetAside].map((name) => `"${name}"`).join(', ');
  // No "or": the UI shows filters side by side, and who reads them takes them to hold all at once.
  const query = `ExecutionStatus="Running" AND WorkflowType IN (${troubled})`;
  return `${uiUrl}/namespaces/${namespace}/workflows?query=${encodeURIComponent(query)}`;
}

// A user's own TEMPORAL_* settings are about some other server.
const SERVER_ENV = { PATH: process.env.PATH, HOME: process.env.HOME };

function serverArguments({ dataDir, port, uiPort, namespace, inMemory = false }: TemporalOptions): string[] {
  const folder = resolve(dataDir, 'temporal');
  if (!inMemory) mkdirSync(folder, { recursive: true });
  return [
    'server',
    'start-dev',
    ...flag('ip', '127.0.0.1'),
    ...flag('port', String(port)),
    ...flag('namespace', namespace),
    ...flag('log-level', 'warn'),
    ...(uiPort === undefined ? ['--headless'] : flag('ui-port', String(uiPort))),
    ...(inMemory ? [] : flag('db-filename', join(folder, 'temporal.db'))),
    // Without a wait for the disk at every step: a kill loses nothing, and what a power cut takes the sweep starts again from PostgreSQL.
    ...(inMemory
      ? []
      : [...flag('sqlite-pragma', 'journal_mode=wal'), ...flag('sqlite-pragma', 'synchronous=1')]),
    ...searchAttributeFlags(),
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) =>
      flag('dynamic-config-value', `${key}=${value}`),
    ),
  ];
}

function searchAttributeFlags(): string[] {
  const { keyword, int, datetime } = SEARCH_ATTRIBUTES;
  const types = [
    ...keyword.map((name) => `${name}=Keyword`),
    ...int.map((name) => `${name}=Int`),
    ...datetime.map((name) => `${name}=Datetime`),
  ];
  return types.flatMap((type) => flag('search-attribute', type));
}

function flag(name: string, value: string): [string, string] {
  return [`--${name}`, value];
}

/** True when the namespace is there and its retention is long enough, which is set on the way. */
async function answers({ port, namespace }: TemporalOptions): Promise<boolean> {
  const connection = Connection.lazy({ address: `127.0.0.1:${port}` });
  try {
    return await connection.withDeadline(Date.now() + 1000, async () => {
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= RETENTION_SECONDS) return true;
      const workflowExecutionRetentionTtl = msToTs(RETENTION_SECONDS * 1000);
      await connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl },
      });
      return true;
    });
  } finally {
    await connection.close();
  }
}
