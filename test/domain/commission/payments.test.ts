// Payments of a customer: a first deposit and a deposit of one transaction count once in the sums
// that qualify a customer for a CPA.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { targetOf, uncappedCommissionOf } from '../../../domain/commission/commission.ts';
import { groupOf, type Group } from '../../../domain/commission/group.ts';
import { paymentsOf } from '../../../domain/commission/payments.ts';
import { rejecting, type SlotFact } from '../../../domain/commission/slot-facts.ts';
import { EMPTY_SUMS } from '../../../domain/commission/sums.ts';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import type { EventType } from '../../../domain/types.ts';
import { anEvent, aVersion, DAY_MS, NOON } from '../../support/builders.ts';

type Reversal = bigint | 'chargeback' | 'rejected';
type Reported = { lots?: bigint; day?: number; reversals?: readonly Reversal[] };

/** A conversion of an amount in minor units, under a transaction id. */
function reported(
  type: EventType,
  payment: string | null,
  amountMinor: bigint,
  { lots = 0n, day = 0, reversals = [] }: Reported = {},
): Group {
  const { id } = anEvent();
  const accrual: SlotFact = {
    originalEventId: id,
    eventId: id,
    revision: 0,
    type,
    whole: true,
    amountMinor,
    basisMinor: amountMinor,
    volumeE4: lots * 10_000n,
    occurredAt: NOON + day * DAY_MS,
    fx: null,
    customer: null,
    payment,
    cancels: null,
  };
  const reversalOf = (reversal: Reversal): SlotFact => {
    if (reversal === 'rejected') return rejecting(accrual);
    const isWhole = reversal === 'chargeback';
    return {
      ...accrual,
      eventId: anEvent().id,
      type: isWhole ? 'chargeback' : 'refund',
      whole: isWhole,
      amountMinor: isWhole ? amountMinor : reversal,
      payment: null,
    };
  };
  return groupOf([accrual, ...reversals.map(reversalOf)], aVersion());
}

const ftd = (amountMinor: bigint, of?: Reported): Group => reported('ftd', 'p1', amountMinor, of);
const again = (amountMinor: bigint, of?: Reported): Group => reported('deposit', 'p1', amountMinor, of);
const another = (amountMinor: bigint, of?: Reported): Group => reported('deposit', 'p2', amountMinor, of);

const CPA: WireComponent = {
  kind: 'cpa',
  on: ['ftd', 'deposit'],
  amount: '80',
  min_amount: '200',
  qualify: 'cumulative',
};
const LATER = { day: 1 };

/** What a CPA pays, and the place in `groups` of the conversion that qualifies the customer. */
function outcomeOf(component: WireComponent, groups: readonly Group[]) {
  const { terms } = aVersion({ components: [component] });
  const compiled = terms.components[0]!;
  const { conversion } = uncappedCommissionOf(compiled, terms, groups);
  const minor = targetOf(compiled, terms, groups, EMPTY_SUMS);
  return { minor, by: conversion === null ? null : groups.indexOf(conversion) };
}

const NOTHING = { minor: 0n, by: null };
const paidFor = (by: number) => ({ minor: 80_00n, by });

describe('a CPA of 80.00 for deposits of at least 200.00', () => {
  for (const [title, groups, expected] of [
    ['is not paid for a payment of 150.00 that is told twice', [ftd(150_00n), again(150_00n)], NOTHING],
    [
      'is paid with a further deposit that makes up what is missing',
      [ftd(150_00n), again(150_00n), another(50_00n, LATER)],
      paidFor(2),
    ],
    [
      'is not paid when the further deposit is a cent short',
      [ftd(150_00n), again(150_00n), another(49_99n, LATER)],
      NOTHING,
    ],
    ['is paid for two payments of different ids', [ftd(150_00n), another(150_00n, LATER)], paidFor(1)],
    [
      'is paid for an ftd and a deposit without ids',
      [reported('ftd', null, 150_00n), reported('deposit', null, 150_00n, LATER)],
      paidFor(1),
    ],
    ['counts the larger amount where the deposit has it', [ftd(150_00n), again(200_00n, LATER)], paidFor(0)],
    ['counts the larger amount where the ftd has it', [ftd(200_00n), again(150_00n, LATER)], paidFor(0)],
    [
      'counts the larger amount where the deposit happened before the ftd',
      [again(200_00n), ftd(150_00n, LATER)],
      paidFor(1),
    ],
    [
      'counts 150.00 of an ftd of 250.00 of which 100.00 were refunded',
      [ftd(250_00n, { reversals: [100_00n] }), again(150_00n), another(49_99n, LATER)],
      NOTHING,
    ],
    [
      'counts a deposit of 200.00 although 50.00 of its ftd were refunded',
      [ftd(200_00n, { reversals: [50_00n] }), again(200_00n)],
      paidFor(0),
    ],
    [
      'counts 150.00 of a payment of 200.00 after a refund of 50.00 that names both',
      [ftd(200_00n, { reversals: [50_00n] }), again(200_00n, { reversals: [50_00n] })],
      NOTHING,
    ],
    [
      'counts the deposit where the ftd was charged back',
      [ftd(200_00n, { reversals: ['chargeback'] }), again(200_00n, LATER)],
      paidFor(1),
    ],
    [
      'counts the deposit where the ftd was rejected',
      [ftd(200_00n, { reversals: ['rejected'] }), again(200_00n, LATER)],
      paidFor(1),
    ],
    [
      'counts the ftd where the deposit was rejected',
      [ftd(200_00n), again(300_00n, { reversals: ['rejected'] })],
      paidFor(0),
    ],
    [
      'counts nothing of a payment that was charged back under both types',
      [ftd(200_00n, { reversals: ['chargeback'] }), again(200_00n, { reversals: ['chargeback'] })],
      NOTHING,
    ],
  ] as const) {
    test(`a CPA for deposits ${title}`, () => {
      assert.deepEqual(outcomeOf(CPA, groups), expected);
      const reversed = outcomeOf(CPA, groups.toReversed());
      assert.equal(reversed.minor, expected.minor);
      if (expected.by !== null) assert.equal(reversed.by, groups.length - 1 - expected.by);
    });
  }

  test('a CPA for deposits and sales takes a sale of the same id for a payment of its own', () => {
    const component: WireComponent = { ...CPA, on: ['ftd', 'deposit', 'sale'] };
    const sale = reported('sale', null, 50_00n, LATER);
    assert.deepEqual(outcomeOf(component, [ftd(150_00n), again(150_00n), sale]), paidFor(2));
  });

  test('a CPA for deposits within 30 days counts a payment on the day of its ftd', () => {
    const component: WireComponent = { ...CPA, within_days: 30 };
    assert.deepEqual(outcomeOf(component, [ftd(150_00n), again(200_00n, { day: 31 })]), paidFor(0));
    assert.deepEqual(outcomeOf(component, [another(50_00n), ftd(150_00n, { day: 31 })]), NOTHING);
  });

  test('a CPA for lots counts the larger volume of a payment that is told twice', () => {
    const component: WireComponent = { ...CPA, min_amount: undefined, min_volume: '3' };
    const [two, one] = [{ lots: 2n }, { lots: 1n, ...LATER }];
    assert.deepEqual(outcomeOf(component, [ftd(1n, two), again(1n, one)]), NOTHING);
    assert.deepEqual(outcomeOf(component, [ftd(1n, two), again(1n, two), another(1n, one)]), paidFor(2));
  });
});

test('payments add up to the larger remainder of each transaction, for any amounts and refunds', () => {
  const cents = fc.bigInt({ min: 1n, max: 300n });
  const told = fc.record({
    type: fc.constantFrom<EventType>('ftd', 'deposit'),
    payment: fc.option(fc.constantFrom('p1', 'p2', 'p3')),
    amountMinor: cents,
    refunds: fc.array(cents, { maxLength: 2 }),
  });
  const all = fc.uniqueArray(told, {
    maxLength: 8,
    selector: ({ type, payment }) => (payment === null ? Symbol() : `${type} ${payment}`),
  });
  const leftOf = ({ amountMinor, refunds }: { amountMinor: bigint; refunds: readonly bigint[] }): bigint => {
    const left = refunds.reduce((rest, refund) => rest - refund, amountMinor);
    return left < 0n ? 0n : left;
  };
  fc.assert(
    fc.property(all, (conversions) => {
      const largest = new Map<unknown, bigint>();
      for (const one of conversions) {
        const transaction = one.payment ?? one;
        const known = largest.get(transaction) ?? 0n;
        largest.set(transaction, leftOf(one) > known ? leftOf(one) : known);
      }
      const groups = conversions.map(({ type, payment, amountMinor, refunds }) =>
        reported(type, payment, amountMinor, { reversals: refunds }),
      );
      assert.equal(
        paymentsOf(groups).reduce((sum, { basisMinor }) => sum + basisMinor, 0n),
        [...largest.values()].reduce((sum, minor) => sum + minor, 0n),
      );
    }),
  );
});

test('a cumulative CPA without a minimum sum is not paid for what was taken back entirely', () => {
  const withoutMinimum = { ...CPA, min_amount: '0' };
  const reversed = ftd(150_00n, { reversals: [150_00n] });
  assert.deepEqual(outcomeOf(withoutMinimum, [reversed]), NOTHING);
  assert.deepEqual(outcomeOf(withoutMinimum, [reversed, another(50_00n, LATER)]), paidFor(1));
});
