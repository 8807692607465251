// Kind `per_lot`: an amount per lot of a month's volume.
import { divideRounded } from '../../ledger/money.ts';
import { stepped as byStep } from '../tiers.ts';
import type { Component } from '../../types.ts';
import { LOT } from '../../units.ts';
import { amountOf, type Fields } from '../component-form.ts';
import type { Aggregates, Links, MonthlyKind } from '../component-kind.ts';
import { atMost, lots, stepped } from '../wording.ts';

const fields = { amount: { type: 'decimal' } } as const satisfies Fields;

export const perLot = {
  kind: 'per_lot',
  slotPer: 'month',
  basis: 'amount',
  ownMetric: 'volume',
  isChained: false,
  form: {
    fields,
    defaultOn: ['trade', 'volume'],
    steps: 'amount',
    compile: (wire, common, place) => ({
      ...common,
      kind: 'per_lot',
      perLotMinor: amountOf(wire, common, place),
    }),
  },
  slotKey: ({ dealId, version }, label, { affiliateId, month }) =>
    `per_lot/${dealId}/${version}/${label}/${affiliateId}/${month}`,
  needsAmount: () => false,
  shareOf(component, terms, sums, links) {
    const { perLotMinor, tiers } = component;
    const { volumeE4 } = sums;
    const counted = countedOf(component, sums, links);
    return divideRounded(
      tiers ? byStep(tiers, volumeE4, counted, perLotMinor) : perLotMinor * volumeE4,
      LOT,
      terms.rounding,
    );
  },
  countedOf,
  summedOf: ({ volumeE4 }) => ({ lots: lots(volumeE4) }),
  formulaOf: ({ tiers, perLotMinor, cap }, money) =>
    `${stepped(tiers, money(perLotMinor), money)} per lot of the month${atMost(cap, money)}`,
} as const satisfies MonthlyKind<'per_lot', typeof fields>;

function countedOf(
  { tiers }: Component & { kind: 'per_lot' },
  { volumeE4 }: Aggregates,
  { metric }: Links,
): bigint {
  return tiers?.metric === 'volume' ? volumeE4 : metric;
}
