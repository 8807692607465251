// Times as milliseconds: as `Date` reads them, to the microsecond that PostgreSQL keeps.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { epochMs } from '../../../store/db/epoch-ms.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
before(async () => (database = await withDatabase()));
after(() => database.drop());

test('a time is read as the milliseconds of its Date, whatever its microseconds', async () => {
  const micros = fc.bigInt({ min: -2_000_000_000_000_000n, max: 4_000_000_000_000_000n });
  await fc.assert(
    fc.asyncProperty(fc.array(micros, { minLength: 1, maxLength: 500 }), async (times) => {
      const { rows } = await database.pool.query<{ ms: number }>(
        `select ${epochMs("timestamptz '1970-01-01 00:00Z' + t * interval '1 microsecond'")} as ms
         from unnest($1::bigint[]) with ordinality as u (t, n) order by n`,
        [times],
      );
      const floored = times.map((t) => Number((t - (((t % 1000n) + 1000n) % 1000n)) / 1000n));
      assert.deepEqual(
        rows.map(({ ms }) => ms),
        floored,
      );
    }),
    { numRuns: 40 },
  );
});

test('a missing time stays NULL', async () => {
  const { rows } = await database.pool.query(`select ${epochMs('null::timestamptz')} as ms`);
  assert.deepEqual(rows, [{ ms: null }]);
});
