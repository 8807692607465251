// Kind `revshare`: a percentage of a month's revenue, with negative carryover into later months.
import { MILLION } from '../../units.ts';
import { readRate, addUnexpected, type Fields } from '../component-form.ts';
import type { MonthlyKind } from '../component-kind.ts';
import { capPhrase, formatPercent, tierPhrase } from '../wording.ts';

const fields = {
  percent: { type: 'decimal' },
  negative: { type: 'option', options: ['reset', 'carry'] },
  carry_by: { type: 'option', options: ['ngr', 'commission'] },
} as const satisfies Fields;

export const revshare = {
  kind: 'revshare',
  slotPer: 'month',
  basis: 'amount',
  ownMetric: 'revenue',
  supportsCarryover: true,
  form: {
    fields,
    defaultOn: ['revenue'],
    tierField: 'percent',
    compile(wire, common, context) {
      const { negative = 'reset', carry_by: carryBy = 'ngr' } = wire;
      if (wire.carry_by !== undefined && negative === 'reset')
        addUnexpected(context, 'carry_by', 'says how a negative month is carried');
      return { ...common, kind: 'revshare', ratePpm: readRate(wire, common, context), negative, carryBy };
    },
  },
  slotKey: ({ dealId, version }, label, { affiliateId, month }) =>
    `revshare/${dealId}/${version}/${label}/${affiliateId}/${month}`,
  needsAmount: () => true,
  unit: MILLION,
  rateOf: ({ ratePpm }) => ratePpm,
  sumOf: ({ basisMinor }) => basisMinor,
  sumInputOf: ({ basisMinor }, money) => ({ name: 'sum', value: money(basisMinor) }),
  formulaOf({ tiers, ratePpm, negative, carryBy, cap }, money) {
    const carry = { ngr: 'a negative sum carried over', commission: 'a negative share carried over' }[
      carryBy
    ];
    const below = negative === 'carry' ? carry : 'never below zero';
    const rate = tierPhrase(tiers, formatPercent(ratePpm), money);
    return `${rate} of the month's sum, ${below}${capPhrase(cap, money)}`;
  },
} as const satisfies MonthlyKind<'revshare', typeof fields>;
