// Figures that steps go by: the month's revenue, volume or number of new customers of an affiliate
// under one deal.
import { volumeOf } from './agreements.ts';
import { add, fraction, isLess, multiply, round, ZERO, type Fraction } from './exact.ts';
import { byTime, type Rated } from './rated.ts';
import { leftOf, remains, restOf } from './reversals.ts';
import type { Step, Tiers } from './world.ts';

export type Shares = ReadonlyMap<string, Fraction>;

export const shareOf = (shares: Shares, conversion: Rated): Fraction =>
  shares.get(conversion.event.id) ?? ZERO;

/**
 * What reversals leave of a conversion's amount in the deal's smallest units: a base, so halves go
 * to the even.
 */
export function amountLeft(shares: Shares, conversion: Rated): bigint {
  return leftOf(conversion.amount, shareOf(shares, conversion), (value) => round(value, 'half_even'));
}

export function volumeLeft(shares: Shares, conversion: Rated): Fraction {
  return multiply(volumeOf(conversion.event), restOf(shareOf(shares, conversion)));
}

/**
 * First deposits of a month: each customer once, in the month of its earliest, unless that one was
 * taken back.
 */
function firstDeposits(shares: Shares, conversions: readonly Rated[], month: string): bigint {
  const seen = new Set<string>();
  let count = 0n;
  for (const conversion of conversions.filter(({ event }) => event.event === 'ftd').sort(byTime)) {
    if (seen.has(conversion.subject)) continue;
    seen.add(conversion.subject);
    if (conversion.month === month && remains(shareOf(shares, conversion))) count += 1n;
  }
  return count;
}

/**
 * A month's figure over all conversions of one affiliate under one deal, whatever version prices
 * them.
 */
export function metricOf(
  metric: Tiers['metric'],
  shares: Shares,
  conversions: readonly Rated[],
  month: string,
): Fraction {
  if (metric === 'ftd_count') return fraction(firstDeposits(shares, conversions, month));
  const ofMonth = conversions.filter((conversion) => conversion.month === month);
  if (metric === 'revenue') {
    return ofMonth
      .filter(({ event }) => event.event === 'revenue')
      .reduce((sum, conversion) => add(sum, fraction(amountLeft(shares, conversion))), ZERO);
  }
  return ofMonth
    .filter(({ event }) => event.event === 'trade' || event.event === 'volume')
    .reduce((sum, conversion) => add(sum, volumeLeft(shares, conversion)), ZERO);
}

/** The step that a figure has reached: it begins at its `from`. */
export function stepAt(tiers: Tiers, from: (step: Step) => Fraction, figure: Fraction): Step | undefined {
  return tiers.steps.findLast((step) => !isLess(figure, from(step)));
}

/** Whether two lists of event types overlap. */
export const overlap = (on: readonly string[], other: readonly string[]): boolean =>
  on.some((type) => other.includes(type));
