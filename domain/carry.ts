// What the negative months of a revenue share take from the ones after them, where the deal carries them.
import { shareOf, UNLINKED, type Aggregates } from './commission.ts';
import type { Component, Terms } from './types.ts';

/** One month of an affiliate's share by one deal version. Months of a chain follow each other by month, then by version. */
export type ChainedMonth = {
  id: string;
  component: Component & { kind: 'revshare' };
  terms: Terms;
  sums: Aggregates;
  /** What its tiers count in the deal's month. */
  metric: bigint;
};

/**
 * What each month of a chain takes over from those before it, by its id; never above zero: revenue where the deal carries by NGR, commission
 * where it carries by that. A month that resets forgets.
 * Example: 30 % of −10,000 and then of +15,000: by NGR the second takes over −10,000 and pays 1,500; without carrying it pays 4,500.
 */
export function carriedInto(chain: readonly ChainedMonth[]): Map<string, bigint> {
  const carried = new Map<string, bigint>();
  let left = 0n;
  for (const { id, component, terms, sums, metric } of chain) {
    const taken = component.negative === 'carry' ? left : 0n;
    carried.set(id, taken);
    const result =
      component.carryBy === 'ngr'
        ? sums.basisMinor + taken
        : shareOf(component, terms, sums, { ...UNLINKED, metric, carriedMinor: taken });
    left = component.negative === 'carry' && result < 0n ? result : 0n;
  }
  return carried;
}
