// Explanations of slots: formulas in words, and the figures that lead to the target.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { groupOf } from '../../../domain/commission/group.ts';
import type { SlotSums, SlotLinks } from '../../../domain/commission/component-kind.ts';
import { NO_SHARE } from '../../../domain/commission/month.ts';
import { EMPTY_SUMS, NO_LINKS } from '../../../domain/commission/sums.ts';
import { explain, explainOverride } from '../../../domain/commission/explanation.ts';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import { aVersion, NOON } from '../../support/builders.ts';

const steps = (
  metric: 'revenue' | 'volume' | 'ftd_count',
  mode: 'marginal' | 'retroactive',
  pays: 'percent' | 'amount',
) => {
  const from = { revenue: ['1', '5000'], volume: ['0.5', '10'], ftd_count: ['0', '3'] }[metric];
  return { metric, mode, steps: from.map((at, index) => ({ from: at, [pays]: String(20 + index * 5) })) };
};

describe('formula of an explanation', () => {
  const cases: readonly [WireComponent, string][] = [
    [
      { kind: 'cpa', on: ['registration', 'ftd'], amount: '5' },
      '5.00 USD once per customer for the first registration or ftd, less what was reversed',
    ],
    [
      { kind: 'cpa', amount: '5', min_amount: '1', cap: { count: 2 } },
      '5.00 USD once per customer for the first ftd of at least 1.00 USD, less what was reversed, at most the first 2 a month',
    ],
    [
      {
        kind: 'cpa',
        on: ['ftd', 'deposit'],
        amount: '5',
        qualify: 'cumulative',
        min_amount: '100',
        min_volume: '1.5',
        within_days: 30,
      },
      '5.00 USD once per customer whose ftd and deposit came to 100.00 USD and 1.5 lots within 30 days of the first, less what was reversed',
    ],
    [
      { kind: 'cpa', tiers: steps('ftd_count', 'retroactive', 'amount') },
      '20.00 USD from 0 first deposits, 25.00 USD from 3 first deposits (retroactive) once per customer for the first ftd, less what was reversed',
    ],
    [
      { kind: 'percent', percent: '12.5', cap: { count: 2, amount: '500' } },
      '12.5 % of the amount, less the reversed share, at most the first 2 and 500.00 USD a month',
    ],
    [
      { kind: 'revshare', percent: '10', tiers: steps('revenue', 'marginal', 'percent') },
      "10 %, 20 % from 1.00 USD, 25 % from 5000.00 USD (marginal) of the month's sum, never below zero",
    ],
    [
      { kind: 'revshare', percent: '10', negative: 'carry', cap: { amount: '7' } },
      "10 % of the month's sum, a negative sum carried over, at most 7.00 USD a month",
    ],
    [
      { kind: 'revshare', percent: '10', negative: 'carry', carry_by: 'commission' },
      "10 % of the month's sum, a negative share carried over",
    ],
    [
      { kind: 'per_lot', amount: '1', tiers: steps('volume', 'marginal', 'amount') },
      '1.00 USD, 20.00 USD from 0.5 lots, 25.00 USD from 10 lots (marginal) per lot of the month',
    ],
  ];
  for (const [component, expected] of cases) {
    test(`the formula of a ${component.kind} reads "${expected}"`, () =>
      assert.equal(explained(component).formula, expected));
  }

  test('the formula of an operator payout names the operator as its source', () => {
    const { terms } = aVersion({ payout: 'accept' });
    const of = { terms, groups: [], sums: EMPTY_SUMS, links: NO_LINKS, period: null };
    assert.equal(
      explain({ component: terms.components.at(-1)!, ...of }).formula,
      'the sum that the operator computed, less the reversed share',
    );
  });

  test('the formula of an override names the levels between parent and affiliate', () => {
    assert.deepEqual(explainOverride(25_000n, 1, 'slot_1', 80_00n, 'USD'), {
      formula: '2.5 % of the commission of an affiliate one level below',
      inputs: { commission: 'slot_1', amount: '80.00 USD' },
    });
    assert.equal(
      explainOverride(25_000n, 3, 'slot_1', 0n, 'USD').formula,
      '2.5 % of the commission of an affiliate 3 levels below',
    );
  });
});

describe('figures of an explanation', () => {
  const cases: readonly [
    string,
    WireComponent,
    Partial<SlotSums>,
    Partial<SlotLinks>,
    Record<string, string>,
  ][] = [
    [
      'the figures of a revenue share name the loss carried over',
      { kind: 'revshare', percent: '10', negative: 'carry' },
      { basisMinor: 500n },
      { share: { ...NO_SHARE, carriedMinor: -200n } },
      { sum: '5.00 USD', carried_over: '-2.00 USD' },
    ],
    [
      'revenue tiers show the month’s revenue after the loss carried over',
      { kind: 'revshare', negative: 'carry', tiers: steps('revenue', 'marginal', 'percent') },
      { basisMinor: 500n },
      { share: { ...NO_SHARE, carriedMinor: -200n, reached: 300n } },
      { sum: '5.00 USD', carried_over: '-2.00 USD', revenue: '3.00 USD' },
    ],
    [
      'tiers by first deposits show the month’s count of first deposits',
      { kind: 'revshare', tiers: steps('ftd_count', 'retroactive', 'percent') },
      {},
      { metric: 4n },
      { sum: '0.00 USD', ftd_count: '4' },
    ],
    [
      'the figures of one version’s part name the whole month, and what earlier versions hold of it',
      { kind: 'revshare', percent: '10' },
      { basisMinor: 500n },
      {
        share: {
          ...NO_SHARE,
          minor: 50n,
          whole: { sums: { ...EMPTY_SUMS, basisMinor: 900n }, beforeMinor: 40n },
        },
      },
      {
        sum: '5.00 USD',
        sum_of_all_versions: '9.00 USD',
        month_with_earlier_versions: '0.90 USD',
        of_it_earlier_versions: '0.40 USD',
      },
    ],
    [
      'volume tiers of a commission per lot show the month’s lots',
      { kind: 'per_lot', tiers: steps('volume', 'marginal', 'amount') },
      { volumeE4: 2_5000n },
      { metric: 9n },
      { lots: '2.5', volume: '2.5' },
    ],
    [
      'revenue tiers of a commission per lot show the month’s revenue',
      { kind: 'per_lot', tiers: steps('revenue', 'retroactive', 'amount') },
      { volumeE4: 10n },
      { metric: 900n },
      { lots: '0.001', revenue: '9.00 USD' },
    ],
  ];
  for (const [title, component, sums, links, expected] of cases) {
    test(title, () =>
      assert.deepEqual(explained(component, sums, links).inputs, {
        month: '2026-03',
        facts: '0',
        ...expected,
      }),
    );
  }

  const about = {
    originalEventId: 'evt_x',
    revision: 0,
    amountMinor: 100_00n,
    volumeE4: 0n,
    occurredAt: NOON,
  };
  const earned = {
    ...about,
    eventId: 'evt_x',
    type: 'sale' as const,
    whole: true,
    basisMinor: 110_00n,
    fx: { rateId: 'fx_1', rate: '1.1' },
    customer: null,
    payment: null,
    cancels: null,
  };

  test('figures of a converted amount show the stored rate and the reversed share in percent', () => {
    const refund = {
      ...about,
      eventId: 'evt_r',
      type: 'refund' as const,
      whole: false,
      amountMinor: 25_00n,
      basisMinor: 0n,
      fx: null,
      customer: null,
      payment: null,
      cancels: null,
    };
    const groups = [groupOf([earned, refund], aVersion())];
    const { inputs } = explained({ kind: 'percent', percent: '10' }, {}, {}, groups);
    assert.deepEqual(inputs, {
      event: 'evt_x',
      amount: '110.00 USD',
      exchange_rate: '1.1',
      rate_id: 'fx_1',
      currency: 'USD',
      reversed: '25 %',
    });
  });

  test('figures of a capped commission show its value before the cap and its allotment', () => {
    const groups = [groupOf([earned], aVersion())];
    const allotment = { minor: 5_00n, place: 1n, reached: 1n };
    const { inputs } = explained(
      { kind: 'percent', percent: '10', cap: { amount: '5' } },
      {},
      { allotment },
      groups,
    );
    assert.deepEqual(
      [inputs['alone'], inputs['left_by_the_month'], inputs['month']],
      ['11.00 USD', '5.00 USD', '2026-03'],
    );
  });

  for (const [metric, mode, reached, expected] of [
    ['revenue', 'retroactive', 5000_00n, { revenue: '5000.00 USD' }],
    ['volume', 'retroactive', 12_5000n, { volume: '12.5' }],
    ['ftd_count', 'retroactive', 3n, { ftd_count: '3' }],
    ['ftd_count', 'marginal', 3n, { place: '2' }],
  ] as const) {
    test(`figures of a CPA with ${mode} tiers by ${metric} show the figure that chose the step`, () => {
      const groups = [groupOf([earned], aVersion())];
      const links = { allotment: { minor: 20_00n, place: 2n, reached } };
      const { inputs } = explained(
        { kind: 'cpa', on: 'sale', tiers: steps(metric, mode, 'amount') },
        {},
        links,
        groups,
      );
      const { revenue, volume, ftd_count, place } = inputs;
      assert.deepEqual(JSON.parse(JSON.stringify({ revenue, volume, ftd_count, place })), expected);
    });
  }
});

function explained(
  component: WireComponent,
  sums: Partial<SlotSums> = {},
  links: Partial<SlotLinks> = {},
  groups: Parameters<typeof explain>[0]['groups'] = [],
) {
  const { terms } = aVersion({ components: [component] });
  return explain({
    component: terms.components[0]!,
    terms,
    groups,
    sums: { ...EMPTY_SUMS, ...sums },
    links: { ...NO_LINKS, ...links },
    period: '2026-03',
  });
}
