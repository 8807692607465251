// Tests of constraints on payouts, decisions and manual postings.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createAdjustments } from '../../../store/ledger/adjustments.ts';
import { createDecisions } from '../../../store/ledger/decisions.ts';
import { createPayouts } from '../../../store/ledger/payouts.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { statementResult } from '../../support/database-refusals.ts';
import { createSettling } from '../../support/settling.ts';

let database: TestDatabase;

/**
 * A confirmed and a failed payout, an approved and a rejected commission, an adjustment up and one
 * down.
 */
before(async () => {
  database = await withDatabase();
  const { pool } = database;
  const { operatorId, affiliateId, ingestSales } = await withOperator(pool);
  const settle = createSettling(pool);
  const [decisions, payouts, adjustments] = [
    createDecisions(pool),
    createPayouts(pool),
    createAdjustments(pool),
  ];
  const by = { actor: 'key_test', reason: 'test' };
  const wanted = { affiliateId, currency: 'USD' };
  for (const [step, externalReference] of [
    ['confirm', 'wire'],
    ['fail', null],
  ] as const) {
    await settle(operatorId, await ingestSales(1));
    await decisions.decide(operatorId, { affiliateId, before: new Date(Date.now() + 1000) }, 'approved', by);
    const payout = { ...wanted, minimumMinor: 100n, idempotencyKey: step, actor: 'key_test' };
    const reserved = await payouts.reserve(operatorId, payout);
    assert.ok(reserved.kind === 'reserved');
    await payouts.step(operatorId, reserved.payout.id, step, { ...by, externalReference });
  }
  await decisions.decide(operatorId, { affiliateId, before: new Date(Date.now() + 1000) }, 'rejected', by);
  for (const amountMinor of [5n, -5n]) {
    await adjustments.adjust(operatorId, {
      ...wanted,
      ...by,
      amountMinor,
      idempotencyKey: String(amountMinor),
    });
  }
});
after(() => database.drop());

describe('the constraints of the commission lifecycle refuse', () => {
  const copied = (table: string, where: string, changes: object): string =>
    `insert into ${table} select (jsonb_populate_record(t, '${JSON.stringify(changes)}')).* from ${table} t where ${where} limit 1`;
  const cases: readonly [string, string, string][] = [
    [
      'no repeated approval, which is valid',
      copied('commission_decisions', `decision = 'approved'`, { id: 'dec_x' }),
      'done with 1 rows',
    ],
    [
      'no second rejection of a commission, which may have been reinstated in between',
      copied('commission_decisions', `decision = 'rejected'`, { id: 'dec_y' }),
      'done with 1 rows',
    ],
    [
      'no reinstatement without a reason, which is valid',
      copied('commission_decisions', `decision = 'rejected'`, {
        id: 'dec_z',
        decision: 'reinstated',
        reason: null,
      }),
      'done with 1 rows',
    ],
    [
      'an unknown decision',
      copied('commission_decisions', `decision = 'rejected'`, { id: 'dec_x', decision: 'forgotten' }),
      '23514 commission_decisions_decision_check',
    ],
    [
      'a rejection without a reason',
      copied('commission_decisions', `decision = 'rejected'`, { id: 'dec_x', reason: null }),
      '23514 commission_decisions_check',
    ],
    [
      'a decision about a commission that does not exist',
      copied('commission_decisions', `decision = 'approved'`, { id: 'dec_x', slot_id: 'slot_x' }),
      '23503 commission_decisions_operator_id_slot_id_fkey',
    ],
    [
      'a second confirmation of a payout',
      copied('payout_states', `state = 'paid'`, { actor: 'key_other' }),
      '23505 payout_states_pkey',
    ],
    [
      'a second payout with the same idempotency key',
      copied('payouts', `state = 'paid'`, { id: 'pay_x', external_reference: null }),
      '23505 payouts_operator_id_idempotency_key_key',
    ],
    [
      'a second payout with the same external reference',
      copied('payouts', `state = 'paid'`, { id: 'pay_x', idempotency_key: null }),
      '23505 payouts_operator_id_external_reference_key',
    ],
    [
      'a payout of zero',
      copied('payouts', 'true', {
        id: 'pay_x',
        idempotency_key: null,
        external_reference: null,
        amount_minor: 0,
        minimum_minor: null,
      }),
      '23514 payouts_amount_minor_check',
    ],
    [
      'a payout below its minimum',
      copied('payouts', 'true', {
        id: 'pay_x',
        idempotency_key: null,
        external_reference: null,
        amount_minor: 99,
      }),
      '23514 at_least_the_minimum',
    ],
    [
      'a payout to an affiliate that does not exist',
      copied('payouts', 'true', {
        id: 'pay_x',
        idempotency_key: null,
        external_reference: null,
        affiliate_id: 'aff_x',
      }),
      '23503 payouts_operator_id_affiliate_id_fkey',
    ],
    ['an unknown payout state', `update payouts set state = 'lost'`, '23514 payouts_state_check'],
    [
      'a reservation of more than the payable amount',
      `update slots set payable_minor = payable_minor - 1, in_payout_minor = in_payout_minor + 1 where payable_minor = 0`,
      '23514 slots_payable_minor_check',
    ],
    [
      'a reversal of more than was earned',
      `update slots set debt_minor = gross_minor + 1 where kind <> 'manual'`,
      '23514 never_more_back_than_given',
    ],
    [
      'an adjustment that belongs to a deal',
      `update slots set deal_id = 'deal_x', deal_version = 1 where kind = 'manual'`,
      '23514 of_a_deal_or_manual',
    ],
    [
      'a commission that belongs to no deal',
      `update slots set deal_id = null, deal_version = null where kind <> 'manual'`,
      '23514 of_a_deal_or_manual',
    ],
    [
      'a second manual posting with the same idempotency key',
      `insert into transfers (operator_id, id, posting_group, currency, debit_account, credit_account, amount_minor, code, idempotency_key, occurred_at, posted_at, period, origin_period)
       select operator_id, 'trf_x', posting_group, currency, debit_account, credit_account, amount_minor, code, idempotency_key, occurred_at, posted_at, period, origin_period
       from transfers where idempotency_key is not null limit 1`,
      '23505 transfers_idempotency',
    ],
  ];
  for (const [title, statement, expected] of cases) {
    test(`the constraints of the commission lifecycle refuse ${title}`, async () =>
      assert.equal(await statementResult(database.pool, statement), expected));
  }

  for (const table of ['commission_decisions', 'payout_states']) {
    test(`the constraints of the commission lifecycle refuse updates, deletes and truncation of ${table}`, async () => {
      const statements = [`update ${table} set actor = 'x'`, `delete from ${table}`, `truncate ${table}`];
      for (const statement of statements)
        assert.equal(await statementResult(database.pool, statement), '23000', statement);
    });
  }
});
