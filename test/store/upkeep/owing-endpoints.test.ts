// Endpoints with an overdue queue, by what their rows promise.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findOwingEndpoints } from '../../../store/upkeep/sweep.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';

const GRACE_MS = 20_000;

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

test('an overdue queue is late unless a look at it is promised soon, or ever where its endpoint is down or off', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const cases: [set: string, isLate: boolean][] = [
    [`queue_read_by = null`, true],
    [`queue_read_by = now() - interval '30 seconds'`, true],
    [`queue_read_by = now() - interval '10 seconds'`, false],
    [`queue_read_by = now() + interval '50 seconds'`, false],
    [`queue_read_by = now() + interval '2 minutes'`, true],
    [`state = 'paused', queue_read_by = now() + interval '1 year'`, false],
    [`state = 'paused'`, true],
    [`failures_in_a_row = 10, queue_read_by = now() + interval '9 minutes'`, false],
    [`failures_in_a_row = 10`, true],
  ];
  const expected = new Map<string, boolean>();
  for (const [set, isLate] of cases) {
    const { id } = await operator.addEndpoint('http://127.0.0.1:9/');
    expected.set(id, isLate);
    await pool.query(`update endpoints set ${set} where id = $1`, [id]);
    await pool.query(
      `insert into deliveries (operator_id, id, endpoint_id, affiliate_id, original_event_id, type, body,
         state, owner, batch_id, next_attempt_at)
       values ($1, 'dlv_' || $2, $2, $3, 'evt', 'conversion.created', '{}', 'pending', 'endpoint', 'bat',
         now() - interval '25 seconds')`,
      [operator.operatorId, id, operator.affiliateId],
    );
  }
  const found = await findOwingEndpoints(pool, { operatorId: '', id: '' }, GRACE_MS, 100);
  assert.deepEqual(new Map(found.map(({ id, isLate }) => [id, isLate])), expected);
});
