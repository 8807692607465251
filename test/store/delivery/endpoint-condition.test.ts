// The condition of an endpoint in TypeScript and in SQL.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { BREAKER_THRESHOLD, conditionOf, CONDITIONS } from '../../../domain/delivery/breaker.ts';
import { ENDPOINT_STATES } from '../../../domain/delivery/endpoints.ts';
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
