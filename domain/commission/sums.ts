// Empty sums and links of a slot, and the contribution of one conversion to a slot's sums.
import type { SlotSums, SlotLinks } from './component-kind.ts';
import { remainderOf, type Group } from './group.ts';
import type { SlotKind } from './slot-kinds.ts';

/** Sums of a slot without facts. */
export const EMPTY_SUMS: SlotSums = {
  basisMinor: 0n,
  volumeE4: 0n,
  ftdCount: 0,
  conversionsCount: 0,
  factsCount: 0,
  factsHash: 0n,
};

/** Links of a slot that does not depend on other slots. */
export const NO_LINKS: SlotLinks = { metric: 0n, share: null, allotment: null, earnedBefore: null };

/**
 * Contribution of one conversion to a slot's sums: minor units, ten-thousandths of a lot, and a
 * count of 1. Facts are counted separately, also for conversions that moved to other slots.
 */
export type Contribution = Pick<SlotSums, 'basisMinor' | 'volumeE4' | 'conversionsCount'>;

/**
 * Contribution of one conversion, after reversals, to the sums of a slot of the kind. First
 * deposits are counted in `first-deposits.ts`, because they depend on the customer's other
 * conversions.
 */
export function contributionOf(kind: SlotKind, group: Group): Contribution {
  const { basisMinor, volumeE4 } = remainderOf(group);
  if (kind !== 'month') return { basisMinor, volumeE4, conversionsCount: 1 };
  const { type } = group.accrual;
  const isVolume = type === 'trade' || type === 'volume';
  return {
    basisMinor: type === 'revenue' ? basisMinor : 0n,
    volumeE4: isVolume ? volumeE4 : 0n,
    conversionsCount: 1,
  };
}
