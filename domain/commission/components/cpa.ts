// Kind `cpa`: a fixed amount once per customer, earned by the conversion that qualifies them.
import { leftOf, type Reversed } from '../reversals.ts';
import { tierRateAt } from '../tiers.ts';
import type { Component, Qualify } from '../../types.ts';
import { DAY_MS, VOLUME_DECIMALS } from '../../units.ts';
import {
  readAmount,
  readDecimal,
  addUnexpected,
  type Fields,
  type FormContext,
  type WireOf,
} from '../component-form.ts';
import { NO_COMMISSION, type SingleKind, type FormatMoney } from '../component-kind.ts';
import { earliestOf, reversedIn, type Group } from '../group.ts';
import { paymentsOf } from '../payments.ts';
import { capPhrase, formatLots, tierPhrase } from '../wording.ts';

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
  supportsCarryover: false,
  form: {
    fields,
    defaultOn: ['ftd'],
    tierField: 'amount',
    compile(wire, common, context) {
      const minAmountMinor =
        wire.min_amount === undefined ? null : readDecimal(wire, 'min_amount', context.exponent, context);
      const amountMinor = readAmount(wire, common, context);
      return { ...common, kind: 'cpa', amountMinor, minAmountMinor, qualify: qualifyOf(wire, context) };
    },
  },
  slotKey: ({ dealId }, label, { affiliateId, subject }) =>
    `cpa/${dealId}/${label}/${affiliateId}/${subject}`,
  subjectIn: (key) => key.split('/').slice(4).join('/'),
  conditionsOf: ({ qualify, minAmountMinor }) =>
    qualify.by === 'first'
      ? { counts: 'first', minAmountMinor, minVolumeE4: null, withinDays: null }
      : { counts: 'all', minAmountMinor, minVolumeE4: qualify.minVolumeE4, withinDays: qualify.withinDays },
  needsAmount: ({ minAmountMinor }) => minAmountMinor !== null,
  uncappedCommissionOf(component, terms, groups, place, reached) {
    const conversion = qualifyingConversion(component, groups);
    if (conversion === null) return NO_COMMISSION;
    const { tiers, amountMinor } = component;
    const amount = tiers
      ? tierRateAt(tiers, tiers.mode === 'marginal' ? place : reached, amountMinor)
      : amountMinor;
    const reversed = reversedShareOf(component, conversion);
    return {
      minor: leftOf(amount, reversed, terms.rounding),
      conversion,
      hasRemainder: reversed.part < reversed.of,
    };
  },
  formulaOf(component, money) {
    const amount = tierPhrase(component.tiers, money(component.amountMinor), money);
    const qualification = qualificationPhrase(component, money);
    const cap = capPhrase(component.cap, money);
    return `${amount} once per customer ${qualification}, less what was reversed${cap}`;
  },
} as const satisfies SingleKind<'cpa', typeof fields>;

function qualifyOf(wire: WireOf<typeof fields>, context: FormContext): Qualify {
  if (wire.qualify !== 'cumulative') {
    for (const name of ['min_volume', 'within_days'] as const)
      if (wire[name] !== undefined) addUnexpected(context, name, 'is for cumulative qualification');
    return { by: 'first' };
  }
  const minVolumeE4 =
    wire.min_volume === undefined ? null : readDecimal(wire, 'min_volume', VOLUME_DECIMALS, context);
  if (wire.min_amount === undefined && minVolumeE4 === null) {
    const message = 'cumulative qualification needs min_amount or min_volume';
    context.problems.push({ path: [...context.path, 'qualify'], code: 'required', message });
  }
  return { by: 'cumulative', minVolumeE4, withinDays: wire.within_days ?? null };
}

/**
 * The conversion that qualifies a customer: the first one, or the one with which the cumulative
 * sums reached their minimum within the allowed days. What was taken back entirely does not count,
 * even where the minimum is zero. Null while none qualifies.
 */
function qualifyingConversion({ qualify, minAmountMinor }: Cpa, groups: Iterable<Group>): Group | null {
  if (qualify.by === 'first') {
    const first = earliestOf(groups);
    return first === null || first.accrual.basisMinor < (minAmountMinor ?? 0n) ? null : first;
  }
  const all = [...groups];
  const start = earliestOf(all)?.accrual.occurredAt ?? 0;
  const until = qualify.withinDays === null ? Infinity : start + qualify.withinDays * DAY_MS;
  let [amount, volume] = [0n, 0n];
  for (const { conversion, basisMinor, volumeE4 } of paymentsOf(all)) {
    if (conversion.accrual.occurredAt > until) return null;
    if (basisMinor === 0n && volumeE4 === 0n && isWhollyReversed(conversion)) continue;
    amount += basisMinor;
    volume += volumeE4;
    if (amount >= (minAmountMinor ?? 0n) && volume >= (qualify.minVolumeE4 ?? 0n)) return conversion;
  }
  return null;
}

function isWhollyReversed(group: Group): boolean {
  const { part, of } = reversedIn(group);
  return part >= of;
}

/**
 * The share of a CPA that reversals take back. A CPA for the first conversion loses the share that
 * this conversion lost. Cumulative sums are counted after reversals, so nothing more is deducted.
 */
function reversedShareOf({ qualify }: Cpa, group: Group): Reversed {
  return qualify.by === 'cumulative' ? { part: 0n, of: 1n } : reversedIn(group);
}

function qualificationPhrase({ on, qualify, minAmountMinor }: Cpa, money: FormatMoney): string {
  if (qualify.by === 'first') {
    const minimum = minAmountMinor === null ? '' : ` of at least ${money(minAmountMinor)}`;
    return `for the first ${on.join(' or ')}${minimum}`;
  }
  const sums = [
    ...(minAmountMinor === null ? [] : [money(minAmountMinor)]),
    ...(qualify.minVolumeE4 === null ? [] : [`${formatLots(qualify.minVolumeE4)} lots`]),
  ];
  const within = qualify.withinDays === null ? '' : ` within ${qualify.withinDays} days of the first`;
  return `whose ${on.join(' and ')} came to ${sums.join(' and ')}${within}`;
}
