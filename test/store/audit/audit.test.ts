// Audit of the ledger: no finding in a healthy history, and a finding for each table that was
// tampered with.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { auditAll } from '../../../store/audit/audit.ts';
import { withCorruptedBooks } from '../../support/corrupted-books.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { addAffiliate, auditOf, createSettling } from '../../support/settling.ts';

const HYBRID: Partial<WireTerms> = {
  components: [
    { kind: 'cpa', on: 'ftd', amount: '200' },
    { kind: 'revshare', on: 'revenue', percent: '25' },
    { kind: 'per_lot', on: 'trade', amount: '4' },
    { kind: 'percent', on: ['sale', 'ftd'], percent: '10' },
  ],
};

let database: TestDatabase;
let operator: TestOperator;

/**
 * A history with every kind of slot, clawbacks in both orders, an orphan, a refusal, and an
 * affiliate paid in yen.
 */
before(async () => {
  database = await withDatabase();
  operator = await withOperator(database.pool);
  const { pool } = database;
  const { clickId } = await addAffiliate(pool, operator.operatorId, HYBRID);
  const yen = await addAffiliate(pool, operator.operatorId, { ...HYBRID, currency: 'JPY' });
  const referenceOnly: Partial<ConversionEvent> = {
    customerId: null,
    clickId: null,
    amountMinor: null,
    occurredAt: Date.now() + 1000,
  };
  const batches: Partial<ConversionEvent>[][] = [
    [{ type: 'refund', reference: 'early', ...referenceOnly, amountMinor: 10_00n }],
    [
      { type: 'ftd', transactionId: 'f-1', clickId, customerId: 'c' },
      { type: 'revenue', clickId, customerId: 'c' },
      { type: 'trade', clickId, customerId: 'c', volumeE4: 1_2345n },
    ],
    [
      { transactionId: 'early', clickId },
      { transactionId: 's-1' },
      { transactionId: 's-2' },
      { type: 'revenue', clickId, amountMinor: -5000n },
    ],
    [
      { type: 'sale', clickId: yen.clickId, currency: 'JPY', amountMinor: 1234n },
      { type: 'kyc', clickId, customerId: 'c' },
      { type: 'revenue', clickId, amountMinor: 400_00n },
    ],
    [
      { type: 'chargeback', reference: 's-1', ...referenceOnly },
      { type: 'refund', reference: 's-2', ...referenceOnly, amountMinor: 33_33n },
    ],
    [
      { type: 'fraud', ...referenceOnly, customerId: 'c' },
      { clickId: null, customerId: 'stranger' },
      { currency: 'EUR' },
    ],
    [{ type: 'chargeback_won', reference: 's-1', ...referenceOnly }],
  ];
  const settle = createSettling(pool);
  for (const batch of batches) {
    const ids = await operator.ingest(batch);
    await settle(operator.operatorId, ids);
  }
});
after(() => database.drop());

test('the audit of a healthy history finds nothing unexplained, per operator and currency', async () => {
  const lines = [];
  for await (const line of auditAll(database.pool, (_, finding) => assert.fail(JSON.stringify(finding))))
    lines.push(line);
  const common = { operator: operator.operatorId, findings: 0 };
  assert.deepEqual(lines, [
    { ...common, currency: 'USD', unexplained: '0.00', transfers: 17 },
    { ...common, currency: 'JPY', unexplained: '0', transfers: 1 },
  ]);
});

test('the audit lists an operator without earnings in its own currency', async () => {
  const { operatorId } = await withOperator(database.pool);
  const lines = [];
  for await (const line of auditAll(database.pool, () => {})) lines.push(line);
  assert.deepEqual(lines.at(-1), {
    operator: operatorId,
    currency: 'USD',
    unexplained: '0.00',
    transfers: 0,
    findings: 0,
  });
});

test('one operator is audited alone, and an operator that is not there is no healthy one', async () => {
  const { operatorId } = await withOperator(database.pool);
  const lines = [];
  for await (const line of auditAll(database.pool, () => {}, operator.operatorId)) lines.push(line);
  assert.deepEqual(new Set(lines.map((line) => line.operator)), new Set([operator.operatorId]));
  const missing = auditAll(database.pool, () => {}, `${operatorId}x`);
  await assert.rejects(missing.next(), /there is no operator/);
});

describe('the audit finds stored data that was tampered with:', () => {
  const cases: readonly [string, string, string[]][] = [
    [
      'a balance',
      `update balances set pending_minor = pending_minor + 1`,
      ['balance_is_its_slots', 'balance_is_its_transfers'],
    ],
    ['a deleted balance', `delete from balances`, ['balance_is_its_slots', 'balance_is_its_transfers']],
    [
      'a slot’s amounts moved from pending to payable',
      `update slots set pending_minor = pending_minor - 1, payable_minor = payable_minor + 1 where kind = 'revshare'`,
      ['balance_is_its_slots', 'slot_is_its_transfers'],
    ],
    [
      'a slot’s earned amount together with its balance',
      `update slots set gross_minor = gross_minor + 1, pending_minor = pending_minor + 1; update balances set pending_minor = pending_minor + 1`,
      [
        'balance_is_its_slots',
        'balance_is_its_transfers',
        'slot_is_as_rated',
        'slot_is_its_target',
        'slot_is_its_transfers',
      ],
    ],
    [
      'a slot’s affiliate',
      `update slots set affiliate_id = (select max(id) from affiliates) where kind = 'cpa'`,
      ['slot_is_its_transfers'],
    ],
    [
      'a slot’s sum of amounts',
      `update slots set basis_minor = basis_minor + 1 where kind = 'revshare'`,
      ['slot_keeps_its_sums'],
    ],
    [
      'a slot’s volume',
      `update slots set volume_e4 = volume_e4 + 1 where kind = 'per_lot'`,
      ['slot_keeps_its_sums'],
    ],
    [
      'a slot’s count of facts',
      `update slots set facts_count = facts_count + 1`,
      ['slot_is_as_rated', 'slot_keeps_its_sums'],
    ],
    [
      'a slot’s hash of facts',
      `update slots set facts_hash = facts_hash # 1`,
      ['slot_is_as_rated', 'slot_keeps_its_sums'],
    ],
    [
      'a transfer’s amount',
      `update transfers set amount_minor = amount_minor + 1 where code = 'accrue'`,
      ['balance_is_its_transfers', 'slot_is_its_transfers', 'told_is_booked', 'told_is_booked_by_event'],
    ],
    [
      'a deleted transfer',
      `delete from transfers where code = 'void_pending'`,
      ['balance_is_its_transfers', 'slot_is_its_transfers', 'told_is_booked', 'told_is_booked_by_event'],
    ],
    [
      'a surplus transfer',
      `insert into transfers select operator_id, 'trf_x', posting_group, currency, debit_account, credit_account, amount_minor, code, affiliate_id, slot_id, 99, event_id, null, null, null, occurred_at, posted_at, period, origin_period from transfers where currency = 'JPY'`,
      ['balance_is_its_transfers', 'slot_is_its_transfers', 'told_is_booked', 'told_is_booked_by_event'],
    ],
    [
      'a transfer with its accounts swapped',
      `update transfers set debit_account = credit_account, credit_account = debit_account where code = 'accrue' and currency = 'JPY'`,
      ['balance_is_its_transfers', 'slot_is_its_transfers', 'told_is_booked', 'told_is_booked_by_event'],
    ],
    [
      'a transfer of no affiliate',
      `update transfers set affiliate_id = null where currency = 'JPY'`,
      ['slot_is_its_transfers', 'told_is_booked', 'told_is_booked_by_event'],
    ],
    [
      'a transfer of another affiliate than the rest of its slot’s',
      `update transfers set affiliate_id = (select min(affiliate_id) from transfers where currency = 'JPY') where id = (select min(id) from transfers where currency = 'USD' and slot_seq = 2)`,
      ['slot_is_its_transfers', 'told_is_booked'],
    ],
    [
      'a transfer of a slot that does not exist',
      `update transfers set slot_id = 'slt_x' where currency = 'JPY'`,
      ['slot_is_its_transfers'],
    ],
    [
      'a transfer of another event',
      `update transfers set event_id = (select min(id) from events) where currency = 'JPY'`,
      ['told_is_booked_by_event'],
    ],
    [
      'a fact’s amount',
      `update slot_facts set amount_minor = amount_minor + 10000 where whole and type = 'sale'`,
      ['fact_is_its_event', 'slot_is_its_target', 'slot_keeps_its_sums'],
    ],
    [
      'a refund’s amount',
      `update slot_facts set amount_minor = amount_minor + 10000 where not whole`,
      ['fact_is_its_event', 'reversal_is_in_its_slots', 'slot_is_its_target', 'slot_keeps_its_sums'],
    ],
    [
      'a deleted clawback',
      `delete from slot_facts where type = 'fraud'`,
      ['reversal_is_in_its_slots', 'slot_is_its_target', 'slot_keeps_its_sums', 'told_is_booked_by_event'],
    ],
    [
      'a clawback of a conversion that its event does not cover',
      `insert into slot_facts select operator_id, original_event_id, slot_id, (select min(id) from events where type = 'fraud'), 'fraud', true, 0, 0, deal_version, (select min(occurred_at) from events where type = 'fraud'), batch_id, 0 from slot_facts where type = 'sale' and amount_minor = 1234`,
      ['reversal_is_of_its_customer', 'slot_is_its_target', 'slot_keeps_its_sums'],
    ],
    [
      'a conversion that is not in its slot',
      `delete from slot_facts where type = 'revenue'`,
      ['event_has_its_facts', 'slot_is_its_target', 'slot_keeps_its_sums'],
    ],
    [
      'a fact of an event that is not settled',
      `update event_outcomes set status = 'rejected', payout_minor = null where affiliate_id is not null and deal_id is not null`,
      ['event_has_its_facts', 'told_is_booked'],
    ],
    [
      'a chargeback that still waits for its conversion',
      `update event_outcomes set status = 'orphaned', reason = 'no_conversion' where event_id in (select id from events where type = 'refund')`,
      ['event_has_its_facts'],
    ],
    [
      'an amount reported to an affiliate',
      `update event_outcomes set payout_minor = payout_minor + 1 where payout_minor > 0`,
      ['told_is_booked', 'told_is_booked_by_event'],
    ],
    [
      'a rated amount shown to an affiliate',
      `update ratings set target_minor = target_minor + 1`,
      ['slot_is_as_rated'],
    ],
    [
      'an event’s amount',
      `update events set amount_minor = amount_minor + 1 where type = 'revenue'`,
      ['fact_is_its_event'],
    ],
    [
      'a deal’s percent',
      `update deal_versions set terms = replace(terms::text, '"25"', '"50"')::jsonb`,
      ['slot_is_its_target'],
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

test('the unexplained amount of an audit is the difference in the ledger, in decimal text', async () => {
  const lines = await withCorruptedBooks(
    database.pool,
    KEPT,
    `update balances set pending_minor = pending_minor + 105, payable_minor = payable_minor - 5`,
    async () => {
      const found: string[] = [];
      for await (const { currency, unexplained } of auditAll(database.pool, () => {}))
        found.push(`${unexplained} ${currency}`);
      return found;
    },
  );
  assert.deepEqual(lines.slice(0, 2), ['2.20 USD', '110 JPY']);
});

const KEPT = ['balances', 'slots', 'transfers', 'slot_facts', 'ratings', 'event_outcomes', 'deal_versions'];
