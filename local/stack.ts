// Runs all of Postrider on one machine: PostgreSQL and Temporal (embedded or given), then worker
// and API as separate processes. Used by `npm start`, the benchmarks and the end-to-end tests.
import { resolve } from 'node:path';
import { loadApiConfig, type LocalConfig } from '../config.ts';
import { migrate } from '../store/db/migrate.ts';
import { loadSecrets, lockDataDir, makeDataDir } from './data-dir.ts';
import { answersAt, nodePart, workerPolls } from './node-part.ts';
import { createPostgresPart, postgresUrl } from './postgres.ts';
import type { Part } from './process.ts';
import { createSupervisor, type Supervisor } from './supervise.ts';
import { findTemporalCli } from './temporal-cli.ts';
import { createTemporalPart } from './temporal.ts';

export interface Stack {
  readonly apiUrl: string;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Undefined when `TEMPORAL_ADDRESS` is set without `TEMPORAL_UI_URL`. */
  readonly temporalUiUrl: string | undefined;
  /** The `temporal` program of the embedded server, which is the CLI too. */
  readonly temporalCli: string | undefined;
  /** Only with `receiver`. */
  readonly receiverUrl: string;
  readonly adminToken: string;
  readonly dataDir: string;
  /** Stops every part, worker and API first, so that postbacks in flight are still recorded. */
  stop(): Promise<void>;
}

interface StackOptions {
  /** Receives one line per step of the start and per restart. */
  readonly print?: Print;
  /** Runs the bundled receiver as well. */
  readonly receiver?: boolean;
  /** Aborts the start. */
  readonly signal?: AbortSignal;
}

type Print = (line: string) => void;

// API and worker finish their work while their dependencies still run; the database stops last.
const STOP_ORDER = [['api', 'worker'], ['receiver', 'temporal'], ['postgres']] as const;

/**
 * Starts everything and resolves when events can be accepted and processed. Throws, with nothing
 * left running, when a part does not start.
 */
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
    return { ...stack, temporalCli: parts.temporalCli, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type StackAddresses = Omit<Stack, 'stop' | 'temporalCli'> & { readonly secretsKey: string };

/**
 * Addresses and secrets of the stack. A part that is not embedded must be configured in full; the
 * processes report missing variables.
 */
function describeStack(config: LocalConfig, dataDir: string): StackAddresses {
  const secrets = loadSecrets(dataDir);
  const { env, embedded, host, port } = config;
  const uiUrl = config.temporalAddress ? env.TEMPORAL_UI_URL : `http://127.0.0.1:${config.temporalUiPort}`;
  return {
    apiUrl: `http://${['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host}:${port}`,
    databaseUrl:
      config.databaseUrl ?? postgresUrl({ port: config.postgresPort, password: secrets.postgresPassword }),
    temporalAddress: config.temporalAddress ?? `127.0.0.1:${config.temporalPort}`,
    temporalUiUrl: uiUrl,
    receiverUrl: `http://127.0.0.1:${config.receiverPort}`,
    adminToken: env.ADMIN_TOKEN || (embedded ? secrets.adminToken : ''),
    secretsKey: env.SECRETS_KEY || (embedded ? secrets.secretsKey : ''),
    dataDir,
  };
}

/**
 * Environment of API and worker: the caller's variables, plus convenient defaults for an embedded
 * stack.
 */
function processEnv(config: LocalConfig, stack: StackAddresses): Record<string, string | undefined> {
  const embeddedDefaults = {
    ALLOW_ENDPOINT_CIDRS: '127.0.0.0/8,::1/128',
    ALLOW_ENDPOINT_PORTS: '*',
    REQUIRE_HTTPS: 'false',
    DRAIN_SECONDS: '0',
  };
  return {
    ...(config.embedded ? embeddedDefaults : {}),
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
  readonly temporalCli: string | undefined;
  readonly own: readonly Part[];
}

async function createParts(config: LocalConfig, stack: StackAddresses, print: Print): Promise<Parts> {
  const { dataDir } = stack;
  const env = processEnv(config, stack);
  // Validated here too, so that missing variables are reported before anything starts.
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
    codecEndpoint: temporal.codecKeys && `${stack.apiUrl}/codec`,
    namespace: config.temporalNamespace,
  };
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
  const temporalCli = config.temporalAddress ? undefined : await findTemporalCli(print);
  return {
    postgres: config.databaseUrl ? undefined : await createPostgresPart(postgresOptions),
    temporal:
      temporalCli === undefined
        ? undefined
        : await createTemporalPart({ ...temporalOptions, program: temporalCli }),
    temporalCli,
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

/**
 * Waits for all starts even when one fails, so that nothing is still starting when the others are
 * stopped.
 */
async function settleAll(starts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(starts);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
