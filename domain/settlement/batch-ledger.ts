// In-memory ledger of one batch: slots, facts and postings that settlement changes before they are
// written.
import type { SlotName } from '../commission/commission.ts';
import { groupOf, type Group } from '../commission/group.ts';
import { leaving, statesTheSame, type SlotFact } from '../commission/slot-facts.ts';
import type { DealVersion } from '../types.ts';
import { createFactPosting, type AddedFact, type FactPostingOptions } from './fact-posting.ts';
import type { Unprompted } from '../delivery/messages.ts';
import type { BookedChange, Posting, PostingCause } from './posting.ts';
import { createReportedAmounts, type ReportedAmounts, type ReportedAmount } from './reported-amounts.ts';
import { emptySlot, type Slot } from './slot.ts';
import { createSlotIndex, type SlotIndex } from './slot-index.ts';
import type { SlotTarget } from './slot-targets.ts';

/** Changes of the booked amount per affiliate, for one conversion and caused by one event. */
export type Deltas = ReadonlyMap<string, bigint>;

/**
 * Deltas of a conversion in the slots of its affiliate before a change, and of its affiliate now.
 */
export type MoveDeltas = { before: Deltas; now: Deltas };

/** The sums of deltas, in the order in which affiliates are first named. */
export function sumOfDeltas(all: readonly Deltas[]): Map<string, bigint> {
  return sumByAffiliate(all.flatMap((deltas) => [...deltas]));
}

/**
 * A fact added to a slot is posted at once: the slot and those that it moves towards their targets.
 * The changes of the fact's own conversion are returned; those of other conversions become their
 * adjustments.
 */
export type BatchLedger = ReportedAmounts & {
  /** The slot of this name; a new one is made empty. */
  open(name: SlotName, version: DealVersion, affiliateId: string): Slot;
  /**
   * Puts a conversion into a slot, rated by a deal version: its own fact, then its reversals. A
   * conversion that is in the slot is rated again. Facts that the slot has are not added; the slot
   * and the parents' parts of it are still posted towards their targets.
   */
  enter(
    slot: Slot,
    facts: readonly [SlotFact, ...SlotFact[]],
    version: DealVersion,
    cause: PostingCause,
  ): Deltas;
  /** Takes a conversion out of a slot that it is in, with its reversals. */
  leave(slot: Slot, eventId: string, cause: PostingCause): Deltas;
  /**
   * Adds a reversal of a conversion that is in the slot. A reversal that it has changes nothing.
   */
  reverse(slot: Slot, fact: SlotFact, cause: PostingCause): Deltas;
  /**
   * Posts a slot whose facts stay, and the parents' parts of it, towards their targets. The changes
   * for conversions become their adjustments, for this reason; those for a month are returned.
   */
  repost(slot: Slot, occurredAt: number, reason: Unprompted): BookedChange[];
  /** The slots that a conversion is in. */
  slotsOfConversion(eventId: string): readonly Slot[];
  sourceOf: SlotIndex['sourceOf'];
  targetOf(slot: Slot): SlotTarget;
  /** Whether a reversal of a conversion in slots changes what any slot should hold. */
  isMovedBy(conversionId: string, reversalId: string): boolean;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly facts: readonly AddedFact[];
  readonly postings: readonly Posting[];
};

const NO_DELTAS: Deltas = new Map();

/** Opens a ledger over loaded slots and the amounts reported before, by `reportedKey`. */
export function openBatchLedger(
  loaded: readonly Slot[],
  reportedBefore: ReadonlyMap<string, ReportedAmount>,
  options: FactPostingOptions,
): BatchLedger {
  const index = createSlotIndex(loaded);
  const { facts, postings, targetOf, isMovedBy, add, repost } = createFactPosting(index, options);
  const reportedAmounts = createReportedAmounts(reportedBefore);

  /** Adds facts, returns the deltas of their conversion and keeps the others as adjustments. */
  function apply(slot: Slot, group: Group, added: readonly SlotFact[], cause: PostingCause): Deltas {
    const about = group.accrual.originalEventId;
    const own: [string, bigint][] = [];
    for (const change of add(slot, group, added, cause)) {
      const { conversionId, affiliateId, deltaMinor } = change;
      if (conversionId === null || conversionId === about) own.push([affiliateId, deltaMinor]);
      else reportedAmounts.addAdjustment(conversionId, { ...change, reason: 'recomputed' });
    }
    return sumByAffiliate(own);
  }

  return {
    slots: index.byKey,
    facts,
    postings,
    ...reportedAmounts,
    open(name, version, affiliateId) {
      const known = index.byKey.get(name.key);
      if (known) return known;
      const slot = emptySlot(options.newSlotId(), name, version, affiliateId, null);
      index.add(slot);
      return slot;
    },
    enter(slot, entered, version, cause) {
      const { originalEventId } = entered[0];
      const known = slot.groups.get(originalEventId);
      if (known && isSame(known, entered, version)) return apply(slot, known, [], cause);
      if (!known) index.addConversion(originalEventId, slot);
      const revision = known ? known.revision + 1 : 0;
      const stated = entered.map((fact) => (fact.revision === revision ? fact : { ...fact, revision }));
      return apply(slot, groupOf(stated as [SlotFact, ...SlotFact[]], version), stated, cause);
    },
    leave(slot, eventId, cause) {
      const { accrual, revision, version } = groupIn(slot, eventId);
      const left = { ...leaving(accrual), revision: revision + 1 };
      return apply(slot, groupOf([left], version), [left], cause);
    },
    reverse(slot, fact, cause) {
      const group = groupIn(slot, fact.originalEventId);
      if (group.reversals.some(({ eventId }) => eventId === fact.eventId)) return NO_DELTAS;
      const added = { ...fact, revision: group.revision };
      return apply(slot, { ...group, reversals: [...group.reversals, added] }, [added], cause);
    },
    repost(slot, occurredAt, reason) {
      return repost(slot, occurredAt).filter(({ conversionId, ...change }) => {
        if (conversionId !== null) reportedAmounts.addAdjustment(conversionId, { ...change, reason });
        return conversionId === null;
      });
    },
    sourceOf: index.sourceOf,
    slotsOfConversion: (eventId) =>
      index.ofConversion(eventId).filter(({ groups }) => groups.get(eventId)!.isIn),
    targetOf,
    isMovedBy,
  };
}

/** The group of a conversion that must be in the slot; throws otherwise. */
function groupIn(slot: Slot, eventId: string): Group {
  const group = slot.groups.get(eventId);
  if (!group?.isIn) throw new Error(`the conversion ${eventId} is not in slot ${slot.id}`);
  return group;
}

/** Whether a conversion is in a slot with these facts already, rated by this version. */
function isSame(group: Group, facts: readonly SlotFact[], version: DealVersion): boolean {
  const known = [group.accrual, ...group.reversals];
  return (
    group.isIn &&
    group.version.dealId === version.dealId &&
    group.version.version === version.version &&
    known.length === facts.length &&
    facts.every((fact) => known.some((other) => statesTheSame(fact, other)))
  );
}

function sumByAffiliate(deltas: readonly (readonly [string, bigint])[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const [affiliateId, deltaMinor] of deltas)
    sums.set(affiliateId, (sums.get(affiliateId) ?? 0n) + deltaMinor);
  return sums;
}
