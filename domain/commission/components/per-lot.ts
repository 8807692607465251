// Kind `per_lot`: an amount per lot of a month's volume, of all trades or of some symbols.
import type { SymbolRule } from '../../types.ts';
import { LOT, LOT_RATE_DECIMALS, MILLION } from '../../units.ts';
import { readLotRate, type Fields, type WireOf } from '../component-form.ts';
import type { MonthlyKind } from '../component-kind.ts';
import { symbolLabel, symbolPhrase } from '../symbols.ts';
import { capPhrase, formatLots, tierPhrase } from '../wording.ts';

const fields = {
  amount: { type: 'decimal' },
  symbol_group: { type: 'text', most: 64 },
  symbols: { type: 'texts', most: 64, items: 100 },
} as const satisfies Fields;

export const perLot = {
  kind: 'per_lot',
  slotPer: 'month',
  basis: 'amount',
  ownMetric: 'volume',
  supportsCarryover: false,
  form: {
    fields,
    defaultOn: ['trade', 'volume'],
    tierField: 'amount',
    hasLotRates: true,
    labelOf: (wire) => symbolLabel(ruleOf(wire)),
    compile(wire, common, context) {
      wire.symbols?.forEach((symbol, index) => {
        if (/^[^*]+\*?$/.test(symbol)) return;
        const message = 'must be a symbol, or the beginning of symbols and then *';
        context.problems.push({
          path: [...context.path, 'symbols', index],
          code: 'invalid_symbol',
          message,
        });
      });
      const perLotMinorE6 = wire.amount === undefined && common.tiers ? 0n : readLotRate(wire, context);
      return { ...common, kind: 'per_lot', perLotMinorE6, takes: ruleOf(wire) };
    },
  },
  slotKey: ({ dealId, version }, label, { affiliateId, month }) =>
    `per_lot/${dealId}/${version}/${label}/${affiliateId}/${month}`,
  needsAmount: () => false,
  symbolsOf: ({ takes }) => takes,
  unit: LOT * MILLION,
  rateOf: ({ perLotMinorE6 }) => perLotMinorE6,
  sumOf: ({ volumeE4 }) => volumeE4,
  sumInputOf: ({ volumeE4 }) => ({ name: 'lots', value: formatLots(volumeE4) }),
  formulaOf({ tiers, perLotMinorE6, takes, cap }, money) {
    const rate = (amount: bigint): string => money(amount, LOT_RATE_DECIMALS);
    return `${tierPhrase(tiers, rate(perLotMinorE6), money, rate)} per lot of the month${symbolPhrase(takes)}${capPhrase(cap, money)}`;
  },
} as const satisfies MonthlyKind<'per_lot', typeof fields>;

function ruleOf({ symbol_group: group, symbols = [] }: WireOf<typeof fields>): SymbolRule | null {
  if (group === undefined && symbols.length === 0) return null;
  return { group: group ?? null, symbols: symbols.map((symbol) => symbol.toUpperCase()) };
}
