// Compiled tiers, caps, qualification and carryover of components, and every problem with its path.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  compileTerms,
  type WireComponent,
  type WireTerms,
  type WireTiers,
} from '../../../domain/commission/terms.ts';
import { ALL_KINDS, WIRE_FIELDS } from '../../../domain/commission/components/index.ts';
import { terms, wireTerms } from '../../support/builders.ts';

const tiers = (changes: Partial<WireTiers> = {}): WireTiers => ({
  metric: 'revenue',
  mode: 'retroactive',
  steps: [{ from: '0', percent: '20' }],
  ...changes,
});

describe('component', () => {
  const compiled: readonly [string, WireComponent, object][] = [
    [
      'a revenue share with tiers needs no percent',
      { kind: 'revshare', tiers: tiers() },
      {
        ratePpm: 0n,
        tiers: { metric: 'revenue', mode: 'retroactive', steps: [{ from: 0n, rate: 200_000n }] },
      },
    ],
    [
      'a revenue share with tiers may have a percent for sums below the first step',
      { kind: 'revshare', percent: '5', tiers: tiers() },
      { ratePpm: 50_000n },
    ],
    [
      'tiers of a CPA count first deposits and pay amounts',
      { kind: 'cpa', tiers: tiers({ metric: 'ftd_count', steps: [{ from: '3', amount: '1' }] }) },
      { tiers: { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: 3n, rate: 100n }] } },
    ],
    [
      'tiers of a commission per lot count lots',
      {
        kind: 'per_lot',
        amount: '1',
        tiers: tiers({ metric: 'volume', steps: [{ from: '0.0001', amount: '2' }] }),
      },
      { tiers: { metric: 'volume', mode: 'retroactive', steps: [{ from: 1n, rate: 200_000_000n }] } },
    ],
    [
      'a CPA may be capped by count and amount',
      { kind: 'cpa', amount: '1', cap: { count: 3, amount: '10' } },
      { cap: { count: 3, amountMinor: 10_00n } },
    ],
    [
      'a monthly component may be capped by amount',
      { kind: 'revshare', percent: '1', cap: { amount: '0.01' } },
      { cap: { count: null, amountMinor: 1n } },
    ],
    [
      'a component has no cap and no tiers by default',
      { kind: 'percent', percent: '1' },
      { cap: null, tiers: null },
    ],
    [
      'a CPA is qualified by the first conversion by default',
      { kind: 'cpa', amount: '1' },
      { qualify: { by: 'first' } },
    ],
    [
      'a CPA may be qualified by cumulative amount and volume within days',
      { kind: 'cpa', amount: '1', qualify: 'cumulative', min_amount: '1', min_volume: '0.5', within_days: 7 },
      { qualify: { by: 'cumulative', minVolumeE4: 5000n, withinDays: 7 }, minAmountMinor: 1_00n },
    ],
    [
      'a CPA may be qualified by cumulative volume alone, without a time limit',
      { kind: 'cpa', amount: '1', qualify: 'cumulative', min_volume: '1' },
      { qualify: { by: 'cumulative', minVolumeE4: 1_0000n, withinDays: null }, minAmountMinor: null },
    ],
    [
      'a revenue share resets negative months by default',
      { kind: 'revshare', percent: '1' },
      { negative: 'reset' },
    ],
    [
      'a revenue share may carry negative months as revenue',
      { kind: 'revshare', percent: '1', negative: 'carry' },
      { negative: 'carry', carryBy: 'ngr' },
    ],
    [
      'a revenue share may carry negative months as commission',
      { kind: 'revshare', percent: '1', negative: 'carry', carry_by: 'commission' },
      { carryBy: 'commission' },
    ],
  ];
  for (const [title, component, expected] of compiled) {
    test(title, () => {
      const [actual] = terms({ components: [component] }).components;
      assert.deepEqual(actual, { ...actual, ...expected });
    });
  }

  type Refused = readonly (readonly [path: string, code: string])[];
  const refused: readonly [string, WireComponent, Refused][] = [
    ['a percentage with tiers', { kind: 'percent', percent: '1', tiers: tiers() }, [['tiers', 'unexpected']]],
    [
      'a revenue share with marginal tiers by first deposits',
      { kind: 'revshare', tiers: tiers({ metric: 'ftd_count', mode: 'marginal' }) },
      [['tiers.metric', 'not_an_option']],
    ],
    [
      'a CPA with marginal tiers by revenue',
      { kind: 'cpa', tiers: tiers({ mode: 'marginal', steps: [{ from: '0', amount: '1' }] }) },
      [['tiers.metric', 'not_an_option']],
    ],
    [
      'a component with tiers without a step',
      { kind: 'revshare', tiers: tiers({ steps: [] }) },
      [['tiers.steps', 'required']],
    ],
    [
      'a revenue share with a tier step that pays an amount',
      { kind: 'revshare', tiers: tiers({ steps: [{ from: '0', amount: '1' }] }) },
      [
        ['tiers.steps.0.amount', 'unexpected'],
        ['tiers.steps.0.percent', 'required'],
      ],
    ],
    [
      'a CPA with a tier step that pays a percent',
      { kind: 'cpa', tiers: tiers({ metric: 'ftd_count' }) },
      [
        ['tiers.steps.0.percent', 'unexpected'],
        ['tiers.steps.0.amount', 'required'],
      ],
    ],
    [
      'a component with a tier step below zero',
      { kind: 'revshare', tiers: tiers({ steps: [{ from: '-1', percent: '1' }] }) },
      [['tiers.steps.0.from', 'invalid_decimal']],
    ],
    [
      'a CPA with a tier step from 1.5 first deposits',
      { kind: 'cpa', tiers: tiers({ metric: 'ftd_count', steps: [{ from: '1.5', amount: '1' }] }) },
      [['tiers.steps.0.from', 'invalid_decimal']],
    ],
    [
      'a commission per lot with a tier step of five decimals',
      { kind: 'per_lot', tiers: tiers({ metric: 'volume', steps: [{ from: '0.00001', amount: '1' }] }) },
      [['tiers.steps.0.from', 'invalid_decimal']],
    ],
    [
      'a component with falling tier steps',
      {
        kind: 'revshare',
        tiers: tiers({
          steps: [
            { from: '2', percent: '1' },
            { from: '1', percent: '2' },
          ],
        }),
      },
      [['tiers.steps.1.from', 'not_rising']],
    ],
    [
      'a component with two tier steps from the same value',
      {
        kind: 'revshare',
        tiers: tiers({
          steps: [
            { from: '2', percent: '1' },
            { from: '2', percent: '2' },
          ],
        }),
      },
      [['tiers.steps.1.from', 'not_rising']],
    ],
    ['a component with an empty cap', { kind: 'cpa', amount: '1', cap: {} }, [['cap', 'required']]],
    [
      'a cap with more decimals than the currency',
      { kind: 'cpa', amount: '1', cap: { amount: '1.001' } },
      [['cap.amount', 'invalid_decimal']],
    ],
    [
      'a revenue share capped by count',
      { kind: 'revshare', percent: '1', cap: { count: 1 } },
      [['cap.count', 'unexpected']],
    ],
    [
      'a commission per lot capped by count',
      { kind: 'per_lot', amount: '1', cap: { count: 1, amount: '1' } },
      [['cap.count', 'unexpected']],
    ],
    [
      'cumulative qualification without a minimum',
      { kind: 'cpa', amount: '1', qualify: 'cumulative' },
      [['qualify', 'required']],
    ],
    [
      'qualification by the first conversion with a minimum volume',
      { kind: 'cpa', amount: '1', min_volume: '1' },
      [['min_volume', 'unexpected']],
    ],
    [
      'qualification by the first conversion with a time limit',
      { kind: 'cpa', amount: '1', qualify: 'first', within_days: 1 },
      [['within_days', 'unexpected']],
    ],
    [
      'cumulative qualification with a volume of five decimals',
      { kind: 'cpa', amount: '1', qualify: 'cumulative', min_volume: '0.00001' },
      [['min_volume', 'invalid_decimal']],
    ],
    [
      'a CPA with a minimum amount that is not a decimal',
      { kind: 'cpa', amount: '1', min_amount: 'much' },
      [['min_amount', 'invalid_decimal']],
    ],
    [
      'a revenue share with carry_by but without carryover',
      { kind: 'revshare', percent: '1', carry_by: 'ngr' },
      [['carry_by', 'unexpected']],
    ],
    [
      'a commission per lot with carryover',
      { kind: 'per_lot', amount: '1', negative: 'carry' },
      [['negative', 'unexpected']],
    ],
    [
      'a percentage with a minimum amount',
      { kind: 'percent', percent: '1', min_amount: '1' },
      [['min_amount', 'unexpected']],
    ],
    [
      'a component on an unknown event type',
      { kind: 'cpa', amount: '1', on: 'applause' as 'ftd' },
      [['on', 'unknown_event']],
    ],
  ];
  for (const [title, component, expected] of refused) {
    test(`${title} is refused at ${expected.map(([path]) => path).join(' and ')}`, () =>
      assert.deepEqual(
        problemsOf({ components: [component] }),
        expected.map(([path, code]) => `components.0.${path} ${code}`),
      ));
  }
});

describe('terms of a deal', () => {
  test('tiers of the terms become the tiers of the only revenue share', () => {
    const [cpa, share] = terms({
      tiers: tiers(),
      components: [{ kind: 'cpa', amount: '1' }, { kind: 'revshare' }],
    }).components;
    assert.deepEqual([cpa?.tiers, share?.tiers?.steps], [null, [{ from: 0n, rate: 200_000n }]]);
  });

  test('accepting operator payouts adds a payout component without event types', () => {
    assert.deepEqual(terms({ payout: 'accept' }).components.at(-1), {
      label: 'payout',
      line: 'payout',
      kind: 'payout',
      on: [],
      tiers: null,
      cap: null,
    });
    assert.deepEqual(
      terms({ payout: 'ignore' }).components.map(({ kind }) => kind),
      ['percent'],
    );
  });

  const share: WireComponent = { kind: 'revshare', percent: '1' };
  const refused: readonly [string, Partial<WireTerms>, readonly string[]][] = [
    ['terms with tiers and no revenue share', { tiers: tiers() }, ['tiers ambiguous']],
    [
      'terms with tiers and two revenue shares',
      { tiers: tiers(), components: [share, share] },
      ['tiers ambiguous'],
    ],
    [
      'terms with tiers and a revenue share with tiers of its own',
      { tiers: tiers(), components: [{ ...share, tiers: tiers() }] },
      ['tiers ambiguous'],
    ],
    [
      'terms with invalid tiers, reported at the path of the tiers,',
      { tiers: tiers({ steps: [{ from: 'x', percent: '1' }] }), components: [share] },
      ['tiers.steps.0.from invalid_decimal'],
    ],
    [
      'terms with six levels of overrides',
      { overrides: Array.from({ length: 6 }, () => ({ percent: '1' })) },
      ['overrides too_large'],
    ],
    [
      'terms with a negative override',
      { overrides: [{ percent: '1' }, { percent: '-1' }] },
      ['overrides.1.percent invalid_decimal'],
    ],
  ];
  for (const [title, changes, expected] of refused) {
    test(`${title} are refused`, () => assert.deepEqual(problemsOf(changes), expected));
  }
});

test('a wire field of several component kinds has the same type in each kind', () => {
  for (const { kind, form } of ALL_KINDS) {
    for (const [name, own] of Object.entries(form?.fields ?? {}))
      assert.deepEqual(WIRE_FIELDS[name], own, `${name} of ${kind}`);
  }
});

function problemsOf(changes: Partial<WireTerms>): string[] {
  const result = compileTerms(wireTerms(changes));
  assert.equal(result.kind, 'invalid');
  return result.problems.map(({ path, code }) => `${path.join('.')} ${code}`);
}
