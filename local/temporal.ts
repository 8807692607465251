// Runs the embedded Temporal development server with the settings this project is measured on.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES, WORKFLOWS } from '../workflows/contract.ts';
import { spawnCommand, startPart, waitUntil, type Part, type RunningPart } from './process.ts';

interface TemporalOptions {
  /** Path of the `temporal` program, from `findTemporalCli`. */
  readonly program: string;
  /** The folder that holds `temporal/` (the data) and `logs/`. */
  readonly dataDir: string;
  readonly port: number;
  /** Without a port there is no UI. */
  readonly uiPort?: number;
  /** Address of the codec server that the UI asks for encrypted payloads. */
  readonly codecEndpoint?: string | undefined;
  readonly namespace: string;
  /** Keeps nothing on disk; for tests. */
  readonly inMemory?: boolean;
  /** Dynamic settings of the server besides the usual ones; for tests. */
  readonly settings?: Readonly<Record<string, number>>;
}

// The defaults of the first two (20 a second) cost 50 ms per step on the development server's
// single shard. The other limits protect a shared cluster; here they would only fail bursts.
const DYNAMIC_CONFIG = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.rps': 50_000,
  'matching.rps': 50_000,
  'matching.enableFairness': true,
  // Fairness orders tasks within one partition; on one machine further partitions only forward to
  // each other.
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'frontend.rps': 50_000,
  'frontend.namespaceRPS': 50_000,
};

// Closed workflows must stay readable longer than the retry schedule runs (75 h); the server's
// default is a day.
const RETENTION_SECONDS = 7 * 24 * 3600;

/**
 * Temporal as a part of the stack: ready when the server answers and its namespace keeps histories
 * long enough.
 */
export async function createTemporalPart(options: TemporalOptions): Promise<Part> {
  const logFile = resolve(options.dataDir, 'logs/temporal.log');
  return {
    name: 'temporal',
    logFile,
    mark: `start-dev --ip 127.0.0.1 --port ${options.port} `,
    spawn: () =>
      spawnCommand({ file: options.program, args: serverArguments(options), env: SERVER_ENV, logFile }),
    ready: (signal) => waitUntil(() => isReady(options), signal),
    readySeconds: 60,
    stopSignal: 'SIGTERM',
    stopSeconds: 3,
  };
}

/** Starts a server without supervision, for tests and tools. */
export async function startTemporal(
  options: TemporalOptions,
): Promise<RunningPart & { readonly address: string }> {
  return { ...(await startPart(await createTemporalPart(options))), address: `127.0.0.1:${options.port}` };
}

/** UI link to open workflows that handle a problem. Healthy traffic never appears there. */
export function stuckWorkflowsUrl(uiUrl: string, namespace: string): string {
  const { deliverPostback, drainEndpoint, settleSetAside } = WORKFLOWS;
  const troubled = [deliverPostback, drainEndpoint, settleSetAside].map((name) => `"${name}"`).join(', ');
  // No OR between the filters: the UI shows filters side by side, which reads as AND.
  const query = `ExecutionStatus="Running" AND WorkflowType IN (${troubled})`;
  return `${uiUrl}/namespaces/${namespace}/workflows?query=${encodeURIComponent(query)}`;
}

// The user's TEMPORAL_* variables configure another server.
const SERVER_ENV = { PATH: process.env.PATH, HOME: process.env.HOME };

function serverArguments(options: TemporalOptions): string[] {
  const { dataDir, port, uiPort, codecEndpoint, namespace, inMemory = false, settings = {} } = options;
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
    ...(codecEndpoint === undefined ? [] : flag('ui-codec-endpoint', codecEndpoint)),
    ...(inMemory ? [] : flag('db-filename', join(folder, 'temporal.db'))),
    // Steps do not wait for the disk. A kill loses nothing, and after a power cut the sweep
    // restarts lost workflows from PostgreSQL.
    ...(inMemory
      ? []
      : [...flag('sqlite-pragma', 'journal_mode=wal'), ...flag('sqlite-pragma', 'synchronous=1')]),
    ...searchAttributeFlags(),
    ...Object.entries({ ...DYNAMIC_CONFIG, ...settings }).flatMap(([key, value]) =>
      flag('dynamic-config-value', `${key}=${value}`),
    ),
  ];
}

function searchAttributeFlags(): string[] {
  const { keyword, keywordList, int, datetime } = SEARCH_ATTRIBUTES;
  const types = [
    ...keyword.map((name) => `${name}=Keyword`),
    ...keywordList.map((name) => `${name}=KeywordList`),
    ...int.map((name) => `${name}=Int`),
    ...datetime.map((name) => `${name}=Datetime`),
  ];
  return types.flatMap((type) => flag('search-attribute', type));
}

function flag(name: string, value: string): [string, string] {
  return [`--${name}`, value];
}

/** Whether the namespace exists with a sufficient retention; a shorter retention is raised. */
async function isReady({ port, namespace }: TemporalOptions): Promise<boolean> {
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
