// Kind `revshare`: a share of a month's revenue, whose losses may be carried into the following
// months.
import { divideRounded } from '../../ledger/money.ts';
import { stepped as byStep } from '../tiers.ts';
import type { Component } from '../../types.ts';
import { MILLION } from '../../units.ts';
import { rateOf, unexpected, type Fields } from '../component-form.ts';
import type { Aggregates, Links, MonthlyKind } from '../component-kind.ts';
import { atMost, percent, stepped } from '../wording.ts';

type Revshare = Component & { kind: 'revshare' };

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
  isChained: true,
  form: {
    fields,
    defaultOn: ['revenue'],
    steps: 'percent',
    compile(wire, common, place) {
      const { negative = 'reset', carry_by: carryBy = 'ngr' } = wire;
      if (wire.carry_by !== undefined && negative === 'reset')
        unexpected(place, 'carry_by', 'says how a negative month is carried');
      return { ...common, kind: 'revshare', ratePpm: rateOf(wire, common, place), negative, carryBy };
    },
  },
  slotKey: ({ dealId, version }, label, { affiliateId, month }) =>
    `revshare/${dealId}/${version}/${label}/${affiliateId}/${month}`,
  needsAmount: () => true,
  shareOf(component, terms, sums, links) {
    const { ratePpm, tiers, carryBy } = component;
    const basis = basisOf(component, sums, links);
    const exact = tiers ? byStep(tiers, basis, countedOf(component, sums, links), ratePpm) : ratePpm * basis;
    return (
      divideRounded(exact, MILLION, terms.rounding) + (carryBy === 'commission' ? links.carriedMinor : 0n)
    );
  },
  countedOf,
  summedOf: ({ basisMinor }, money) => ({ sum: money(basisMinor) }),
  formulaOf({ tiers, ratePpm, negative, carryBy, cap }, money) {
    const carry = { ngr: 'a negative sum carried over', commission: 'a negative share carried over' }[
      carryBy
    ];
    const below = negative === 'carry' ? carry : 'never below zero';
    return `${stepped(tiers, percent(ratePpm), money)} of the month's sum, ${below}${atMost(cap, money)}`;
  },
} as const satisfies MonthlyKind<'revshare', typeof fields>;

/** The month's revenue, less the revenue that earlier months lost. */
function basisOf({ carryBy }: Revshare, { basisMinor }: Aggregates, { carriedMinor }: Links): bigint {
  return basisMinor + (carryBy === 'ngr' ? carriedMinor : 0n);
}

function countedOf(component: Revshare, sums: Aggregates, links: Links): bigint {
  return component.tiers?.metric === 'revenue' ? basisOf(component, sums, links) : links.metric;
}
