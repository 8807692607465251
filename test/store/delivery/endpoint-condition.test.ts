// The condition of an endpoint in TypeScript and in SQL, and the lists of values beside the CHECKs
// of their columns.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { BREAKER_THRESHOLD, conditionOf, CONDITIONS } from '../../../domain/delivery/breaker.ts';
import { DELIVERY_STATES, OWNERS } from '../../../domain/delivery/deliveries.ts';
import {
  BODY_FORMATS,
  ENDPOINT_METHODS,
  ENDPOINT_STATES,
  SIGNING_KINDS,
} from '../../../domain/delivery/endpoints.ts';
import { conditionSql } from '../../../store/delivery/endpoint-condition.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

test('the condition of an endpoint is the same in SQL and in conditionOf', async () => {
  const counts = [0, 1, BREAKER_THRESHOLD - 1, BREAKER_THRESHOLD, BREAKER_THRESHOLD + 1];
  const endpoints = ENDPOINT_STATES.flatMap((state) =>
    counts.flatMap((failuresInARow) =>
      [null, new Date()].map((failingSince) => ({ state, failuresInARow, failingSince })),
    ),
  );
  const { rows } = await database.pool.query<{ condition: string }>(
    `select ${conditionSql('e')} as condition
     from unnest($1::text[], $2::int[], $3::timestamptz[]) with ordinality
       as e (state, failures_in_a_row, failing_since, number)
     order by number`,
    [
      endpoints.map(({ state }) => state),
      endpoints.map(({ failuresInARow }) => failuresInARow),
      endpoints.map(({ failingSince }) => failingSince),
    ],
  );
  const expected = endpoints.map(conditionOf);
  assert.deepEqual(
    rows.map(({ condition }) => condition),
    expected,
  );
  assert.deepEqual([...new Set(expected)].sort(), [...CONDITIONS].sort());
});

const LISTS: [table: string, column: string, values: readonly string[]][] = [
  ['endpoints', 'state', ENDPOINT_STATES],
  ['endpoints', 'method', ENDPOINT_METHODS],
  ['endpoints', 'body', BODY_FORMATS],
  ['endpoints', 'signing', SIGNING_KINDS],
  ['deliveries', 'state', DELIVERY_STATES],
  ['deliveries', 'owner', OWNERS],
];
for (const [table, column, values] of LISTS)
  test(`the CHECK of ${table}.${column} allows the values of its list in domain/delivery`, async () => {
    const { rows } = await database.pool.query<{ definition: string }>(
      `select pg_get_constraintdef(c.oid) as definition
       from pg_constraint c
       join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
       where c.conrelid = $1::regclass and c.contype = 'c' and a.attname = $2`,
      [table, column],
    );
    assert.equal(rows.length, 1);
    const allowed = [...rows[0]!.definition.matchAll(/'([^']+)'/g)].map(([, value]) => value!);
    assert.deepEqual(allowed.sort(), [...values].sort());
  });
