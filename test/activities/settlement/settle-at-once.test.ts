// Batches that one process settles or rates again at the same time: a repeated run joins the one
// under way, and batches of one operator do not crowd the database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRerate } from '../../../activities/settlement/rerate.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { createTransact, type Transact } from '../../../activities/settlement/transaction.ts';
import { createDeals } from '../../../store/agreements/deals.ts';
import { newId } from '../../../store/db/ids.ts';
import { wireTerms } from '../../support/builders.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';

let database: TestDatabase;

before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

/** Settling and rerating that count transactions, and how many of one operator ran at once. */
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
  const deps = { pool: database.pool, transact, handOver: () => Promise.resolve({ workflows: 0 }) };
  return { counts, ...createSettle(deps), ...createRerate(deps) };
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

test('versions that are added at once rate again one after the other, and all finish', async () => {
  const operator = await withOperator(database.pool);
  const batch = await batchOf(operator, 3);
  const { counts, settle, rerateChunk } = counting();
  await settle(batch);
  const { operatorId, affiliateId } = operator;
  const deals = createDeals(database.pool);
  const deal = { id: newId('deal'), name: 'Better', affiliateId };
  await deals.insert(operatorId, deal, new Date(0), wireTerms());
  for (let day = 1; day < 6; day++) await deals.addVersion(operatorId, deal.id, new Date(day), wireTerms());
  counts.mostOfOne = 0;
  const rated = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((version) => rerateChunk({ operatorId, dealId: deal.id, version })),
  );
  assert.ok(rated.every(({ isFinished }) => isFinished));
  assert.equal(counts.mostOfOne, 1);
});
