// A slot's sums and links before anything is known, and what one conversion adds to the sums.
import type { Aggregates, Links } from './component-kind.ts';
import { remainderOf, type Group } from './group.ts';
import type { SlotKind } from './slot-kinds.ts';

export const NOTHING: Aggregates = {
  basisMinor: 0n,
  volumeE4: 0n,
  ftdCount: 0,
  conversionsCount: 0,
  factsCount: 0,
  factsHash: 0n,
};

export const UNLINKED: Links = { metric: 0n, carriedMinor: 0n, allotted: null };

/**
 * What a conversion that counts adds to the sums by itself. Facts are counted apart, whether or not
 * it counts.
 */
export type Weight = Pick<Aggregates, 'basisMinor' | 'volumeE4' | 'conversionsCount'>;

/**
 * What one conversion adds to a slot's sums. Whether it is a customer's first deposit depends on
 * the customer's other conversions, so first deposits are counted elsewhere (`first-deposits.ts`).
 */
export function weightOf(kind: SlotKind, group: Group): Weight {
  const { basisMinor, volumeE4 } = remainderOf(group);
  if (kind !== 'month') return { basisMinor, volumeE4, conversionsCount: 1 };
  const { type } = group.earned;
  const isVolume = type === 'trade' || type === 'volume';
  return {
    basisMinor: type === 'revenue' ? basisMinor : 0n,
    volumeE4: isVolume ? volumeE4 : 0n,
    conversionsCount: 1,
  };
}
