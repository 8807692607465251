// A Temporal cluster on PostgreSQL, as docker-compose.yml runs it, without containers: the same
// schema script, environment, dynamic configuration and namespace script.
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { spawnCommand, startPart, waitUntil, type Part, type RunningPart } from '../../local/process.ts';
import { freePort } from '../support/ports.ts';
import type { TestServices } from '../support/test-run.ts';
import { environmentOf, scriptOf } from './compose.ts';
import type { ClusterPrograms } from './programs.ts';

const run = promisify(execFile);
const SCRIPT_TIMEOUT_MS = 120_000;

/** The ports that the server listens on, as its configuration names them. */
const PORTS = ['FRONTEND', 'HISTORY', 'MATCHING', 'WORKER'].flatMap((service) => [
  `${service}_GRPC_PORT`,
  `${service}_MEMBERSHIP_PORT`,
]);

/** Starts a cluster whose two databases are on the PostgreSQL server of the run. */
export async function startCluster(
  { dataDir, postgres }: TestServices,
  programs: ClusterPrograms,
  temporalCli: string,
): Promise<RunningPart & { readonly address: string }> {
  const values = { POSTGRES_PASSWORD: postgres.password, TEMPORAL_NAMESPACE: 'default' };
  const path = [programs.folder, process.env.PATH].join(':');
  const script = async (service: string, own: Record<string, string>): Promise<void> => {
    const env = {
      ...environmentOf(service, values, own),
      PATH: path,
      HOME: dataDir,
      TEMPORAL_CLI: temporalCli,
    };
    const text = scriptOf(service, { '/etc/temporal/schema': programs.schema });
    const named = `temporal() { "$TEMPORAL_CLI" "$@"; }\n${text}`;
    await run('sh', ['-euc', named], { env, timeout: SCRIPT_TIMEOUT_MS });
  };
  await script('temporal-schema', { SQL_HOST: '127.0.0.1', SQL_PORT: String(postgres.port) });

  const ports: Record<string, string> = {};
  for (const name of [...PORTS, 'FRONTEND_HTTP_PORT']) ports[name] = String(await freePort());
  const address = `127.0.0.1:${ports['FRONTEND_GRPC_PORT']}`;
  const environment = environmentOf('temporal', values, {
    ...ports,
    POSTGRES_SEEDS: '127.0.0.1',
    DB_PORT: String(postgres.port),
    BIND_ON_IP: '127.0.0.1',
    DYNAMIC_CONFIG_FILE_PATH: resolve('docs/deploy/temporal-dynamic-config.yaml'),
  });
  const server = await startPart(serverPart({ dataDir, programs, address, environment }));
  try {
    await script('temporal-namespace', { TEMPORAL_ADDRESS: address });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { ...server, address };
}

interface Server {
  readonly dataDir: string;
  readonly programs: ClusterPrograms;
  readonly address: string;
  readonly environment: Readonly<Record<string, string>>;
}

function serverPart({ dataDir, programs, address, environment }: Server): Part {
  const file = join(programs.folder, 'temporal-server');
  const logFile = join(dataDir, 'logs/temporal-cluster.log');
  return {
    name: 'temporal-server',
    logFile,
    mark: file,
    spawn: () => spawnCommand({ file, args: ['start'], env: environment, logFile }),
    ready: (signal) => waitUntil(() => isServing(address), signal),
    readySeconds: 60,
    stopSignal: 'SIGTERM',
    stopSeconds: 10,
  };
}

async function isServing(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1000 });
  try {
    await connection.workflowService.getClusterInfo({});
    return true;
  } finally {
    await connection.close();
  }
}
