// Facts of one conversion in a slot: reversed share, remainder and order in time.
import { leftOf, reversedOf, type Reversed } from './reversals.ts';
import { factsInForce, isAccrual, type SlotFact } from './slot-facts.ts';
import type { DealVersion } from '../types.ts';

/**
 * A conversion in a slot, by its facts in force: its values, the deal version that rates it, and
 * its reversals. `isIn` is false after the conversion left the slot.
 */
export type Group = {
  accrual: SlotFact;
  version: DealVersion;
  reversals: readonly SlotFact[];
  revision: number;
  isIn: boolean;
};

/** The group of a conversion that enters a slot with these facts. */
export function groupOf(
  [accrual, ...reversals]: readonly [SlotFact, ...SlotFact[]],
  version: DealVersion,
): Group {
  return { accrual, version, reversals, revision: accrual.revision, isIn: accrual.type !== 'left' };
}

/**
 * The group that the stored facts of one conversion in one slot make; null where the conversion's
 * own fact is missing. `versionOf` returns the version that rates the fact's conversion.
 */
export function storedGroup<F extends SlotFact>(
  facts: readonly F[],
  versionOf: (accrual: F) => DealVersion,
): Group | null {
  const inForce = factsInForce(facts);
  const accrual = inForce.find((fact) => isAccrual(fact) || fact.type === 'left');
  if (accrual === undefined) return null;
  return groupOf([accrual, ...inForce.filter((fact) => fact !== accrual)], versionOf(accrual));
}

/** The reversed share of a conversion. */
export function reversedIn({ accrual, reversals }: Group): Reversed {
  return reversals.length === 0 ? { part: 0n, of: 1n } : reversedOf(accrual, reversals);
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
