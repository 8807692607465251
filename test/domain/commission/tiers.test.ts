// Tier rates: the step that a metric reaches, and sums under marginal and retroactive tiers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { tierRateAt, tieredProduct } from '../../../domain/commission/tiers.ts';
import type { Tiers } from '../../../domain/types.ts';

const steps = (mode: Tiers['mode'], ...pairs: readonly (readonly [bigint, bigint])[]): Tiers => ({
  metric: 'revenue',
  mode,
  steps: pairs.map(([from, rate]) => ({ from, rate })),
});
const THREE = [
  [0n, 2n],
  [10n, 3n],
  [20n, 5n],
] as const;

describe('tier rate', () => {
  for (const [reached, expected] of [
    [-1n, 1n],
    [0n, 2n],
    [9n, 2n],
    [10n, 3n],
    [19n, 3n],
    [20n, 5n],
    [1000n, 5n],
  ] as const) {
    test(`a metric of ${reached} reaches the step that pays ${expected}`, () =>
      assert.equal(tierRateAt(steps('marginal', ...THREE), reached, 1n), expected));
  }
  test('a metric below the first step pays the base rate', () =>
    assert.equal(tierRateAt(steps('marginal', [5n, 9n]), 4n, 1n), 1n));
});

describe('tiered sum', () => {
  for (const [mode, sum, metric, expected] of [
    ['marginal', 0n, 0n, 0n],
    ['marginal', 10n, 10n, 20n],
    ['marginal', 25n, 25n, 10n * 2n + 10n * 3n + 5n * 5n],
    ['marginal', -5n, -5n, -10n],
    ['retroactive', 9n, 9n, 18n],
    ['retroactive', 10n, 10n, 30n],
    ['retroactive', 10n, 20n, 50n],
    ['retroactive', -5n, -5n, -5n],
    ['retroactive', -5n, 20n, -25n],
  ] as const) {
    test(`${mode} tiers rate a sum of ${sum} with a metric of ${metric} at ${expected}`, () =>
      assert.equal(tieredProduct(steps(mode, ...THREE), sum, metric, 1n), expected));
  }

  test('marginal tiers pay the base rate up to a first step above zero', () =>
    assert.equal(tieredProduct(steps('marginal', [10n, 3n]), 12n, 12n, 1n), 16n));

  test('marginal tiers pay each unit of a sum at the rate of its own step', () => {
    const rising = fc
      .uniqueArray(fc.bigInt({ min: 0n, max: 60n }), { minLength: 1, maxLength: 4 })
      .map((all) => all.toSorted((a, b) => Number(a - b)));
    const rate = fc.bigInt({ min: 0n, max: 9n });
    fc.assert(
      fc.property(
        rising,
        fc.array(rate, { minLength: 4, maxLength: 4 }),
        rate,
        fc.nat({ max: 80 }),
        (froms, rates, below, sum) => {
          const tiers = steps('marginal', ...froms.map((from, index) => [from, rates[index]!] as const));
          let oneByOne = 0n;
          for (let unit = 0n; unit < BigInt(sum); unit++) oneByOne += tierRateAt(tiers, unit, below);
          assert.equal(tieredProduct(tiers, BigInt(sum), BigInt(sum), below), oneByOne);
        },
      ),
    );
  });
});
