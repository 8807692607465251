// Targets of the slots of a batch, and the conversions that slots are paid for.
import { targetOf } from '../commission/commission.ts';
import type { SlotLinks } from '../commission/component-kind.ts';
import { NO_LINKS } from '../commission/sums.ts';
import { divideRounded } from '../ledger/money.ts';
import { MILLION } from '../units.ts';
import type { Family } from './linked-slots.ts';
import { componentOf, countedIn, payingConversion, type Slot } from './slot.ts';
import type { SlotIndex } from './slot-index.ts';

/** A target, and the figures of linked slots that it depends on. */
export type SlotTarget = { targetMinor: bigint; links: SlotLinks };

export type SlotTargets = {
  /** Target of a slot now. */
  targetOf(slot: Slot): SlotTarget;
  /** The conversion that a slot is paid for now; null for a month. */
  conversionOf(slot: Slot): string | null;
};

export function createSlotTargets(index: SlotIndex, family: Family): SlotTargets {
  function currentTarget(slot: Slot): SlotTarget {
    if (slot.isRejected) return { targetMinor: 0n, links: NO_LINKS };
    if (slot.override) {
      const source = index.sourceOf(slot.override);
      const { overrides: rates, rounding } = source.version.terms;
      const rate = rates[slot.override.level - 1] ?? 0n;
      return {
        targetMinor: divideRounded(rate * currentTarget(source).targetMinor, MILLION, rounding),
        links: NO_LINKS,
      };
    }
    const component = componentOf(slot);
    if (component === null) return { targetMinor: 0n, links: NO_LINKS };
    const links = family.linksOf(slot, component);
    return { targetMinor: targetOf(component, slot.version.terms, countedIn(slot), slot.sums, links), links };
  }

  function conversionOf(slot: Slot): string | null {
    if (slot.override) return conversionOf(index.sourceOf(slot.override));
    return payingConversion(slot)?.accrual.originalEventId ?? null;
  }

  return { targetOf: currentTarget, conversionOf };
}
