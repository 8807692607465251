// Tenant isolation of the schema: every key of a tenant's table begins with the operator, so an
// operator can move to a database of its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

/**
 * Tables without a tenant: the operators themselves, currencies, which mean the same to all,
 * sessions, of which some are the administrator's, and bookkeeping of the system.
 */
const OF_NO_TENANT = ['operators', 'currencies', 'sessions', 'schema_migrations', 'sweep_marks'];
/** Keys looked up without an operator, so unique across operators. */
const UNIQUE_FOR_ALL = ['api_keys (key_hash)', 'links (id)'];

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

type Key = { table: string; kind: string; first: string; columns: string };

/**
 * Primary keys (p), unique keys (u), foreign keys (f), and unique indexes (i) of all tables but the
 * partitions.
 */
async function keys(): Promise<Key[]> {
  const { rows } = await database.pool.query<Key>(
    `with keys as (
       select conrelid as "table", contype::text as kind, conkey as columns from pg_constraint where contype in ('p', 'u', 'f')
       union all
       select indrelid, 'i', indkey::int2[] from pg_index where indisunique
     )
     select c.relname as "table", k.kind, n.names[1] as first, array_to_string(n.names, ', ') as columns
     from keys k
     join pg_class c on c.oid = k."table" and c.relnamespace = 'public'::regnamespace and not c.relispartition
     cross join lateral (
       select array_agg(a.attname order by o.place) as names
       from unnest(k.columns) with ordinality as o (number, place)
       join pg_attribute a on a.attrelid = c.oid and a.attnum = o.number
     ) n`,
  );
  return rows;
}

test("every key of a tenant's table begins with the operator", async () => {
  const found = await keys();
  assert.ok(found.length > 40, 'the query finds the keys');
  const tables = await database.pool.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  );
  const withPrimaryKey = new Set(found.filter(({ kind }) => kind === 'p').map(({ table }) => table));
  assert.deepEqual(
    tables.rows.map(({ name }) => name).filter((name) => !withPrimaryKey.has(name)),
    [],
    'every table has a primary key',
  );
  assert.deepEqual(
    found
      .filter(({ table, first }) => !OF_NO_TENANT.includes(table) && first !== 'operator_id')
      .map(({ table, columns }) => `${table} (${columns})`)
      .filter((key) => !UNIQUE_FOR_ALL.includes(key)),
    [],
  );
});
