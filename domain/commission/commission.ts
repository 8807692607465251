// Names the slots of components and computes their targets. A target is a pure function of a slot's
// facts, the deal version pinned to it and its links to other slots; it is rounded once.
// The rules of each kind are in `components/`; here is what all kinds have in common.
import { kindOf, isChained } from './components/index.ts';
import type { Aggregates, Links, MonthlyKind, Standing, Subject } from './component-kind.ts';
import type { Group } from './group.ts';
import { UNLINKED } from './sums.ts';
import type { SlotKind } from './slot-kinds.ts';
import { monthSlotKey } from '../keys.ts';
import type { Component, DealVersion, Terms } from '../types.ts';

/**
 * Where something that can be earned is rated: its key names it for ever. Its period is the month
 * of its sums, or the month whose caps and tiers rank it.
 */
export type SlotName = { key: string; kind: SlotKind; component: string; period: string | null };

/**
 * Whether what a component pays for one customer or event depends on how many others the month had.
 */
export function isRanked(component: Component): boolean {
  return (component.cap !== null || component.tiers !== null) && kindOf(component).slotPer !== 'month';
}

/** Whether its tiers count what its own slots do not sum, and so go by the deal's month. */
export function countsElsewhere(component: Component): boolean {
  const { tiers } = component;
  return tiers !== null && tiers.metric !== kindOf(component).ownMetric;
}

/** Whether negative months of a component lower the following ones. */
export function carriesLosses(component: Component): boolean {
  return isChained(component) && component.negative === 'carry';
}

/**
 * Whether slots of these terms move one another, so that those of an affiliate must be settled
 * together.
 */
export function isLinked({ components }: Terms): boolean {
  return components.some(
    (component) => isRanked(component) || countsElsewhere(component) || carriesLosses(component),
  );
}

/** The slot an event earns in by one component of a deal version. */
export function slotNameOf(version: DealVersion, component: Component, of: Subject): SlotName {
  const { kind, slotPer, slotKey } = kindOf(component);
  const period = slotPer === 'month' || isRanked(component) ? of.month : null;
  return { key: slotKey(version, component.label, of), kind, component: component.label, period };
}

/** The slot that counts a deal's month for an affiliate, across versions. */
export function monthNameOf(dealId: string, { affiliateId, month }: Subject): SlotName {
  return { key: monthSlotKey(dealId, affiliateId, month), kind: 'month', component: 'month', period: month };
}

/** Whether a component needs an event's amount, and so its currency. */
export function needsAmount(component: Component): boolean {
  return kindOf(component).needsAmount(component);
}

/**
 * The commission a slot should hold, in minor units of the deal's currency; never below zero.
 * A slot of a customer or an event holds what its kind pays for it, or what the month's caps and
 * tiers leave to it. A month holds its share, up to its cap.
 * Example: 25 % of a month's 175.00 is 43.75.
 */
export function targetOf(
  component: Component,
  terms: Terms,
  groups: Iterable<Group>,
  sums: Aggregates,
  links: Links = UNLINKED,
): bigint {
  const kind = kindOf(component);
  if (kind.slotPer !== 'month')
    return links.allotted?.minor ?? kind.standingOf(component, terms, groups, 1n, 1n).minor;
  const share = kind.shareOf(component, terms, sums, links);
  const capped = component.cap?.amountMinor;
  return share < 0n ? 0n : capped != null && share > capped ? capped : share;
}

/** What a month's sum comes to; below zero for a loss, which is then carried over or forgotten. */
export function shareOf(component: Component, terms: Terms, sums: Aggregates, links: Links): bigint {
  return monthlyKindOf(component).shareOf(component, terms, sums, links);
}

/**
 * What a slot of a customer or an event would earn, whatever others the month had. `place` is its
 * place among the month's slots, from 1, and `reached` what the month came to: tiers of a CPA pay
 * by one of them.
 */
export function standingOf(
  component: Component,
  terms: Terms,
  groups: Iterable<Group>,
  place = 1n,
  reached = 1n,
): Standing {
  const kind = kindOf(component);
  if (kind.slotPer === 'month') throw new Error(`a month of ${kind.kind} has no standing of its own`);
  return kind.standingOf(component, terms, groups, place, reached);
}

function monthlyKindOf(component: Component): MonthlyKind {
  const kind = kindOf(component);
  if (kind.slotPer !== 'month') throw new Error(`a ${kind.kind} has no month of its own`);
  return kind;
}
