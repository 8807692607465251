// Published examples of commissions, V1 to V20, each computed by the responsible rules. Where a
// product pays by a rule that is not ours, the test says so and checks our result instead.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatMoney, parseDecimal } from '../../../domain/ledger/money.ts';
import { compileTerms, type WireComponent, type WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { anEvent, DAY_MS, NOON, wireTerms } from '../../support/builders.ts';
import { deltasOf, settledOneByOne, totalOf } from '../../support/settle-in-memory.ts';

const NEXT_MONTH = NOON + 31 * DAY_MS;

const minor = (text: string, decimals = 2): bigint => {
  const parsed = parseDecimal(text, decimals);
  assert.equal(parsed.kind, 'ok', text);
  return parsed.value;
};
const revenue = (text: string, changes: Partial<ConversionEvent> = {}): ConversionEvent =>
  anEvent({ type: 'revenue', amountMinor: minor(text), ...changes });
const trade = (lots: string, changes: Partial<ConversionEvent> = {}): ConversionEvent =>
  anEvent({ type: 'trade', amountMinor: null, currency: null, volumeE4: minor(lots, 4), ...changes });
const ftds = (count: number): ConversionEvent[] =>
  Array.from({ length: count }, (_, index) =>
    anEvent({ type: 'ftd', customerId: `c${index}`, occurredAt: NOON + index }),
  );
const refund = (sale: ConversionEvent, text: string): ConversionEvent =>
  anEvent({ type: 'refund', reference: sale.transactionId, amountMinor: minor(text) });

/** Commission of these events, as decimal text in the deal's currency. */
function earn(
  component: WireComponent,
  events: readonly ConversionEvent[],
  changes: Partial<WireTerms> = {},
): string {
  const terms = { components: [component], ...changes };
  return formatMoney(totalOf(settledOneByOne(terms, events)), changes.currency ?? 'USD');
}

const texts = (amounts: readonly bigint[]): string[] => amounts.map((amount) => formatMoney(amount, 'USD'));

describe('the published example', () => {
  test('V1 (onpattison): stakes less wins, bonus, fee and cost at 30 % are 52.50', () => {
    const days = ['1000', '-600', '-150', '-50', '-25'].map((text) => revenue(text));
    assert.equal(earn({ kind: 'revshare', percent: '30' }, days), '52.50');
  });

  for (const [rounding, expected] of [
    ['half_up', '4.73'],
    ['half_even', '4.72'],
  ] as const) {
    test(`V2 (Affiliate Guard Dog): 45 % of 10.50 are ${expected} by ${rounding}`, () =>
      assert.equal(earn({ kind: 'revshare', percent: '45' }, [revenue('10.50')], { rounding }), expected));
  }

  for (const [negative, expected] of [
    ['carry', '1500.00'],
    ['reset', '4500.00'],
  ] as const) {
    test(`V3 (track360): 30 % of −10,000 and then +15,000 are ${expected} by ${negative}, in either order of arrival`, () => {
      const months = [revenue('-10000'), revenue('15000', { occurredAt: NEXT_MONTH })];
      for (const ordered of [months, months.toReversed()])
        assert.equal(earn({ kind: 'revshare', percent: '30', negative }, ordered), expected);
    });
  }

  for (const [mode, expected] of [
    ['retroactive', '8750.00'],
    ['marginal', '7500.00'],
  ] as const) {
    const at = (from: string, percent: string) => ({ from, percent });
    test(`V4 (pureodds): 25,000 over three steps are ${expected} by ${mode}`, () => {
      const tiers = {
        metric: 'revenue' as const,
        mode,
        steps: [at('0', '25'), at('5000', '30'), at('20000', '35')],
      };
      assert.equal(earn({ kind: 'revshare', tiers }, [revenue('10000'), revenue('15000')]), expected);
    });
  }

  test('V5 (Intelitics): the third and fifth customer raise the CPA of all before them, and the increase is reported', () => {
    const steps = [
      { from: '3', amount: '275' },
      { from: '5', amount: '300' },
    ];
    const tiers = { metric: 'ftd_count' as const, mode: 'retroactive' as const, steps };
    const settling = settledOneByOne({ components: [{ kind: 'cpa', amount: '250', tiers }] }, ftds(5));
    const deltas = deltasOf(settling);
    assert.deepEqual(texts(deltas), ['250.00', '250.00', '325.00', '275.00', '400.00']);
    let total = 0n;
    assert.deepEqual(texts(deltas.map((delta) => (total += delta))), [
      '250.00',
      '500.00',
      '825.00',
      '1100.00',
      '1500.00',
    ]);
  });

  for (const [mode, expected] of [
    ['retroactive', '4960.00'],
    ['marginal', '3760.00'],
  ] as const) {
    test(`V6 (track360 glossary): 31 customers over three steps are ${expected} by ${mode}`, () => {
      const steps = [
        { from: '1', amount: '100' },
        { from: '11', amount: '130' },
        { from: '31', amount: '160' },
      ];
      assert.equal(earn({ kind: 'cpa', tiers: { metric: 'ftd_count', mode, steps } }, ftds(31)), expected);
    });
  }

  test('V7 (track360): 500 own lots at 7 and 1 on each of 200 of a sub-affiliate, as a seventh of its commission, are 3,700.00', () => {
    const settling = settledOneByOne(
      { components: [{ kind: 'per_lot', amount: '7' }], overrides: [{ percent: '14.2857' }] },
      [trade('500'), trade('200', { customerId: 'b' })],
      { parents: { aff_b: ['aff_a'] } },
    );
    assert.deepEqual(texts([totalOf(settling), totalOf(settling, 'aff_b')]), ['3700.00', '1400.00']);
  });

  for (const [mode, expected] of [
    ['retroactive', '2500.00'],
    ['marginal', '1800.00'],
  ] as const) {
    test(`V8 (VT Affiliates): 250 lots over three bands are ${expected} by ${mode}; bands are half-open, without the printed hole`, () => {
      const steps = [
        { from: '0', amount: '5' },
        { from: '50', amount: '7' },
        { from: '200', amount: '10' },
      ];
      assert.equal(
        earn({ kind: 'per_lot', tiers: { metric: 'volume', mode, steps } }, [trade('250')]),
        expected,
      );
    });
  }

  test('V9 (Fullerton): a hundredth of a lot pays nothing alone, and a hundred of them what one lot pays', () => {
    const lot: WireComponent = { kind: 'per_lot', amount: '0.10' };
    const hundred = Array.from({ length: 100 }, () => trade('0.01'));
    const paid = [[trade('1')], [trade('0.10')], [trade('0.01')], hundred].map((trades) => earn(lot, trades));
    assert.deepEqual(paid, ['0.10', '0.01', '0.00', '0.10']);
  });

  test('V10 (jpfbs): a share of spread, which no component computes, is a revenue share of the spread of 68.00 sent as revenue: 30 % are 20.40', () => {
    assert.equal(earn({ kind: 'revshare', percent: '30' }, [revenue('68.00')]), '20.40');
    const bySpread = compileTerms(wireTerms({ components: [{ kind: 'per_lot', percent: '30' }] }));
    assert.equal(bySpread.kind, 'invalid');
  });

  test('V11 (Tolt): a refund takes an unpaid commission away, and makes a paid one a debt of −14.70, its line unchanged', () => {
    const sale = anEvent({ amountMinor: minor('49.00') });
    const settling = settledOneByOne({ components: [{ kind: 'percent', percent: '30' }] }, [sale]);
    const [slot] = settling.slots.values();
    assert.equal(totalOf(settling), minor('14.70'));
    const { transactionId } = sale;
    const paid = settledOneByOne({ components: [{ kind: 'percent', percent: '30' }] }, [sale]);
    const [paidSlot] = paid.slots.values();
    paidSlot!.money = { ...paidSlot!.money, pendingMinor: 0n, paidMinor: minor('14.70') };
    for (const books of [settling, paid])
      books.settle([anEvent({ type: 'refund', reference: transactionId, amountMinor: null })]);
    assert.deepEqual(
      [totalOf(settling), totalOf(paid), deltasOf(settling).at(-1), deltasOf(paid).at(-1)],
      [0n, 0n, -minor('14.70'), -minor('14.70')],
    );
    const { money: unpaid } = settling.slots.get(slot!.name.key)!;
    const { money } = paid.slots.get(slot!.name.key)!;
    assert.deepEqual(
      [unpaid.voidMinor, unpaid.debtMinor, money.paidMinor, money.debtMinor],
      [1470n, 0n, 1470n, 1470n],
    );
  });

  for (const [source, percent, fee, back] of [
    ['Square', '10', '2.00', '1.50'],
    ['Stripe', '50', '10.00', '7.50'],
  ] as const) {
    test(`V12 (${source}): of a fee of ${fee} on 20.00 a refund of 15.00 takes ${back} back`, () => {
      const sale = anEvent({ amountMinor: minor('20.00') });
      const settling = settledOneByOne({ components: [{ kind: 'percent', percent }] }, [
        sale,
        refund(sale, '15.00'),
      ]);
      assert.deepEqual(deltasOf(settling), [minor(fee), -minor(back)]);
    });
  }

  test('V13: of a commission of 10 units refunds of 33, 33 and 34 % take 3, 4 and 3', () => {
    const sale = anEvent({ amountMinor: minor('1.00') });
    const refunds = ['0.33', '0.33', '0.34'].map((part) => refund(sale, part));
    const settling = settledOneByOne({ components: [{ kind: 'percent', percent: '10' }] }, [
      sale,
      ...refunds,
    ]);
    assert.deepEqual(deltasOf(settling), [10n, -3n, -4n, -3n]);
  });

  test('V14 (c9agency): 20 first deposits at 120 are 2,400.00', () =>
    assert.equal(earn({ kind: 'cpa', amount: '120' }, ftds(20)), '2400.00'));

  test('V15 (globaligaming) quarantines high rollers, unlike us: a negative month of −10,000 is carried in full for all players', () => {
    const month = [
      revenue('-8000', { customerId: 'c1' }),
      revenue('-6000', { customerId: 'c2' }),
      revenue('4000', { customerId: 'c3' }),
    ];
    const share: WireComponent = {
      kind: 'revshare',
      percent: '100',
      negative: 'carry',
      carry_by: 'commission',
    };
    const later = (text: string) => revenue(text, { customerId: 'c3', occurredAt: NEXT_MONTH });
    assert.deepEqual(
      [earn(share, [...month, later('10000')]), earn(share, [...month, later('10000.01')])],
      ['0.00', '0.01'],
    );
  });

  test('V16 (TigerBeetle): 100.00 USD at 82.42135 are 8,242.14 INR', () => {
    const rate = {
      id: 'fx_1',
      base: 'USD',
      quote: 'INR',
      rate: '82.42135',
      rateE12: 82_421_350_000_000n,
      source: 'test',
      asOf: NOON,
    };
    const terms = { currency: 'INR', components: [{ kind: 'percent' as const, percent: '100' }] };
    const settling = settledOneByOne(terms, [anEvent({ amountMinor: minor('100.00') })], { rates: [rate] });
    assert.equal(formatMoney(totalOf(settling), 'INR'), '8242.14');
  });

  test('V17 (Scaleo): 35 % of 1,300,000 are 455,000.00', () =>
    assert.equal(earn({ kind: 'revshare', percent: '35' }, [revenue('1300000')]), '455000.00'));

  test('V18 (WPN): 60,000 net lie in the third step, which pays on all of it: 21,000.00', () => {
    const steps = [
      { from: '0', percent: '25' },
      { from: '7500', percent: '30' },
      { from: '50000', percent: '35' },
    ];
    const tiers = { metric: 'revenue' as const, mode: 'retroactive' as const, steps };
    assert.equal(earn({ kind: 'revshare', tiers }, [revenue('60000')]), '21000.00');
  });

  test('V19 (impact.com) locks months by a calendar, unlike us: each conversion is held for its own days of 24 hours', () => {
    const occurredAt = Date.UTC(2026, 0, 31, 12);
    const settling = settledOneByOne({ hold_days: 27 }, [anEvent({ occurredAt })]);
    const [slot] = settling.slots.values();
    assert.equal(new Date(slot!.holdUntil).toISOString(), '2026-02-27T12:00:00.000Z');
  });

  test('V20 (ISO 4217): decimals are those of the currency, and surplus ones are refused, never rounded', () => {
    const read = ([text, currency]: readonly [string, string]): string => {
      const result = compileTerms(wireTerms({ currency, components: [{ kind: 'cpa', amount: text }] }));
      const [component] = result.kind === 'ok' ? result.terms.components : [];
      return component?.kind === 'cpa' ? String(component.amountMinor) : 'refused';
    };
    const examples = [
      ['1.234', 'KWD'],
      ['1.234', 'USD'],
      ['1', 'JPY'],
      ['1.5', 'JPY'],
      ['1.234', 'IQD'],
    ] as const;
    assert.deepEqual(examples.map(read), ['1234', 'refused', '1', 'refused', '1234']);
  });
});
