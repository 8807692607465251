// Kind `per_lot`: an amount per lot of a month's volume.
import { LOT } from '../../units.ts';
import { readAmount, type Fields } from '../component-form.ts';
import type { MonthlyKind } from '../component-kind.ts';
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
  unit: LOT,
  rateOf: ({ perLotMinor }) => perLotMinor,
  sumOf: ({ volumeE4 }) => volumeE4,
  sumInputOf: ({ volumeE4 }) => ({ name: 'lots', value: formatLots(volumeE4) }),
  formulaOf: ({ tiers, perLotMinor, cap }, money) =>
    `${tierPhrase(tiers, money(perLotMinor), money)} per lot of the month${capPhrase(cap, money)}`,
} as const satisfies MonthlyKind<'per_lot', typeof fields>;
