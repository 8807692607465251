// Targets of slots by kind of component: published examples, tables and properties.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SlotFact } from '../../../domain/commission/slot-facts.ts';
import { slotNameOf, targetOf } from '../../../domain/commission/commission.ts';
import type { SlotSums } from '../../../domain/commission/component-kind.ts';
import { earliestOf, groupOf, type Group } from '../../../domain/commission/group.ts';
import { EMPTY_SUMS, NO_LINKS, contributionOf } from '../../../domain/commission/sums.ts';
import { explain } from '../../../domain/commission/explanation.ts';
import { parseDecimal } from '../../../domain/ledger/money.ts';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import type { EventType, Rounding } from '../../../domain/types.ts';
import { anEvent, aVersion, NOON } from '../../support/builders.ts';

/** A conversion of an amount in minor units, with later facts about it. */
function aGroup(
  amountMinor: bigint,
  reversals: readonly SlotFact[] = [],
  changes: Partial<SlotFact> = {},
): Group {
  const { id } = anEvent();
  const earned = {
    originalEventId: id,
    eventId: id,
    revision: 0,
    type: 'deposit' as EventType,
    whole: true,
    amountMinor,
    basisMinor: amountMinor,
    volumeE4: 0n,
    occurredAt: NOON,
    fx: null,
    customer: null,
    payment: null,
    cancels: null,
  };
  return groupOf([{ ...earned, ...changes }, ...reversals], aVersion());
}

function anotherFact(type: EventType, amountMinor: bigint | 'whole'): SlotFact {
  const whole = amountMinor === 'whole';
  return {
    originalEventId: '',
    eventId: anEvent().id,
    revision: 0,
    type,
    whole,
    amountMinor: whole ? 0n : amountMinor,
    basisMinor: 0n,
    volumeE4: 0n,
    occurredAt: NOON,
    fx: null,
    customer: null,
    payment: null,
    cancels: null,
  };
}

/** The target of a component by its terms, in minor units. */
function targetMinor(
  component: WireComponent,
  groups: readonly Group[],
  sums: Partial<SlotSums> = {},
  rounding: Rounding = 'half_even',
) {
  const { terms } = aVersion({ components: [component], rounding });
  return targetOf(terms.components[0]!, terms, groups, { ...EMPTY_SUMS, ...sums });
}

describe('revenue share', () => {
  for (const [source, sum, percent, rounding, expected] of [
    ['NGR 175.00 at 30 %', '175.00', '30', 'half_even', 52_50n],
    ['NGR 10.50 at 45 %, rounded half up', '10.50', '45', 'half_up', 4_73n],
    ['NGR 10.50 at 45 %, rounded half to even', '10.50', '45', 'half_even', 4_72n],
    ['NGR 10.50 at 45 %, rounded down', '10.50', '45', 'down', 4_72n],
    ['NGR 1,300,000 at 35 %', '1300000', '35', 'half_even', 455_000_00n],
    ['NGR 1,000,000 at a third of a percent', '1000000', '0.3333', 'half_even', 3_333_00n],
    ['spread 68.00 at 30 %', '68.00', '30', 'half_even', 20_40n],
    ['a month 10,000 below zero', '-10000', '30', 'half_even', 0n],
    ['a month of one cent below zero', '-0.01', '30', 'half_even', 0n],
  ] as const) {
    test(`a revenue share of ${source} pays ${expected} minor units`, () => {
      const basis = parseDecimal(sum, 2);
      assert.equal(basis.kind, 'ok');
      assert.equal(
        targetMinor({ kind: 'revshare', percent }, [], { basisMinor: basis.value }, rounding),
        expected,
      );
    });
  }

  test('a revenue share is rounded once a month, not per event', () => {
    const oneByOne = [1n, 1n, 1n].reduce(
      (sum, minor) => sum + targetMinor({ kind: 'revshare', percent: '50' }, [], { basisMinor: minor }),
      0n,
    );
    assert.deepEqual(
      [oneByOne, targetMinor({ kind: 'revshare', percent: '50' }, [], { basisMinor: 3n })],
      [0n, 2n],
    );
  });
});

describe('commission per lot', () => {
  for (const [title, volumeE4, amount, expected] of [
    ['of one lot at 0.10', 10_000n, '0.10', 10n],
    ['of a tenth of a lot at 0.10', 1_000n, '0.10', 1n],
    ['of a hundredth of a lot at 0.10', 100n, '0.10', 0n],
    ['of a hundred hundredths of a lot at 0.10', 100n * 100n, '0.10', 10n],
    ['of 500 lots at 7', 500n * 10_000n, '7', 3_500_00n],
    ['of a volume below zero', -1n, '7', 0n],
  ] as const) {
    test(`a commission per lot ${title} is ${expected} minor units`, () =>
      assert.equal(targetMinor({ kind: 'per_lot', amount }, [], { volumeE4 }), expected));
  }
});

describe('CPA', () => {
  const cpa: WireComponent = { kind: 'cpa', amount: '200', min_amount: '100' };
  const later = { occurredAt: NOON + 1 };
  for (const [title, groups, expected] of [
    ['a CPA without a deposit pays nothing', [], 0n],
    ['a CPA is paid for a first deposit of exactly the minimum', [aGroup(100_00n)], 200_00n],
    ['a CPA is not paid for a first deposit one cent below the minimum', [aGroup(99_99n)], 0n],
    [
      'a later deposit does not make up for a first deposit below the minimum',
      [aGroup(50_00n), aGroup(500_00n, [], later)],
      0n,
    ],
    [
      'a CPA is paid once for several deposits of a customer',
      [aGroup(100_00n), aGroup(500_00n, [], later)],
      200_00n,
    ],
    [
      'a chargeback of the first deposit takes the CPA back',
      [aGroup(100_00n, [anotherFact('chargeback', 'whole')])],
      0n,
    ],
    [
      'a reversal of a later deposit leaves the CPA unchanged',
      [aGroup(100_00n), aGroup(1n, [anotherFact('fraud', 'whole')], later)],
      200_00n,
    ],
    [
      'a refund of a quarter of the first deposit lowers the CPA by a quarter',
      [aGroup(100_00n, [anotherFact('refund', 25_00n)])],
      150_00n,
    ],
  ] as const) {
    test(title, () => {
      assert.equal(targetMinor(cpa, groups), expected);
      assert.equal(targetMinor(cpa, groups.toReversed()), expected);
    });
  }

  test('the earliest conversion is chosen by time, then by id', () => {
    const [a, b] = [aGroup(1n), aGroup(2n)];
    const early = aGroup(3n, [], { occurredAt: NOON - 1 });
    assert.equal(earliestOf([b, a]), a);
    assert.equal(earliestOf([b, a, early]), early);
    assert.equal(earliestOf([]), null);
  });
});

describe('percentage of an event', () => {
  const percent: WireComponent = { kind: 'percent', percent: '10' };
  test('a percentage is rounded once for the commission and once for all refunds together', () => {
    const refunds = [33_00n, 33_00n, 34_00n].map((minor) => anotherFact('refund', minor));
    const left = [0, 1, 2, 3].map((count) =>
      targetMinor({ kind: 'percent', percent: '0.1' }, [aGroup(100_00n, refunds.slice(0, count))]),
    );
    assert.deepEqual(left, [10n, 7n, 3n, 0n]);
  });

  test('a percentage of a fully refunded order is zero for every amount, rate and rounding', () => {
    const rate = fc.bigInt({ min: 0n, max: 2_000_000n });
    const modes = fc.constantFrom<Rounding>('half_even', 'half_up', 'down');
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), rate, modes, (amountMinor, ratePpm, rounding) => {
        const { terms } = aVersion({ components: [percent], rounding });
        const group = aGroup(amountMinor, [anotherFact('refund', amountMinor)]);
        assert.equal(
          targetOf({ ...terms.components[0]!, kind: 'percent', ratePpm }, terms, [group], EMPTY_SUMS),
          0n,
        );
      }),
    );
  });
});

test('a conversion contributes its amount and volume after reversals to a monthly slot', () => {
  const trade = (others: readonly SlotFact[]): Group => aGroup(90_00n, others, { volumeE4: 1_0000n });
  assert.deepEqual(contributionOf('per_lot', trade([])), {
    basisMinor: 90_00n,
    volumeE4: 1_0000n,
    conversionsCount: 1,
  });
  assert.deepEqual(contributionOf('per_lot', trade([anotherFact('refund', 30_00n)])), {
    basisMinor: 60_00n,
    volumeE4: 6667n,
    conversionsCount: 1,
  });
  assert.deepEqual(contributionOf('per_lot', trade([anotherFact('bonus_abuse', 'whole')])), {
    basisMinor: 0n,
    volumeE4: 0n,
    conversionsCount: 1,
  });
});

test('slot keys differ by affiliate, by component, and by customer, by event or by month', () => {
  const version = aVersion({
    components: [
      { kind: 'cpa', amount: '1' },
      { kind: 'cpa', amount: '2' },
      { kind: 'percent', percent: '1' },
      { kind: 'revshare', percent: '1' },
      { kind: 'per_lot', amount: '1' },
    ],
  });
  const of = {
    eventId: 'evt_1',
    subject: 'customer c',
    affiliateId: 'aff_1',
    month: '2026-03',
    parentsSince: null,
  };
  const keysOf = (changes: Partial<typeof of>): string[] =>
    version.terms.components.map((component) => slotNameOf(version, component, { ...of, ...changes }).key);
  const keys = keysOf({});
  const differ = (changes: Partial<typeof of>): boolean[] =>
    keysOf(changes).map((key, index) => key !== keys[index]);
  assert.equal(new Set(keys).size, 5);
  assert.deepEqual(differ({ subject: 'customer d' }), [true, true, false, false, false]);
  assert.deepEqual(differ({ eventId: 'evt_2' }), [false, false, true, false, false]);
  assert.deepEqual(differ({ affiliateId: 'aff_2' }), [true, true, true, true, true]);
  assert.deepEqual(differ({ month: '2026-04' }), [false, false, false, true, true]);
});

describe('explanation', () => {
  for (const [component, groups, sums, formula, inputs] of [
    [
      { kind: 'cpa', amount: '200', min_amount: '100' },
      [aGroup(100_00n, [], { eventId: 'evt_x' })],
      {},
      '200.00 USD once per customer for the first ftd of at least 100.00 USD, less what was reversed',
      { event: 'evt_x', amount: '100.00 USD' },
    ],
    [
      { kind: 'percent', percent: '12.5' },
      [aGroup(100_00n, [anotherFact('refund', 30_00n)], { eventId: 'evt_x' })],
      {},
      '12.5 % of the amount, less the reversed share',
      { event: 'evt_x', amount: '100.00 USD', reversed: '30.00 USD of 100.00 USD' },
    ],
    [
      { kind: 'revshare', percent: '25' },
      [],
      { basisMinor: 175_00n, factsCount: 3 },
      '25 % of the month’s sum, never below zero'.replace('’', "'"),
      { month: '2026-03', sum: '175.00 USD', facts: '3' },
    ],
    [
      { kind: 'per_lot', amount: '4' },
      [],
      { volumeE4: 1_5000n, factsCount: 2 },
      '4.00 USD per lot of the month',
      { month: '2026-03', lots: '1.5', facts: '2' },
    ],
  ] as const) {
    test(`the explanation of a ${component.kind} commission names its formula and figures`, () => {
      const { terms } = aVersion({ components: [component] });
      const of = { component: terms.components[0]!, terms, groups, links: NO_LINKS, period: '2026-03' };
      const explained = explain({ ...of, sums: { ...EMPTY_SUMS, ...sums } });
      assert.deepEqual(explained, { formula, inputs });
    });
  }
});
