// Migrations: checksums, concurrent runs, and refusal of unreleased schemas.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  checksumProblems,
  migrate,
  MIGRATIONS_DIR,
  missingMigrations,
  recordChecksums,
} from '../../../store/db/migrate.ts';
import { withEmptyDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

const INDEX_MADE = /create (?:unique )?index (concurrently )?\w+ on (\w+)/g;

const copy = mkdtempSync(join(tmpdir(), 'postrider-migrations-'));
let database: TestDatabase;
before(async () => {
  database = await withEmptyDatabase();
  cpSync(MIGRATIONS_DIR, copy, { recursive: true });
});
after(async () => {
  await database.drop();
  rmSync(copy, { recursive: true });
});

test('the committed migrations match their checksums', async () => {
  assert.deepEqual(await checksumProblems(), []);
});

test('concurrent processes apply each migration once, and a later process applies none', async () => {
  const missing = await missingMigrations(database.pool);
  assert.ok(missing.length > 0);
  const applied = await Promise.all([migrate(database.url), migrate(database.url)]);
  assert.deepEqual(
    applied.flat().sort(),
    missing.map((file) => file.replace('.sql', '')),
  );
  assert.deepEqual(await missingMigrations(database.pool), []);
  assert.deepEqual(await migrate(database.url), []);
});

test('a new migration needs a checksum, an edited one is refused, and a failing one changes nothing', async () => {
  writeFileSync(join(copy, '9998_half.sql'), 'create table half (n int); select 1 / 0;');
  await assert.rejects(migrate(database.url, undefined, copy), /9998_half.sql has no checksum yet/);
  assert.deepEqual(await recordChecksums(copy), ['9998_half.sql']);
  await assert.rejects(migrate(database.url, undefined, copy), /division by zero/);
  const { rows } = await database.pool.query(`select to_regclass('half') as "table"`);
  assert.deepEqual(rows, [{ table: null }]);
  appendFileSync(join(copy, '9998_half.sql'), '-- edited');
  await assert.rejects(migrate(database.url, undefined, copy), /9998_half.sql was edited/);
  await assert.rejects(recordChecksums(copy), /already recorded with other content/);
});

test('a migration waits for a table in use without stopping others, and is applied once it is free', async () => {
  const busy = await database.pool.connect();
  try {
    await busy.query('begin; select from operators');
    const dir = await folderWith({ '9990_column.sql': 'alter table operators add column spare int;' });
    const printed: string[] = [];
    const migrating = migrate(database.url, (line) => printed.push(line), dir);
    await eventually('the migration to give way', () =>
      printed.some((line) => line.includes('trying again')),
    );
    await database.pool.query('select from operators');
    await busy.query('rollback');
    assert.deepEqual(await migrating, ['9990_column']);
    assert.equal(printed.filter((line) => line.includes('lock timeout')).length, 0);
  } finally {
    busy.release();
  }
});

test('an index of a table in use is built while rows are written, and anew when its building was interrupted', async () => {
  await database.pool.query('create index spare on operators (name)');
  const dir = await folderWith({
    '9990_column.sql': 'alter table operators add column spare int;',
    '9991_index.sql':
      'drop index concurrently if exists spare;\ncreate index concurrently spare on operators (spare);\n',
  });
  const writer = await database.pool.connect();
  try {
    await writer.query('begin; lock table operators in row exclusive mode');
    const migrating = migrate(database.url, undefined, dir);
    await eventually('the migration to wait for the writer', async () => {
      const { rows } = await database.pool.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%index concurrently%'`,
      );
      return rows.length > 0;
    });
    await database.pool.query(`begin; set local statement_timeout = '2s';
      update operators set name = name; commit`);
    await writer.query('rollback');
    assert.deepEqual(await migrating, ['9991_index']);
  } finally {
    writer.release();
  }
  const { rows } = await database.pool.query(`select pg_get_indexdef('spare'::regclass) as "index"`);
  assert.match(rows[0].index, /\(spare\)/);
});

test('new migrations build indexes of tables that exist without stopping writers', () => {
  for (const name of readdirSync(MIGRATIONS_DIR)) {
    if (!name.endsWith('.sql') || name <= '0013') continue;
    const sql = readFileSync(join(MIGRATIONS_DIR, name), 'utf8');
    for (const [text, how, table] of sql.matchAll(INDEX_MADE))
      assert.ok(how || sql.includes(`create table ${table} `), `${name}: ${text}`);
  }
});

/** Columns that a migration lets no row lack, and a trigger fills for the release before. */
const FILLED = ['bindings.occurred_at'];

test('new migrations fit the release before: they take no column away, and want nothing of its rows that it does not write', async () => {
  const files = readdirSync(MIGRATIONS_DIR).filter((name) => name.endsWith('.sql'));
  const stepwise = await withEmptyDatabase();
  const dir = mkdtempSync(join(copy, 'stepwise-'));
  let former: Columns | null = null;
  try {
    for (const file of files.toSorted()) {
      cpSync(join(MIGRATIONS_DIR, file), join(dir, file));
      await recordChecksums(dir);
      await migrate(stepwise.url, () => {}, dir);
      const columns: Columns = await columnsOf(stepwise);
      if (former !== null && file > '0007') assert.deepEqual(misfits(former, columns), [], file);
      former = columns;
    }
  } finally {
    await stepwise.drop();
  }
});

type Columns = Map<string, { type: string; isWanted: boolean }>;

/** Columns by `table.column`. `isWanted`: who inserts a row must give it. */
async function columnsOf({ pool }: TestDatabase): Promise<Columns> {
  const { rows } = await pool.query<{ name: string; type: string; isWanted: boolean }>(
    `select table_name || '.' || column_name as name, data_type as type,
       is_nullable = 'NO' and column_default is null and is_identity = 'NO' as "isWanted"
     from information_schema.columns where table_schema = 'public'`,
  );
  return new Map(rows.map(({ name, ...column }) => [name, column]));
}

function misfits(former: Columns, columns: Columns): string[] {
  const tables = new Set([...former.keys()].map((name) => name.split('.')[0]));
  const gone = [...former].filter(([name, { type }]) => columns.get(name)?.type !== type);
  const wanted = [...columns].filter(
    ([name, { isWanted }]) =>
      isWanted &&
      former.get(name)?.isWanted !== true &&
      tables.has(name.split('.')[0]) &&
      !FILLED.includes(name),
  );
  return [...gone, ...wanted].map(([name]) => name);
}

/** The migrations of this release and these. */
async function folderWith(files: Record<string, string>): Promise<string> {
  const dir = mkdtempSync(join(copy, 'with-'));
  for (const name of readdirSync(MIGRATIONS_DIR)) cpSync(join(MIGRATIONS_DIR, name), join(dir, name));
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(dir, name), sql);
  await recordChecksums(dir);
  return dir;
}

for (const { made, names } of [
  { made: 'with other first migrations', names: ['0001_tenants_and_deals', '0001_setup'] },
  { made: 'with another later migration', names: ['0001_setup', '0002_attribution_and_agreements'] },
])
  test(`migrating a database made before the first release ${made} fails with instructions`, async () => {
    const old = await withEmptyDatabase();
    try {
      await old.pool.query('create table schema_migrations (id serial, name text, run_on timestamp)');
      await old.pool.query(`insert into schema_migrations (name) select unnest($1::text[])`, [names]);
      await assert.rejects(
        migrate(old.url),
        /of an unreleased version .* 000\d_(tenants_and_deals|attribution_and_agreements)\.sql.* must be made anew/,
      );
      const { rows } = await old.pool.query(`select to_regclass('operators') as "table"`);
      assert.deepEqual(rows, [{ table: null }]);
    } finally {
      await old.drop();
    }
  });

test('a database that has migrations of a later release is left as it is', async () => {
  const newer = await withEmptyDatabase();
  try {
    await migrate(newer.url);
    await newer.pool.query(
      `insert into schema_migrations (name, run_on) values ('9999_of_a_later_release', now())`,
    );
    assert.deepEqual(await migrate(newer.url), []);
  } finally {
    await newer.drop();
  }
});
