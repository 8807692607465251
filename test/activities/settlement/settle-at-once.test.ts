// Batches that one process settles at the same time: a repeated run joins the one under way, and
// batches of one operator do not crowd the database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { createTransact, type Transact } from '../../../activities/settlement/transaction.ts';
import { newId } from '../../../store/db/ids.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';

let database: TestDatabase;

before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

/** Settling that counts its transactions, by operator, and how many of one ran at once. */
function counting() {
  const real = createTransact(database.pool);
  const counts = { begun: 0, mostOfOne: 0 };
  const running = new Map<string, number>();
  const transact: Transact = async (input, rule) => {
    const { operatorId } = input;
    counts.begun++;
    running.set(operatorId, (running.get(operatorId) ?? 0) + 1);
    counts.mostOfOne = Math.max(counts.mostOfOne, ...running.values());
    try {
      return await real(input, rule);
    } finally {
      running.set(operatorId, running.get(operatorId)! - 1);
    }
  };
  return { counts, ...createSettle({ pool: database.pool, transact }) };
}

const batchOf = async (operator: TestOperator, sales: number) => ({
  batchId: newId('bat'),
  owner: 'batch' as const,
  operators: [{ operatorId: operator.operatorId, eventIds: await operator.ingestSales(sales) }],
});

test('a run that begins again after a timeout joins the one under way, and returns the same', async () => {
  const operator = await withOperator(database.pool);
  await operator.addEndpoint('http://127.0.0.1:9/');
  const batch = await batchOf(operator, 3);
  const { counts, settle } = counting();
  const [first, again] = await Promise.all([settle(batch), settle(batch)]);
  assert.equal(counts.begun, 1);
  assert.equal(first.forBatch, 3);
  assert.deepEqual(again, first);
});

test('of one operator two transactions settle at once, beside those of another', async () => {
  const operators = await Promise.all([withOperator(database.pool), withOperator(database.pool)]);
  const batches = await Promise.all([0, 0, 0, 0, 1].map((index) => batchOf(operators[index]!, 5)));
  const { counts, settle } = counting();
  const settled = await Promise.all(batches.map((batch) => settle(batch)));
  assert.equal(settled.length, 5);
  assert.deepEqual(counts, { begun: 5, mostOfOne: 2 });
});
