// Disputes, and reversals that name little: what they take, and why they take nothing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import { DEFAULT_CLAWBACK } from '../../../domain/commission/terms.ts';
import type { FxRate } from '../../../domain/ledger/fx.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { anEvent, DAY_MS, NOON } from '../../support/builders.ts';
import { settledOneByOne, totalOf } from '../../support/settle-in-memory.ts';

const by = (chargeback: 'full' | 'proportional' | 'none', days = 90): Partial<WireTerms> => ({
  clawback: { ...DEFAULT_CLAWBACK, days, chargeback },
});
const on = (day: number): { occurredAt: number } => ({ occurredAt: NOON + day * DAY_MS });

type Fields = Partial<ConversionEvent>;

/** An event of a conversion of another transaction id, without a customer. */
const about = (reference: string, fields: Fields): ConversionEvent =>
  anEvent({ customerId: null, amountMinor: null, reference, ...fields });

/** An exchange rate of 1. */
const oneToOne = (base: string, quote: string): FxRate => ({
  id: `fx_${base}`,
  base,
  quote,
  rate: '1',
  rateE12: 1_000_000_000_000n,
  source: 'test',
  asOf: NOON,
});

describe('a dispute over a sale of 1,000.00 at 10 %', () => {
  const sale = anEvent({ transactionId: 's', amountMinor: 1000_00n });
  const charge = (day: number, fields: Fields = {}) =>
    about('s', { type: 'chargeback', ...on(day), ...fields });
  const win = (day: number, fields: Fields = {}) =>
    about('s', { type: 'chargeback_won', ...on(day), ...fields });
  const named = charge(2, { transactionId: 'cb', amountMinor: 200_00n });

  for (const [title, events, expected, terms] of [
    ['ends at 0.00 when it is lost after a win', [sale, charge(1), win(2), charge(3)], 0n, by('full')],
    [
      'ends at 100.00 when every chargeback was won',
      [sale, charge(1), win(2), charge(3), win(4)],
      100_00n,
      by('full'),
    ],
    [
      'ends at 0.00 when the only win is older than the chargeback',
      [sale, win(1), charge(2)],
      0n,
      by('full'),
    ],
    [
      'gives back the amount of the win',
      [sale, charge(1, { amountMinor: 300_00n }), named, win(3, { amountMinor: 200_00n })],
      70_00n,
      by('proportional'),
    ],
    [
      'gives back the chargeback that the win names',
      [sale, charge(1, { amountMinor: 300_00n }), named, about('cb', { type: 'chargeback_won', ...on(3) })],
      70_00n,
      by('proportional'),
    ],
    [
      'takes everything until it is wholly won where the deal takes everything',
      [sale, charge(1), win(2, { amountMinor: 999_99n })],
      0n,
      by('full'),
    ],
    [
      'is won by wins whose amounts add up to the sale',
      [sale, charge(1), win(2, { amountMinor: 400_00n }), win(3, { amountMinor: 600_00n })],
      100_00n,
      by('full'),
    ],
  ] as const) {
    test(`a dispute ${title}, in any order of arrival`, () => {
      const arrivals = fc.shuffledSubarray([...events], { minLength: events.length });
      fc.assert(
        fc.property(arrivals, (arrived) => {
          assert.equal(totalOf(settledOneByOne(terms, [anEvent({ type: 'kyc' }), ...arrived])), expected);
        }),
        { numRuns: 40 },
      );
    });
  }
});

describe('a reversal by customer with an amount and no reference', () => {
  const deposits = Array.from({ length: 10 }, (_, day) => anEvent({ transactionId: `d${day}`, ...on(day) }));
  const charge = (amountMinor: bigint, fields: Fields = {}) =>
    anEvent({ type: 'chargeback', amountMinor, ...on(20), ...fields });
  const won = (amountMinor: bigint) =>
    about('cb', { type: 'chargeback_won', amountMinor, currency: 'USD', ...on(22) });

  for (const [title, events, expected, terms] of [
    ['takes the latest of ten sales', [charge(100_00n)], 90_00n, by('proportional')],
    ['takes parts up to its amount', [charge(250_00n)], 75_00n, by('proportional')],
    ['takes each sale that it reaches whole where the deal says so', [charge(250_00n)], 70_00n, by('full')],
    [
      'takes what earlier reversals left',
      [charge(150_00n), charge(100_00n, on(21))],
      75_00n,
      by('proportional'),
    ],
    [
      'passes over what was taken by a reference',
      [about('d9', { type: 'chargeback', ...on(15) }), charge(100_00n)],
      80_00n,
      by('proportional'),
    ],
    ['takes sales within the window only', [charge(1000_00n, on(13))], 50_00n, by('proportional', 8)],
    [
      'takes conversions of the type that it names',
      [anEvent({ type: 'deposit', ...on(11) }), charge(100_00n, { referenceType: 'sale' })],
      90_00n,
      by('proportional'),
    ],
    [
      'takes the least: a later conversion that earns nothing comes first',
      [anEvent({ type: 'deposit', ...on(11) }), charge(100_00n)],
      100_00n,
      by('proportional'),
    ],
    [
      'gives back what a win that names it says',
      [charge(250_00n, { transactionId: 'cb' }), won(120_00n)],
      87_00n,
      by('proportional'),
    ],
    [
      'takes and gives back the latest first, also one that earns nothing',
      [anEvent({ type: 'deposit', ...on(11) }), charge(250_00n, { transactionId: 'cb' }), won(50_00n)],
      85_00n,
      by('proportional'),
    ],
  ] as const) {
    test(`a reversal by customer with an amount ${title}, in any order of arrival`, () => {
      const all = [...deposits, ...events];
      fc.assert(
        fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (arrived) => {
          assert.equal(totalOf(settledOneByOne(terms, arrived)), expected);
        }),
        { numRuns: 40 },
      );
    });
  }

  test('a refund takes back half of a first deposit that is keyed by customer', () => {
    const terms: Partial<WireTerms> = { components: [{ kind: 'percent', on: 'ftd', percent: '10' }] };
    const ftd = anEvent({ type: 'ftd', transactionId: null });
    const refund: Fields = { type: 'refund', amountMinor: 50_00n, referenceType: 'ftd', ...on(1) };
    for (const one of [anEvent(refund), anEvent({ ...refund, reference: 'c' })])
      assert.equal(totalOf(settledOneByOne(terms, [ftd, anEvent(on(0)), one])), 5_00n);
  });
});

describe('the reason of a reversal that changes nothing', () => {
  const sale = anEvent({ transactionId: 's', customerId: 'c' });
  const reason = (terms: Partial<WireTerms>, ...events: ConversionEvent[]): string => {
    const { outcomes } = settledOneByOne(terms, events);
    const { status, reason: why } = outcomes.get(events.at(-1)!.id)!;
    return `${status} ${why}`;
  };
  const charge = (fields: Fields = {}) => about('s', { type: 'chargeback', ...on(1), ...fields });

  test('the reason names what kept the commission', () => {
    const byCustomer = { reference: null, customerId: 'c' };
    assert.equal(reason(by('full'), sale, charge()), 'settled null');
    assert.equal(reason(by('full'), sale, charge(), charge(on(2))), 'settled already_reversed');
    assert.equal(reason(by('none'), sale, charge()), 'settled not_clawed_back');
    assert.equal(reason(by('full', 1), sale, charge({ ...byCustomer, ...on(3) })), 'settled too_old');
    assert.equal(reason(by('full'), charge(byCustomer)), 'settled nothing_to_reverse');
    const win = about('s', { type: 'chargeback_won', ...on(4) });
    assert.equal(reason(by('full'), sale, win), 'settled not_charged_back');
    assert.equal(reason(by('full'), sale, win, charge()), 'settled already_won');
    const again = about('s', { type: 'chargeback_won', ...on(5) });
    assert.equal(reason(by('full'), sale, charge(), win, again), 'settled already_won');
    assert.equal(reason(by('full'), sale, charge(on(6)), again), 'settled not_charged_back');
    const refund = about('s', { type: 'refund', ...on(2) });
    assert.equal(reason(by('full'), sale, charge(), refund, win), 'settled already_reversed');
    const part = { ...win, amountMinor: 1_00n, currency: sale.currency };
    assert.equal(reason(by('full'), sale, charge(), part), 'settled already_reversed');
    const named = charge({ transactionId: 'cb', key: { kind: 'transaction', value: 'cb' } });
    const winOf = (day: number) => about('cb', { type: 'chargeback_won', ...on(day) });
    assert.equal(reason(by('full'), sale, charge(), named, winOf(4)), 'settled already_reversed');
    assert.equal(reason(by('full'), sale, charge(), named, winOf(4), winOf(5)), 'settled already_won');
  });

  test('the reason is customer_mismatch for a reference to a conversion of another customer, whichever comes first', () => {
    const wrong = charge({ customerId: 'd' });
    assert.equal(reason(by('full'), sale, wrong), 'set_aside customer_mismatch');
    const settling = settledOneByOne(by('full'), [wrong, sale]);
    assert.equal(settling.outcomes.get(wrong.id)?.reason, 'customer_mismatch');
    assert.equal(totalOf(settling), 10_00n);
    const own = anEvent({ type: 'deposit', key: { kind: 'transaction', value: 's' }, customerId: 'd' });
    const terms: Partial<WireTerms> = {
      components: [{ kind: 'percent', on: ['sale', 'deposit'], percent: '10' }],
    };
    for (const events of [
      [wrong, sale, own],
      [own, wrong, sale],
      [sale, own, wrong],
    ])
      assert.equal(totalOf(settledOneByOne(terms, events)), 10_00n);
  });

  test('the reason is customer_mismatch for a win that names a chargeback of another customer, whichever comes first', () => {
    const lost = charge({ transactionId: 'cb', key: { kind: 'transaction', value: 'cb' } });
    const win = about('cb', { type: 'chargeback_won', customerId: 'd', ...on(4) });
    for (const events of [
      [sale, lost, win],
      [sale, win, lost],
      [lost, sale, win],
      [lost, win, sale],
      [win, sale, lost],
      [win, lost, sale],
    ]) {
      const settling = settledOneByOne(by('full'), events);
      const { status, reason: why } = settling.outcomes.get(win.id)!;
      assert.equal(`${status} ${why}`, 'set_aside customer_mismatch');
      assert.equal(totalOf(settling), 0n);
    }
    const own = about('cb', { type: 'chargeback_won', customerId: 'c', ...on(4) });
    assert.equal(totalOf(settledOneByOne(by('full'), [own, lost, sale])), 10_00n);
  });

  test('a customer whom only the click names contradicts no reference, since people share a device', () => {
    const byClick = charge({ customerId: 'd', isCustomerOfClick: true });
    assert.equal(reason(by('full'), sale, byClick), 'settled null');
    assert.equal(totalOf(settledOneByOne(by('full'), [byClick, sale])), 0n);
  });
});

describe('a chargeback by customer of 50.00 USD, without a rate to take it of a sale in EUR,', () => {
  const own = anEvent({ transactionId: 's1', amountMinor: 100_00n });
  const foreign = anEvent({ transactionId: 's2', amountMinor: 100_00n, currency: 'EUR' });
  const charge = anEvent({ type: 'chargeback', amountMinor: 50_00n, currency: 'USD', ...on(2) });
  for (const [title, events, expected] of [
    ['waits for the rate', [foreign, charge], /^set_aside no_exchange_rate$/],
    ['is settled by a sale in USD', [own, foreign, charge], /^settled null$/],
    [
      'waits for the rate when an earlier chargeback takes the sale in USD',
      [own, foreign, charge, about('s1', { type: 'chargeback', ...on(1) })],
      /^set_aside no_exchange_rate$/,
    ],
    [
      'is settled when an earlier chargeback takes the sale in EUR',
      [foreign, charge, about('s2', { type: 'chargeback', ...on(1) })],
      /^settled (already_reversed|nothing_to_reverse)$/,
    ],
  ] as const) {
    test(`a chargeback without a rate ${title}, in any order of arrival`, () => {
      const arrivals = fc.shuffledSubarray([...events], { minLength: events.length });
      fc.assert(
        fc.property(arrivals, (arrived) => {
          const settling = settledOneByOne(by('proportional'), arrived, { rates: [oneToOne('EUR', 'USD')] });
          const { status, reason } = settling.outcomes.get(charge.id)!;
          assert.match(`${status} ${reason}`, expected);
        }),
        { numRuns: 40 },
      );
    });
  }
});

test('chargebacks that are set aside and retried together report the win of one of them once', () => {
  const sale = anEvent({ transactionId: 's', amountMinor: 100_00n, currency: 'JPY' });
  const charges = [1, 2].map((day) => anEvent({ type: 'chargeback', transactionId: `cb${day}`, ...on(day) }));
  const win = about('cb2', { type: 'chargeback_won', ...on(3) });
  const terms: Partial<WireTerms> = { components: [{ kind: 'cpa', on: ['sale'], amount: '10.00' }] };
  const settling = settledOneByOne(terms, [sale, ...charges, win]);
  settling.settle(charges);
  assert.deepEqual(
    charges.map(({ id }) => settling.outcomes.get(id)?.reason),
    ['no_exchange_rate', 'no_exchange_rate'],
  );
  assert.deepEqual(
    settling.messages.map(({ type, event }) => `${type} ${event?.type}`),
    ['conversion.created sale', 'conversion.reinstated chargeback_won'],
  );
  const factsCount = [...settling.facts.values()].flat().length;
  assert.equal(factsCount, 2, 'the sale and the win are stated once');
});

test('a refund that waited and comes again with its conversion, which a chargeback divides, is reported once', () => {
  const sale = anEvent({ transactionId: 's' });
  const refund = about('s', { type: 'refund', ...on(1) });
  const charge = anEvent({ type: 'chargeback', ...on(2) });
  const terms: Partial<WireTerms> = { components: [{ kind: 'cpa', on: ['ftd'], amount: '10.00' }] };
  const settling = settledOneByOne(terms, [charge, refund]);
  assert.equal(settling.outcomes.get(refund.id)?.status, 'orphaned');
  settling.settle([sale, refund]);
  assert.equal(settling.outcomes.get(refund.id)?.status, 'settled');
  assert.deepEqual(
    settling.messages.map(({ type, event }) => `${type} ${event?.type}`),
    ['conversion.created sale', 'conversion.reversed refund'],
  );
});

test('a chargeback by customer takes what it reaches at once, and waits for the rate of what is left', () => {
  const own = anEvent({ transactionId: 's1', amountMinor: 100_00n });
  const foreign = anEvent({ transactionId: 's2', amountMinor: 100_00n, currency: 'EUR' });
  const charge = anEvent({ type: 'chargeback', amountMinor: 150_00n, currency: 'USD', ...on(1) });
  const rates = [oneToOne('EUR', 'USD')];
  const settling = settledOneByOne(by('proportional'), [own, foreign, charge], { rates });
  assert.equal(settling.outcomes.get(charge.id)?.reason, 'no_exchange_rate');
  assert.equal(totalOf(settling), 10_00n);
  rates.push(oneToOne('USD', 'EUR'));
  settling.settle([charge]);
  assert.equal(settling.outcomes.get(charge.id)?.status, 'settled');
  assert.equal(totalOf(settling), 5_00n);
});

test('a chargeback that is retried when its rate came takes its amount once', () => {
  const sales = ['s1', 's2'].map((transactionId) => anEvent({ transactionId, amountMinor: 100_00n }));
  const charge = anEvent({ type: 'chargeback', amountMinor: 10_000n, currency: 'JPY', ...on(1) });
  const rates: FxRate[] = [];
  const settling = settledOneByOne(by('full'), [...sales, charge], { rates });
  assert.equal(settling.outcomes.get(charge.id)?.reason, 'no_exchange_rate');
  const pair = { base: 'JPY', quote: 'USD', rate: '0.01', rateE12: 10_000_000_000n };
  rates.push({ id: 'fx_1', ...pair, source: 'test', asOf: NOON });
  settling.settle([charge]);
  assert.equal(settling.outcomes.get(charge.id)?.status, 'settled');
  assert.equal(totalOf(settling), 10_00n);
});
