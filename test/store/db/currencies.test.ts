// Added currencies in a process that did not add them: it learns them with the operator whose
// amounts it is about to book.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exponentOf } from '../../../domain/ledger/currencies.ts';
import { formatMoney } from '../../../domain/ledger/money.ts';
import { newId } from '../../../store/db/ids.ts';
import { createAdjustments } from '../../../store/ledger/adjustments.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { addAffiliate, auditOf, createSettling, outcomesOf } from '../../support/settling.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

/** Adds a currency to an operator as another process does: this one does not hear of it. */
async function addElsewhere(operatorId: string, code: string, exponent: number): Promise<void> {
  const { pool } = database;
  await pool.query(`insert into currencies (code, exponent) values ($1, $2)`, [code, exponent]);
  await pool.query(`insert into operator_currencies (operator_id, id, code) values ($1, $2, $3)`, [
    operatorId,
    newId('cur'),
    code,
  ]);
  assert.equal(exponentOf(code), undefined);
}

test('a process that settles events in a currency added elsewhere knows its decimals', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  await addElsewhere(operator.operatorId, 'COINA', 8);
  const components = [{ kind: 'cpa' as const, on: 'ftd' as const, amount: '0.00000001' }];
  const { clickId } = await addAffiliate(pool, operator.operatorId, { currency: 'COINA', components });
  const ids = await operator.ingest([{ type: 'ftd', clickId, currency: 'COINA', amountMinor: 5n }]);
  await createSettling(pool)(operator.operatorId, ids);
  assert.deepEqual(await outcomesOf(pool, ids), ['settled 1']);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('a process that posts by hand in a currency added elsewhere knows its decimals', async () => {
  const { pool } = database;
  const { operatorId, affiliateId } = await withOperator(pool);
  await addElsewhere(operatorId, 'COINB', 0);
  const { kind } = await createAdjustments(pool).adjust(operatorId, {
    affiliateId,
    currency: 'COINB',
    amountMinor: 7n,
    reason: 'bonus',
    actor: 'key',
    idempotencyKey: newId('test'),
  });
  assert.equal(kind, 'posted');
  const { rows } = await pool.query(`select distinct exponent from accounts where currency = 'COINB'`);
  assert.deepEqual(rows, [{ exponent: 0 }]);
});

test('an amount in a currency that is not known is never shown with guessed decimals', () => {
  assert.throws(() => formatMoney(100n, 'COINC'), /decimals of COINC/);
});
