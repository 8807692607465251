// The whole of Postrider on one machine: PostgreSQL and Temporal (embedded, or the ones given), then worker and API as
// processes of their own. What `npm start`, the benchmarks and the end-to-end tests run.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { loadApiConfig, type Config, type LocalConfig } from '../config.ts';
import { migrate } from '../store/db/migrate.ts';
import { TASK_QUEUES } from '../workflows/contract.ts';
import { loadSecrets, lockDataDir, makeDataDir } from './data-dir.ts';
import { createPostgresPart, postgresUrl } from './postgres.ts';
import { spawnCommand, waitUntil, type Part } from './process.ts';
import { createSupervisor, type Supervisor } from './supervise.ts';
import { findTemporalCli } from './temporal-cli.ts';
import { createTemporalPart } from './temporal.ts';

export interface Stack {
  readonly apiUrl: string;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Undefined for a Temporal that was given without `TEMPORAL_UI_URL`. */
  readonly temporalUiUrl: string | undefined;
  /** Only with `receiver`. */
  readonly receiverUrl: string;
  readonly adminToken: string;
  readonly dataDir: string;
  /** Stops every part, worker and API first, so that postbacks in flight are still recorded. */
  stop(): Promise<void>;
}

export interface StackOptions {
  /** One line for each thing worth knowing while it starts and runs. */
  readonly print?: Print;
  /** Runs the bundled receiver as well. */
  readonly receiver?: boolean;
  /** Gives up on starting. */
  readonly signal?: AbortSignal;
}

type Print = (line: string) => void;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// API and worker finish what they hold while everything they need is still there; the database is the last to go.
const STOP_ORDER = [['api', 'worker'], ['receiver', 'temporal'], ['postgres']] as const;

/** Starts everything and returns when events can be taken and worked on. Throws, with nothing left running, when a part does not come up. */
export async function startStack(
  config: LocalConfig,
  { print = () => {}, receiver = false, signal }: StackOptions = {},
): Promise<Stack> {
  const dataDir = resolve(config.dataDir);
  makeDataDir(dataDir);
  const unlock = lockDataDir(dataDir);
  const supervisor = createSupervisor({ dataDir, print });
  const stop = async (): Promise<void> => {
    await supervisor.stop(STOP_ORDER);
    unlock();
  };
  signal?.addEventListener('abort', () => void supervisor.stop(STOP_ORDER));
  try {
    const stack = describeStack(config, dataDir);
    const parts = await createParts(config, stack, print);
    await startParts(
      supervisor,
      { ...parts, own: parts.own.filter(({ name }) => receiver || name !== 'receiver') },
      stack.databaseUrl,
      print,
    );
    signal?.throwIfAborted();
    return { ...stack, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type StackPlaces = Omit<Stack, 'stop'> & { readonly secretsKey: string };

/** Where everything will be. What is not embedded must be given in full, and the processes say what is missing. */
function describeStack(config: LocalConfig, dataDir: string): StackPlaces {
  const made = loadSecrets(dataDir);
  const { env, embedded, host, port } = config;
  const uiUrl = config.temporalAddress ? env.TEMPORAL_UI_URL : `http://127.0.0.1:${config.temporalUiPort}`;
  return {
    apiUrl: `http://${['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host}:${port}`,
    databaseUrl:
      config.databaseUrl ?? postgresUrl({ port: config.postgresPort, password: made.postgresPassword }),
    temporalAddress: config.temporalAddress ?? `127.0.0.1:${config.temporalPort}`,
    temporalUiUrl: uiUrl,
    receiverUrl: `http://127.0.0.1:${config.receiverPort}`,
    adminToken: env.ADMIN_TOKEN || (embedded ? made.adminToken : ''),
    secretsKey: env.SECRETS_KEY || (embedded ? made.secretsKey : ''),
    dataDir,
  };
}

/** The environment of our own processes: what was given, and for an embedded stack the settings that make it usable at once. */
function processEnv(config: LocalConfig, stack: StackPlaces): Record<string, string | undefined> {
  const friendly = {
    ALLOW_ENDPOINT_CIDRS: '127.0.0.0/8,::1/128',
    ALLOW_ENDPOINT_PORTS: '*',
    REQUIRE_HTTPS: 'false',
  };
  return {
    ...(config.embedded ? friendly : {}),
    ...config.env,
    DATA_DIR: stack.dataDir,
    DATABASE_URL: stack.databaseUrl,
    TEMPORAL_ADDRESS: stack.temporalAddress,
    TEMPORAL_UI_URL: stack.temporalUiUrl,
    ADMIN_TOKEN: stack.adminToken,
    SECRETS_KEY: stack.secretsKey,
  };
}

interface Parts {
  readonly postgres: Part | undefined;
  readonly temporal: Part | undefined;
  readonly own: readonly Part[];
}

async function createParts(config: LocalConfig, stack: StackPlaces, print: Print): Promise<Parts> {
  const { dataDir } = stack;
  const env = processEnv(config, stack);
  // Read here as well, so that what is missing is said before anything starts.
  const { temporal } = loadApiConfig(env);
  const postgresOptions = {
    dataDir,
    port: config.postgresPort,
    password: loadSecrets(dataDir).postgresPassword,
  };
  const temporalOptions = {
    dataDir,
    port: config.temporalPort,
    uiPort: config.temporalUiPort,
    namespace: config.temporalNamespace,
  };
  const answersAt = (url: string) => (signal: AbortSignal) =>
    waitUntil(async () => (await fetch(url, { signal })).ok, signal);
  const own = [
    nodePart({
      name: 'worker',
      entry: 'worker/main.ts',
      youngMb: 64,
      env,
      dataDir,
      stopSeconds: 26,
      ready: workerPolls(temporal),
    }),
    nodePart({
      name: 'api',
      entry: 'api/main.ts',
      youngMb: 32,
      env,
      dataDir,
      stopSeconds: 15,
      ready: answersAt(`${stack.apiUrl}/readyz`),
    }),
    nodePart({
      name: 'receiver',
      entry: 'local/receiver.ts',
      youngMb: 16,
      env,
      dataDir,
      stopSeconds: 2,
      ready: answersAt(`${stack.receiverUrl}/stats`),
    }),
  ];
  return {
    postgres: config.databaseUrl ? undefined : await createPostgresPart(postgresOptions),
    temporal: config.temporalAddress
      ? undefined
      : await createTemporalPart({ ...temporalOptions, program: await findTemporalCli(print) }),
    own,
  };
}

async function startParts(
  supervisor: Supervisor,
  parts: Parts,
  databaseUrl: string,
  print: Print,
): Promise<void> {
  const services = [parts.postgres, parts.temporal].filter((part) => part !== undefined);
  await supervisor.endLeftovers([...parts.own, ...services]);
  await settleAll(services.map((part) => supervisor.add(part)));
  await migrate(databaseUrl, print);
  await settleAll(parts.own.map((part) => supervisor.add(part)));
}

/** Waits for all of them even when one fails, so that nothing is still starting when the others are stopped. */
async function settleAll(starts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(starts);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

interface NodePart extends Pick<Part, 'name' | 'ready' | 'stopSeconds'> {
  readonly entry: string;
  /** Room for objects that live briefly; with Node's own 16 MB a sixth of a busy worker's time goes into collecting them. */
  readonly youngMb: number;
  readonly env: Record<string, string | undefined>;
  readonly dataDir: string;
}

/** Host names are resolved by half of the threads at most; with Node's four, two dead name servers would hold up everybody. */
const THREADS = { UV_THREADPOOL_SIZE: '32' };

/** A process of ours, run from its TypeScript source. */
function nodePart({ entry, youngMb, env, dataDir, ...rest }: NodePart): Part {
  const mark = resolve(ROOT, entry);
  const logFile = resolve(dataDir, `logs/${rest.name}.log`);
  const args = [
    `--max-semi-space-size=${youngMb}`,
    '--enable-source-maps',
    '--import',
    import.meta.resolve('@oxc-node/core/register'),
    mark,
  ];
  return {
    ...rest,
    logFile,
    mark,
    spawn: () =>
      spawnCommand({ file: process.execPath, args, env: { ...env, ...THREADS }, logFile, cwd: ROOT }),
    readySeconds: 60,
    stopSignal: 'SIGTERM',
  };
}

/** Ready when a worker asks for batches that was not there before; Temporal goes on listing one that died for minutes. */
function workerPolls({ connection: options, namespace }: Config['temporal']) {
  return async (signal: AbortSignal): Promise<void> => {
    const since = Date.now();
    const connection = Connection.lazy(options);
    const polls = async (): Promise<boolean> => {
      const { pollers } = await connection.withDeadline(Date.now() + 1000, () =>
        connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: TASK_QUEUES.batches } }),
      );
      return (pollers ?? []).some(
        ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since - 1000,
      );
    };
    try {
      await waitUntil(polls, signal);
    } finally {
      await connection.close();
    }
  };
}
