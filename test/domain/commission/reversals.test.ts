// Tests of reversals: the conversions that a negative event reverses, and the share that remains.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { leftOf, reversedOf, reverses, reversalOf } from '../../../domain/commission/reversals.ts';
import type { SlotFact } from '../../../domain/commission/slot-facts.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import { anEvent, DAY_MS, NOON, terms } from '../../support/builders.ts';

const sale = anEvent({ transactionId: 's1', customerId: 'c', amountMinor: 100_00n });
const after = (days: number): number => NOON + days * DAY_MS;

describe('a negative event', () => {
  const cases: readonly [string, Partial<ConversionEvent>, boolean][] = [
    ['reverses the transaction it references', { type: 'refund', reference: 's1', customerId: null }, true],
    [
      'reverses the transaction it references whenever that happened',
      { type: 'refund', reference: 's1', occurredAt: after(-1) },
      true,
    ],
    [
      'reverses the transaction it references if the type is the referenced one',
      { type: 'refund', reference: 's1', referenceType: 'sale' },
      true,
    ],
    [
      'does not reverse a referenced transaction of another type',
      { type: 'refund', reference: 's1', referenceType: 'deposit' },
      false,
    ],
    [
      'with a reference does not reverse other transactions of the customer',
      { type: 'chargeback', reference: 's2' },
      false,
    ],
    [
      'without a reference reverses the customer’s earlier conversions',
      { type: 'fraud', occurredAt: after(1) },
      true,
    ],
    ['without a reference reverses the customer’s conversions of the same moment', { type: 'fraud' }, true],
    [
      'without a reference does not reverse the customer’s later conversions',
      { type: 'fraud', occurredAt: NOON - 1 },
      false,
    ],
    [
      'without a reference does not reverse conversions of other customers',
      { type: 'fraud', customerId: 'd', occurredAt: after(1) },
      false,
    ],
  ];
  for (const [title, changes, expected] of cases) {
    test(`a negative event ${title}`, () => assert.equal(reverses(anEvent(changes), sale), expected));
  }

  test('a negative event never reverses another negative event, and a conversion reverses nothing', () => {
    const chargeback = anEvent({ type: 'chargeback', transactionId: 's1', reference: 's1' });
    assert.equal(reverses(anEvent({ type: 'fraud' }), chargeback), false);
    assert.equal(reverses(anEvent({ type: 'deposit', reference: 's1' }), sale), false);
  });

  test('a negative event reverses no transaction whose key only looks like its reference', () => {
    const registration = anEvent({
      type: 'registration',
      transactionId: null,
      key: { kind: 'customer', value: 's1' },
    });
    assert.equal(reverses(anEvent({ type: 'chargeback', reference: 's1' }), registration), false);
  });

  test('a negative event of type chargeback_won applies only to the transaction it references', () => {
    assert.equal(reverses(anEvent({ type: 'chargeback_won', reference: 's1' }), sale), true);
    assert.equal(reverses(anEvent({ type: 'chargeback_won', occurredAt: after(1) }), sale), false);
  });
});

describe('the amount reversed', () => {
  const cases: readonly [
    string,
    Partial<ConversionEvent>,
    'nothing' | 'all' | 'no_rate' | bigint,
    Partial<WireTerms['clawback']>?,
  ][] = [
    ['by a chargeback is all', { type: 'chargeback' }, 'all'],
    [
      'by a chargeback is all, whatever amount it names',
      { type: 'chargeback', reference: 's1', amountMinor: 1n },
      'all',
    ],
    ['by a refund is its amount', { type: 'refund', reference: 's1', amountMinor: 33_00n }, 33_00n],
    ['by a refund without an amount is all', { type: 'refund', reference: 's1', amountMinor: null }, 'all'],
    [
      'by a refund that the deal takes in full is all',
      { type: 'refund', reference: 's1', amountMinor: 1n },
      'all',
      { refund: 'full' },
    ],
    [
      'by a refund in another currency is not guessed at',
      { type: 'refund', reference: 's1', amountMinor: 1n, currency: 'JPY' },
      'no_rate',
    ],
    [
      'by a chargeback in another currency is all',
      { type: 'chargeback', reference: 's1', amountMinor: 1n, currency: 'JPY' },
      'all',
    ],
    ['by what the deal forgives is nothing', { type: 'account_closure' }, 'nothing'],
    [
      'by a chargeback that the deal forgives is nothing',
      { type: 'chargeback', reference: 's1' },
      'nothing',
      { chargeback: 'none' },
    ],
    [
      'by a chargeback by parts without a reference is its amount',
      { type: 'chargeback', amountMinor: 1n },
      1n,
      { chargeback: 'proportional' },
    ],
    ['on the last moment of the window is all', { type: 'fraud', occurredAt: after(90) }, 'all'],
    ['a millisecond after the window is nothing', { type: 'fraud', occurredAt: after(90) + 1 }, 'nothing'],
    ['by a reference has no window', { type: 'fraud', reference: 's1', occurredAt: after(900) }, 'all'],
  ];
  for (const [title, changes, expected, clawback] of cases) {
    test(`the amount reversed ${title}`, () => {
      const defaults = terms().clawback;
      const taken = reversalOf(
        anEvent({ amountMinor: null, ...changes }),
        sale,
        terms({ clawback: { ...defaults, ...clawback } }),
      );
      const actual =
        taken === null ? 'nothing' : taken === 'no_rate' ? taken : taken.whole ? 'all' : taken.amountMinor;
      assert.equal(actual, expected);
    });
  }
});

/** A conversion of 100.00, and reversals of it. */
const accrual: SlotFact = fact({ type: 'sale' });

function fact(changes: Partial<SlotFact>): SlotFact {
  const { id, type, occurredAt } = anEvent();
  const of = {
    originalEventId: sale.id,
    eventId: id,
    revision: 0,
    type,
    whole: true,
    amountMinor: 100_00n,
    basisMinor: 100_00n,
  };
  return {
    ...of,
    volumeE4: 0n,
    occurredAt,
    fx: null,
    customer: null,
    payment: null,
    cancels: null,
    ...changes,
  };
}

const refund = (amountMinor: bigint): SlotFact => fact({ type: 'refund', whole: false, amountMinor });
const chargeback = fact({ type: 'chargeback' });
const won = fact({ type: 'chargeback_won' });
const parts = (units: number): SlotFact =>
  fact({ type: 'chargeback', whole: false, amountMinor: BigInt(units) * 100n });
const named = parts(20);
const wonPart = (amountMinor: bigint): SlotFact =>
  at(1, fact({ type: 'chargeback_won', whole: false, amountMinor }));

/** The same fact of another event, some days later. */
function at(days: number, one: SlotFact): SlotFact {
  return { ...one, eventId: anEvent().id, occurredAt: one.occurredAt + days * DAY_MS };
}

describe('the unreversed part of a conversion of 100.00', () => {
  for (const [title, reversals, expected] of [
    ['untouched is all', [], 100_00n],
    ['after refunds of 33.00 and 33.00 is 34.00', [refund(33_00n), refund(33_00n)], 34_00n],
    ['after refunds of more than it was is nothing', [refund(60_00n), refund(60_00n)], 0n],
    ['after a chargeback is nothing', [chargeback], 0n],
    ['after a chargeback that was won back is all', [chargeback, won], 100_00n],
    ['is all when the win arrives before the chargeback', [won, chargeback], 100_00n],
    [
      'after a refund and a chargeback that was won back is less the refund',
      [refund(25_00n), chargeback, won],
      75_00n,
    ],
    ['after a fraud that no win undoes is nothing', [fact({ type: 'fraud' }), won], 0n],
    ['after a chargeback that comes after a win is nothing', [chargeback, won, at(2, chargeback)], 0n],
    ['after a win before its chargeback is nothing', [at(-1, won), chargeback], 0n],
    [
      'after chargebacks of 30.00 and 20.00, and 20.00 won, is 70.00',
      [parts(30), parts(20), wonPart(20_00n)],
      70_00n,
    ],
    [
      'after a chargeback that was won back in part is nothing where the deal takes all',
      [chargeback, wonPart(99_99n)],
      0n,
    ],
    ['after a chargeback whose amount was won back is all', [chargeback, wonPart(100_00n)], 100_00n],
    [
      'after two chargebacks of which the later one is named by the win is less the earlier one',
      [parts(30), named, at(1, { ...won, cancels: named.eventId })],
      70_00n,
    ],
  ] as const) {
    test(`the unreversed part of a conversion ${title}`, () =>
      assert.equal(leftOf(100_00n, reversedOf(accrual, reversals), 'half_even'), expected));
  }

  test('a commission of 10 units is reversed by 3, 4 and 3 when 33, 33 and 34 are refunded', () => {
    const refunds = [33_00n, 33_00n, 34_00n].map(refund);
    const left = [0, 1, 2, 3].map((count) =>
      leftOf(10n, reversedOf(accrual, refunds.slice(0, count)), 'half_even'),
    );
    assert.deepEqual(left, [10n, 7n, 3n, 0n]);
  });

  for (const [amount, fee, refunded, expected] of [
    [20_00n, 2_00n, 15_00n, 1_50n],
    [20_00n, 10_00n, 15_00n, 7_50n],
    [49_00n, 14_70n, 49_00n, 14_70n],
  ] as const) {
    test(`a fee of ${fee} on ${amount} gives back ${expected} when ${refunded} is refunded`, () => {
      const left = leftOf(
        fee,
        reversedOf({ ...accrual, amountMinor: amount }, [refund(refunded)]),
        'half_even',
      );
      assert.equal(fee - left, expected);
    });
  }

  test('the unreversed part is between zero and all, and never rises by a further reversal in any order', () => {
    const some = fc.array(
      fc.oneof(fc.bigInt({ min: 1n, max: 150_00n }).map(refund), fc.constant(chargeback)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(
        some,
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.constantFrom('half_even', 'half_up', 'down'),
        (reversals, whole, mode) => {
          const left = reversals.map((_, count) =>
            leftOf(whole, reversedOf(accrual, reversals.slice(0, count)), mode),
          );
          left.push(leftOf(whole, reversedOf(accrual, reversals), mode));
          assert.equal(left[0], whole);
          for (const [index, one] of left.entries())
            assert.ok(one >= 0n && (index === 0 || one <= left[index - 1]!));
          assert.equal(left.at(-1), leftOf(whole, reversedOf(accrual, reversals.toReversed()), mode));
        },
      ),
    );
  });
});
