// The dated time zones of an operator, and the month that SQL and TypeScript make of them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { monthByZones, type Zones } from '../../../domain/ledger/periods.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { readZones } from '../../../store/ledger/time-zones.ts';
import { createOperators } from '../../../store/setup/operators.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
});
after(() => database.drop());

test('the moment of an id is the one from which the id was made', async () => {
  const moments = ['1970-01-01T00:00:00.001Z', '2026-11-29T20:00:00.123Z', '2199-12-31T23:59:59.999Z'];
  const { rows } = await pool.query<{ moment: Date }>(
    `select id_moment(id_bound('trf', m)) as moment from unnest($1::timestamptz[]) with ordinality as u (m, place)
     order by place`,
    [moments],
  );
  assert.deepEqual(
    rows.map(({ moment }) => moment.toISOString()),
    moments,
  );
});

describe('the time zones of an operator', () => {
  test('begin with the zone of its creation, for all time', async () => {
    const { operatorId } = await withOperator(pool, 'Europe/Berlin');
    assert.deepEqual(await readZones(pool, operatorId), [{ zone: 'Europe/Berlin', since: -Infinity }]);
  });

  test('gain one from now on when the setting changes, and none when it stays', async () => {
    const { operatorId, ingestSales } = await withOperator(pool, 'UTC');
    await ingestSales(1);
    const begin = Date.now();
    await createOperators(pool).update(operatorId, { timezone: 'Asia/Tokyo' });
    await createOperators(pool).update(operatorId, { timezone: 'Asia/Tokyo', name: 'Renamed' });
    const [first, second, ...more] = await readZones(pool, operatorId);
    assert.deepEqual([first, second?.zone, more], [{ zone: 'UTC', since: -Infinity }, 'Asia/Tokyo', []]);
    assert.ok(second!.since >= begin - 1000 && second!.since <= Date.now() + 1000);
  });

  test('are replaced when the setting changes before the first event', async () => {
    const { operatorId } = await withOperator(pool, 'UTC');
    await createOperators(pool).update(operatorId, { timezone: 'Asia/Tokyo' });
    assert.deepEqual(await readZones(pool, operatorId), [{ zone: 'Asia/Tokyo', since: -Infinity }]);
  });

  test('wait with a new one until the last event that lies ahead of its receipt', async () => {
    const { operatorId, ingest } = await withOperator(pool, 'UTC');
    const occurredAt = Date.now() + 3_600_000;
    await ingest([{ occurredAt }, {}]);
    for (const timezone of ['Asia/Tokyo', 'America/New_York'])
      await createOperators(pool).update(operatorId, { timezone });
    assert.deepEqual((await readZones(pool, operatorId)).slice(1), [
      { zone: 'America/New_York', since: occurredAt + 1 },
    ]);
  });
});

test('the month of a moment is the same in SQL and in TypeScript, for any history of zones', async () => {
  const NAMES = ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Europe/Berlin', 'Asia/Kathmandu'];
  const moment = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2027, 0) });
  const history = fc.uniqueArray(moment, { maxLength: 5 }).map((changes): Zones => {
    const since = [-Infinity, ...changes.toSorted((a, b) => a - b)];
    return since.map((from, index) => ({ zone: NAMES[index % NAMES.length]!, since: from }));
  });
  const { operatorId } = await withOperator(pool);
  await fc.assert(
    fc.asyncProperty(history, fc.array(moment, { minLength: 1, maxLength: 20 }), async (zones, moments) => {
      const near = zones.flatMap(({ since }) => (since === -Infinity ? [] : [since - 1, since]));
      const all = [...moments, ...near];
      await pool.query(`delete from operator_zones where operator_id = $1`, [operatorId]);
      await pool.query(
        `insert into operator_zones (operator_id, zone, since)
         select $1, z, coalesce(to_timestamp(s / 1000.0), '-infinity')
         from unnest($2::text[], $3::numeric[]) as u (z, s)`,
        [
          operatorId,
          zones.map(({ zone }) => zone),
          zones.map(({ since }) => (since === -Infinity ? null : since)),
        ],
      );
      assert.deepEqual(await readZones(pool, operatorId), zones);
      const { rows } = await pool.query<{ month: string }>(
        `select month_of($1, m) as month from unnest($2::timestamptz[]) with ordinality as u (m, place) order by place`,
        [operatorId, all.map((one) => new Date(one))],
      );
      assert.deepEqual(
        rows.map(({ month }) => month),
        all.map((one) => monthByZones(one, zones)),
      );
    }),
    { numRuns: 60 },
  );
});
