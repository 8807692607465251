// Settling concurrent with decisions about the same money: lock orders that fail only when a
// transaction is held up at the wrong moment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writeOff } from '../../../domain/ledger/lifecycle.ts';
import { createBalances } from '../../../store/ledger/balances.ts';
import { createDecisions } from '../../../store/ledger/decisions.ts';
import { createHolds } from '../../../store/ledger/holds.ts';
import { createPayouts } from '../../../store/ledger/payouts.ts';
import { inLedger } from '../../../store/ledger/ledger-transaction.ts';
import { lockDebt } from '../../../store/ledger/locked-slots.ts';
import { post } from '../../../store/ledger/post.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { untilWaiting } from '../../support/lock-waits.ts';
import { withOperator } from '../../support/operator.ts';
import { addAffiliate, auditOf, createSettling, outcomesOf } from '../../support/settling.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

const REFERENCE_ONLY = { clickId: null, customerId: null, amountMinor: null } as const;
const BY = { actor: 'key_test', reason: 'test' } as const;

/** An affiliate whose one sale, which earned 10.00, is released. */
async function withSale() {
  const { pool } = database;
  const operator = await withOperator(pool);
  const { affiliateId, clickId } = await addAffiliate(pool, operator.operatorId, { hold_days: 0 });
  const settle = createSettling(pool);
  const ids = await operator.ingest([{ transactionId: 'sale', clickId }]);
  await settle(operator.operatorId, ids);
  await createHolds(pool).release(operator.operatorId, null, Date.now());
  return { ...operator, affiliateId, settle, sale: ids[0]! };
}

/** Waits until this many connections wait for another one's lock. */
function waiting(count: number): Promise<unknown> {
  return untilWaiting(database.pool, `${count} to wait for locks`, (found) => found === count);
}

test('a debt is reduced once when a write-off and a won chargeback cancel it concurrently', async () => {
  const { pool } = database;
  const { operatorId, affiliateId, ingest, settle } = await withSale();
  const payouts = createPayouts(pool);
  const wanted = {
    affiliateId,
    currency: 'USD',
    minimumMinor: null,
    idempotencyKey: null,
    actor: 'key_test',
  };
  const reserved = await payouts.reserve(operatorId, wanted);
  assert.ok(reserved.kind === 'reserved');
  await payouts.step(operatorId, reserved.payout.id, 'confirm', { ...BY, externalReference: null });
  await settle(operatorId, await ingest([{ type: 'chargeback', reference: 'sale', ...REFERENCE_ONLY }]));

  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const writtenOff = inLedger(pool, operatorId, async (ledger) => {
    const legs = [writeOff(await lockDebt(ledger, affiliateId, 'USD'))];
    await post(ledger, { group: 'trf_test', ...BY }, [{ affiliateId, currency: 'USD', legs, slot: null }]);
    await gate;
  });
  await eventually('the write-off to hold the balance', async () => {
    const { rowCount } = await pool.query(
      `select from balances where affiliate_id = $1 for update skip locked`,
      [affiliateId],
    );
    return rowCount === 0;
  });
  const won = settle(
    operatorId,
    await ingest([{ type: 'chargeback_won', reference: 'sale', ...REFERENCE_ONLY }]),
  );
  await waiting(1);
  open();
  await Promise.all([writtenOff, won]);
  const [balance] = await createBalances(pool).find(operatorId, affiliateId);
  assert.deepEqual([balance!.debtMinor, balance!.pendingMinor, balance!.paidMinor], [0n, 10_00n, 10_00n]);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('a chargeback settled during a rejection of its conversion reports the amount left by the rejection', async () => {
  const { pool } = database;
  const { operatorId, ingest, settle, sale } = await withSale();
  const { rows } = await pool.query<{ id: string }>(
    `select slot_id as id from slot_facts where original_event_id = $1`,
    [sale],
  );
  const chargeback = await ingest([{ type: 'chargeback', reference: 'sale', ...REFERENCE_ONLY }]);
  const holder = await pool.connect();
  await holder.query('begin');
  await holder.query(`select from slots where id = $1 for update`, [rows[0]!.id]);
  const rejected = createDecisions(pool).decide(operatorId, { ids: [rows[0]!.id] }, 'rejected', BY);
  await waiting(1);
  const settled = settle(operatorId, chargeback);
  await waiting(2);
  await holder.query('commit');
  holder.release();
  await Promise.all([rejected, settled]);
  assert.deepEqual(await outcomesOf(pool, [sale]), ['settled 0']);
  assert.deepEqual((await auditOf(pool)).findings, []);
});
