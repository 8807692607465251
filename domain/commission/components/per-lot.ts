// Kind `per_lot`: an amount per lot of a month's volume.
import { divideRounded } from '../../ledger/money.ts';
import { tieredProduct } from '../tiers.ts';
import type { Component } from '../../types.ts';
import { LOT } from '../../units.ts';
import { readAmount, type Fields } from '../component-form.ts';
import type { SlotSums, SlotLinks, MonthlyKind } from '../component-kind.ts';
import { capPhrase, formatLots, tierPhrase } from '../wording.ts';

const fields = { amount: { type: 'decimal' } } as const satisfies Fields;

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
    compile: (wire, common, context) => ({
      ...common,
      kind: 'per_lot',
      perLotMinor: readAmount(wire, common, context),
    }),
  },
  slotKey: ({ dealId, version }, label, { affiliateId, month }) =>
    `per_lot/${dealId}/${version}/${label}/${affiliateId}/${month}`,
  needsAmount: () => false,
  monthCommissionOf(component, terms, sums, links) {
    const { perLotMinor, tiers } = component;
    const { volumeE4 } = sums;
    const metric = tierMetricOf(component, sums, links);
    return divideRounded(
      tiers ? tieredProduct(tiers, volumeE4, metric, perLotMinor) : perLotMinor * volumeE4,
      LOT,
      terms.rounding,
    );
  },
  tierMetricOf,
  sumInputsOf: ({ volumeE4 }) => ({ lots: formatLots(volumeE4) }),
  formulaOf: ({ tiers, perLotMinor, cap }, money) =>
    `${tierPhrase(tiers, money(perLotMinor), money)} per lot of the month${capPhrase(cap, money)}`,
} as const satisfies MonthlyKind<'per_lot', typeof fields>;

function tierMetricOf(
  { tiers }: Component & { kind: 'per_lot' },
  { volumeE4 }: SlotSums,
  { metric }: SlotLinks,
): bigint {
  return tiers?.metric === 'volume' ? volumeE4 : metric;
}
