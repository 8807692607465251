// In-memory ledger of one batch: slots, facts and postings that settlement changes before they are
// written.
import type { SlotName } from '../commission/commission.ts';
import type { Group } from '../commission/group.ts';
import { asAmended, isSameFact, type SlotFact } from '../commission/slot-facts.ts';
import type { DealVersion } from '../types.ts';
import { createFactPosting, type AddedFact, type FactPostingOptions } from './fact-posting.ts';
import type { Posting, PostingCause } from './posting.ts';
import { createReportedAmounts, type ReportedAmounts, type ReportedAmount } from './reported-amounts.ts';
import { emptySlot, groupOf, type Slot } from './slot.ts';
import { createSlotIndex, type SlotIndex } from './slot-index.ts';
import type { SlotTarget } from './slot-targets.ts';

/** Changes of the booked amount per affiliate, for one conversion and caused by one event. */
export type Deltas = ReadonlyMap<string, bigint>;

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
  /** Adds a conversion, rated by a deal version. A conversion that the slot has changes nothing. */
  accrue(slot: Slot, fact: SlotFact, version: DealVersion, cause: PostingCause): Deltas;
  /** Adds a reversal of a conversion. A fact that the slot has changes nothing. */
  reverse(slot: Slot, fact: SlotFact, cause: PostingCause): Deltas;
  /**
   * Rates a conversion by another deal version or with amended values. The first fact is the
   * rerating or amendment, or the conversion itself in a slot that it enters.
   */
  rerate(
    slot: Slot,
    facts: readonly [SlotFact, ...SlotFact[]],
    version: DealVersion,
    cause: PostingCause,
  ): Deltas;
  /** The slots in which a conversion earned. */
  slotsOfConversion(eventId: string): readonly Slot[];
  sourceOf: SlotIndex['sourceOf'];
  targetOf(slot: Slot): SlotTarget;
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
  const { facts, postings, targetOf, add } = createFactPosting(index, options);
  const reportedAmounts = createReportedAmounts(reportedBefore);

  /** Adds facts, returns the deltas of their conversion and keeps the others as adjustments. */
  function apply(slot: Slot, group: Group, added: readonly SlotFact[], cause: PostingCause): Deltas {
    const about = group.accrual.originalEventId;
    const own: [string, bigint][] = [];
    for (const { conversionId, ...change } of add(slot, group, added, cause)) {
      if (conversionId === null || conversionId === about) own.push([change.affiliateId, change.deltaMinor]);
      else reportedAmounts.addAdjustment(conversionId, change);
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
    accrue(slot, fact, version, cause) {
      if (slot.groups.has(fact.originalEventId)) return NO_DELTAS;
      index.addConversion(fact.originalEventId, slot);
      return apply(slot, { accrual: fact, version, laterFacts: [] }, [fact], cause);
    },
    reverse(slot, fact, cause) {
      const group = groupOf(slot, fact);
      if (group.laterFacts.some((other) => isSameFact(other, fact))) return NO_DELTAS;
      return apply(slot, { ...group, laterFacts: [...group.laterFacts, fact] }, [fact], cause);
    },
    rerate(slot, added, version, cause) {
      const [first, ...rest] = added;
      const known = slot.groups.get(first.originalEventId);
      if (!known) index.addConversion(first.originalEventId, slot);
      const laterFacts = known ? [...known.laterFacts, ...added] : rest;
      const accrual = known ? asAmended(known.accrual, laterFacts) : first;
      return apply(slot, { accrual, version, laterFacts }, added, cause);
    },
    sourceOf: index.sourceOf,
    slotsOfConversion: index.ofConversion,
    targetOf,
  };
}

function sumByAffiliate(deltas: readonly (readonly [string, bigint])[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const [affiliateId, deltaMinor] of deltas)
    sums.set(affiliateId, (sums.get(affiliateId) ?? 0n) + deltaMinor);
  return sums;
}
