// Terms of a deal: what callers may write, and what the rules make of it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileTerms, type WireComponent, type WireTerms } from '../../../domain/commission/terms.ts';
import { terms, wireTerms } from '../../support/builders.ts';

describe('a component', () => {
  const compiled: readonly [string, WireComponent, object, string?][] = [
    [
      'a CPA listens to first deposits',
      { kind: 'cpa', amount: '200' },
      { label: 'cpa:ftd', on: ['ftd'], amountMinor: 200_00n },
    ],
    ['a CPA may have a minimum', { kind: 'cpa', amount: '1', min_amount: '0.01' }, { minAmountMinor: 1n }],
    ['a CPA without one has none', { kind: 'cpa', amount: '1' }, { minAmountMinor: null }],
    [
      '25 % is 250,000 ppm',
      { kind: 'revshare', percent: '25' },
      { label: 'revshare:revenue', ratePpm: 250_000n },
    ],
    ['a percent has four decimals', { kind: 'percent', percent: '33.3333' }, { ratePpm: 333_333n }],
    ['the rate may be above all', { kind: 'percent', percent: '100.5' }, { ratePpm: 1_005_000n }],
    [
      'a lot pays in the deal’s currency',
      { kind: 'per_lot', amount: '4' },
      { perLotMinor: 4n, on: ['trade', 'volume'] },
      'JPY',
    ],
    [
      'one event may stand alone',
      { kind: 'percent', on: 'deposit', percent: '1' },
      { on: ['deposit'], label: 'percent:deposit' },
    ],
    [
      'events sort in its name',
      { kind: 'percent', on: ['sale', 'deposit'], percent: '1' },
      { label: 'percent:deposit+sale' },
    ],
  ];
  for (const [title, component, expected, currency = 'USD'] of compiled) {
    test(title, () => {
      const [actual] = terms({ currency, components: [component] }).components;
      assert.deepEqual(actual, { ...actual, ...expected });
    });
  }

  test('of a name that was there already gets a number', () => {
    const twice = terms({ components: [1, 2, 3].map((amount) => ({ kind: 'cpa', amount: String(amount) })) });
    assert.deepEqual(
      twice.components.map(({ label }) => label),
      ['cpa:ftd', 'cpa:ftd#2', 'cpa:ftd#3'],
    );
  });

  const refused: readonly [string, WireComponent, string, string][] = [
    ['without its amount', { kind: 'cpa' }, 'components.0.amount', 'required'],
    ['without its percent', { kind: 'revshare' }, 'components.0.percent', 'required'],
    [
      'with a field of another kind',
      { kind: 'percent', percent: '1', amount: '1' },
      'components.0.amount',
      'unexpected',
    ],
    [
      'with more decimals than its currency',
      { kind: 'cpa', amount: '1.001' },
      'components.0.amount',
      'invalid_decimal',
    ],
    ['with a negative amount', { kind: 'per_lot', amount: '-1' }, 'components.0.amount', 'invalid_decimal'],
    [
      'with a finer percent than is kept',
      { kind: 'percent', percent: '0.00001' },
      'components.0.percent',
      'invalid_decimal',
    ],
    [
      'on an event that takes money back',
      { kind: 'percent', on: 'refund', percent: '1' },
      'components.0.on',
      'unknown_event',
    ],
    [
      'on a chargeback won',
      { kind: 'cpa', on: 'chargeback_won', amount: '1' },
      'components.0.on',
      'unknown_event',
    ],
    ['on nothing', { kind: 'cpa', on: [], amount: '1' }, 'components.0.on', 'required'],
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

test('every problem of the terms is told at once', () => {
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
