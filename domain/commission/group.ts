// Facts of one conversion in a slot: reversed share, remainder and order in time.
import { leftOf, reversedOf, type Reversed } from './reversals.ts';
import { effectiveReversals, type SlotFact } from './slot-facts.ts';
import type { DealVersion } from '../types.ts';

/**
 * Facts of one conversion in a slot: the conversion, the deal version that rates it, and later
 * facts (reversals, rerating, amendments).
 */
export type Group = { accrual: SlotFact; version: DealVersion; laterFacts: readonly SlotFact[] };

/** The reversed share of a conversion, under the version that rates the conversion. */
export function reversedIn({ accrual, version, laterFacts }: Group): Reversed {
  return laterFacts.length === 0
    ? { part: 0n, of: 1n }
    : reversedOf(accrual, effectiveReversals(version, laterFacts));
}

/**
 * Basis and volume of a conversion after reversals, in minor units and ten-thousandths of a lot. A
 * refund lowers both by the same share.
 */
export function remainderOf(group: Group): { basisMinor: bigint; volumeE4: bigint } {
  const { accrual } = group;
  const reversed = reversedIn(group);
  return {
    basisMinor: leftOf(accrual.basisMinor, reversed, 'half_even'),
    volumeE4: leftOf(accrual.volumeE4, reversed, 'half_even'),
  };
}

/** The conversion that occurred first, in any order of arrival; null for no conversions. */
export function earliestOf(groups: Iterable<Group>): Group | null {
  let first: Group | null = null;
  for (const group of groups) {
    if (first === null || isBefore(group.accrual, first.accrual)) first = group;
  }
  return first;
}

/** Order of conversions: by the time they occurred, then by id. */
export function isBefore(a: SlotFact, b: SlotFact): boolean {
  return a.occurredAt !== b.occurredAt ? a.occurredAt < b.occurredAt : a.eventId < b.eventId;
}
