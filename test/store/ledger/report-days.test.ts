// How much counting a report reads, on a real database without statistics.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { countReportDay } from '../../../store/ledger/report-days.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';

const EVENTS = 300;

let database: TestDatabase;
/** One connection, so that its figures are complete once it has written them. */
let pool: Pool;

before(async () => {
  database = await withDatabase();
  pool = createPool(database.url, { max: 1 });
});
after(async () => {
  await pool.end();
  await database.drop();
});

async function outcomesRead(): Promise<number> {
  await pool.query('select pg_stat_force_next_flush()');
  const { rows } = await pool.query<{ count: number }>(
    `select (idx_tup_fetch + seq_tup_read)::int as count from pg_stat_user_tables where relname = 'event_outcomes'`,
  );
  return rows[0]!.count;
}

test('counting a day reads each outcome a few times at most, also before a table was ever analysed', async () => {
  const { operatorId, ingestSales } = await withOperator(pool);
  const eventIds = await ingestSales(EVENTS);
  await createSettle({ pool }).settle({
    batchId: newId('bat'),
    owner: 'batch',
    operators: [{ operatorId, eventIds }],
  });
  const already = await outcomesRead();
  await countReportDay(pool, operatorId, new Date().toISOString().slice(0, 10));
  const { rows } = await pool.query<{ count: number }>(
    `select sum(count)::int as count from report_days where affiliate_id <> '' and type = 'sale'`,
  );
  assert.equal(rows[0]!.count, EVENTS);
  const read = (await outcomesRead()) - already;
  assert.ok(read <= 3 * EVENTS, `${read} outcomes were read for ${EVENTS} events`);
});
