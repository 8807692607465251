// Tier calculation: marginal tiers rate each part of a sum, retroactive tiers rate the whole sum.
import type { Tiers } from '../types.ts';

/** Rate of the step that the metric has reached; `baseRate` before the first step. */
export function tierRateAt(tiers: Tiers, reached: bigint, baseRate: bigint): bigint {
  let rate = baseRate;
  for (const step of tiers.steps) if (step.from <= reached) ({ rate } = step);
  return rate;
}

/**
 * A month's sum times its tiered rate: exact, not yet divided by the rate's unit. `metric` is the
 * month's total in the units of the tiers; `baseRate` applies below the first step.
 * Example: 25,000 at 25 % below 5,000, 30 % below 20,000 and 35 % from there: 7,500 by marginal
 * tiers, 8,750 by retroactive tiers.
 */
export function tieredProduct(tiers: Tiers, sum: bigint, metric: bigint, baseRate: bigint): bigint {
  if (tiers.mode === 'retroactive') return tierRateAt(tiers, metric, baseRate) * sum;
  // A negative sum lies in no step. The loss is rated like the first cent of revenue.
  if (sum < 0n) return tierRateAt(tiers, 0n, baseRate) * sum;
  let product = 0n;
  let from = 0n;
  let rate = baseRate;
  for (const step of tiers.steps) {
    if (step.from >= sum) break;
    product += rate * (step.from - from);
    ({ from, rate } = step);
  }
  return product + rate * (sum - from);
}
