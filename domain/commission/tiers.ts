// What a month's sum pays where the rate goes by steps: every part by its own step, or all of it by the step that was reached.
import type { Tiers } from '../types.ts';

/** The rate of the step that a count or sum has reached; `below` before the first step. */
export function rateAt(tiers: Tiers, reached: bigint, below: bigint): bigint {
  let rate = below;
  for (const step of tiers.steps) if (step.from <= reached) ({ rate } = step);
  return rate;
}

/**
 * A sum times its rate, exact and not yet divided by the rate's unit. `metric` is what the month came to in what the tiers count.
 * Example: 25,000 at 25 % below 5,000, 30 % below 20,000 and 35 % from there: marginal 7,500, retroactive 8,750.
 */
export function stepped(tiers: Tiers, sum: bigint, metric: bigint, below: bigint): bigint {
  if (tiers.mode === 'retroactive') return rateAt(tiers, metric, below) * sum;
  // A month below zero lies in no step; what is lost there is lost at the rate at which the first cent would be earned.
  if (sum < 0n) return rateAt(tiers, 0n, below) * sum;
  let product = 0n;
  let from = 0n;
  let rate = below;
  for (const step of tiers.steps) {
    if (step.from >= sum) break;
    product += rate * (step.from - from);
    ({ from, rate } = step);
  }
  return product + rate * (sum - from);
}
