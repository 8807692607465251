// Audit of the commission lifecycle after booking: no finding in a healthy history, and a finding
// for each row that was tampered with.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createAdjustments } from '../../../store/ledger/adjustments.ts';
import { createDecisions } from '../../../store/ledger/decisions.ts';
import { createHolds } from '../../../store/ledger/holds.ts';
import { createPayouts } from '../../../store/ledger/payouts.ts';
import { withCorruptedBooks } from '../../support/corrupted-books.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { addAffiliate, auditOf, createSettling } from '../../support/settling.ts';

let database: TestDatabase;

/**
 * A history with every step: paid, charged back, recovered, failed, returned, rejected, won back,
 * adjusted, written off.
 */
before(async () => {
  database = await withDatabase();
  const { pool } = database;
  const { operatorId, ingest } = await withOperator(pool);
  const { affiliateId, clickId } = await addAffiliate(pool, operatorId, { hold_days: 0 });
  const settle = createSettling(pool);
  const [decisions, payouts, adjustments] = [
    createDecisions(pool),
    createPayouts(pool),
    createAdjustments(pool),
  ];
  const by = { actor: 'key_test', reason: 'test' };
  const wanted = { affiliateId, currency: 'USD', actor: 'key_test' };
  const referenceOnly = { clickId: null, customerId: null, amountMinor: null };
  const sell = async (...names: string[]): Promise<void> => {
    await settle(operatorId, await ingest(names.map((transactionId) => ({ transactionId, clickId }))));
    await createHolds(pool).release(operatorId, null, Date.now());
  };
  const payOut = async (...steps: ('confirm' | 'fail' | 'return')[]): Promise<void> => {
    const reserved = await payouts.reserve(operatorId, {
      ...wanted,
      minimumMinor: null,
      idempotencyKey: null,
    });
    assert.ok(reserved.kind === 'reserved');
    for (const step of steps)
      await payouts.step(operatorId, reserved.payout.id, step, { ...by, externalReference: null });
  };
  await sell('a', 'b', 'c');
  await payOut('confirm');
  await settle(operatorId, await ingest([{ type: 'chargeback', reference: 'a', ...referenceOnly }]));
  await sell('d', 'e');
  await payOut('confirm', 'return');
  await payOut('fail');
  await payOut('confirm');
  await settle(operatorId, await ingest([{ type: 'chargeback_won', reference: 'a', ...referenceOnly }]));
  await settle(operatorId, await ingest([{ type: 'chargeback', reference: 'b', ...referenceOnly }]));
  await settle(operatorId, await ingest([{ type: 'chargeback_won', reference: 'b', ...referenceOnly }]));
  const { rows } = await pool.query<{ id: string }>(
    `select id from slots where operator_id = $1 order by id`,
    [operatorId],
  );
  await decisions.decide(operatorId, { ids: [rows[2]!.id] }, 'rejected', by);
  await adjustments.writeOff(operatorId, { ...wanted, ...by, amountMinor: 400n, idempotencyKey: null });
  for (const amountMinor of [50n, -70n]) {
    await adjustments.adjust(operatorId, {
      ...wanted,
      ...by,
      amountMinor,
      idempotencyKey: String(amountMinor),
    });
  }
  await sell('f');
  await payOut();
});
after(() => database.drop());

test('the audit of a history with every kind of transfer finds nothing unexplained', async () => {
  const { rows } = await database.pool.query<{ code: string }>(
    `select distinct code from transfers order by code`,
  );
  const codes =
    'accrue adjust_down adjust_up cancel_debt claw_debt confirm fail recover_debt release reserve return write_off';
  assert.deepEqual(rows.map(({ code }) => code).join(' '), codes);
  assert.deepEqual((await auditOf(database.pool)).findings, []);
});

describe('the audit finds lifecycle data that was tampered with:', () => {
  const cases: readonly [string, string, string[]][] = [
    [
      'a balance’s paid amount',
      `update balances set paid_minor = paid_minor + 1`,
      ['balance_is_its_slots', 'balance_is_its_transfers'],
    ],
    [
      'a slot’s paid amount with its earned amount and its debt',
      `update slots set gross_minor = gross_minor + 1, paid_minor = paid_minor + 1, debt_minor = debt_minor + 1 where id = (select max(id) from slots where paid_minor > 0)`,
      ['balance_is_its_slots', 'slot_is_its_transfers'],
    ],
    [
      'a payout’s amount',
      `update payouts set amount_minor = amount_minor + 1 where state = 'paid'`,
      ['payout_is_its_transfers'],
    ],
    [
      'a payout’s debt',
      `update payouts set recovered_minor = recovered_minor + 1`,
      ['payout_is_its_transfers'],
    ],
    [
      'a payout’s state',
      `update payouts set state = 'failed' where state = 'reserved'`,
      ['payout_is_its_transfers'],
    ],
    ['a payout’s history', `delete from payout_states where state = 'returned'`, ['payout_is_its_transfers']],
    ['a deleted payout', `delete from payouts where state = 'reserved'`, ['payout_is_its_transfers']],
    [
      'a confirmed payout without its transfer',
      `delete from transfers where code = 'confirm'`,
      ['balance_is_its_transfers', 'payout_is_its_transfers', 'slot_is_its_transfers'],
    ],
    [
      'a rejection whose decision was deleted',
      `delete from commission_decisions where decision = 'rejected'`,
      ['rejection_was_decided'],
    ],
    [
      'a decided rejection that its slot no longer has',
      `update slots set rejected_at = null where rejected_at is not null`,
      ['rejection_was_decided', 'slot_is_its_target'],
    ],
    [
      'a rejected commission that still pays',
      `update slots set debt_minor = 0 where rejected_at is not null`,
      [
        'balance_is_its_slots',
        'rejection_was_decided',
        'slot_is_as_rated',
        'slot_is_its_target',
        'slot_is_its_transfers',
      ],
    ],
    [
      'an adjustment without an author',
      `update transfers set actor = null where code = 'adjust_up'`,
      ['adjustment_says_who_and_why'],
    ],
    [
      'a deleted write-off',
      `delete from transfers where code = 'write_off'`,
      ['balance_is_its_slots', 'balance_is_its_transfers'],
    ],
    [
      'a recovery of debt with a smaller amount',
      `update transfers set amount_minor = amount_minor - 1 where code = 'recover_debt'`,
      [
        'balance_is_its_slots',
        'balance_is_its_transfers',
        'payout_is_its_transfers',
        'slot_is_its_transfers',
      ],
    ],
  ];
  for (const [title, statement, expected] of cases) {
    test(`the audit finds tampering: ${title}`, async () => {
      const { checks, findings } = await withCorruptedBooks(database.pool, KEPT, statement, () =>
        auditOf(database.pool),
      );
      assert.deepEqual(checks, expected, findings.join('\n'));
    });
  }
});

const KEPT = ['balances', 'slots', 'transfers', 'payouts', 'payout_states', 'commission_decisions'];
