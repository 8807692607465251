// Migrates a database to the current schema: numbered, forward-only SQL files, each in its own
// transaction. The committed checksums prove that a released file never changes.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import type { Queryable } from './pool.ts';

/** Folder of the migrations that ship with this release. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../migrations', import.meta.url));

const TABLE = 'schema_migrations';
const CHECKSUMS = 'checksums.json';

/**
 * Applies missing migrations, one process at a time (others wait on an advisory lock). Returns the
 * names of the applied files.
 * Throws before any change when a file does not match its committed checksum, or when the database
 * was made before the first release.
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
  // Ours, since the runner does not wait for the end of a connection that it makes itself.
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await refuseUnreleased(client, dir);
    const applied = await runner({
      dbClient: client,
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
  } finally {
    await client.end();
  }
}

/**
 * File names of migrations that the database lacks. API and worker refuse to start while there are
 * any.
 */
export async function missingMigrations(db: Queryable, dir = MIGRATIONS_DIR): Promise<string[]> {
  const applied = new Set(await appliedMigrations(db));
  return (await migrationFiles(dir)).filter((file) => !applied.has(file));
}

/**
 * Throws for a schema made before the first release: some of its files differ from the released
 * ones, so no migration can update it.
 */
async function refuseUnreleased(client: Client, dir: string): Promise<void> {
  const files = await migrationFiles(dir);
  const applied = await appliedMigrations(client);
  const other = applied.find((name, at) => at < files.length && name !== files[at]);
  if (other === undefined) return;
  throw new Error(
    `This database is of an unreleased version of Postrider: it was made with ${other}, ` +
      'which no release has. ' +
      'It must be made anew: delete DATA_DIR (npm start), or give DATABASE_URL an empty database.',
  );
}

/**
 * File names of applied migrations in the order of their application; none in an empty database.
 */
async function appliedMigrations(db: Queryable | Client): Promise<string[]> {
  const { rows: tables } = await db.query<{ found: boolean }>(
    `select to_regclass($1) is not null as "found"`,
    [TABLE],
  );
  if (!tables[0]?.found) return [];
  const { rows } = await db.query<{ name: string }>(`select name from ${TABLE} order by id`);
  return rows.map(({ name }) => `${name}.sql`);
}

/**
 * One sentence for each migration that was edited, removed, or never recorded; none when all match.
 */
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

/**
 * Records the checksums of new migrations and returns their names. Throws when a recorded file was
 * edited.
 */
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
