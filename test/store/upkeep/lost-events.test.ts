// Events that never settle: the sweep starts each of them again, and its mark passes them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findLostEvents } from '../../../store/upkeep/sweep.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';

let database: TestDatabase;
let operator: TestOperator;
before(async () => {
  database = await withDatabase();
  operator = await withOperator(database.pool);
});
after(() => database.drop());

const MINUTE_MS = 60_000;
const find = async (limit: number) => (await findLostEvents(database.pool, 0, limit)).map(({ id }) => id);

test('of more events that never settle than a run of the sweep takes, none waits for ever', async () => {
  // All at one moment, which the mark cannot divide.
  const receivedAt = Date.now() - 30 * MINUTE_MS;
  const ids = await operator.ingest(Array.from({ length: 7 }, () => ({ receivedAt })));
  const late = await operator.ingest([{ receivedAt: Date.now() - 20 * MINUTE_MS }]);
  const found: string[][] = [];
  for (let run = 0; run < 5; run++) found.push(await find(2));
  const all = [...ids, ...late].toSorted();
  assert.deepEqual([...new Set(found.flat())].toSorted(), all);
  for (let run = 0; run < 4; run++) found.push(await find(2));
  assert.deepEqual(found.slice(-4).flat().toSorted(), all, 'those it saw longest ago come next');
  const { rows } = await database.pool.query<{ minutes: number }>(
    `select (extract(epoch from now() - through) / 60)::float8 as minutes from sweep_marks order by through`,
  );
  const minutes = rows.map((mark) => Math.round(mark.minutes));
  assert.deepEqual(minutes, [10, 2], 'minutes that the marks are old');
});

test('an event whose insert committed behind the mark is found by the next longer look', async () => {
  const { pool } = database;
  await find(100);
  const [late = ''] = await operator.ingest([{ receivedAt: Date.now() - 5 * MINUTE_MS }]);
  assert.ok(!(await find(100)).includes(late), 'every run looks behind its mark');
  await pool.query(
    `update sweep_marks set through = now() - interval '16 minutes' where name = 'late events'`,
  );
  assert.ok((await find(100)).includes(late));
  assert.ok((await find(100)).includes(late), 'it was not noted');
});
