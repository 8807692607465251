// Tests of reconciliation: the reason given for each row of an operator's list.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareAll, type StoredTransaction, type Listed } from '../../../domain/ledger/reconciliation.ts';

let count = 0;

const kept = (changes: Partial<StoredTransaction> = {}): StoredTransaction => ({
  eventId: `evt_${++count}`,
  transactionId: 't',
  type: 'sale',
  amountMinor: 100_00n,
  currency: 'USD',
  status: 'settled',
  statusReason: null,
  affiliateId: 'aff_1',
  reportedMinor: 10_00n,
  reportedCurrency: 'USD',
  isReversed: false,
  occurredAt: new Date(0),
  ...changes,
});
const listed = (changes: Partial<Listed> = {}): Listed => {
  return { transactionId: 't', event: null, amount: null, currency: null, commission: null, ...changes };
};

describe('a reconciliation row', () => {
  const cases: readonly [string, Partial<Listed>, Partial<StoredTransaction> | null, string][] = [
    ['with nothing but its id matches', {}, {}, 'match'],
    [
      'with all stored fields matches, however its decimals are written',
      { amount: '100', currency: 'USD', commission: '10.000' },
      {},
      'match',
    ],
    ['of a transaction that is not stored', {}, null, 'missing_here'],
    ['of another type than the stored event', { event: 'deposit' }, {}, 'missing_here'],
    ['with another amount', { amount: '100.01' }, {}, 'amount_differs'],
    ['with more decimals than the currency has', { amount: '100.001' }, {}, 'amount_differs'],
    [
      'with an amount where none is stored',
      { amount: '1' },
      { amountMinor: null, currency: null },
      'amount_differs',
    ],
    ['in another currency, whatever the amount', { amount: '1', currency: 'EUR' }, {}, 'currency_differs'],
    ['in yen has no decimals to miss', { amount: '100' }, { currency: 'JPY', amountMinor: 100n }, 'match'],
    ['with another commission', { commission: '9.99' }, {}, 'commission_differs'],
    [
      'with a commission for what earned nothing',
      { commission: '9.99' },
      { reportedMinor: null, reportedCurrency: null },
      'commission_differs',
    ],
    ['of an event that is not settled yet', { amount: '1' }, { status: 'accepted' }, 'not_settled'],
    ['of an event without an affiliate', {}, { status: 'orphaned' }, 'orphaned'],
    ['of an event that was rejected', {}, { status: 'rejected' }, 'rejected'],
    ['of an event that was set aside', {}, { status: 'set_aside' }, 'set_aside'],
    ['whose commission was reversed', {}, { isReversed: true, reportedMinor: 0n }, 'reversed'],
    [
      'that lists the reversal of its commission',
      { commission: '0' },
      { isReversed: true, reportedMinor: 0n },
      'match',
    ],
    [
      'that does not list that half of its commission was reversed',
      { commission: '10' },
      { isReversed: true, reportedMinor: 5_00n },
      'reversed',
    ],
    ['whose commission was reversed and reinstated', { commission: '10' }, { isReversed: true }, 'match'],
    [
      'of a refund, written with a minus',
      { amount: '-100' },
      { type: 'refund', reportedMinor: null },
      'match',
    ],
    ['of a revenue whose sign differs', { amount: '-100' }, { type: 'revenue' }, 'amount_differs'],
  ];
  for (const [title, row, event, expected] of cases) {
    test(`${title}: ${expected}`, () => {
      const { compared } = compareAll([listed(row)], event === null ? [] : [kept(event)]);
      assert.equal(compared[0]!.reason, expected);
    });
  }
});

test('reconciliation rows of one id without a type match its events in turn, conversions first, and a surplus row is a duplicate', () => {
  const [chargeback, deposit] = [kept({ type: 'chargeback', amountMinor: 5n }), kept({ type: 'deposit' })];
  const { compared, unlisted } = compareAll([listed(), listed(), listed()], [chargeback, deposit]);
  assert.deepEqual(
    compared.map(({ kept: event, reason, duplicateOf }) => [event?.type, reason, duplicateOf]),
    [
      ['deposit', 'match', null],
      ['chargeback', 'match', null],
      ['chargeback', 'duplicate_row', 1],
    ],
  );
  assert.deepEqual(unlisted, []);
});

test('an event without a reconciliation row is returned as unlisted, also where another event of its id was listed', () => {
  const [chargeback, deposit] = [kept({ type: 'chargeback' }), kept({ type: 'deposit' })];
  const { unlisted } = compareAll([listed({ event: 'deposit' })], [chargeback, deposit]);
  assert.deepEqual(unlisted, [chargeback]);
});

test('a reconciliation row of an unknown transaction that comes twice is missing once', () => {
  const { compared } = compareAll([listed(), listed(), listed({ event: 'ftd' })], []);
  assert.deepEqual(
    compared.map(({ reason }) => reason),
    ['missing_here', 'duplicate_row', 'missing_here'],
  );
});
