// Negative carryover: losses of revenue-share months, deducted from the months that follow.
import { monthCommissionOf } from './commission.ts';
import type { SlotSums } from './component-kind.ts';
import type { CarryoverComponent } from './components/index.ts';
import { NO_LINKS } from './sums.ts';
import type { Terms } from '../types.ts';

/** One month of an affiliate's revenue share by one deal version. */
export type CarryoverMonth = {
  id: string;
  component: CarryoverComponent;
  terms: Terms;
  sums: SlotSums;
  /** The deal's month in the units of the component's tiers. */
  metric: bigint;
};

/**
 * The loss carried into each month, by the month's id, in minor units; never above zero.
 * `months` are those of one component and affiliate, ordered by month, then by version.
 * A loss is carried as revenue (`ngr`) or as commission. Both are followed through all months,
 * since versions may differ in `carryBy`. A month that resets drops the loss.
 * Example: 30 % of −10,000 and then of +15,000: carried as revenue, −10,000 enters the second month
 * and the second month pays 1,500; without carryover it pays 4,500.
 */
export function carriedLosses(months: readonly CarryoverMonth[]): Map<string, bigint> {
  const carried = new Map<string, bigint>();
  let left = { ngr: 0n, commission: 0n };
  for (const { id, component, terms, sums, metric } of months) {
    const isCarrying = component.negative === 'carry';
    carried.set(id, isCarrying ? left[component.carryBy] : 0n);
    const byCommission = { ...component, carryBy: 'commission' } as const;
    const commission = monthCommissionOf(byCommission, terms, sums, {
      ...NO_LINKS,
      metric,
      carriedMinor: left.commission,
    });
    const loss = (result: bigint): bigint => (isCarrying && result < 0n ? result : 0n);
    left = { ngr: loss(sums.basisMinor + left.ngr), commission: loss(commission) };
  }
  return carried;
}
