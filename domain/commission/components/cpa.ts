// Kind `cpa`: a fixed amount once per customer, for the conversion that qualifies the customer.
import { leftOf, type Reversed } from '../reversals.ts';
import { rateAt } from '../tiers.ts';
import type { Component, Qualify } from '../../types.ts';
import { DAY_MS, VOLUME_DECIMALS } from '../../units.ts';
import { amountOf, decimalAt, unexpected, type Fields, type Place, type WireOf } from '../component-form.ts';
import { NO_STANDING, type SingleKind, type WriteMoney } from '../component-kind.ts';
import { firstOf, isBefore, remainderOf, reversedIn, type Group } from '../group.ts';
import { atMost, lots, stepped } from '../wording.ts';

type Cpa = Component & { kind: 'cpa' };

const fields = {
  amount: { type: 'decimal' },
  min_amount: { type: 'decimal' },
  min_volume: { type: 'decimal' },
  qualify: { type: 'option', options: ['first', 'cumulative'] },
  within_days: { type: 'integer', min: 1, max: 3650 },
} as const satisfies Fields;

export const cpa = {
  kind: 'cpa',
  slotPer: 'customer',
  basis: 'amount',
  ownMetric: 'ftd_count',
  isChained: false,
  form: {
    fields,
    defaultOn: ['ftd'],
    steps: 'amount',
    compile(wire, common, place) {
      const minAmountMinor =
        wire.min_amount === undefined ? null : decimalAt(wire, 'min_amount', place.exponent, place);
      const amountMinor = amountOf(wire, common, place);
      return { ...common, kind: 'cpa', amountMinor, minAmountMinor, qualify: qualifyOf(wire, place) };
    },
  },
  slotKey: ({ dealId }, label, { subject }) => `cpa/${dealId}/${label}/${subject}`,
  needsAmount: ({ minAmountMinor }) => minAmountMinor !== null,
  standingOf(component, terms, groups, place, reached) {
    const by = qualifierOf(component, groups);
    if (by === null) return NO_STANDING;
    const { tiers, amountMinor } = component;
    const amount = tiers
      ? rateAt(tiers, tiers.mode === 'marginal' ? place : reached, amountMinor)
      : amountMinor;
    const loss = lossOf(component, by);
    return { minor: leftOf(amount, loss, terms.rounding), by, isLeft: loss.part < loss.of };
  },
  formulaOf(component, money) {
    const amount = stepped(component.tiers, money(component.amountMinor), money);
    const qualifying = qualifyingIn(component, money);
    return `${amount} once per customer ${qualifying}, less what was reversed${atMost(component.cap, money)}`;
  },
} as const satisfies SingleKind<'cpa', typeof fields>;

function qualifyOf(wire: WireOf<typeof fields>, place: Place): Qualify {
  if (wire.qualify !== 'cumulative') {
    for (const name of ['min_volume', 'within_days'] as const)
      if (wire[name] !== undefined) unexpected(place, name, 'is for cumulative qualification');
    return { by: 'first' };
  }
  const minVolumeE4 =
    wire.min_volume === undefined ? null : decimalAt(wire, 'min_volume', VOLUME_DECIMALS, place);
  if (wire.min_amount === undefined && minVolumeE4 === null) {
    const message = 'cumulative qualification needs min_amount or min_volume';
    place.problems.push({ path: [...place.path, 'qualify'], code: 'required', message });
  }
  return { by: 'cumulative', minVolumeE4, withinDays: wire.within_days ?? null };
}

/**
 * The conversion that qualifies a customer: the first, or the one whose sum reached the minimum in
 * time; else null.
 */
function qualifierOf({ qualify, minAmountMinor }: Cpa, groups: Iterable<Group>): Group | null {
  if (qualify.by === 'first') {
    const first = firstOf(groups);
    return first === null || first.earned.basisMinor < (minAmountMinor ?? 0n) ? null : first;
  }
  const ordered = [...groups].toSorted((a, b) => (isBefore(a.earned, b.earned) ? -1 : 1));
  const start = ordered[0]?.earned.occurredAt ?? 0;
  const until = qualify.withinDays === null ? Infinity : start + qualify.withinDays * DAY_MS;
  let [amount, volume] = [0n, 0n];
  for (const group of ordered) {
    if (group.earned.occurredAt > until) return null;
    const { part, of } = reversedIn(group);
    if (part === of) continue;
    const { basisMinor, volumeE4 } = remainderOf(group);
    amount += basisMinor;
    volume += volumeE4;
    if (amount >= (minAmountMinor ?? 0n) && volume >= (qualify.minVolumeE4 ?? 0n)) return group;
  }
  return null;
}

/**
 * A cumulative sum already leaves reversed deposits out; a CPA for the first deposit loses what
 * that deposit lost.
 */
function lossOf({ qualify }: Cpa, group: Group): Reversed {
  return qualify.by === 'cumulative' ? { part: 0n, of: 1n } : reversedIn(group);
}

function qualifyingIn({ on, qualify, minAmountMinor }: Cpa, money: WriteMoney): string {
  if (qualify.by === 'first') {
    const minimum = minAmountMinor === null ? '' : ` of at least ${money(minAmountMinor)}`;
    return `for the first ${on.join(' or ')}${minimum}`;
  }
  const sums = [
    ...(minAmountMinor === null ? [] : [money(minAmountMinor)]),
    ...(qualify.minVolumeE4 === null ? [] : [`${lots(qualify.minVolumeE4)} lots`]),
  ];
  const within = qualify.withinDays === null ? '' : ` within ${qualify.withinDays} days of the first`;
  return `whose ${on.join(' and ')} came to ${sums.join(' and ')}${within}`;
}
