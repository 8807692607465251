// Compiled terms of a deal: labels, amounts and rates of components, and problems with their paths.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileTerms, type WireComponent, type WireTerms } from '../../../domain/commission/terms.ts';
import { terms, wireTerms } from '../../support/builders.ts';

describe('component of the terms', () => {
  const compiled: readonly [string, WireComponent, object, string?][] = [
    [
      'a CPA pays for first deposits by default',
      { kind: 'cpa', amount: '200' },
      { label: 'cpa:ftd', on: ['ftd'], amountMinor: 200_00n },
    ],
    [
      'a CPA may have a minimum amount',
      { kind: 'cpa', amount: '1', min_amount: '0.01' },
      { minAmountMinor: 1n },
    ],
    ['a CPA has no minimum amount by default', { kind: 'cpa', amount: '1' }, { minAmountMinor: null }],
    [
      'a rate of 25 % is 250,000 parts per million',
      { kind: 'revshare', percent: '25' },
      { label: 'revshare:revenue', ratePpm: 250_000n },
    ],
    ['a percent has up to four decimals', { kind: 'percent', percent: '33.3333' }, { ratePpm: 333_333n }],
    ['a rate may be above 100 %', { kind: 'percent', percent: '100.5' }, { ratePpm: 1_005_000n }],
    [
      'an amount per lot is kept in millionths of a minor unit',
      { kind: 'per_lot', amount: '4' },
      { perLotMinorE6: 4_000_000n, on: ['trade', 'volume'] },
      'JPY',
    ],
    [
      'a single event type may be written without a list',
      { kind: 'percent', on: 'deposit', percent: '1' },
      { on: ['deposit'], label: 'percent:deposit' },
    ],
    [
      'event types are sorted in a component’s label',
      { kind: 'percent', on: ['sale', 'deposit'], percent: '1' },
      { label: 'percent:deposit+sale' },
    ],
    [
      'an event type that is listed twice counts once, so that a later version continues the component',
      { kind: 'cpa', on: ['ftd', 'deposit', 'ftd'], amount: '1' },
      { on: ['ftd', 'deposit'], label: 'cpa:deposit+ftd' },
    ],
    [
      'a list of one event type twice is that event type',
      { kind: 'cpa', on: ['ftd', 'ftd'], amount: '1' },
      { on: ['ftd'], label: 'cpa:ftd' },
    ],
  ];
  for (const [title, component, expected, currency = 'USD'] of compiled) {
    test(title, () => {
      const [actual] = terms({ currency, components: [component] }).components;
      assert.deepEqual(actual, { ...actual, ...expected });
    });
  }

  test('a component with a repeated label gets a number', () => {
    const twice = terms({ components: [1, 2, 3].map((amount) => ({ kind: 'cpa', amount: String(amount) })) });
    assert.deepEqual(
      twice.components.map(({ label }) => label),
      ['cpa:ftd', 'cpa:ftd#2', 'cpa:ftd#3'],
    );
  });

  const refused: readonly [string, WireComponent, string, string][] = [
    ['a CPA without an amount', { kind: 'cpa' }, 'components.0.amount', 'required'],
    ['a revenue share without a percent', { kind: 'revshare' }, 'components.0.percent', 'required'],
    [
      'a component with a field of another kind',
      { kind: 'percent', percent: '1', amount: '1' },
      'components.0.amount',
      'unexpected',
    ],
    [
      'an amount with more decimals than the currency',
      { kind: 'cpa', amount: '1.001' },
      'components.0.amount',
      'invalid_decimal',
    ],
    ['a negative amount', { kind: 'per_lot', amount: '-1' }, 'components.0.amount', 'invalid_decimal'],
    [
      'a percent with five decimals',
      { kind: 'percent', percent: '0.00001' },
      'components.0.percent',
      'invalid_decimal',
    ],
    [
      'a component on a negative event type',
      { kind: 'percent', on: 'refund', percent: '1' },
      'components.0.on',
      'unknown_event',
    ],
    [
      'a component on chargeback_won',
      { kind: 'cpa', on: 'chargeback_won', amount: '1' },
      'components.0.on',
      'unknown_event',
    ],
    ['a component without event types', { kind: 'cpa', on: [], amount: '1' }, 'components.0.on', 'required'],
  ];
  for (const [title, component, path, code] of refused) {
    test(`${title} is refused at ${path}`, () => {
      const result = compileTerms(wireTerms({ components: [component] }));
      assert.equal(result.kind, 'invalid');
      assert.deepEqual(
        result.problems.map((problem) => [problem.path.join('.'), problem.code]),
        [[path, code]],
      );
    });
  }
});

test('all problems of the terms are reported at once', () => {
  const broken: WireTerms = wireTerms({
    currency: 'XXQ',
    components: [{ kind: 'cpa' }, { kind: 'percent', percent: 'x' }],
  });
  const result = compileTerms(broken);
  assert.equal(result.kind, 'invalid');
  assert.deepEqual(
    result.problems.map(({ path }) => path.join('.')),
    ['currency', 'components.0.amount', 'components.1.percent'],
  );
});
