// Lists of event types: those in the code equal those in the database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EVENT_KEY_KINDS, NEGATIVE_EVENTS, SUBS } from '../../../domain/types.ts';
import { sqlList } from '../../../store/db/sql-list.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
before(async () => (database = await withDatabase()));
after(() => database.drop());

const quotedIn = (definition: string) => Array.from(definition.matchAll(/'(\w+)'/g), ([, value]) => value!);

async function definitionFrom(sql: string): Promise<string> {
  const { rows } = await database.pool.query<{ definition: string }>(sql);
  return rows[0]!.definition;
}

test('the partial index of reversals by subject covers every negative event and no other', async () => {
  const definition = await definitionFrom(
    `select pg_get_indexdef('events_against_subject'::regclass) as definition`,
  );
  assert.deepEqual(quotedIn(definition).toSorted(), [...NEGATIVE_EVENTS].toSorted());
});

test('the check on events.key_kind allows every kind of event key and no other', async () => {
  const definition = await definitionFrom(
    `select pg_get_constraintdef(oid) as definition from pg_constraint
     where conrelid = 'events'::regclass and conname = 'events_key_kind_check'`,
  );
  assert.deepEqual(quotedIn(definition).toSorted(), [...EVENT_KEY_KINDS].toSorted());
});

for (const table of ['events', 'clicks', 'bindings']) {
  test(`the table ${table} has a column for every sub and no other`, async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = $1::regclass and attname ~ '^sub[0-9]+$' and not attisdropped order by attname`,
      [table],
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      [...SUBS],
    );
  });
}

test('the lookup of reversals by subject uses their partial index', async () => {
  const client = await database.pool.connect();
  try {
    await client.query('begin; set local enable_seqscan = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain select id from events where operator_id = 'opr' and subject = 'customer 1'
         and reference is null and type in ${sqlList(NEGATIVE_EVENTS)}`,
    );
    assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /events_against_subject/);
  } finally {
    await client.query('rollback');
    client.release();
  }
});
