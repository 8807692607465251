// Slot names and targets: the slot a component earns in, and the commission the slot should hold.
// A target depends only on the slot's facts, the deal version pinned to the slot and the slot's
// links to other slots. It is rounded once. The rules of each kind are in `components/`.
import { kindOf } from './components/index.ts';
import type { SlotLinks, SlotScope, SlotSums, UncappedCommission } from './component-kind.ts';
import type { Group } from './group.ts';
import { carryUnitOf, NO_LOSS, shareMonth } from './month.ts';
import { NO_LINKS } from './sums.ts';
import type { SlotKind } from './slot-kinds.ts';
import { monthSlotKey, partSlotKey } from '../keys.ts';
import type { Component, DealVersion, Terms } from '../types.ts';

/**
 * Identity of a slot. The key never changes. `period` is the month that the slot sums, or the month
 * whose caps and tiers rank the slot; null for neither. `parentsSince`: of a month that pays
 * parents, since when the present ones stand above the affiliate; null: always, or it pays none.
 */
export type SlotName = {
  key: string;
  kind: SlotKind;
  component: string;
  period: string | null;
  parentsSince: number | null;
};

/**
 * Whether a monthly cap or tiers rank the component's slots, so that the commission for one
 * customer or event depends on the month's other slots.
 */
export function isRanked(component: Component): boolean {
  return (component.cap !== null || component.tiers !== null) && kindOf(component).slotPer !== 'month';
}

/** Whether the component's tiers count a metric of the deal's month that its slots do not sum. */
export function needsMonthMetric(component: Component): boolean {
  const { tiers } = component;
  return tiers !== null && tiers.metric !== kindOf(component).ownMetric;
}

/** Whether negative months of the component lower the months that follow. */
export function carriesLosses(component: Component): boolean {
  return carryUnitOf(component) !== null;
}

/**
 * Whether slots of these terms depend on each other, so that all slots of an affiliate must be
 * settled together.
 */
export function isLinked({ components }: Terms): boolean {
  return components.some(
    (component) => isRanked(component) || needsMonthMetric(component) || carriesLosses(component),
  );
}

/** The slot in which an event earns by one component of a deal version. */
export function slotNameOf(version: DealVersion, component: Component, of: SlotScope): SlotName {
  const { kind, slotPer, slotKey } = kindOf(component);
  const period = slotPer === 'month' || isRanked(component) ? of.month : null;
  const key = slotKey(version, component.label, of);
  // Another parent from some moment on begins another part of the month.
  const since = slotPer === 'month' && version.terms.overrides.length > 0 ? of.parentsSince : null;
  return {
    key: since === null ? key : partSlotKey(key, since),
    kind,
    component: component.label,
    period,
    parentsSince: since,
  };
}

/** The customer of a slot per customer; null for all other slots. */
export function subjectOfSlot({ key, kind }: Pick<SlotName, 'key' | 'kind'>): string | null {
  if (kind === 'month' || kind === 'override') return null;
  const rules = kindOf({ kind });
  return rules.slotPer === 'month' ? null : rules.subjectIn(key);
}

/** The slot that counts an affiliate's month in a deal, across the deal's versions. */
export function monthSlotNameOf(dealId: string, { affiliateId, month }: SlotScope): SlotName {
  const key = monthSlotKey(dealId, affiliateId, month);
  return { key, kind: 'month', component: 'month', period: month, parentsSince: null };
}

/** Whether the component's commission depends on the event's amount, and so on its currency. */
export function needsAmount(component: Component): boolean {
  return kindOf(component).needsAmount(component);
}

/**
 * Target of a slot: the commission that the slot should hold, in minor units of the deal's
 * currency; never below zero. A slot of a customer or an event holds its allotment where its month
 * ranks it, and its own commission elsewhere. A monthly slot holds its share of the month's
 * commission. Example: 25 % of a month's 175.00 is 43.75.
 */
export function targetOf(
  component: Component,
  terms: Terms,
  groups: Iterable<Group>,
  sums: SlotSums,
  links: SlotLinks = NO_LINKS,
): bigint {
  const kind = kindOf(component);
  if (links.earnedBefore !== null) return 0n;
  if (kind.slotPer !== 'month')
    return links.allotment?.minor ?? kind.uncappedCommissionOf(component, terms, groups, 1n, 1n).minor;
  if (links.share !== null) return links.share.minor;
  return shareMonth([{ component, terms, sums, metric: links.metric }], NO_LOSS).shares[0]!.minor;
}

/**
 * Commission of a slot of a customer or an event before caps. `place` is the slot's place in its
 * month, from 1; `reached` is the month's total in the units of the tiers. Marginal tiers pay by
 * `place`, retroactive tiers by `reached`.
 * Throws for a component whose slots are monthly.
 */
export function uncappedCommissionOf(
  component: Component,
  terms: Terms,
  groups: Iterable<Group>,
  place = 1n,
  reached = 1n,
): UncappedCommission {
  const kind = kindOf(component);
  if (kind.slotPer === 'month') throw new Error(`slots of kind ${kind.kind} are monthly`);
  return kind.uncappedCommissionOf(component, terms, groups, place, reached);
}
