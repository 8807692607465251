// Allotments of a calendar month: commission that caps and tiers leave to each ranked slot.
import { uncappedCommissionOf } from './commission.ts';
import type { Allotment } from './component-kind.ts';
import { isBefore, type Group } from './group.ts';
import type { Component, Terms } from '../types.ts';

/**
 * A CPA or percentage slot of the month, with the component and terms of the version that rates it.
 * `metric`: the month's total in the units of the component's tiers; null where the tiers count the
 * ranked slots themselves.
 */
export type RankedSlot = {
  id: string;
  component: Component;
  terms: Terms;
  groups: Iterable<Group>;
  metric: bigint | null;
};

/**
 * The allotment of each slot by its id, in minor units. Slots are ranked by the time of their
 * conversions, not by arrival, and the earliest are paid first.
 * A slot whose conversion was reversed in full takes no place. A slot whose tier pays nothing takes
 * a place for the tiers, but does not use up a cap's count.
 * Example: a cap of 2 leaves the third of three first deposits nothing; when the first deposit is
 * charged back, the third is paid its CPA.
 */
export function allotMonth(slots: readonly RankedSlot[]): Map<string, Allotment> {
  const ranked = slots
    .flatMap((slot) => {
      const { conversion, hasRemainder } = uncappedCommissionOf(slot.component, slot.terms, slot.groups);
      return conversion !== null && hasRemainder ? [{ slot, conversion }] : [];
    })
    .toSorted((a, b) => (isBefore(a.conversion.accrual, b.conversion.accrual) ? -1 : 1));
  const allotments = new Map<string, Allotment>(
    slots.map(({ id }) => [id, { minor: 0n, place: null, reached: null }]),
  );
  const rankedCount = BigInt(ranked.length);
  let [paidMinor, paidCount] = [0n, 0];
  ranked.forEach(({ slot: { id, component, terms, groups, metric } }, index) => {
    const position = { place: BigInt(index + 1), reached: metric ?? rankedCount };
    const uncapped = uncappedCommissionOf(component, terms, groups, position.place, position.reached).minor;
    const { count, amountMinor } = component.cap ?? { count: null, amountMinor: null };
    const room =
      count !== null && paidCount >= count ? 0n : amountMinor === null ? uncapped : amountMinor - paidMinor;
    const minor = room <= 0n ? 0n : uncapped < room ? uncapped : room;
    paidMinor += minor;
    if (minor > 0n) paidCount++;
    allotments.set(id, { minor, ...position });
  });
  return allotments;
}
