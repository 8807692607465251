// Adds facts to slots of a batch, and posts every slot whose target they change.
import { carriesLosses, type SlotName } from '../commission/commission.ts';
import type { Group } from '../commission/group.ts';
import type { SlotFact } from '../commission/slot-facts.ts';
import { overrideSlotKey } from '../keys.ts';
import { postedOf } from '../ledger/transfers.ts';
import type { DealVersion } from '../types.ts';
import { countingMonths, moveCustomer } from './first-deposits.ts';
import { createFamily } from './linked-slots.ts';
import { createPoster, type BookedChange, type Posting, type PostingCause } from './posting.ts';
import {
  componentOf,
  emptySlot,
  isSteppedOnly,
  parentsMoment,
  rank,
  replaceGroup,
  type Slot,
} from './slot.ts';
import type { SlotIndex } from './slot-index.ts';
import { createSlotTargets, type ParentsOf, type SlotTargets } from './slot-targets.ts';

/** A fact that the batch added, with the version that rates its conversion. */
export type AddedFact = { slot: Slot; fact: SlotFact; version: DealVersion };

/**
 * Functions and figures needed beside slots. `parentsOf`: at a moment, ordered from the nearest.
 */
export type FactPostingOptions = {
  newSlotId: () => string;
  monthOf: (moment: number) => string;
  parentsOf?: ParentsOf;
  debts?: Parameters<typeof createPoster>[2];
};

type FactPosting = {
  readonly facts: readonly AddedFact[];
  readonly postings: readonly Posting[];
  targetOf: SlotTargets['targetOf'];
  /**
   * Puts a conversion with its facts into a slot, of which those of `added` are new. Returns the
   * changes of the booked amounts; changes by a step, which prices many slots anew, name no
   * conversion.
   */
  add(slot: Slot, group: Group, added: readonly SlotFact[], cause: PostingCause): BookedChange[];
  /**
   * Posts a slot and the parents' parts of it towards their targets, where no fact changed. Those
   * that hold nothing are rated anew, to say why. `occurredAt`: when a conversion of it happened.
   */
  repost(slot: Slot, occurredAt: number): BookedChange[];
  /**
   * Whether a reversal of a conversion that is in slots changes what any slot should hold, or a
   * loss that is carried on. Another slot may be paid in its place.
   */
  isMovedBy(conversionId: string, reversalId: string): boolean;
};

export function createFactPosting(index: SlotIndex, options: FactPostingOptions): FactPosting {
  const family = createFamily(index);
  const { parentsOf = () => [] } = options;
  const targets = createSlotTargets(index, family, parentsOf);
  const { post, postings } = createPoster(index, targets, options.debts);
  const facts: AddedFact[] = [];

  const monthsOf = (dealId: string, affiliateId: string): Slot[] =>
    index.ofDeal(dealId, affiliateId).filter(({ name }) => name.kind === 'month');

  /** Opens the parts of a slot that its parents do not have yet. */
  function openParts(slot: Slot): void {
    const { id, name, version, affiliateId } = slot;
    const moment = parentsMoment(slot);
    if (name.kind === 'month' || moment === null) return;
    const parents = parentsOf(affiliateId, moment).slice(0, version.terms.overrides.length);
    for (const [position, parentId] of parents.entries()) {
      const level = position + 1;
      const key = overrideSlotKey(level, parentId, name.key);
      if (index.byKey.has(key)) continue;
      const part: SlotName = { ...name, key, kind: 'override' };
      index.add(emptySlot(options.newSlotId(), part, version, parentId, { sourceId: id, level }));
    }
  }

  /** Replaces a conversion's facts; returns the months that count other customers since. */
  function replace(slot: Slot, group: Group, added: readonly SlotFact[]): Slot[] {
    const customers = customersOf(slot, slot.groups.get(group.accrual.originalEventId), group);
    const countedBefore = countedIn(index, slot, customers);
    replaceGroup(slot, group, added);
    rank(slot, options.monthOf);
    const countedAfter = countedIn(index, slot, customers);
    const recounted = customers.flatMap((customer) =>
      moveCustomer(countedBefore.get(customer), countedAfter.get(customer)),
    );
    family.forget();
    return recounted;
  }

  return {
    facts,
    postings,
    targetOf: targets.targetOf,
    isMovedBy(conversionId, reversalId) {
      const own = index.ofConversion(conversionId).filter(({ groups }) => groups.get(conversionId)!.isIn);
      if (own.some((slot) => carries(slot))) return true;
      const months = own.flatMap(({ version, affiliateId }) => monthsOf(version.dealId, affiliateId));
      const kept = [...new Set([...own, ...months])].map((slot) => ({
        slot,
        as: { ...slot, groups: new Map(slot.groups) },
      }));
      const holding = (slots: Iterable<Slot>) => [...slots].map((slot) => targets.targetOf(slot).targetMinor);
      const affected = new Set([...own, ...own.flatMap((slot) => family.movedBy(slot))]);
      for (const slot of own) {
        const group = slot.groups.get(conversionId)!;
        const reversals = group.reversals.filter(({ eventId }) => eventId !== reversalId);
        for (const moved of [slot, ...replace(slot, { ...group, reversals }, [])])
          for (const one of [moved, ...family.movedBy(moved)]) affected.add(one);
      }
      const without = holding(affected);
      for (const { slot, as } of kept) Object.assign(slot, as);
      family.forget();
      return holding(affected).some((minor, place) => minor !== without[place]);
    },
    add(slot, group, added, cause) {
      const movedBefore = family.movedBy(slot);
      const conversionBefore = targets.conversionOf(slot);
      const recounted = replace(slot, group, added);
      for (const fact of added) facts.push({ slot, fact, version: group.version });
      openParts(slot);
      const movedAfter = [slot, ...recounted].flatMap((one) => family.movedBy(one));
      const changes = post(slot, cause, conversionBefore);
      for (const moved of new Set([...movedBefore, ...movedAfter])) {
        if (moved === slot) continue;
        const own = post(moved, cause);
        changes.push(...(isSteppedOnly(moved) ? own.map(withoutConversion) : own));
      }
      return changes;
    },
    repost(slot, occurredAt) {
      for (const one of [slot, ...index.partsOf(slot)]) one.isChanged ||= postedOf(one.money) === 0n;
      return post(slot, { id: targets.conversionOf(slot), occurredAt });
    },
  };
}

/** Whether a slot is part of a month whose loss is carried on. */
function carries(slot: Slot): boolean {
  const component = componentOf(slot);
  return component !== null && carriesLosses(component);
}

function withoutConversion(change: BookedChange): BookedChange {
  return { ...change, conversionId: null };
}

/**
 * The customers whose count a conversion may change: of a first deposit in a month, the customer
 * counted so far and the one to count now, who differ once its click is bound.
 */
function customersOf({ name }: Slot, before: Group | undefined, after: Group): string[] {
  if (name.kind !== 'month') return [];
  const customers = [before?.accrual.customer, after.accrual.customer];
  return [...new Set(customers.filter((customer) => typeof customer === 'string'))];
}

/** The months of a slot's deal and affiliate that count these customers; empty for no customers. */
function countedIn(
  index: SlotIndex,
  { version, affiliateId }: Slot,
  customers: readonly string[],
): Map<string, Slot> {
  if (customers.length === 0) return new Map();
  return countingMonths(
    index.ofDeal(version.dealId, affiliateId).filter((slot) => slot.name.kind === 'month'),
  );
}
