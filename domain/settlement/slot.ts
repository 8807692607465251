// One slot in memory: what is known of it, and what facts make of its sums, its version and its month.
import type { Slot } from './batch-ledger.ts';
import type { SlotFact } from '../commission/reversals.ts';
import {
  firstOf,
  isMonthly,
  isRanked,
  NOTHING,
  standingOf,
  type Group,
  type SlotName,
} from '../commission/commission.ts';
import { addCustomers } from './first-deposits.ts';
import { EMPTY } from '../ledger/transfers.ts';
import { countedIn, countedOf, counts } from './linked-slots.ts';
import type { Component, DealVersion } from '../types.ts';

const DAY_MS = 86_400_000;

export function emptySlot(
  id: string,
  name: SlotName,
  version: DealVersion,
  affiliateId: string,
  override: Slot['override'],
): Slot {
  const fresh = {
    transfersCount: 0,
    ratingsCount: 0,
    holdUntil: 0,
    isRejected: false,
    isNew: true,
    isChanged: false,
  };
  return {
    id,
    name,
    affiliateId,
    version,
    override,
    sums: NOTHING,
    money: EMPTY,
    groups: new Map(),
    ...fresh,
  };
}

export function groupOf(slot: Slot, fact: SlotFact): Group {
  const group = slot.groups.get(fact.originalEventId);
  if (!group) throw new Error(`a fact about ${fact.originalEventId}, which is not in slot ${slot.id}`);
  return group;
}

/** A step prices many anew at once, which is told as one with the event that reached it; a cap's places are told one by one. */
export function isSteppedOnly(slot: Slot): boolean {
  const component = componentOf(slot);
  return component !== null && component.tiers !== null && component.cap === null;
}

/** The conversion that a slot which is no month is paid for: its own, or the one that qualifies the customer. */
export function payingConversion(slot: Slot, cpa: Component | null): Group | null {
  if (isMonthly(slot.name.kind)) return null;
  return cpa === null ? firstOf(countedIn(slot)) : standingOf(cpa, slot.version.terms, countedIn(slot)).by;
}

/** The component that rates a slot; none where it earns nothing by itself. */
export function componentOf({ name, version }: Slot): Component | null {
  if (name.kind === 'month' || name.kind === 'override') return null;
  const component = version.terms.components.find(({ label }) => label === name.component);
  if (!component)
    throw new Error(`version ${version.version} of ${version.dealId} has no component ${name.component}`);
  return component;
}

/** Lets another month count a customer than the one that did; gives the months of which the count moved. */
export function moveCustomer(from: Slot | undefined, to: Slot | undefined): Slot[] {
  if (from === to) return [];
  if (from) addCustomers(from, -1);
  if (to) addCustomers(to, 1);
  const moved = [from, to].filter((month) => month !== undefined);
  for (const month of moved) month.isChanged = true;
  return moved;
}

/** Sets the group of a conversion, to which facts were added, and moves the slot's running sums by what the conversion's weight changed. */
export function replaceGroup(slot: Slot, group: Group, added: readonly SlotFact[]): void {
  const { kind } = slot.name;
  const { originalEventId, occurredAt } = group.earned;
  const known = slot.groups.get(originalEventId);
  const before = known ? countedOf(kind, known) : NOTHING;
  const after = countedOf(kind, group);
  slot.groups.set(originalEventId, group);
  slot.sums = {
    basisMinor: slot.sums.basisMinor + after.basisMinor - before.basisMinor,
    volumeE4: slot.sums.volumeE4 + after.volumeE4 - before.volumeE4,
    ftdCount: slot.sums.ftdCount,
    conversionsCount: slot.sums.conversionsCount + after.conversionsCount - before.conversionsCount,
    factsCount: slot.sums.factsCount + added.length,
    factsHash: added.reduce((hash, fact) => hash ^ hashOf(fact), slot.sums.factsHash),
  };
  slot.isChanged = true;
  if (known?.version !== group.version && counts(group))
    slot.holdUntil = Math.max(slot.holdUntil, occurredAt + group.version.terms.holdDays * DAY_MS);
  // A CPA lives across deal versions: the version of its first event decides, whatever came in first.
  if (!isMonthly(kind)) slot.version = firstOf(countedIn(slot))?.version ?? slot.version;
}

/**
 * What caps or tiers rank belongs to a month: a CPA to that of the conversion that qualifies its customer, which may be another one now. A
 * version that ranks nothing takes it out of the ranking.
 */
export function rank(slot: Slot, monthOf: (moment: number) => string): void {
  const component = isMonthly(slot.name.kind) ? null : componentOf(slot);
  if (component === null) return;
  if (!isRanked(component)) {
    if (slot.name.period !== null) slot.name = { ...slot.name, period: null };
    return;
  }
  const { by } = standingOf(component, slot.version.terms, countedIn(slot));
  if (by !== null) slot.name = { ...slot.name, period: monthOf(by.earned.occurredAt) };
}

/** FNV-1a twice over a fact's identity, as one signed 64-bit integer: equal sets of facts have equal XORs. */
export function hashOf(fact: Pick<SlotFact, 'originalEventId' | 'eventId'>): bigint {
  let high = 0x811c9dc5;
  let low = 0x01000193;
  const text = `${fact.originalEventId}|${fact.eventId}`;
  for (let i = 0; i < text.length; i++) {
    high = Math.imul(high ^ text.charCodeAt(i), 0x01000193);
    low = Math.imul(low ^ text.charCodeAt(i), 0x85ebca6b);
  }
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
}
