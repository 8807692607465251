// Phrases and figures shared by the explanations of several component kinds.
import { formatDecimal } from '../ledger/money.ts';
import type { Cap, Tiers } from '../types.ts';
import { PERCENT_DECIMALS, VOLUME_DECIMALS } from '../units.ts';
import type { FormatMoney } from './component-kind.ts';

/** Formats a volume (ten-thousandths of a lot) in lots: "1.5". */
export function formatLots(volumeE4: bigint): string {
  return formatDecimal(volumeE4, VOLUME_DECIMALS).replace(/\.?0+$/, '');
}

/** Formats parts per million in percent: "12.5 %". */
export function formatPercent(ppm: bigint): string {
  return `${formatDecimal(ppm, PERCENT_DECIMALS).replace(/\.?0+$/, '')} %`;
}

/** Phrase of a cap: ", at most the first 2 and 500.00 USD a month"; empty without a cap. */
export function capPhrase(cap: Cap | null, money: FormatMoney): string {
  if (cap === null) return '';
  const parts = [
    ...(cap.count === null ? [] : [`the first ${cap.count}`]),
    ...(cap.amountMinor === null ? [] : [money(cap.amountMinor)]),
  ];
  return `, at most ${parts.join(' and ')} a month`;
}

/**
 * Phrase of tiers: "10 %, 15 % from 3 first deposits (marginal)", the base rate first unless the
 * first step starts at zero. Without tiers only the base rate.
 */
export function tierPhrase(
  tiers: Tiers | null,
  base: string,
  money: FormatMoney,
  rate: (value: bigint) => string = base.endsWith('%') ? formatPercent : money,
): string {
  if (tiers === null) return base;
  const from = {
    revenue: money,
    volume: (sum: bigint) => `${formatLots(sum)} lots`,
    ftd_count: (count: bigint) => `${count} first deposits`,
  };
  const steps = tiers.steps.map((step) => `${rate(step.rate)} from ${from[tiers.metric](step.from)}`);
  const isCovered = (tiers.steps[0]?.from ?? 0n) <= 0n;
  return `${[...(isCovered ? [] : [base]), ...steps].join(', ')} (${tiers.mode})`;
}

/** Formats a tier metric in its own unit. */
export function formatMetric(of: Tiers['metric'], value: bigint, money: FormatMoney): string {
  return { revenue: money, volume: formatLots, ftd_count: String }[of](value);
}
