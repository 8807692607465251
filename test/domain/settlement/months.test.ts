// A month over several versions of a deal, and bounties over versions and deals, story by story.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WireComponent, WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent, DealVersion } from '../../../domain/types.ts';
import { anEvent, aVersion, DAY_MS, NOON } from '../../support/builders.ts';
import { deltasOf, settledOneByOne, totalOf } from '../../support/settle-in-memory.ts';

type Terms = Partial<WireTerms>;
const only = (component: WireComponent): Terms => ({ components: [component] });
const on = (day: number, changes: Partial<ConversionEvent>): ConversionEvent =>
  anEvent({ occurredAt: NOON + day * DAY_MS, ...changes });
const revenue = (day: number, amountMinor: bigint): ConversionEvent =>
  on(day, { type: 'revenue', amountMinor });
const trade = (day: number, volumeE4: bigint): ConversionEvent => on(day, { type: 'trade', volumeE4 });

/** Versions of one deal, in force from days of their own. */
const versions = (...all: readonly [day: number, terms: Terms][]): DealVersion[] =>
  all.map(([day, terms], index) =>
    aVersion(terms, { version: index + 1, effectiveFrom: index === 0 ? 0 : NOON + day * DAY_MS - 1 }),
  );
/** The same terms again from the next day on. */
const twice = (terms: Terms): DealVersion[] => versions([0, terms], [1, terms]);

function either(
  deal: readonly DealVersion[],
  events: readonly ConversionEvent[],
  affiliateId = 'aff_a',
): bigint {
  const [there, back] = [events, events.toReversed()].map((heard) =>
    totalOf(settledOneByOne(deal, heard, { parents: { aff_a: ['aff_p'] } }), affiliateId),
  );
  assert.equal(there, back, 'the order of arrival shows');
  return there!;
}

const share = (percent: string, more: object = {}): Terms => only({ kind: 'revshare', percent, ...more });

test('a parent’s part of a month is not rounded by a version that pays no parent', () => {
  const of = (overrides: WireTerms['overrides'], rounding: WireTerms['rounding']): Terms => ({
    ...share('10'),
    overrides,
    rounding,
  });
  const deal = versions([0, of([{ percent: '16.6667' }], 'half_even')], [1, of([], 'down')]);
  // 16.6667 % of 0.03, rounded to even: 0.01.
  assert.equal(either(deal, [revenue(0, 26n), revenue(2, 4n)], 'aff_p'), 1n);
});

describe('a version in mid-month continues the month', () => {
  const steps = [
    { from: '0', percent: '20' },
    { from: '10000', percent: '40' },
  ];
  const lots = [
    { from: '0', amount: '4' },
    { from: '100', amount: '6' },
  ];
  const tiers = { metric: 'revenue', mode: 'retroactive', steps };
  const carry = { negative: 'carry' } as const;
  for (const [title, deal, events, expected] of [
    [
      'so that a cap of 1,000 pays 1,000',
      twice(share('25', { cap: { amount: '1000' } })),
      [revenue(0, 8000_00n), revenue(2, 8000_00n)],
      1000_00n,
    ],
    [
      'so that a loss is made up for before anything is paid',
      twice(share('25')),
      [revenue(0, -4000_00n), revenue(2, 10000_00n)],
      1500_00n,
    ],
    [
      'so that retroactive tiers go by the whole month',
      twice(share('0', { tiers })),
      [revenue(0, 9000_00n), revenue(2, 9000_00n)],
      7200_00n,
    ],
    [
      'so that marginal tiers go on where the earlier version stopped',
      twice(share('0', { tiers: { ...tiers, mode: 'marginal' } })),
      [revenue(0, 9000_00n), revenue(2, 9000_00n)],
      5200_00n,
    ],
    [
      'so that tiers per lot go by the whole month',
      twice(
        only({ kind: 'per_lot', amount: '0', tiers: { metric: 'volume', mode: 'retroactive', steps: lots } }),
      ),
      [trade(0, 90_0000n), trade(2, 90_0000n)],
      1080_00n,
    ],
    ['so that halves of a cent are rounded once', twice(share('50')), [revenue(0, 1n), revenue(2, 1n)], 1n],
    [
      'also where it only changes the days of hold',
      versions(
        [0, share('25', { cap: { amount: '1000' } })],
        [1, { ...share('25', { cap: { amount: '1000' } }), hold_days: 5 }],
      ),
      [revenue(0, 8000_00n), revenue(2, 8000_00n)],
      1000_00n,
    ],
    [
      'by its own rate for its own events',
      versions([0, share('25')], [1, share('50')]),
      [revenue(0, 100_00n), revenue(2, 100_00n)],
      75_00n,
    ],
    [
      'and a lower cap takes back nothing that was paid, but pays no more',
      versions([0, share('50')], [1, share('50', { cap: { amount: '10' } })]),
      [revenue(0, 100_00n), revenue(2, 100_00n)],
      50_00n,
    ],
    [
      'and a loss of the later version takes back what the month does not come to',
      versions([0, share('50')], [1, share('10')]),
      [revenue(0, 100_00n), revenue(2, -1000_00n)],
      0n,
    ],
    [
      'with a cap of its own for all that came before',
      versions([0, share('50', { cap: { amount: '10' } })], [1, share('50', { cap: { amount: '30' } })]),
      [revenue(0, 100_00n), revenue(2, 100_00n)],
      30_00n,
    ],
    [
      'and a loss carried in enters the month once',
      twice(share('50', carry)),
      [revenue(-31, -100_00n), revenue(0, 60_00n), revenue(2, 60_00n)],
      10_00n,
    ],
    [
      'and what a resetting version lost is not carried on, nor more than the month lost',
      versions([0, share('50')], [1, share('50', carry)]),
      [revenue(0, 80_00n), revenue(2, -100_00n), revenue(31, 60_00n)],
      20_00n,
    ],
  ] as const satisfies readonly (readonly [
    string,
    readonly DealVersion[],
    readonly ConversionEvent[],
    bigint,
  ])[])
    test(title, () => assert.equal(either(deal, events), expected));

  test('as if two equal versions in a row were one, also behind a version whose cap was reached', () => {
    const capped = share('50', { cap: { amount: '50' } });
    const events = [revenue(0, 200_00n), revenue(1, -60_00n), revenue(3, 60_00n)];
    assert.equal(either(versions([0, capped], [1, share('50')]), events), 50_00n);
    assert.equal(either(versions([0, capped], [1, share('50')], [2, share('50')]), events), 50_00n);
  });

  test('and a change of another version’s part is reported with the event that caused it', () => {
    const deal = versions([0, share('50')], [1, share('10')]);
    const settling = settledOneByOne(deal, [revenue(0, 100_00n), revenue(2, -1000_00n), revenue(0, 300_00n)]);
    assert.deepEqual(deltasOf(settling), [50_00n, -50_00n, 100_00n]);
    assert.ok(settling.messages.every(({ type }) => type === 'conversion.created'));
  });

  test('and a parent’s part of the month is rounded once', () => {
    const terms = { ...share('50'), overrides: [{ percent: '50' }] };
    assert.equal(either(twice(terms), [revenue(0, 2n), revenue(2, 2n)], 'aff_p'), 1n);
  });
});

describe('a customer earns one bounty', () => {
  const both: Terms = only({ kind: 'cpa', on: ['ftd', 'deposit'], amount: '200' });
  const first: Terms = only({ kind: 'cpa', amount: '100' });
  const own = (terms: Terms, day = 1): DealVersion =>
    aVersion(terms, { dealId: 'deal_own', affiliateId: 'aff_a', effectiveFrom: NOON + day * DAY_MS - 1 });
  const ftd = (day: number, customerId = 'c'): ConversionEvent => on(day, { type: 'ftd', customerId });
  const deposit = (day: number, customerId = 'c'): ConversionEvent =>
    on(day, { type: 'deposit', customerId });

  test('over the default deal and a deal of the affiliate’s own', () =>
    assert.equal(either([aVersion(both), own(both)], [ftd(0), deposit(2)]), 200_00n));

  test('over versions whose events overlap', () =>
    assert.equal(either(versions([0, first], [1, both]), [ftd(0), deposit(2)]), 100_00n));

  test('for each of two components of one version', () => {
    const terms = { components: [...first.components!, ...both.components!] };
    assert.equal(either([aVersion(terms)], [ftd(0), deposit(2)]), 300_00n);
    assert.equal(either(twice(terms), [deposit(0), ftd(2)]), 300_00n);
  });

  test('for each of two deals whose events do not overlap', () => {
    const registered = only({ kind: 'cpa', on: 'registration', amount: '5' });
    const registration = on(0, { type: 'registration' });
    assert.equal(either([aVersion(registered), own(both)], [registration, deposit(2)]), 205_00n);
  });

  test('although its conversion was reversed', () => {
    const one = ftd(0);
    const chargeback = on(1, { type: 'chargeback', reference: one.transactionId });
    assert.equal(either([aVersion(first), own(first)], [one, chargeback, ftd(2)]), 0n);
  });

  test('although what completed its sum was reversed, which leaves the sum too small', () => {
    const minimum = { min_amount: '100', qualify: 'cumulative' } as const;
    const summed = only({ kind: 'cpa', on: ['ftd', 'deposit'], amount: '200', ...minimum });
    const one = { ...ftd(0), amountMinor: 100_00n };
    const chargeback = on(3, { type: 'chargeback', reference: one.transactionId });
    const events = [one, { ...deposit(2), amountMinor: 100_00n }, chargeback];
    assert.equal(either([aVersion(summed), own(summed)], events), 0n);
  });

  test('and one that holds nothing takes no place under a cap', () => {
    const capped = only({ kind: 'cpa', amount: '100', cap: { count: 1 } });
    const events = [ftd(0), ftd(2), ftd(3, 'c2'), ftd(4, 'c3')];
    const settling = settledOneByOne([aVersion(first), own(capped)], events);
    assert.equal(either([aVersion(first), own(capped)], events), 200_00n);
    assert.deepEqual(deltasOf(settling), [100_00n, 0n, 100_00n, 0n]);
  });

  test('and a later one that had been paid is taken back as an adjustment of its own conversion', () => {
    const [earlier, later] = [ftd(0), ftd(2)];
    const settling = settledOneByOne([aVersion(first), own(both)], [later, earlier]);
    assert.deepEqual(
      settling.messages.map(({ type, conversion, deltaMinor }) => [type, conversion.id, deltaMinor]),
      [
        ['conversion.created', later.id, 200_00n],
        ['conversion.created', earlier.id, 100_00n],
        ['conversion.adjusted', later.id, -200_00n],
      ],
    );
  });

  test('of a component that names an event twice, as if it named it once', () => {
    const doubled = only({ kind: 'cpa', on: ['ftd', 'ftd'], amount: '100' });
    assert.equal(aVersion(doubled).terms.components[0]!.label, 'cpa:ftd');
    assert.equal(either(versions([0, first], [1, doubled]), [ftd(0), ftd(2)]), 100_00n);
  });
});
