// Migrations: checksums, concurrent runs, and refusal of unreleased schemas.
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
    applied.flat(),
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
