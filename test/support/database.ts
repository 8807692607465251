// Database per test file, cloned in a moment from a template that is migrated once per run.
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { migrate } from '../../store/db/migrate.ts';
import { createPool, type Pool } from '../../store/db/pool.ts';

export interface TestDatabase {
  readonly pool: Pool;
  readonly url: string;
  /**
   * Copies the database as it is. The function returned puts the copy in its place, as from a
   * backup. Both end all connections, and nobody may open one meanwhile.
   */
  readonly copy: () => Promise<() => Promise<void>>;
  /** Closes the pool and drops the database, also while others are connected. For `after`. */
  readonly drop: () => Promise<void>;
}

const TEMPLATE = 'postrider_template';

/**
 * Creates an empty database with the current schema. Throws, naming the command to run, when there
 * is no server.
 */
export async function withDatabase(): Promise<TestDatabase> {
  const server = serverUrl();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name} template ${TEMPLATE}`);
  const url = urlOf(server, name);
  const pool = createPool(url, { max: 10, applicationName: 'test' });
  let dropped: Promise<void> | undefined;
  const drop = async (): Promise<void> => {
    await pool.end();
    await administer(server, `drop database ${name} with (force)`);
  };
  return { pool, url, copy: () => copyOf(server, name), drop: () => (dropped ??= drop()) };
}

async function copyOf(server: string, name: string): Promise<() => Promise<void>> {
  const copy = `${name}_copy`;
  await administer(
    server,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
  await administer(server, `create database ${copy} template ${name}`);
  return async () => {
    await administer(server, `drop database ${name} with (force)`);
    await administer(server, `alter database ${copy} rename to ${name}`);
  };
}

/** Database without any table, for tests of the migrations. */
export async function withEmptyDatabase(): Promise<TestDatabase> {
  const database = await withDatabase();
  await database.pool.query('drop schema public cascade; create schema public');
  return database;
}

/** Creates the template that `withDatabase` clones. Called once, by `npm test`. */
export async function createTemplate(server: string): Promise<void> {
  await administer(server, `create database ${TEMPLATE}`);
  await migrate(urlOf(server, TEMPLATE));
}

function serverUrl(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (!url)
    throw new Error(
      `This test needs PostgreSQL, which npm test starts: "npm test -- ${process.argv[1] ?? 'test/…'}"`,
    );
  return url;
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(server, 'postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
