// Tests of rates per lot finer than the currency: read, paid once a month, in tiers, and in words.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explain } from '../../../domain/commission/explanation.ts';
import { EMPTY_SUMS, NO_LINKS } from '../../../domain/commission/sums.ts';
import { compileTerms, type WireComponent } from '../../../domain/commission/terms.ts';
import { registerCurrencies } from '../../../domain/ledger/currencies.ts';
import { formatMoney } from '../../../domain/ledger/money.ts';
import { anEvent, terms, wireTerms } from '../../support/builders.ts';
import { settledOneByOne, totalOf } from '../../support/settle-in-memory.ts';

registerCurrencies(new Map([['BTC', 8]]));

const perLot = (amount: string): WireComponent => ({ kind: 'per_lot', amount });

/** The commission of a month with trades of these ten-thousandths of a lot. */
function earned(component: WireComponent, volumes: readonly bigint[], currency = 'USD'): string {
  const events = volumes.map((volumeE4) =>
    anEvent({ type: 'trade', amountMinor: null, currency: null, volumeE4 }),
  );
  const total = totalOf(settledOneByOne({ components: [component], currency }, events));
  return formatMoney(total, currency);
}

describe('a rate per lot finer than the currency', () => {
  for (const [rate, volumes, currency, expected] of [
    ['4.125', [2_0000n], 'USD', '8.25'],
    ['0.005', [100_0000n], 'USD', '0.50'],
    ['0.000001', [1_000_000_0000n], 'USD', '1.00'],
    ['0.5', [3_0000n], 'JPY', '2'],
    ['0.00000001', [5_0000n], 'BTC', '0.00000005'],
  ] as const)
    test(`pays ${expected} ${currency} at ${rate} per lot`, () =>
      assert.equal(earned(perLot(rate), volumes, currency), expected));

  test('is rounded once for the month, not for each trade', () => {
    assert.equal(earned(perLot('0.005'), [1_0000n]), '0.00');
    assert.equal(earned(perLot('0.005'), [1_0000n, 1_0000n, 1_0000n]), '0.02');
  });

  test('may be in the steps of tiers', () => {
    const steps = [
      { from: '0', amount: '0.125' },
      { from: '10', amount: '0.1875' },
    ];
    const tiers = { metric: 'volume', mode: 'marginal', steps } as const;
    assert.equal(earned({ kind: 'per_lot', tiers: { ...tiers, steps: [...steps] } }, [14_0000n]), '2.00');
  });

  test('is explained with the decimals that it needs, and at least those of the currency', () => {
    const formulaOf = (rate: string, currency: string): string => {
      const own = terms({ currency, components: [perLot(rate)] });
      const [component] = own.components;
      const of = { component: component!, terms: own, groups: [], sums: EMPTY_SUMS, links: NO_LINKS };
      return explain({ ...of, period: '2026-11' }).formula;
    };
    assert.equal(formulaOf('4.125', 'USD'), '4.125 USD per lot of the month');
    assert.equal(formulaOf('4', 'USD'), '4.00 USD per lot of the month');
    assert.equal(formulaOf('100', 'JPY'), '100 JPY per lot of the month');
    assert.equal(formulaOf('0.5', 'JPY'), '0.5 JPY per lot of the month');
  });

  test('has at most six decimals, or those of the currency where it has more', () => {
    const problemsOf = (component: WireComponent, currency: string) => {
      const compiled = compileTerms(wireTerms({ currency, components: [component] }));
      return compiled.kind === 'ok' ? [] : compiled.problems.map(({ path }) => path.join('.'));
    };
    assert.deepEqual(problemsOf(perLot('0.0000001'), 'USD'), ['components.0.amount']);
    assert.deepEqual(problemsOf(perLot('0.000000001'), 'BTC'), ['components.0.amount']);
    assert.deepEqual(problemsOf({ kind: 'cpa', amount: '0.001' }, 'USD'), ['components.0.amount']);
  });
});
