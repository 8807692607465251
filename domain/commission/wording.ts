// Phrases that the formulas of several kinds share.
import { formatDecimal } from '../ledger/money.ts';
import type { Cap, Tiers } from '../types.ts';
import { PERCENT_DECIMALS, VOLUME_DECIMALS } from '../units.ts';
import type { WriteMoney } from './component-kind.ts';

/** "1.5": a volume in lots. */
export function lots(volumeE4: bigint): string {
  return formatDecimal(volumeE4, VOLUME_DECIMALS).replace(/\.?0+$/, '');
}

/** "12.5 %": parts per million in percent. */
export function percent(ppm: bigint): string {
  return `${formatDecimal(ppm, PERCENT_DECIMALS).replace(/\.?0+$/, '')} %`;
}

/** ", at most the first 2 and 500.00 USD a month"; nothing without a cap. */
export function atMost(cap: Cap | null, money: WriteMoney): string {
  if (cap === null) return '';
  const parts = [
    ...(cap.count === null ? [] : [`the first ${cap.count}`]),
    ...(cap.amountMinor === null ? [] : [money(cap.amountMinor)]),
  ];
  return `, at most ${parts.join(' and ')} a month`;
}

/** "10 %, 15 % from 3 first deposits (marginal)": the rate below the first step, then each step. */
export function stepped(tiers: Tiers | null, base: string, money: WriteMoney): string {
  if (tiers === null) return base;
  const from = {
    revenue: money,
    volume: (sum: bigint) => `${lots(sum)} lots`,
    ftd_count: (count: bigint) => `${count} first deposits`,
  };
  const rate = base.endsWith('%') ? percent : money;
  const steps = tiers.steps.map((step) => `${rate(step.rate)} from ${from[tiers.metric](step.from)}`);
  const isCovered = (tiers.steps[0]?.from ?? 0n) <= 0n;
  return `${[...(isCovered ? [] : [base]), ...steps].join(', ')} (${tiers.mode})`;
}

/** What tiers count, in figures. */
export function metric(of: Tiers['metric'], value: bigint, money: WriteMoney): string {
  return { revenue: money, volume: lots, ftd_count: String }[of](value);
}
