// Targets of the slots of a batch, and the conversions that slots are paid for.
import { targetOf } from '../commission/commission.ts';
import type { SlotLinks } from '../commission/component-kind.ts';
import { overrideShares } from '../commission/month.ts';
import { isMonthly } from '../commission/slot-kinds.ts';
import { NO_LINKS } from '../commission/sums.ts';
import type { Family } from './linked-slots.ts';
import { componentOf, countedIn, parentsMoment, payingConversion, type Slot } from './slot.ts';
import type { SlotIndex } from './slot-index.ts';

/** A target, and the figures of linked slots that it depends on. */
export type SlotTarget = { targetMinor: bigint; links: SlotLinks };

export type SlotTargets = {
  /** Target of a slot now. */
  targetOf(slot: Slot): SlotTarget;
  /** The conversion that a slot is paid for now; null for a month. */
  conversionOf(slot: Slot): string | null;
};

/** Parents of an affiliate at a moment, ordered from the nearest. */
export type ParentsOf = (affiliateId: string, moment: number) => readonly string[];

export function createSlotTargets(index: SlotIndex, family: Family, parentsOf: ParentsOf): SlotTargets {
  function currentTarget(slot: Slot): SlotTarget {
    if (slot.isRejected) return { targetMinor: 0n, links: NO_LINKS };
    if (slot.override) return { targetMinor: overrideOf(slot, slot.override), links: NO_LINKS };
    const component = componentOf(slot);
    if (component === null) return { targetMinor: 0n, links: NO_LINKS };
    const links = family.linksOf(slot, component);
    return { targetMinor: targetOf(component, slot.version.terms, countedIn(slot), slot.sums, links), links };
  }

  /**
   * A parent's part of a slot; nothing where the parent did not stand above the affiliate then.
   * Over the parts of a month it is rounded once, like the month itself.
   */
  function overrideOf({ affiliateId }: Slot, { sourceId, level }: NonNullable<Slot['override']>): bigint {
    const source = index.sourceOf({ sourceId, level });
    const isPaid = (other: Slot): boolean => {
      const moment = parentsMoment(other);
      return moment !== null && parentsOf(other.affiliateId, moment)[level - 1] === affiliateId;
    };
    const sources = (isMonthly(source.name.kind) ? family.monthOf(source) : [source]).filter(isPaid);
    const shares = overrideShares(
      sources.map((one) => ({ terms: one.version.terms, minor: currentTarget(one).targetMinor })),
      level,
    );
    return shares[sources.indexOf(source)] ?? 0n;
  }

  function conversionOf(slot: Slot): string | null {
    if (slot.override) return conversionOf(index.sourceOf(slot.override));
    return payingConversion(slot)?.accrual.originalEventId ?? null;
  }

  return { targetOf: currentTarget, conversionOf };
}
