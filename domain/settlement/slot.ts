// In-memory slot: applies facts to its sums, deal version and period.
import type { SlotFact } from '../commission/slot-facts.ts';
import { EMPTY, type SlotMoney } from '../ledger/transfers.ts';
import { isRanked, uncappedCommissionOf, type SlotName } from '../commission/commission.ts';
import type { SlotSums } from '../commission/component-kind.ts';
import { earliestOf, type Group } from '../commission/group.ts';
import { isMonthly, isPerCustomer, type SlotKind } from '../commission/slot-kinds.ts';
import { EMPTY_SUMS, contributionOf, type Contribution } from '../commission/sums.ts';
import type { Component, DealVersion } from '../types.ts';
import { DAY_MS } from '../units.ts';

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
    sums: EMPTY_SUMS,
    money: EMPTY,
    groups: new Map(),
    ...fresh,
  };
}

/**
 * Whether only tiers rank the slot. A step reprices many slots at once, reported together with the
 * event that reached the step; places under a cap are reported one by one.
 */
export function isSteppedOnly(slot: Slot): boolean {
  const component = componentOf(slot);
  return component !== null && component.tiers !== null && component.cap === null;
}

/**
 * The conversion that a slot is paid for: the slot's own, or the one that qualifies the customer;
 * null for a month.
 */
export function payingConversion(slot: Slot): Group | null {
  const { kind } = slot.name;
  if (isMonthly(kind)) return null;
  const component = isPerCustomer(kind) ? componentOf(slot) : null;
  return component === null
    ? earliestOf(countedIn(slot))
    : uncappedCommissionOf(component, slot.version.terms, countedIn(slot)).conversion;
}

/**
 * The conversion by which a slot claims its customer's bounty: the one that qualifies the customer
 * before reversals, since a bounty that was taken back is not earned anew elsewhere.
 */
export function claimingConversion(slot: Slot): Group | null {
  const component = componentOf(slot);
  if (component === null) return null;
  const asEarned = [...countedIn(slot)].map((group): Group => ({ ...group, reversals: [] }));
  return uncappedCommissionOf(component, slot.version.terms, asEarned).conversion;
}

/**
 * The moment whose parents are paid a part of a slot: of the conversion that it is paid for, or
 * since when a month has them. Null where the slot is paid for nothing.
 */
export function parentsMoment(slot: Slot): number | null {
  if (isMonthly(slot.name.kind)) return slot.name.parentsSince ?? -Infinity;
  return payingConversion(slot)?.accrual.occurredAt ?? null;
}

/**
 * The component that rates a slot; null for slots that earn nothing by themselves (deal months,
 * overrides).
 */
export function componentOf({ name, version }: Slot): Component | null {
  if (name.kind === 'month' || name.kind === 'override') return null;
  const component = version.terms.components.find(({ label }) => label === name.component);
  if (!component)
    throw new Error(`version ${version.version} of ${version.dealId} has no component ${name.component}`);
  return component;
}

/**
 * The line of a slot's component over the versions of its deal; the slot's own name where no
 * component rates it.
 */
export function lineOf({ name, version }: Pick<Slot, 'name' | 'version'>): string {
  return version.terms.components.find(({ label }) => label === name.component)?.line ?? name.component;
}

/**
 * Whether a slot may add up payments that were reported both as `ftd` and as `deposit`. A slot
 * without its component is a fault of the rules, which settling finds for its own event.
 */
export function addsUpPayments({ name, version }: Slot): boolean {
  if (!isPerCustomer(name.kind)) return false;
  const on = version.terms.components.find(({ label }) => label === name.component)?.on ?? [];
  return on.includes('ftd') && on.includes('deposit');
}

/**
 * Replaces the facts of one conversion in a slot and changes the slot's running sums by the
 * difference.
 */
export function replaceGroup(slot: Slot, group: Group, added: readonly SlotFact[]): void {
  const { kind } = slot.name;
  const { originalEventId, occurredAt } = group.accrual;
  const known = slot.groups.get(originalEventId);
  const before = known ? countedOf(kind, known) : EMPTY_SUMS;
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
  if (group.isIn && (known?.version !== group.version || !known.isIn))
    slot.holdUntil = Math.max(slot.holdUntil, occurredAt + group.version.terms.holdDays * DAY_MS);
  // A CPA lives across deal versions: the version of its earliest conversion decides, whatever
  // arrived first.
  if (!isMonthly(kind)) slot.version = earliestOf(countedIn(slot))?.version ?? slot.version;
}

/**
 * Sets the month in which caps and tiers rank a slot: for a CPA the month of the conversion that
 * qualifies the customer, which may change. Null when the deal version ranks nothing.
 */
export function rank(slot: Slot, monthOf: (moment: number) => string): void {
  const component = isMonthly(slot.name.kind) ? null : componentOf(slot);
  if (component === null) return;
  if (!isRanked(component)) {
    if (slot.name.period !== null) slot.name = { ...slot.name, period: null };
    return;
  }
  const { conversion } = uncappedCommissionOf(component, slot.version.terms, countedIn(slot));
  if (conversion !== null) slot.name = { ...slot.name, period: monthOf(conversion.accrual.occurredAt) };
}

/**
 * FNV-1a, twice, over the identity of a fact, as one signed 64-bit integer. Equal sets of facts
 * have equal XORs.
 */
export function hashOf({
  originalEventId,
  eventId,
  revision,
  type,
}: Pick<SlotFact, 'originalEventId' | 'eventId' | 'revision' | 'type'>): bigint {
  let high = 0x811c9dc5;
  let low = 0x01000193;
  const again = revision === 0 ? '' : `|${revision}`;
  const text = `${originalEventId}|${eventId}${again}${type === 'rejected' ? '|rejected' : ''}`;
  for (let i = 0; i < text.length; i++) {
    high = Math.imul(high ^ text.charCodeAt(i), 0x01000193);
    low = Math.imul(low ^ text.charCodeAt(i), 0x85ebca6b);
  }
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
}

/** A slot as loaded, with the changes of this batch. */
export type Slot = {
  id: string;
  name: SlotName;
  affiliateId: string;
  version: DealVersion;
  /**
   * For a parent's part: the slot that it is a part of, and the parent's level above the affiliate.
   * Null for slots that earn by themselves.
   */
  override: { sourceId: string; level: number } | null;
  sums: SlotSums;
  money: SlotMoney;
  transfersCount: number;
  ratingsCount: number;
  holdUntil: number;
  /** Rejected by a person: the target is zero regardless of facts. */
  isRejected: boolean;
  isNew: boolean;
  isChanged: boolean;
  /** Facts by conversion: all of them, or for monthly slots those of this batch's conversions. */
  groups: Map<string, Group>;
};

/**
 * The conversions that count in a slot. A conversion that left it is left out.
 */
export function* countedIn({ groups }: Slot): Generator<Group> {
  for (const group of groups.values()) if (group.isIn) yield group;
}

/** The contribution of a conversion to the sums of its slot. */
export function countedOf(kind: SlotKind, group: Group): Contribution {
  return group.isIn ? contributionOf(kind, group) : EMPTY_SUMS;
}
