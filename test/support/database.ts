// A database of its own for each test file, cloned in a moment from one that was migrated once per run.
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { migrate } from '../../store/db/migrate.ts';
import { createPool, type Pool } from '../../store/db/pool.ts';

export interface TestDatabase {
  readonly pool: Pool;
  readonly url: string;
  /** Closes the pool and removes the database, whoever else is still connected. For `after`. */
  readonly drop: () => Promise<void>;
}

const TEMPLATE = 'postrider_template';

/** An empty database with the current schema. Throws, with what to run, when there is no server. */
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
  return { pool, url, drop: () => (dropped ??= drop()) };
}

/** A database without any table, for tests of the migrations themselves. */
export async function withEmptyDatabase(): Promise<TestDatabase> {
  const { pool, url, drop } = await withDatabase();
  await pool.query('drop schema public cascade; create schema public');
  return { pool, url, drop };
}

/** Makes what `withDatabase` clones. Called once, by `npm test`. */
export async function createTemplate(server: string): Promise<void> {
  await administer(server, `create database ${TEMPLATE}`);
  await migrate(urlOf(server, TEMPLATE));
}

function serverUrl(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (!url)
    throw new Error(
      `This test needs PostgreSQL: run it with "npm test -- ${process.argv[1] ?? 'test/…'}", which starts one.`,
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
