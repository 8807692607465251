// What the negative months of a revenue share take from the ones after them, where the deal carries them.
import { shareOf } from './commission.ts';
import type { Aggregates } from './component-kind.ts';
import type { ChainedComponent } from './components/index.ts';
import { UNLINKED } from './sums.ts';
import type { Terms } from '../types.ts';

/** One month of an affiliate's share by one deal version. Months of a chain follow each other by month, then by version. */
export type ChainedMonth = {
  id: string;
  component: ChainedComponent;
  terms: Terms;
  sums: Aggregates;
  /** What its tiers count in the deal's month. */
  metric: bigint;
};

/**
 * What each month of a chain takes over from those before it, by its id; never above zero: revenue where the deal carries by NGR, commission
 * where it carries by that. Both are followed through the chain, since its versions may carry by different ones. A month that resets forgets.
 * Example: 30 % of −10,000 and then of +15,000: by NGR the second takes over −10,000 and pays 1,500; without carrying it pays 4,500.
 */
export function carriedInto(chain: readonly ChainedMonth[]): Map<string, bigint> {
  const carried = new Map<string, bigint>();
  let left = { ngr: 0n, commission: 0n };
  for (const { id, component, terms, sums, metric } of chain) {
    const isCarrying = component.negative === 'carry';
    carried.set(id, isCarrying ? left[component.carryBy] : 0n);
    const byCommission = { ...component, carryBy: 'commission' } as const;
    const commission = shareOf(byCommission, terms, sums, {
      ...UNLINKED,
      metric,
      carriedMinor: left.commission,
    });
    const loss = (result: bigint): bigint => (isCarrying && result < 0n ? result : 0n);
    left = { ngr: loss(sums.basisMinor + left.ngr), commission: loss(commission) };
  }
  return carried;
}
