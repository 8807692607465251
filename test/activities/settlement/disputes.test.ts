// Disputes and divided reversals on a real PostgreSQL: what is loaded, locked and written for them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DEFAULT_CLAWBACK, type WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { createFxRates } from '../../../store/agreements/fx-rates.ts';
import { newId } from '../../../store/db/ids.ts';
import { DAY_MS } from '../../support/builders.ts';
import { withCorruptedBooks } from '../../support/corrupted-books.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import {
  addAffiliate,
  auditOf,
  createSettling,
  outcomesOf,
  pendingOf,
  type Settling,
} from '../../support/settling.ts';

let database: TestDatabase;
let settle: Settling;
const START = Date.now() - 20 * DAY_MS;

before(async () => {
  database = await withDatabase();
  settle = createSettling(database.pool);
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(database.pool);
  await database.drop();
  assert.deepEqual(findings, []);
});

type Fields = Partial<ConversionEvent>;

/** A new operator, whose affiliate earns 10 % of sales, and loses parts by chargebacks. */
async function withSales(terms: Partial<WireTerms> = {}) {
  const { pool } = database;
  const operator = await withOperator(pool);
  const deal = { ...terms, clawback: { ...DEFAULT_CLAWBACK, chargeback: 'proportional' as const } };
  const { affiliateId, clickId } = await addAffiliate(pool, operator.operatorId, deal);
  // The click is older than the events.
  await pool.query('update clicks set clicked_at = $2 where id = $1', [clickId, new Date(START)]);
  const ingest = (...all: Fields[]): Promise<string[]> =>
    operator.ingest(all.map((fields) => ({ clickId, customerId: 'c', ...fields })));
  const settled = async (...all: Fields[]): Promise<string[]> => {
    const ids = await ingest(...all);
    await settle(operator.operatorId, ids);
    return ids;
  };
  return { operatorId: operator.operatorId, ingest, settled, pending: () => pendingOf(pool, affiliateId) };
}

const sale = (day: number): Fields => ({ transactionId: `d${day}`, occurredAt: START + day * DAY_MS });
const charge = (day: number, fields: Fields = {}): Fields => ({
  type: 'chargeback',
  transactionId: `cb${day}`,
  occurredAt: START + day * DAY_MS,
  ...fields,
});
const byId = { clickId: null, customerId: null };

test('a chargeback of one amount by customer takes one of ten sales, whichever arrive later', async () => {
  for (const first of [0, 3, 10]) {
    const { settled, pending } = await withSales();
    const sales = Array.from({ length: 10 }, (_, day) => sale(day));
    await settled(...sales.slice(0, first));
    await settled(charge(15));
    for (const one of sales.slice(first)) await settled(one);
    assert.equal(await pending(), 90_00n);
  }
});

test('sales that are settled at the same time share a chargeback by customer once', async () => {
  const { operatorId, ingest, settled, pending } = await withSales();
  await settled(sale(0));
  await settled(charge(15, { amountMinor: 150_00n }));
  const batches = await Promise.all([1, 2, 3, 4].map((day) => ingest(sale(day))));
  await Promise.all(batches.map((ids) => settle(operatorId, ids)));
  assert.equal(await pending(), 35_00n);
});

test('a win that names its chargeback by id waits for it, and gives back what it took', async () => {
  const { settled, pending } = await withSales();
  const win: Fields = { type: 'chargeback_won', reference: 'cb15', amountMinor: null, ...byId };
  const [won] = await settled({ ...win, occurredAt: START + 16 * DAY_MS });
  assert.deepEqual(await outcomesOf(database.pool, [won!]), ['orphaned no_conversion']);
  await settled(sale(0), sale(1));
  await settled(charge(14, { amountMinor: 50_00n }));
  assert.equal(await pending(), 15_00n);
  await settled(charge(15, { amountMinor: 100_00n }));
  assert.equal(await pending(), 15_00n);
  assert.deepEqual(await outcomesOf(database.pool, [won!]), ['settled']);
  await settled(charge(17, { amountMinor: 100_00n }));
  assert.equal(await pending(), 5_00n);
});

test('a reversal that contradicts its reference is set aside, also when the conversion comes later', async () => {
  const { settled, pending } = await withSales();
  const wrong = charge(15, { customerId: 'other', clickId: null, reference: 'd0' });
  const [early] = await settled(wrong);
  await settled(sale(0));
  const [late] = await settled({ ...wrong, transactionId: 'again' });
  const mismatch = 'set_aside customer_mismatch';
  assert.deepEqual(await outcomesOf(database.pool, [early!, late!]), [mismatch, mismatch]);
  assert.equal(await pending(), 10_00n);
});

test('a chargeback up to an amount that settled waits for the rate of a conversion that comes later', async () => {
  const { operatorId, settled, pending } = await withSales();
  const addRate = (base: string, quote: string) =>
    createFxRates(database.pool).insert(operatorId, {
      id: newId('fx'),
      base,
      quote,
      rate: '1',
      source: 'bank',
      asOf: new Date(START),
      actor: 'key_1',
    });
  await addRate('EUR', 'USD');
  await settled(sale(1));
  const [charged] = await settled(charge(15, { amountMinor: 150_00n }));
  assert.deepEqual(await outcomesOf(database.pool, [charged!]), ['settled']);
  await settled({ ...sale(2), currency: 'EUR' });
  assert.deepEqual(await outcomesOf(database.pool, [charged!]), ['set_aside no_exchange_rate']);
  assert.equal(await pending(), 10_00n);
  await addRate('USD', 'EUR');
  await settle(operatorId, [charged!]);
  assert.deepEqual(await outcomesOf(database.pool, [charged!]), ['settled']);
  assert.equal(await pending(), 5_00n);
});

test('a deposit that nothing is paid for takes over a chargeback, which the revenue before it gets back', async () => {
  const { settled, pending } = await withSales({
    components: [{ kind: 'revshare', on: ['revenue'], percent: '25' }],
  });
  await settled({ ...sale(1), type: 'revenue' });
  await settled(charge(15, { amountMinor: 50_00n }));
  assert.equal(await pending(), 12_50n);
  await settled({ ...sale(2), type: 'deposit' });
  assert.equal(await pending(), 25_00n);
  assert.deepEqual((await auditOf(database.pool)).findings, []);
});

test('the audit finds a divided reversal that took another part of a conversion than its own', async () => {
  const { operatorId, settled } = await withSales();
  await settled(sale(0), sale(1));
  await settled(charge(15, { amountMinor: 150_00n }));
  const corrupt = `update slot_facts set amount_minor = 60_00
    where operator_id = '${operatorId}' and type = 'chargeback' and amount_minor = 50_00`;
  const { checks } = await withCorruptedBooks(database.pool, ['slot_facts'], corrupt, () =>
    auditOf(database.pool),
  );
  assert.deepEqual(checks, [
    'reversal_is_divided',
    'reversal_takes_at_most_its_amount',
    'slot_is_its_target',
    'slot_keeps_its_sums',
  ]);
});
