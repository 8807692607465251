// Exchange rates: the rate in force at a moment, and converted amounts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { converted, RATE_HOLDS_DAYS, rateAt, type FxRate } from '../../../domain/ledger/fx.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { anEvent, DAY_MS, NOON } from '../../support/builders.ts';
import { deltasOf, settledOneByOne, totalOf } from '../../support/settle-in-memory.ts';

const aRate = (id: string, days: number, changes: Partial<FxRate> = {}): FxRate => ({
  id,
  base: 'EUR',
  quote: 'USD',
  rate: '1.1',
  rateE12: 1_100_000_000_000n,
  source: 'test',
  asOf: NOON + days * DAY_MS,
  ...changes,
});

describe('the exchange rate for a moment', () => {
  for (const [title, rates, expected] of [
    ['is undefined when no rate is stored', [], undefined],
    ['is the latest rate at or before the moment', [aRate('a', -2), aRate('b', 0), aRate('c', -1)], 'b'],
    ['is never a later one', [aRate('a', 1)], undefined],
    ['can be as old as the last day a rate is valid', [aRate('a', -RATE_HOLDS_DAYS)], 'a'],
    [
      'is not a rate older than its validity',
      [aRate('a', -RATE_HOLDS_DAYS, { asOf: NOON - RATE_HOLDS_DAYS * DAY_MS - 1 })],
      undefined,
    ],
    [
      'is the one with the later id of two rates of the same time, whichever is read first',
      [aRate('b', 0), aRate('a', 0)],
      'b',
    ],
    ['is not the rate of the opposite direction', [aRate('a', 0, { base: 'USD', quote: 'EUR' })], undefined],
  ] as const) {
    test(`the exchange rate for a moment ${title}`, () => {
      assert.equal(rateAt(rates, 'EUR', 'USD', NOON)?.id, expected);
      assert.equal(rateAt(rates.toReversed(), 'EUR', 'USD', NOON)?.id, expected);
    });
  }
});

describe('an amount in another currency', () => {
  for (const [minor, base, quote, rateE12, expected] of [
    [100_00n, 'USD', 'INR', 82_421_350_000_000n, 8_242_14n],
    [-100_00n, 'USD', 'INR', 82_421_350_000_000n, -8_242_14n],
    [1000n, 'JPY', 'USD', 6_700_000_000n, 6_70n],
    [1_234n, 'KWD', 'JPY', 500_000_000_000_000n, 617n],
    [1n, 'USD', 'JPY', 1_000_000_000_000n, 0n],
    [5n, 'EUR', 'USD', 500_000_000_000n, 2n],
    [7n, 'EUR', 'USD', 500_000_000_000n, 4n],
    [3n, 'USD', 'KWD', 1n, 0n],
  ] as const) {
    test(`${minor} ${base} at ${rateE12}e-12 are ${expected} ${quote}`, () =>
      assert.equal(converted(minor, { base, quote, rateE12 }), expected));
  }

  test('an amount in another currency is converted alike on both sides of zero', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.bigInt({ min: 1n, max: 10n ** 15n }),
        (minor, rateE12) => {
          const by = { base: 'JPY', quote: 'KWD', rateE12 };
          assert.equal(converted(-minor, by), -converted(minor, by));
        },
      ),
    );
  });

  const sale = (changes: Partial<ConversionEvent> = {}): ConversionEvent =>
    anEvent({ currency: 'EUR', ...changes });
  const terms = { components: [{ kind: 'percent' as const, percent: '10' }] };
  const stored = [aRate('a', 0), aRate('b', 5, { rate: '2', rateE12: 2_000_000_000_000n })];

  test('an amount in another currency is rated at the exchange rate of its day and reversed at the same rate, whatever the rate is today', () => {
    const one = sale();
    const back = anEvent({
      type: 'refund',
      reference: one.transactionId,
      amountMinor: 50_00n,
      currency: 'EUR',
      occurredAt: NOON + 6 * DAY_MS,
    });
    const rest = { ...back, id: `${back.id}_2`, key: { kind: 'transaction' as const, value: 'other' } };
    assert.deepEqual(deltasOf(settledOneByOne(terms, [one, back, rest], { rates: stored })), [
      11_00n,
      -5_50n,
      -5_50n,
    ]);
  });

  test('amounts in another currency are rounded as each is converted, half to even, and a month shares what they sum to', () => {
    const half = [aRate('half', 0, { rate: '0.5', rateE12: 500_000_000_000n })];
    const revenue = (amountMinor: bigint): ConversionEvent =>
      anEvent({ type: 'revenue', amountMinor, currency: 'EUR' });
    const whole = { components: [{ kind: 'revshare' as const, percent: '100' }] };
    for (const [amounts, total] of [
      [[5n, 5n], 4n],
      [[7n, 7n], 8n],
      [[5n, 7n, -5n], 4n],
      [[1n, 1n, 1n], 0n],
    ] as const)
      assert.equal(totalOf(settledOneByOne(whole, amounts.map(revenue), { rates: half })), total);
    const third = { components: [{ kind: 'revshare' as const, percent: '33' }] };
    assert.equal(totalOf(settledOneByOne(third, [revenue(5n), revenue(7n)], { rates: half })), 2n);
  });

  test('a refund in the deal’s currency is measured against the sale at the rate of the sale’s day', () => {
    const one = sale();
    const toEuros = (day: number, rate: string): FxRate =>
      aRate(`to ${day}`, day, {
        base: 'USD',
        quote: 'EUR',
        rate,
        rateE12: BigInt(rate.replace('0.', '')) * 10n ** 11n,
      });
    const back = anEvent({
      type: 'refund',
      reference: one.transactionId,
      amountMinor: 62_50n,
      currency: 'USD',
      occurredAt: NOON + 6 * DAY_MS,
    });
    assert.deepEqual(
      deltasOf(
        settledOneByOne(terms, [one, back], { rates: [...stored, toEuros(0, '0.8'), toEuros(5, '0.5')] }),
      ),
      [11_00n, -5_50n],
    );
  });
});
