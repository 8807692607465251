// Rows that wait for a worker: they are taken at the cost of what is taken, whatever PostgreSQL's
// statistics say of their tables, which are empty most of the time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { takeChanges } from '../../../store/agreements/change-requests.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { dropWaiting, type Progress } from '../../../store/delivery/replay-items.ts';
import { addUpStuckCounts } from '../../../store/delivery/stuck-counts.ts';
import { findLostEvents } from '../../../store/upkeep/sweep.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { countRowsRead } from '../../support/rows-read.ts';

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
});
after(() => database.drop());

test('what waits is taken row by row, although the last statistics are of a time when nothing waited', async () => {
  const many = 1000;
  const { operatorId } = await withOperator(pool);
  const step = { db: pool, operatorId, replay: { id: 'rpl' } as Progress, skipped: 0 };
  const waiting = [
    {
      table: 'unsettled_events',
      row: `(operator_id, event_id, received_at) select $1, 'evt_' || n, now()`,
      take: () => findLostEvents(pool, 0, many),
    },
    {
      table: 'change_requests',
      row: `(operator_id, event_id, reason) select $1, 'evt_' || n, 'rates'`,
      take: () => takeChanges(pool, operatorId, many),
    },
    {
      table: 'replay_items',
      row: `(operator_id, replay_id, delivery_id, endpoint_id) select $1, 'rpl', 'dlv_' || n, 'ep_any'`,
      take: () => dropWaiting(step),
    },
    {
      table: 'stuck_counts',
      row: `(operator_id, endpoint_id, state, count, minor) select $1, 'ep_any', 'held', 1, n`,
      take: () => addUpStuckCounts(pool, many),
    },
  ];
  await pool.query(
    `insert into replays (operator_id, id, states, is_dry_run, state, total, through_id)
     values ($1, 'rpl', '{}', false, 'running', 0, '')`,
    [operatorId],
  );
  const counter = countRowsRead(pool, { inserts: true, joins: true });
  for (const { table, row, take } of waiting) {
    const fill = `insert into ${table} ${row} from generate_series(1, ${many}) n`;
    await pool.query(fill, [operatorId]);
    await pool.query(`delete from ${table}`);
    await pool.query(`analyze ${table}`);
    await pool.query(fill, [operatorId]);
    counter.take();
    await take();
    const read = counter.take();
    assert.ok(read >= many && read < 10 * many, `${table}: ${read} rows were looked at for ${many}`);
  }
});
