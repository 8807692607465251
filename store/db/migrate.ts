// Migrates a database to the current schema, also while the system works: numbered, forward-only
// SQL files, each in its own transaction. The committed checksums prove that a released file never
// changes.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import { loadSqlFiles } from './migration-loader.ts';
import { isLockTimeout } from './pg-errors.ts';
import type { Queryable } from './pool.ts';

/** Folder of the migrations that ship with this release. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../migrations', import.meta.url));

const TABLE = 'schema_migrations';
const CHECKSUMS = 'checksums.json';
/** How often a migration asks for what others have, and the pause between, in which they go on. */
const TRIES = 600;
const PAUSE_MS = 1000;
/** What the runner says while another process migrates. */
const OTHER_PROCESS = 'Another migration is already running';

/**
 * Applies missing migrations, one process at a time (others ask again every second). Returns the
 * names of the files applied by this one.
 * Throws before any change when a file does not match its committed checksum, or when the database
 * was made before the first release; and when another process migrates, or long transactions keep a
 * table from it, for more than ten minutes.
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
  const applied: string[] = [];
  const note = (name: string): void => {
    applied.push(name);
    print(`applied ${name}`);
  };
  for (let triesLeft = TRIES; ; triesLeft--) {
    try {
      await applyMissing(databaseUrl, dir, { note, print });
      return applied;
    } catch (error) {
      const busy = whatIsBusy(error as Error);
      if (busy === null || triesLeft === 1) throw error;
      print(`${busy}; trying again`);
      await pause(PAUSE_MS);
    }
  }
}

/** What stands in the way for a while; null for an error that stays. */
function whatIsBusy(error: Error): string | null {
  if (isLockTimeout(error)) return 'another transaction has a table that a migration needs';
  return error.message.startsWith(OTHER_PROCESS) ? 'another process migrates' : null;
}

/** `note` is called with the name of each file after it was applied. */
async function applyMissing(
  databaseUrl: string,
  dir: string,
  { note, print }: { note: (name: string) => void; print: (line: string) => void },
): Promise<void> {
  // Ours, since the runner does not wait for the end of a connection that it makes itself.
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await refuseUnreleased(client, dir);
    const error = (line: string): void => (line.includes('lock timeout') ? undefined : print(line));
    // One at a time, so that each is noted although a later one fails.
    for (;;) {
      const applied = await runner({
        dbClient: client,
        dir,
        ignorePattern: '(?!.*\\.sql$).*',
        migrationLoaderStrategies: [{ extensions: ['.sql'], loader: loadSqlFiles }],
        migrationsTable: TABLE,
        direction: 'up',
        count: 1,
        // Who waits for it in PostgreSQL keeps indexes from being built concurrently.
        advisoryLockMode: 'fail',
        singleTransaction: false,
        logger: { info: () => {}, warn: () => {}, error },
      });
      if (applied.length === 0) return;
      for (const { name } of applied) note(name);
    }
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
