// Facts of one conversion in a slot, and how much of the conversion is left after its reversals.
import { leftOf, reversedOf, standingAgainst, type Reversed, type SlotFact } from './reversals.ts';
import type { DealVersion } from '../types.ts';

/**
 * The facts of one conversion in a slot: the conversion, the deal version that rates it, and the
 * later facts about it.
 */
export type Group = { earned: SlotFact; version: DealVersion; others: readonly SlotFact[] };

/** How much of a conversion was taken back, by the version that rates it. */
export function reversedIn({ earned, version, others }: Group): Reversed {
  return others.length === 0 ? { part: 0n, of: 1n } : reversedOf(earned, standingAgainst(version, others));
}

/** Amount and volume of a conversion less its reversals. A refund lowers both by the same share. */
export function remainderOf(group: Group): { basisMinor: bigint; volumeE4: bigint } {
  const { earned } = group;
  const reversed = reversedIn(group);
  return {
    basisMinor: leftOf(earned.basisMinor, reversed, 'half_even'),
    volumeE4: leftOf(earned.volumeE4, reversed, 'half_even'),
  };
}

/**
 * The earliest conversion by the time it happened, not by the time it was received; null without
 * any.
 */
export function firstOf(groups: Iterable<Group>): Group | null {
  let first: Group | null = null;
  for (const group of groups) {
    if (first === null || isBefore(group.earned, first.earned)) first = group;
  }
  return first;
}

/** The order of conversions: by time, then by id. */
export function isBefore(a: SlotFact, b: SlotFact): boolean {
  return a.occurredAt !== b.occurredAt ? a.occurredAt < b.occurredAt : a.eventId < b.eventId;
}
