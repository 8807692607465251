// Parts of a chaos run as processes of their own: PostgreSQL, Temporal, two APIs and two workers,
// started again by the stack's supervisor. Every connection between them goes through a cable.
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { answersAt, nodePart, workerPolls } from '../../local/node-part.ts';
import { createPostgresPart, postgresUrl } from '../../local/postgres.ts';
import type { Part } from '../../local/process.ts';
import { createSupervisor } from '../../local/supervise.ts';
import { findTemporalCli } from '../../local/temporal-cli.ts';
import { createTemporalPart } from '../../local/temporal.ts';
import { migrate } from '../../store/db/migrate.ts';
import { freePort } from '../support/ports.ts';
import { startProxy, throughProxy, type SeverableProxy } from '../support/severable-proxy.ts';
import { ADMIN_TOKEN, LOOPBACK_SETTINGS } from '../support/stack.ts';
import { CABLES, PARTS, type CableName, type PartName } from './plan.ts';

export interface Parts {
  /** Addresses of the APIs, as the callers reach them. */
  readonly apiUrls: readonly string[];
  /** The same, without a cable. */
  readonly directApiUrls: readonly string[];
  /** Connects directly. */
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly adminToken: string;
  readonly cables: Readonly<Record<CableName, SeverableProxy>>;
  /** Process id at the moment. */
  pid(part: PartName): number;
  /** Whether a part answers, asked directly; of a worker, whether it has begun to work. */
  isUp(part: PartName): Promise<boolean>;
  stop(): Promise<void>;
}

type WorkerName = 'worker-1' | 'worker-2';

const NAMESPACE = 'default';
const STOP_ORDER = [['api-1', 'api-2', 'worker-1', 'worker-2'], ['temporal'], ['postgres']] as const;

/** Starts these parts on free ports, with their data in a new folder. */
export async function startParts(
  print: (line: string) => void,
  wanted: readonly PartName[] = PARTS,
): Promise<Parts> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postrider-chaos-'));
  chmodSync(dataDir, 0o755);
  const ports = {
    postgres: await freePort(),
    temporal: await freePort(),
    'api-1': await freePort(),
    'api-2': await freePort(),
  };
  const cables = {} as Record<CableName, SeverableProxy>;
  for (const name of CABLES) cables[name] = await startProxy(ports[name.split('>')[1] as keyof typeof ports]);
  const databaseUrl = postgresUrl({ port: ports.postgres, password: 'chaos' });
  const supervisor = createSupervisor({ dataDir, print });
  const stop = async (): Promise<void> => {
    await supervisor.stop(STOP_ORDER);
    await Promise.all(Object.values(cables).map((cable) => cable.close()));
  };

  const envOf = (part: 'api-1' | 'api-2' | 'worker-1' | 'worker-2', port: number) => ({
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(port),
    DATA_DIR: dataDir,
    DATABASE_URL: throughProxy(databaseUrl, cables[`${part}>postgres`]),
    TEMPORAL_ADDRESS: cables[`${part}>temporal`].address,
    TEMPORAL_NAMESPACE: NAMESPACE,
    TEMPORAL_UI_URL: 'http://temporal.example',
    ...LOOPBACK_SETTINGS,
    DRAIN_SECONDS: '0',
  });
  const api = (name: 'api-1' | 'api-2') =>
    nodePart({
      name,
      entry: 'api/main.ts',
      youngMb: 32,
      dataDir,
      stopSeconds: 10,
      env: envOf(name, ports[name]),
      ready: answersAt(`http://127.0.0.1:${ports[name]}/readyz`),
    });
  const direct = { connection: { address: `127.0.0.1:${ports.temporal}` }, namespace: NAMESPACE };
  const worker = (name: 'worker-1' | 'worker-2') =>
    nodePart({
      name,
      entry: 'worker/main.ts',
      youngMb: 64,
      dataDir,
      stopSeconds: 10,
      env: envOf(name, ports['api-1']),
      ready: workerPolls(direct as Parameters<typeof workerPolls>[0]),
    });
  try {
    const makers: Readonly<Record<PartName, () => Promise<Part>>> = {
      postgres: () => createPostgresPart({ dataDir, port: ports.postgres, password: 'chaos' }),
      temporal: async () =>
        createTemporalPart({
          program: await findTemporalCli(print),
          dataDir,
          port: ports.temporal,
          namespace: NAMESPACE,
        }),
      'api-1': async () => api('api-1'),
      'api-2': async () => api('api-2'),
      'worker-1': async () => worker('worker-1'),
      'worker-2': async () => worker('worker-2'),
    };
    const start = async (name: PartName) => supervisor.add(await makers[name]());
    const isServer = (name: PartName): boolean => name === 'postgres' || name === 'temporal';
    await Promise.all(wanted.filter(isServer).map(start));
    await migrate(databaseUrl);
    await Promise.all(wanted.filter((name) => !isServer(name)).map(start));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    apiUrls: [cables['callers>api-1'], cables['callers>api-2']].map(({ address }) => `http://${address}`),
    directApiUrls: [ports['api-1'], ports['api-2']].map((port) => `http://127.0.0.1:${port}`),
    databaseUrl,
    dataDir,
    adminToken: ADMIN_TOKEN,
    cables,
    pid: (part) => pidsOf(dataDir)[part],
    async isUp(part) {
      if (part === 'postgres') return await answersQueries(databaseUrl);
      if (part === 'worker-1' || part === 'worker-2') return hasStarted(part, dataDir);
      return await isListening(ports[part]);
    },
    stop,
  };
}

function pidsOf(dataDir: string): Record<PartName, number> {
  return JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as Record<PartName, number>;
}

/** By the process id in its log, since a log that is full is put away when a process starts. */
function hasStarted(part: WorkerName, dataDir: string): boolean {
  const lines = readFileSync(join(dataDir, `logs/${part}.log`), 'utf8').split('\n');
  const pid = `"pid":${pidsOf(dataDir)[part]},`;
  return lines.some((line) => line.includes('"worker started"') && line.includes(pid));
}

async function answersQueries(databaseUrl: string): Promise<boolean> {
  const client = new Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 1000,
    query_timeout: 1000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1000 });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
