// In-memory ledger of one batch: slots, facts and postings that settlement changes before they are
// written.
import type { SlotName } from '../commission/commission.ts';
import { groupOf, type Group } from '../commission/group.ts';
import { leaving, statesTheSame, type SlotFact } from '../commission/slot-facts.ts';
import { overrideSlotKey } from '../keys.ts';
import type { DealVersion } from '../types.ts';
import { countingMonths, moveCustomer } from './first-deposits.ts';
import { createFamily } from './linked-slots.ts';
import { createPoster, type BookedChange, type Posting, type PostingCause } from './posting.ts';
import { createReportedAmounts, type ReportedAmounts, type ReportedAmount } from './reported-amounts.ts';
import { componentOf, emptySlot, isSteppedOnly, rank, replaceGroup, type Slot } from './slot.ts';
import { createSlotIndex, type SlotIndex } from './slot-index.ts';
import { createSlotTargets, type SlotTarget } from './slot-targets.ts';

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
  /**
   * Puts a conversion into a slot, rated by a deal version, with its reversals. A conversion that is
   * in the slot is rated again. Facts that the slot has already change nothing.
   */
  enter(
    slot: Slot,
    facts: readonly [SlotFact, ...SlotFact[]],
    version: DealVersion,
    cause: PostingCause,
  ): Deltas;
  /** Takes a conversion out of a slot that it is in, with its reversals. */
  leave(slot: Slot, eventId: string, cause: PostingCause): Deltas;
  /** Adds a reversal of a conversion that is in the slot. A reversal that the slot has changes nothing. */
  reverse(slot: Slot, fact: SlotFact, cause: PostingCause): Deltas;
  /** The slots that a conversion is in. */
  slotsOfConversion(eventId: string): readonly Slot[];
  sourceOf: SlotIndex['sourceOf'];
  targetOf(slot: Slot): SlotTarget;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly facts: readonly AddedFact[];
  readonly postings: readonly Posting[];
};

/** A fact that the batch added, with the version that rates its conversion. */
type AddedFact = { slot: Slot; fact: SlotFact; version: DealVersion };

/**
 * Functions and figures that the ledger needs beside slots. Parents of an affiliate are ordered
 * from the nearest.
 */
type BatchLedgerOptions = {
  newSlotId: () => string;
  monthOf: (moment: number) => string;
  parentsOf?: (affiliateId: string) => readonly string[];
  debts?: Parameters<typeof createPoster>[2];
};

const NO_DELTAS: Deltas = new Map();

/** Opens a ledger over loaded slots and the amounts reported before, by `reportedKey`. */
export function openBatchLedger(
  loaded: readonly Slot[],
  reportedBefore: ReadonlyMap<string, ReportedAmount>,
  options: BatchLedgerOptions,
): BatchLedger {
  const { newSlotId, monthOf } = options;
  const index = createSlotIndex(loaded);
  const family = createFamily(index.ofDeal, componentOf);
  const targets = createSlotTargets(index, family);
  const poster = createPoster(index, targets, options.debts);
  const reportedAmounts = createReportedAmounts(reportedBefore);
  const facts: AddedFact[] = [];

  /** Puts the facts of a conversion into a slot, and posts every slot whose target they change. */
  function applyFacts(slot: Slot, group: Group, added: readonly SlotFact[], cause: PostingCause): Deltas {
    const movedBefore = family.movedBy(slot);
    const countedBefore = countingMonth(index, slot, group);
    const conversionBefore = targets.conversionOf(slot);
    const levelsBefore = slot.isNew ? 0 : slot.version.terms.overrides.length;
    replaceGroup(slot, group, added);
    for (const fact of added) facts.push({ slot, fact, version: group.version });
    rank(slot, monthOf);
    openParts(index, options, slot, levelsBefore);
    const recounted = moveCustomer(countedBefore, countingMonth(index, slot, group));
    family.forget();
    const movedAfter = [slot, ...recounted].flatMap((one) => family.movedBy(one));

    const { originalEventId } = group.accrual;
    const own = withoutOthers(poster.post(slot, cause, conversionBefore), originalEventId);
    for (const moved of new Set([...movedBefore, ...movedAfter])) {
      if (moved === slot) continue;
      const about = isSteppedOnly(moved) ? null : originalEventId;
      own.push(...withoutOthers(poster.post(moved, cause), about));
    }
    return sumByAffiliate(own.map(({ affiliateId, deltaMinor }) => [affiliateId, deltaMinor]));
  }

  /**
   * Keeps the changes of other conversions than `about` as adjustments, and returns the rest. With
   * null all are returned.
   */
  function withoutOthers(changes: readonly BookedChange[], about: string | null): BookedChange[] {
    return changes.filter(({ conversionId, ...change }) => {
      if (about === null || conversionId === null || conversionId === about) return true;
      reportedAmounts.addAdjustment(conversionId, change);
      return false;
    });
  }

  return {
    slots: index.byKey,
    facts,
    postings: poster.postings,
    ...reportedAmounts,
    open(name, version, affiliateId) {
      const known = index.byKey.get(name.key);
      if (known) return known;
      const slot = emptySlot(newSlotId(), name, version, affiliateId, null);
      index.add(slot);
      return slot;
    },
    enter(slot, facts, version, cause) {
      const { originalEventId } = facts[0];
      const known = slot.groups.get(originalEventId);
      if (known && isSame(known, facts, version)) return NO_DELTAS;
      if (!known) index.addConversion(originalEventId, slot);
      const [accrual, ...reversals] = facts;
      const revision = known ? known.revision + 1 : 0;
      const added = [accrual, ...reversals].map((fact) => ({ ...fact, revision }));
      return applyFacts(slot, groupOf(added as [SlotFact, ...SlotFact[]], version), added, cause);
    },
    leave(slot, eventId, cause) {
      const { accrual, revision, version } = groupIn(slot, eventId);
      const left = { ...leaving(accrual), revision: revision + 1 };
      return applyFacts(slot, groupOf([left], version), [left], cause);
    },
    reverse(slot, fact, cause) {
      const group = groupIn(slot, fact.originalEventId);
      if (group.reversals.some(({ eventId }) => eventId === fact.eventId)) return NO_DELTAS;
      const added = { ...fact, revision: group.revision };
      return applyFacts(slot, { ...group, reversals: [...group.reversals, added] }, [added], cause);
    },
    sourceOf: index.sourceOf,
    slotsOfConversion: (eventId) =>
      index.ofConversion(eventId).filter(({ groups }) => groups.get(eventId)!.isIn),
    targetOf: targets.targetOf,
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

/**
 * Opens the parents' parts of a slot by its deal version. A slot that existed gets only levels that
 * no version paid before: the parent of a level stays the one who was paid first.
 */
function openParts(
  index: SlotIndex,
  { parentsOf = () => [], newSlotId }: BatchLedgerOptions,
  slot: Slot,
  levelsBefore: number,
): void {
  const { id, name, version, affiliateId } = slot;
  if (name.kind === 'month') return;
  const given = index.partsOf(slot).map(({ override }) => override!.level);
  parentsOf(affiliateId).forEach((parentId, position) => {
    const level = position + 1;
    if (level <= levelsBefore || level > version.terms.overrides.length || given.includes(level)) return;
    const part: SlotName = { ...name, key: overrideSlotKey(level, name.key), kind: 'override' };
    index.add(emptySlot(newSlotId(), part, version, parentId, { sourceId: id, level }));
  });
}

/**
 * The deal's month that counts a conversion's customer, when the conversion is a first deposit in a
 * month.
 */
function countingMonth(
  index: SlotIndex,
  { name, version, affiliateId }: Slot,
  { accrual: { customer } }: Group,
): Slot | undefined {
  if (name.kind !== 'month' || customer === null) return undefined;
  const months = index.ofDeal(version.dealId, affiliateId).filter((slot) => slot.name.kind === 'month');
  return countingMonths(months).get(customer);
}
