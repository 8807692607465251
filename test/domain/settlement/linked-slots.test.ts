// Slots that move one another: caps, steps, carried months and parents' parts, story by story;
// regressions are named for their causes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WireComponent, WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent, DealVersion } from '../../../domain/types.ts';
import { anEvent, aVersion, DAY_MS, NOON } from '../../support/builders.ts';
import { deltasOf, settledOneByOne, totalOf } from '../../support/settle-in-memory.ts';

const MONTH = 31 * DAY_MS;
const ftd = (customerId: string, day = 0, changes: Partial<ConversionEvent> = {}): ConversionEvent =>
  anEvent({ type: 'ftd', customerId, occurredAt: NOON + day * DAY_MS, ...changes });
const revenue = (amountMinor: bigint, months = 0, changes: Partial<ConversionEvent> = {}): ConversionEvent =>
  anEvent({ type: 'revenue', amountMinor, occurredAt: NOON + months * MONTH, ...changes });
const chargeback = ({ transactionId, customerId }: ConversionEvent): ConversionEvent =>
  anEvent({ type: 'chargeback', reference: transactionId, customerId });

/** Versions of one deal, each in force from a day of its own. */
const versions = (...all: readonly [day: number, terms: Partial<WireTerms>][]): DealVersion[] =>
  all.map(([day, terms], index) =>
    aVersion(terms, { version: index + 1, effectiveFrom: index === 0 ? 0 : NOON + day * DAY_MS }),
  );

/** The events in both orders of arrival must come to the same, which is given back. */
function either(
  terms: Partial<WireTerms> | readonly DealVersion[],
  events: readonly ConversionEvent[],
  affiliateId?: string,
): bigint {
  const [there, back] = [events, events.toReversed()].map((ordered) =>
    totalOf(settledOneByOne(terms, ordered, { parents: { aff_a: ['aff_p'] } }), affiliateId),
  );
  assert.equal(there, back, 'the order of arrival shows');
  return there!;
}

/** Messages as text: type, conversion, change and amount reported so far. */
const reportsOf = ({ messages }: ReturnType<typeof settledOneByOne>): string[] =>
  messages.map(({ type, conversion, deltaMinor, reportedMinor }) => {
    return `${type.slice('conversion.'.length)} ${conversion.id} ${deltaMinor > 0n ? '+' : ''}${deltaMinor}=${reportedMinor}`;
  });

const only = (component: WireComponent): Partial<WireTerms> => ({ components: [component] });

describe('a cap', () => {
  const capped = only({ kind: 'cpa', amount: '10', cap: { count: 2 } });
  const [first, second, third] = [ftd('c1', 0), ftd('c2', 1), ftd('c3', 2)];

  test('a cap pays the earliest conversions in any order of arrival and reports to each conversion its gain or loss', () => {
    const settling = settledOneByOne(capped, [third, second, first]);
    assert.deepEqual(reportsOf(settling), [
      `created ${third.id} +1000=1000`,
      `created ${second.id} +1000=1000`,
      `created ${first.id} +1000=1000`,
      `adjusted ${third.id} -1000=0`,
    ]);
    const { reason, event } = settling.messages.at(-1)!;
    assert.deepEqual([reason, event], ['recomputed', null]);
    const paid = [...settling.slots.values()]
      .filter(({ money }) => money.pendingMinor > 0n)
      .map(({ name }) => name.key.slice(-2));
    assert.deepEqual(paid.toSorted(), ['c1', 'c2']);
  });

  test('a cap pays the next conversion when an earlier one is charged back', () => {
    const settling = settledOneByOne(capped, [first, second, third, chargeback(first)]);
    assert.deepEqual(reportsOf(settling).slice(3), [
      `reversed ${first.id} -1000=0`,
      `adjusted ${third.id} +1000=1000`,
    ]);
    assert.equal(totalOf(settling), 20_00n);
  });

  test('a cap takes nothing from a conversion that lost its place under the cap and is then charged back', () => {
    const settling = settledOneByOne(capped, [third, second, first, chargeback(third), chargeback(first)]);
    assert.deepEqual(reportsOf(settling).slice(3), [
      `adjusted ${third.id} -1000=0`,
      `reversed ${third.id} 0=0`,
      `reversed ${first.id} -1000=0`,
    ]);
    const together = settledOneByOne(capped, [first, second, third]);
    together.settle([chargeback(first), chargeback(third)]);
    assert.deepEqual(reportsOf(together).slice(3), [
      `reversed ${first.id} -1000=0`,
      `reversed ${third.id} 0=0`,
    ]);
  });

  test('a cap of an amount pays the last conversion in part', () => {
    assert.equal(
      either(only({ kind: 'percent', percent: '10', cap: { amount: '15' } }), [anEvent(), anEvent()]),
      15_00n,
    );
  });

  test('a cap starts again from zero each month', () =>
    assert.equal(either(capped, [first, second, third, ftd('c4', 31)]), 30_00n));

  test('a cap does not count what a later deal version earns without a cap', () => {
    const deal = versions(
      [0, only({ kind: 'cpa', amount: '10' })],
      [1, only({ kind: 'cpa', amount: '10', cap: { count: 1 } })],
    );
    // c1 came under the capped version when only the later deposit was known, and left it when the
    // earlier one arrived.
    assert.equal(either(deal, [ftd('c1', 0), ftd('c1', 2), ftd('c2', 3)]), 20_00n);
  });
});

describe('tier steps', () => {
  test('tier steps of a CPA count customers for whom the first step pays nothing', () => {
    const steps = [
      { from: '0', amount: '0' },
      { from: '3', amount: '100' },
    ];
    const customers = [ftd('c1', 0), ftd('c2', 1), ftd('c3', 2), ftd('c4', 3)];
    for (const [mode, expected] of [
      ['marginal', 200_00n],
      ['retroactive', 400_00n],
    ] as const) {
      assert.equal(
        either(only({ kind: 'cpa', tiers: { metric: 'ftd_count', mode, steps } }), customers),
        expected,
      );
    }
  });

  test('tier steps of a CPA with a cap use up the cap only by customers that were paid', () => {
    const tiers = { metric: 'ftd_count', mode: 'marginal', steps: [{ from: '2', amount: '100' }] } as const;
    const terms = only({ kind: 'cpa', tiers: { ...tiers, steps: [...tiers.steps] }, cap: { count: 1 } });
    assert.equal(either(terms, [ftd('c1', 0), ftd('c2', 1), ftd('c3', 2)]), 100_00n);
  });

  test('tier steps of a CPA can depend on the month’s revenue', () => {
    const steps = [{ from: '500', amount: '80' }];
    const terms = only({
      kind: 'cpa',
      amount: '50',
      tiers: { metric: 'revenue', mode: 'retroactive', steps },
    });
    assert.equal(either(terms, [ftd('c1'), ftd('c2'), revenue(499_99n)]), 100_00n);
    assert.equal(either(terms, [ftd('c1'), ftd('c2'), revenue(499_99n), revenue(1n)]), 160_00n);
  });

  test('tier steps fall again when a first deposit they counted is charged back, and the lower revenue share is reported with that chargeback', () => {
    const steps = [{ from: '2', percent: '20' }];
    const terms = only({
      kind: 'revshare',
      percent: '10',
      tiers: { metric: 'ftd_count', mode: 'retroactive', steps },
    });
    const last = ftd('c2');
    const settling = settledOneByOne(terms, [revenue(100_00n), ftd('c1'), last, chargeback(last)]);
    assert.deepEqual(deltasOf(settling), [10_00n, 0n, 10_00n, -10_00n]);
  });

  test('tier steps count customers, in the month of their earliest first deposit, in any order of arrival', () => {
    const steps = [{ from: '2', percent: '20' }];
    const terms = only({
      kind: 'revshare',
      percent: '10',
      tiers: { metric: 'ftd_count', mode: 'retroactive', steps },
    });
    assert.equal(either(terms, [revenue(100_00n), ftd('c1', 0), ftd('c1', 1)]), 10_00n);
    assert.equal(either(terms, [revenue(100_00n), ftd('c1', 0), ftd('c1', 1), ftd('c2', 2)]), 20_00n);
    // The month after has two deposits, but only one customer whose first it is.
    assert.equal(either(terms, [revenue(100_00n, 1), ftd('c1', 0), ftd('c1', 31), ftd('c2', 31)]), 10_00n);
  });

  test('tier steps report the loss of a month whose customer turns out to have deposited first a month earlier', () => {
    const steps = [{ from: '1', percent: '20' }];
    const terms = only({
      kind: 'revshare',
      percent: '10',
      tiers: { metric: 'ftd_count', mode: 'retroactive', steps },
    });
    const settling = settledOneByOne(terms, [
      revenue(100_00n, 1),
      ftd('c', 31),
      revenue(50_00n),
      ftd('c', 0),
    ]);
    assert.deepEqual(deltasOf(settling), [10_00n, 10_00n, 5_00n, -5_00n]);
  });

  test('tier steps count no customer whose first deposit was reversed, as a CPA pays none', () => {
    const steps = [{ from: '1', percent: '20' }];
    const terms = only({
      kind: 'revshare',
      percent: '10',
      tiers: { metric: 'ftd_count', mode: 'retroactive', steps },
    });
    const first = ftd('c', 0);
    assert.equal(either(terms, [revenue(100_00n), first, ftd('c', 1), chargeback(first)]), 10_00n);
  });

  test('tier steps by revenue keep an amount without an exchange rate waiting even where it pays nothing', () => {
    const tiers = { metric: 'revenue', mode: 'retroactive', steps: [{ from: '1', amount: '2' }] } as const;
    const foreign = revenue(100_00n, 0, { currency: 'EUR' });
    const settling = settledOneByOne(
      only({ kind: 'per_lot', amount: '1', tiers: { ...tiers, steps: [...tiers.steps] } }),
      [foreign],
    );
    assert.equal(settling.outcomes.get(foreign.id)?.reason, 'no_exchange_rate');
  });
});

describe('a negative month that is carried over', () => {
  const carrying = (changes: object = {}): Partial<WireTerms> =>
    only({ kind: 'revshare', percent: '50', negative: 'carry', ...changes });

  test('a carried negative month lowers the months after it until it is made up for, whatever the order of arrival', () => {
    assert.equal(either(carrying(), [revenue(-100_00n), revenue(60_00n, 1), revenue(60_00n, 2)]), 10_00n);
  });

  test('a carried negative month is not made up for by the months before it', () => {
    assert.equal(either(carrying(), [revenue(100_00n), revenue(-60_00n, 1), revenue(20_00n, 2)]), 50_00n);
  });

  test('a carried negative month is dropped by a deal version that resets, even when its month arrives last', () => {
    const deal = versions([0, carrying()], [20, carrying({ negative: 'reset' })], [50, carrying()]);
    assert.equal(either(deal, [revenue(-100_00n), revenue(100_00n, 2)]), 0n);
    assert.equal(either(deal, [revenue(-100_00n), revenue(100_00n, 2), revenue(1_00n, 1)]), 50_50n);
  });

  test('a carried negative month is carried by revenue and by commission at once, since another deal version may carry by the other', () => {
    const deal = versions([0, carrying()], [20, carrying({ carry_by: 'commission' })]);
    assert.equal(either(deal, [revenue(-100_00n), revenue(120_00n, 1)]), 10_00n);
  });

  test('a carried negative month is paid at the rate of its own steps when another month moves it', () => {
    const tiers = { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: '1', percent: '100' }] };
    const later = [ftd('c', 31), revenue(100_00n, 1)];
    assert.equal(either(carrying({ tiers }), [...later, revenue(-10_00n)]), 90_00n);
  });
});

describe('a CPA qualification by cumulative deposits', () => {
  const terms = only({
    kind: 'cpa',
    on: ['deposit', 'ftd'],
    amount: '10',
    qualify: 'cumulative',
    min_amount: '150',
    within_days: 10,
  });
  const deposit = (day: number): ConversionEvent =>
    anEvent({ type: 'deposit', occurredAt: NOON + day * DAY_MS });
  for (const [title, events, expected] of [
    ['is reached by two deposits', [ftd('c'), deposit(10)], 10_00n],
    [
      'is not reached by a deposit after the allowed days',
      [ftd('c'), anEvent({ type: 'deposit', occurredAt: NOON + 10 * DAY_MS + 1 })],
      0n,
    ],
    ['is not reached by one deposit below the minimum', [ftd('c')], 0n],
  ] as const) {
    test(`a CPA qualification by cumulative deposits ${title}`, () =>
      assert.equal(either(terms, events), expected));
  }

  test('a CPA qualification by cumulative deposits is lost when one of its deposits is charged back', () => {
    const one = deposit(1);
    assert.equal(either(terms, [ftd('c'), one, chargeback(one)]), 0n);
  });

  test('a CPA qualification by cumulative deposits is not reached by a fully reversed deposit, however low the minimum', () => {
    const one = ftd('c');
    assert.equal(
      either(only({ kind: 'cpa', amount: '10', qualify: 'cumulative', min_amount: '0' }), [
        one,
        chargeback(one),
      ]),
      0n,
    );
  });
});

describe('a parent’s override', () => {
  const percent: WireComponent = { kind: 'percent', percent: '10' };
  test('a parent’s override is of what the affiliate holds, and falls with it', () => {
    const sale = anEvent();
    const terms = { components: [percent], overrides: [{ percent: '20' }] };
    assert.equal(either(terms, [sale], 'aff_p'), 2_00n);
    assert.equal(either(terms, [sale, chargeback(sale)], 'aff_p'), 0n);
    const settling = settledOneByOne(terms, [sale, chargeback(sale)], { parents: { aff_a: ['aff_p'] } });
    const reports = settling.messages.map(({ type, via, deltaMinor }) => `${type} ${via} ${deltaMinor}`);
    assert.deepEqual(reports, [
      'conversion.created null 1000',
      'conversion.created aff_a 200',
      'conversion.reversed null -1000',
      'conversion.reversed aff_a -200',
    ]);
  });

  test('a parent’s override gets a slot when an earlier deal version with an override becomes the one that rates a CPA', () => {
    const cpa = only({ kind: 'cpa', amount: '100' });
    const deal = versions([0, { ...cpa, overrides: [{ percent: '10' }] }], [1, cpa]);
    assert.equal(either(deal, [ftd('c', 0), ftd('c', 2)], 'aff_p'), 10_00n);
  });

  test('a parent’s override is held as long as the affiliate’s own slot, also when no money moves', () => {
    const terms = { ...only({ kind: 'cpa', amount: '100' }), overrides: [{ percent: '10' }] };
    const settling = settledOneByOne(terms, [ftd('c', 0), ftd('c', 5)], { parents: { aff_a: ['aff_p'] } });
    const holds = Array.from(settling.slots.values(), ({ holdUntil }) => holdUntil);
    assert.deepEqual(holds, [NOON + 35 * DAY_MS, NOON + 35 * DAY_MS]);
  });
});

test('a commission computed by the operator replaces the deal’s components and does not count as revenue for tiers', () => {
  const steps = [{ from: '100', percent: '50' }];
  const tiers = { metric: 'revenue' as const, mode: 'retroactive' as const, steps };
  const terms = {
    payout: 'accept' as const,
    components: [{ kind: 'revshare' as const, percent: '10', tiers }],
  };
  assert.equal(either(terms, [revenue(100_00n, 0, { operatorPayoutMinor: 7n }), revenue(50_00n)]), 5_07n);
  const waiting = revenue(1n);
  const settling = settledOneByOne({ ...terms, payout: 'require' }, [waiting]);
  assert.equal(settling.outcomes.get(waiting.id)?.reason, 'payout_required');
});
