// Bounded reads: where very much waits or was settled, the sweep, the deletion of an endpoint, the
// saving of a deal and a page of a report read by far not all of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDeals } from '../../../store/agreements/deals.ts';
import { newId } from '../../../store/db/ids.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { cancelAll } from '../../../store/delivery/transitions/endpoints.ts';
import { createReports } from '../../../store/ledger/reports.ts';
import { findLostEvents, findOwingEndpoints } from '../../../store/upkeep/sweep.ts';
import { wireTerms } from '../../support/builders.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { countRowsRead } from '../../support/rows-read.ts';

const MANY = 20_000;
const HOUR_MS = 3_600_000;

let database: TestDatabase;
let pool: Pool;
let busy: TestOperator;
let calm: TestOperator;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
  [busy, calm] = [await withOperator(pool), await withOperator(pool)];
});
after(() => database.drop());

/** Postbacks that wait in the queue of an endpoint, for an hour by now. */
async function enqueue({ operatorId, affiliateId }: TestOperator, endpointId: string, count: number) {
  await pool.query(
    `insert into deliveries (operator_id, id, endpoint_id, affiliate_id, original_event_id, type, body,
       state, owner, batch_id, next_attempt_at)
     select $1, 'dlv_' || $2 || n, $2, $3, 'evt_' || n, 'conversion.created', '{}', 'held', 'endpoint', 'bat',
       now() - interval '1 hour' from generate_series(1, $4::int) n`,
    [operatorId, endpointId, affiliateId, count],
  );
}

test('what waits for one endpoint costs neither the sweep nor the deletion of another operator’s endpoint', async () => {
  const { id: down } = await busy.addEndpoint('http://127.0.0.1:9/');
  const { id: deleted } = await calm.addEndpoint('http://127.0.0.1:9/');
  await enqueue(busy, down, MANY);
  await enqueue(calm, deleted, 3);
  await pool.query('analyze deliveries');
  const counter = countRowsRead(pool);
  const found = await findOwingEndpoints(pool, { operatorId: '', id: '' }, 1000, 10);
  assert.deepEqual(found.map(({ id }) => id).toSorted(), [down, deleted].toSorted());
  assert.ok(counter.take() < 100, 'the sweep read what waits');
  await cancelAll(pool, calm.operatorId, deleted, 1000);
  assert.ok(counter.take() < 100, 'the deletion read what others wait for');
  const { rows } = await pool.query(
    `select state, count(*)::int as count from deliveries where endpoint_id = $1 group by state`,
    [deleted],
  );
  assert.deepEqual(rows, [{ state: 'cancelled', count: 3 }]);
});

test('the sweep reads few of the many events behind one that never settles, and finds that one every time', async () => {
  const { operatorId } = calm;
  const [lost = ''] = await calm.ingest([{ receivedAt: Date.now() - 24 * HOUR_MS }]);
  await pool.query(
    `insert into events (operator_id, id, type, key_kind, key, content_hash, occurred_at, received_at)
     select $1, id_bound('evt', at) || n, 'sale', 'transaction', 'behind' || n, '', at, at
     from (select n, now() - interval '1 hour' - interval '1 second' * n as at from generate_series(1, $2::int) n) s`,
    [operatorId, MANY],
  );
  await pool.query(
    `insert into event_outcomes (operator_id, event_id, status, batch_id)
     select operator_id, id, 'settled', 'bat' from events where operator_id = $1 and id <> $2`,
    [operatorId, lost],
  );
  await pool.query('analyze events, event_outcomes');
  const counter = countRowsRead(pool);
  const find = async () => (await findLostEvents(pool, 0, 100)).map(({ id }) => id);
  assert.deepEqual(await find(), [lost]);
  counter.take();
  assert.deepEqual(await find(), [lost]);
  // The 500 events before the oldest one, by which a busy system is told from a lost event.
  assert.ok(counter.take() < 2500, 'the sweep read what was settled behind it');
  await pool.query(
    `insert into event_outcomes (operator_id, event_id, status, batch_id) values ($1, $2, 'settled', 'bat')`,
    [operatorId, lost],
  );
  assert.deepEqual(await find(), []);
  const { rows } = await pool.query('select from unsettled_events');
  assert.equal(rows.length, 0, 'it is remembered although it is settled');
});

test('saving a deal looks at few of very many conversions while nothing can be settled', async () => {
  const { operatorId, affiliateId } = busy;
  const { rows } = await pool.query<{ id: string }>(`select id from deals where operator_id = $1`, [
    operatorId,
  ]);
  await pool.query(
    `insert into events (operator_id, id, type, key_kind, key, content_hash, occurred_at, received_at)
     select $1, id_bound('evt', now()) || n, 'sale', 'transaction', 't' || n, '', now(), now()
     from generate_series(1, $2::int) n`,
    [operatorId, MANY],
  );
  await pool.query(
    `insert into event_outcomes (operator_id, event_id, status, batch_id, affiliate_id, deal_id, deal_version)
     select operator_id, id, 'settled', 'bat', $2, $3, 1 from events where operator_id = $1`,
    [operatorId, affiliateId, rows[0]!.id],
  );
  await pool.query('analyze events, event_outcomes');
  const counter = countRowsRead(pool);
  const deal = { id: newId('deal'), name: 'Default', affiliateId: null };
  const { effectiveFrom } = await createDeals(pool).insert(operatorId, deal, null, wireTerms());
  assert.ok(counter.take() < 5000, 'it looked through all of them');
  assert.ok(effectiveFrom.getTime() > 0, 'a deal that may rate what lies behind begins now');
});

test('a page of a report by link reads the figures of its own links', async () => {
  const { operatorId } = calm;
  await pool.query(
    `insert into affiliates (operator_id, id, name) select $1, 'aff_' || n, 'Affiliate' from generate_series(1, 200) n`,
    [operatorId],
  );
  await pool.query(
    `insert into links (operator_id, id, affiliate_id, landing_url)
     select $1, 'link_' || n, 'aff_' || n, 'https://shop.example/' from generate_series(1, 200) n`,
    [operatorId],
  );
  await pool.query(
    `insert into report_days (operator_id, affiliate_id, day, link_id, type, currency, received_on, count,
       amount_minor, earned_minor, reversed_minor)
     select $1, 'aff_' || n, date '2026-08-01' + d, 'link_' || n, 'sale', 'USD', date '2026-08-01' + d, 1, 1, 1, 0
     from generate_series(1, 200) n, generate_series(1, 90) d`,
    [operatorId],
  );
  await pool.query('analyze report_days, affiliates, links');
  const counter = countRowsRead(pool);
  const filter = { from: '2026-08-01', to: '2026-10-30', affiliateId: null, linkId: null, type: null };
  const { rows } = await createReports(pool).list(operatorId, 'link', filter, { limit: 10, before: null });
  assert.equal(rows.length, 10);
  const read = counter.take();
  assert.ok(read < 5000, `${read} rows: it read the figures of all links`);
});
