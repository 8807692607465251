// Counts of stuck deliveries: always those of the deliveries, in any order of changes, while they
// are added up, and read without reading what is stuck.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { newId } from '../../../store/db/ids.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { createStuck } from '../../../store/delivery/stuck.ts';
import { addUpStuckCounts } from '../../../store/delivery/stuck-counts.ts';
import type { StuckFilter } from '../../../store/delivery/stuck-condition.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { countRowsRead } from '../../support/rows-read.ts';
import { withCorruptedBooks } from '../../support/corrupted-books.ts';
import { auditOf } from '../../support/settling.ts';
import { assertStuckCounted } from '../../support/stuck-recount.ts';

let database: TestDatabase;
let pool: Pool;
let operator: TestOperator;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
});
beforeEach(async () => {
  operator = await withOperator(pool);
});
after(() => database.drop());

/** Deliveries `dlv_1` and so on of the operator, which are all on their way for the first time. */
async function plan(count: number): Promise<void> {
  const { id: endpointId } = await operator.addEndpoint('http://127.0.0.1:9/never-called');
  await pool.query(
    `insert into deliveries (operator_id, id, endpoint_id, original_event_id, type, body, owner, batch_id,
       next_attempt_at, created_at, payout_delta_minor, payout_currency)
     select $1, 'dlv_' || n, $2, 'evt_' || n, 'conversion.created', '{}', 'batch', 'bat', now(),
       timestamptz '2026-01-01' + interval '1 minute' * (n / 2), case when n % 3 > 0 then n end,
       case n % 3 when 1 then 'USD' when 2 then 'EUR' end
     from generate_series(1, $3::int) n`,
    [operator.operatorId, endpointId, count],
  );
}

const set = (values: string, where = 'true') =>
  pool.query(`update deliveries set ${values} where operator_id = $1 and ${where}`, [operator.operatorId]);

/** What may become of a delivery, each from whatever it was. */
const STANDINGS = [
  `state = 'pending', owner = 'endpoint'`,
  `state = 'held', owner = 'endpoint'`,
  `state = 'retrying', owner = 'endpoint', last_error = 'timeout'`,
  `state = 'retrying', owner = 'self', last_error = 'timeout'`,
  `state = 'retrying', owner = 'self', last_error = 'timeout', pause_reason = 'asked for'`,
  `state = 'gave_up', owner = null, last_error = 'http_404'`,
  `state = 'gave_up', owner = null, last_error = 'http_404', acknowledged_at = now()`,
  `state = 'delivered', owner = null`,
].map((values) =>
  /pause_reason|acknowledged_at/.test(values) ? values : `${values}, acknowledged_at = null`,
);
const PLAIN = `pause_reason = null`;

test('counts of stuck deliveries are those of the deliveries, in any order of changes and sums', async () => {
  const change = fc.record({
    standing: fc.constantFrom(...STANDINGS),
    first: fc.integer({ min: 1, max: 8 }),
    last: fc.integer({ min: 1, max: 8 }),
    /** How many rows are added up afterwards. */
    added: fc.constantFrom(0, 0, 1, 2, 100),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      operator = await withOperator(pool);
      await plan(8);
      for (const { standing, first, last, added } of changes) {
        const paused = standing.includes('pause_reason') ? standing : `${standing}, ${PLAIN}`;
        await set(paused, `substr(id, 5)::int between ${first} and ${last}`);
        if (added > 0) await addUpStuckCounts(pool, added);
        await assertStuckCounted(pool, operator.operatorId);
      }
      await pool.query(`delete from deliveries where operator_id = $1`, [operator.operatorId]);
      assert.equal(await assertStuckCounted(pool, operator.operatorId), 0);
    }),
    { numRuns: 60 },
  );
});

test('counts of stuck deliveries that many move at one time, while they are added up twice at a time, are exact', async () => {
  await plan(400);
  const movers = Array.from({ length: 8 }, async (_, mover) => {
    for (const [turn, standing] of STANDINGS.filter((one) => !one.includes('pause_reason')).entries())
      await set(`${standing}, batch_id = '${turn}'`, `substr(id, 5)::int % 8 = ${mover}`);
    await set(STANDINGS[2 + (mover % 2)]!, `substr(id, 5)::int % 8 = ${mover}`);
  });
  let isOver = false;
  const adders = [7, 50].map(async (limit) => {
    while (!isOver) await addUpStuckCounts(pool, limit);
  });
  const readers = Array.from({ length: 20 }, () => assertStuckCountedAtOnce());
  await Promise.all([...movers, ...readers]);
  isOver = true;
  await Promise.all(adders);
  assert.equal(await assertStuckCounted(pool, operator.operatorId), 400);
  while ((await addUpStuckCounts(pool, 1000)) > 0);
  assert.equal(await assertStuckCounted(pool, operator.operatorId), 400);
});

/** Compares in one statement, since others write meanwhile. */
async function assertStuckCountedAtOnce(): Promise<void> {
  const { rows } = await pool.query<{ kept: number; counted: number }>(
    `select (select coalesce(sum(count), 0) from stuck_counts where operator_id = $1)::int as kept,
       (select count(*) from deliveries d where operator_id = $1 and is_stuck(state, acknowledged_at))::int
         as counted`,
    [operator.operatorId],
  );
  assert.equal(rows[0]!.kept, rows[0]!.counted);
}

test('sums of stuck deliveries leave one row for each part, and none where nothing is stuck', async () => {
  await plan(30);
  await set(`state = 'held', owner = 'endpoint'`);
  await set(`state = 'retrying', last_error = 'timeout'`, `substr(id, 5)::int <= 10`);
  while ((await addUpStuckCounts(pool, 7)) > 0);
  const rows = async () =>
    (await pool.query(`select from stuck_counts where operator_id = $1`, [operator.operatorId])).rows.length;
  assert.equal(await rows(), 6, 'two states, each with USD, EUR and no amount');
  await set(`state = 'delivered', owner = null`);
  while ((await addUpStuckCounts(pool, 7)) > 0);
  assert.equal(await rows(), 0);
});

test('a delivery that was never stuck leaves no row in the counts', async () => {
  await plan(5);
  await set(`state = 'delivered', owner = null, finished_at = now()`);
  const { rows } = await pool.query(`select from stuck_counts where operator_id = $1`, [operator.operatorId]);
  assert.equal(rows.length, 0);
});

test('what is stuck is shown and acted on without reading it, however much it is', async () => {
  const many = 20_000;
  await plan(many);
  await set(`state = 'held', owner = 'endpoint', last_error = 'timeout'`);
  while ((await addUpStuckCounts(pool, many)) > 0);
  // The oldest of all leaves, so that another one is.
  await set(`state = 'delivered', owner = null`, `id = 'dlv_1'`);
  await pool.query('analyze deliveries, stuck_counts');
  const counter = countRowsRead(pool);
  const stuck = createStuck(pool);
  const all: StuckFilter = {
    endpointId: null,
    affiliateId: null,
    state: null,
    reason: null,
    lastError: null,
  };
  for (const filter of [{}, { reason: 'timeout' }, { lastError: 'timeout' }, { state: 'held' as const }]) {
    const found = await stuck.find(
      operator.operatorId,
      { ...all, ...filter },
      {
        by: 'reason',
        order: 'oldest',
        limit: 10,
      },
    );
    assert.deepEqual([found.all?.count, found.all?.oldestAt], [many - 1, new Date('2026-01-01T00:01:00Z')]);
  }
  const action = { id: newId('act'), action: 'retry' as const, filter: all, isDryRun: true };
  assert.equal((await stuck.insertAction(operator.operatorId, action)).total, many - 1);
  assert.ok(counter.take() < 200, 'it read what is stuck');
});

test('the audit finds a count of stuck deliveries that is not theirs', async () => {
  await plan(9);
  await set(`state = 'held', owner = 'endpoint'`);
  const { operatorId } = operator;
  assert.deepEqual((await auditOf(pool, operatorId)).findings, []);
  const wrong = `update stuck_counts set count = 0 where id = (
    select min(id) from stuck_counts where operator_id = '${operatorId}' and payout_currency = 'USD')`;
  await withCorruptedBooks(pool, ['stuck_counts'], wrong, async () => {
    const { findings } = await auditOf(pool, operatorId);
    assert.equal(findings.length, 1);
    assert.match(findings[0]!, /^stuck_is_counted ep_.*is kept as 2 stuck postbacks of 12, 3 of 12 are$/);
  });
  assert.deepEqual((await auditOf(pool)).findings, []);
});
