// Brings a database to the current schema: numbered, forward-only SQL files, each in a transaction of its own.
// A released file never changes again; the committed checksums hold that.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import type { Queryable } from './pool.ts';

/** Where this project's migrations lie. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../migrations', import.meta.url));

const TABLE = 'schema_migrations';
const CHECKSUMS = 'checksums.json';

/**
 * Applies what is missing, one process at a time (others wait on an advisory lock). Returns the names of what was applied.
 * Throws before touching anything when a file does not match its committed checksum, or when the database was made before
 * the first release.
 */
export async function migrate(
  databaseUrl: string,
  print: (line: string) => void = () => {},
  dir = MIGRATIONS_DIR,
): Promise<string[]> {
  const wrong = await checksumProblems(dir);
  if (wrong.length > 0)
    throw new Error(
      `The migrations are not what was released:\n${wrong.map((line) => `  ${line}`).join('\n')}`,
    );
  await refuseUnreleased(databaseUrl, dir);
  const applied = await runner({
    databaseUrl,
    dir,
    ignorePattern: '(?!.*\\.sql$).*',
    migrationsTable: TABLE,
    direction: 'up',
    advisoryLockMode: 'wait',
    singleTransaction: false,
    logger: { info: () => {}, warn: print, error: print },
  });
  for (const { name } of applied) print(`applied ${name}`);
  return applied.map(({ name }) => name);
}

/** Names of migrations this release has and the database lacks; a process refuses to start while there are any. */
export async function missingMigrations(db: Queryable, dir = MIGRATIONS_DIR): Promise<string[]> {
  const applied = new Set(await appliedMigrations(db));
  return (await migrationFiles(dir)).filter((file) => !applied.has(file));
}

/** A schema made before the first release has other first files, which later files do not fit; nothing can bring it up to date. */
async function refuseUnreleased(databaseUrl: string, dir: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const [oldest] = await appliedMigrations(client);
    if (oldest === undefined || oldest === (await migrationFiles(dir))[0]) return;
    throw new Error(
      `This database is of an unreleased version of Postrider: its schema begins with ${oldest}, which no release has. ` +
        'It must be made anew: delete DATA_DIR (npm start), or give DATABASE_URL an empty database.',
    );
  } finally {
    await client.end();
  }
}

/** File names of what was applied, in that order; none in an empty database. */
async function appliedMigrations(db: Queryable | Client): Promise<string[]> {
  const { rows: tables } = await db.query<{ found: boolean }>(
    `select to_regclass($1) is not null as "found"`,
    [TABLE],
  );
  if (!tables[0]?.found) return [];
  const { rows } = await db.query<{ name: string }>(`select name from ${TABLE} order by id`);
  return rows.map(({ name }) => `${name}.sql`);
}

/** One sentence for each file that was edited, removed, or never recorded. */
export async function checksumProblems(dir = MIGRATIONS_DIR): Promise<string[]> {
  const recorded = await recordedChecksums(dir);
  const found = await checksumsOf(dir);
  const names = [...new Set([...Object.keys(recorded), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    if (recorded[name] === found[name]) return [];
    if (found[name] === undefined) return [`${name} is recorded and missing`];
    if (recorded[name] === undefined) return [`${name} has no checksum yet: npm run db:checksum`];
    return [`${name} was edited after its release; write a new migration instead`];
  });
}

/** Records the checksums of new files and returns their names. Refuses, by throwing, to record an edited one. */
export async function recordChecksums(dir = MIGRATIONS_DIR): Promise<string[]> {
  const recorded = await recordedChecksums(dir);
  const found = await checksumsOf(dir);
  const edited = Object.keys(recorded).filter((name) => recorded[name] !== found[name]);
  if (edited.length > 0) throw new Error(`already recorded with other content: ${edited.join(', ')}`);
  await writeFile(join(dir, CHECKSUMS), `${JSON.stringify(found, null, 2)}\n`);
  return Object.keys(found).filter((name) => recorded[name] === undefined);
}

async function migrationFiles(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
}

async function checksumsOf(dir: string): Promise<Record<string, string>> {
  const pairs = (await migrationFiles(dir)).map(async (name) => {
    const content = await readFile(join(dir, name));
    return [name, createHash('sha256').update(content).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

async function recordedChecksums(dir: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(join(dir, CHECKSUMS), 'utf8')) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
