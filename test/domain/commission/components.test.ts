// Tiers, caps and qualifications as callers write them: what the rules make of them, and every refusal with its path.
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

describe('a component', () => {
  const compiled: readonly [string, WireComponent, object][] = [
    [
      'of tiers needs no percent',
      { kind: 'revshare', tiers: tiers() },
      {
        ratePpm: 0n,
        tiers: { metric: 'revenue', mode: 'retroactive', steps: [{ from: 0n, rate: 200_000n }] },
      },
    ],
    [
      'may have one for what lies below the first step',
      { kind: 'revshare', percent: '5', tiers: tiers() },
      { ratePpm: 50_000n },
    ],
    [
      'of a CPA has steps of customers that pay amounts',
      { kind: 'cpa', tiers: tiers({ metric: 'ftd_count', steps: [{ from: '3', amount: '1' }] }) },
      { tiers: { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: 3n, rate: 100n }] } },
    ],
    [
      'of lots has steps of lots',
      {
        kind: 'per_lot',
        amount: '1',
        tiers: tiers({ metric: 'volume', steps: [{ from: '0.0001', amount: '2' }] }),
      },
      { tiers: { metric: 'volume', mode: 'retroactive', steps: [{ from: 1n, rate: 200n }] } },
    ],
    [
      'may be capped by count and amount',
      { kind: 'cpa', amount: '1', cap: { count: 3, amount: '10' } },
      { cap: { count: 3, amountMinor: 10_00n } },
    ],
    [
      'of a month may be capped by amount',
      { kind: 'revshare', percent: '1', cap: { amount: '0.01' } },
      { cap: { count: null, amountMinor: 1n } },
    ],
    ['is not capped by itself', { kind: 'percent', percent: '1' }, { cap: null, tiers: null }],
    ['qualifies by the first', { kind: 'cpa', amount: '1' }, { qualify: { by: 'first' } }],
    [
      'may qualify by all',
      { kind: 'cpa', amount: '1', qualify: 'cumulative', min_amount: '1', min_volume: '0.5', within_days: 7 },
      { qualify: { by: 'cumulative', minVolumeE4: 5000n, withinDays: 7 }, minAmountMinor: 1_00n },
    ],
    [
      'may qualify by lots alone, for ever',
      { kind: 'cpa', amount: '1', qualify: 'cumulative', min_volume: '1' },
      { qualify: { by: 'cumulative', minVolumeE4: 1_0000n, withinDays: null }, minAmountMinor: null },
    ],
    ['resets its negative months', { kind: 'revshare', percent: '1' }, { negative: 'reset' }],
    [
      'may carry them, by revenue',
      { kind: 'revshare', percent: '1', negative: 'carry' },
      { negative: 'carry', carryBy: 'ngr' },
    ],
    [
      'or by commission',
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
    [
      'with tiers of a percentage',
      { kind: 'percent', percent: '1', tiers: tiers() },
      [['tiers', 'unexpected']],
    ],
    [
      'with marginal tiers that count something else',
      { kind: 'revshare', tiers: tiers({ metric: 'ftd_count', mode: 'marginal' }) },
      [['tiers.metric', 'not_an_option']],
    ],
    [
      'with marginal tiers of a CPA by revenue',
      { kind: 'cpa', tiers: tiers({ mode: 'marginal', steps: [{ from: '0', amount: '1' }] }) },
      [['tiers.metric', 'not_an_option']],
    ],
    [
      'with tiers without a step',
      { kind: 'revshare', tiers: tiers({ steps: [] }) },
      [['tiers.steps', 'required']],
    ],
    [
      'with a step of a share that has an amount',
      { kind: 'revshare', tiers: tiers({ steps: [{ from: '0', amount: '1' }] }) },
      [
        ['tiers.steps.0.amount', 'unexpected'],
        ['tiers.steps.0.percent', 'required'],
      ],
    ],
    [
      'with a step of a CPA that has a percent',
      { kind: 'cpa', tiers: tiers({ metric: 'ftd_count' }) },
      [
        ['tiers.steps.0.percent', 'unexpected'],
        ['tiers.steps.0.amount', 'required'],
      ],
    ],
    [
      'with a step that begins below zero',
      { kind: 'revshare', tiers: tiers({ steps: [{ from: '-1', percent: '1' }] }) },
      [['tiers.steps.0.from', 'invalid_decimal']],
    ],
    [
      'with half a customer',
      { kind: 'cpa', tiers: tiers({ metric: 'ftd_count', steps: [{ from: '1.5', amount: '1' }] }) },
      [['tiers.steps.0.from', 'invalid_decimal']],
    ],
    [
      'with a finer lot than is kept',
      { kind: 'per_lot', tiers: tiers({ metric: 'volume', steps: [{ from: '0.00001', amount: '1' }] }) },
      [['tiers.steps.0.from', 'invalid_decimal']],
    ],
    [
      'with steps that fall',
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
      'with two steps from the same place',
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
    ['with a cap of nothing', { kind: 'cpa', amount: '1', cap: {} }, [['cap', 'required']]],
    [
      'with a cap of a finer amount than its currency has',
      { kind: 'cpa', amount: '1', cap: { amount: '1.001' } },
      [['cap.amount', 'invalid_decimal']],
    ],
    [
      'with a count of months',
      { kind: 'revshare', percent: '1', cap: { count: 1 } },
      [['cap.count', 'unexpected']],
    ],
    [
      'with a count of months of lots',
      { kind: 'per_lot', amount: '1', cap: { count: 1, amount: '1' } },
      [['cap.count', 'unexpected']],
    ],
    [
      'by all deposits without saying how much',
      { kind: 'cpa', amount: '1', qualify: 'cumulative' },
      [['qualify', 'required']],
    ],
    ['by the first with lots', { kind: 'cpa', amount: '1', min_volume: '1' }, [['min_volume', 'unexpected']]],
    [
      'by the first with days',
      { kind: 'cpa', amount: '1', qualify: 'first', within_days: 1 },
      [['within_days', 'unexpected']],
    ],
    [
      'by all with a finer lot than is kept',
      { kind: 'cpa', amount: '1', qualify: 'cumulative', min_volume: '0.00001' },
      [['min_volume', 'invalid_decimal']],
    ],
    [
      'with a minimum that is no decimal',
      { kind: 'cpa', amount: '1', min_amount: 'much' },
      [['min_amount', 'invalid_decimal']],
    ],
    [
      'that resets by something',
      { kind: 'revshare', percent: '1', carry_by: 'ngr' },
      [['carry_by', 'unexpected']],
    ],
    [
      'of lots with a negative month',
      { kind: 'per_lot', amount: '1', negative: 'carry' },
      [['negative', 'unexpected']],
    ],
    [
      'of a percentage with a minimum',
      { kind: 'percent', percent: '1', min_amount: '1' },
      [['min_amount', 'unexpected']],
    ],
    [
      'on an event that nobody knows',
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

describe('terms', () => {
  test('hand their tiers to the one share of revenue', () => {
    const [cpa, share] = terms({
      tiers: tiers(),
      components: [{ kind: 'cpa', amount: '1' }, { kind: 'revshare' }],
    }).components;
    assert.deepEqual([cpa?.tiers, share?.tiers?.steps], [null, [{ from: 0n, rate: 200_000n }]]);
  });

  test('pay what the operator computed as a component of its own, that listens to nothing', () => {
    assert.deepEqual(terms({ payout: 'accept' }).components.at(-1), {
      label: 'payout',
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
    ['with tiers for no share', { tiers: tiers() }, ['tiers ambiguous']],
    ['with tiers for two', { tiers: tiers(), components: [share, share] }, ['tiers ambiguous']],
    [
      'with tiers for a share that has its own',
      { tiers: tiers(), components: [{ ...share, tiers: tiers() }] },
      ['tiers ambiguous'],
    ],
    [
      'with wrong tiers, told where they were written',
      { tiers: tiers({ steps: [{ from: 'x', percent: '1' }] }), components: [share] },
      ['tiers.steps.0.from invalid_decimal'],
    ],
    [
      'with six levels of parents',
      { overrides: Array.from({ length: 6 }, () => ({ percent: '1' })) },
      ['overrides too_large'],
    ],
    [
      'with a parent who pays',
      { overrides: [{ percent: '1' }, { percent: '-1' }] },
      ['overrides.1.percent invalid_decimal'],
    ],
  ];
  for (const [title, changes, expected] of refused) {
    test(`${title} are refused`, () => assert.deepEqual(problemsOf(changes), expected));
  }
});

test('a field that several kinds of components have is of the same form in each', () => {
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
