// A stack whose PostgreSQL and Temporal can be put back to an earlier moment, as from a backup:
// both keep their data on disk, and a moment is a copy of it, made while the server stands.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { answersAt, nodePart, workerPolls } from '../../../local/node-part.ts';
import { createPostgresPart, postgresUrl } from '../../../local/postgres.ts';
import { startPart, type Part, type RunningPart } from '../../../local/process.ts';
import { findTemporalCli } from '../../../local/temporal-cli.ts';
import { createTemporalPart } from '../../../local/temporal.ts';
import { migrate } from '../../../store/db/migrate.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { freePort } from '../../support/ports.ts';
import { LOOPBACK_SETTINGS } from '../../support/stack.ts';

type ServerName = 'postgres' | 'temporal';
type PartName = ServerName | 'api' | 'worker';

export interface RestorableStack {
  readonly url: string;
  readonly pool: Pool;
  readonly temporal: Client;
  start(...names: PartName[]): Promise<void>;
  stop(...names: PartName[]): Promise<void>;
  /** Keeps the moment of a server; it stands meanwhile. */
  keep(name: ServerName): Promise<void>;
  /** Puts a server back to the kept moment; it stands meanwhile. */
  putBack(name: ServerName): Promise<void>;
  /** Stops everything and removes the data. */
  close(): Promise<void>;
}

const NAMESPACE = 'default';
const PASSWORD = 'restored';

/** With all parts running. */
export async function withRestorableStack(): Promise<RestorableStack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postrider-restored-'));
  chmodSync(dataDir, 0o755);
  const [pgPort, temporalPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const databaseUrl = postgresUrl({ port: pgPort, password: PASSWORD });
  const url = `http://127.0.0.1:${apiPort}`;
  const address = `127.0.0.1:${temporalPort}`;
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(apiPort),
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: NAMESPACE,
    ...LOOPBACK_SETTINGS,
    DRAIN_SECONDS: '0',
  };
  const node = { env, dataDir, stopSeconds: 30 };
  const temporalOptions = {
    program: await findTemporalCli(console.log),
    dataDir,
    port: temporalPort,
    namespace: NAMESPACE,
  };
  const parts: Readonly<Record<PartName, Part>> = {
    postgres: await createPostgresPart({ dataDir, port: pgPort, password: PASSWORD }),
    temporal: await createTemporalPart(temporalOptions),
    api: nodePart({
      ...node,
      name: 'api',
      entry: 'api/main.ts',
      youngMb: 32,
      ready: answersAt(`${url}/readyz`),
    }),
    worker: nodePart({
      ...node,
      name: 'worker',
      entry: 'worker/main.ts',
      youngMb: 64,
      ready: workerPolls({ connection: { address }, namespace: NAMESPACE } as Parameters<
        typeof workerPolls
      >[0]),
    }),
  };
  const running = new Map<PartName, RunningPart>();
  const start = async (...names: PartName[]): Promise<void> => {
    for (const name of names) running.set(name, await startPart(parts[name]));
  };
  const stop = async (...names: PartName[]): Promise<void> => {
    for (const name of names) {
      await running.get(name)?.stop();
      running.delete(name);
    }
  };
  const folder = (name: ServerName): string => join(dataDir, name);
  const standing = async (name: ServerName, work: () => void): Promise<void> => {
    await stop(name);
    work();
    await start(name);
  };

  await start('postgres', 'temporal');
  await migrate(databaseUrl);
  await start('api', 'worker');
  const pool = createPool(databaseUrl, { max: 4, applicationName: 'test', onError: () => {} });
  const connection = Connection.lazy({ address });
  return {
    url,
    pool,
    temporal: new Client({ connection, namespace: NAMESPACE }),
    start,
    stop,
    keep: (name) => standing(name, () => copy(folder(name), `${folder(name)}.kept`)),
    putBack: (name) => standing(name, () => copy(`${folder(name)}.kept`, folder(name))),
    async close() {
      await pool.end();
      await connection.close();
      await stop('api', 'worker', 'temporal', 'postgres');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** With owners and rights, since PostgreSQL may run as another user. */
function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
