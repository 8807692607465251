// What a slot is worth: a pure function of the set of facts about it, the deal version pinned to it, and the slots it is linked to; rounded once.
import { leftOf, reversedOf, standingAgainst, type Reversed, type SlotFact } from './reversals.ts';
import { cpaSlotKey, monthlySlotKey, monthSlotKey, payoutSlotKey, percentSlotKey } from '../keys.ts';
import { divideRounded } from '../ledger/money.ts';
import { rateAt, stepped } from './tiers.ts';
import type { Component, DealVersion, Terms } from '../types.ts';

/**
 * What a slot is: one for each kind of component; a `month`, which earns nothing and counts what tiers of other slots go by; an `override`,
 * which pays a parent a part of another slot.
 */
export type SlotKind = Component['kind'] | 'month' | 'override';

/** Where something that can be earned is rated: its key names it for ever. Its period is the month of its sums, or of what caps and tiers rank it by. */
export type SlotName = { key: string; kind: SlotKind; component: string; period: string | null };

/**
 * `conversionsCount`: those that count in the slot; one that another version or amendment pays for elsewhere left its facts, and counts no more.
 * Kept under the slot's lock, so that a busy month does not read its facts again. The audit recomputes them from the facts. Amounts are in the
 * deal's currency.
 */
export type Aggregates = {
  basisMinor: bigint;
  volumeE4: bigint;
  ftdCount: number;
  conversionsCount: number;
  factsCount: number;
  factsHash: bigint;
};

/** What a conversion that counts adds to them by itself; its facts are counted apart, whether or not it counts. */
export type Weight = Pick<Aggregates, 'basisMinor' | 'volumeE4' | 'conversionsCount'>;

export const NOTHING: Aggregates = {
  basisMinor: 0n,
  volumeE4: 0n,
  ftdCount: 0,
  conversionsCount: 0,
  factsCount: 0,
  factsHash: 0n,
};

/** Whether a slot is a sum over a month, of which only the running sums are loaded. */
export function isMonthly(kind: SlotKind): boolean {
  return kind === 'revshare' || kind === 'per_lot' || kind === 'month';
}

/** Whether what a component pays for one thing depends on how many others the month had. */
export function isRanked({ kind, cap, tiers }: Component): boolean {
  return (kind === 'cpa' && (cap !== null || tiers !== null)) || (kind === 'percent' && cap !== null);
}

/** What each kind sums by itself; tiers that count something else go by the deal's month. */
const OWN_METRIC = {
  cpa: 'ftd_count',
  percent: null,
  revshare: 'revenue',
  per_lot: 'volume',
  payout: null,
} as const;

export function countsElsewhere({ kind, tiers }: Component): boolean {
  return tiers !== null && tiers.metric !== OWN_METRIC[kind];
}

/** Whether slots of these terms move one another, so that those of an affiliate must be settled together. */
export function isLinked({ components }: Terms): boolean {
  return components.some(
    (component) =>
      isRanked(component) ||
      countsElsewhere(component) ||
      (component.kind === 'revshare' && component.negative === 'carry'),
  );
}

/** What an event is to the slots of a deal. `month` is the event's, in the operator's time zone. */
export type Place = { eventId: string; subject: string; affiliateId: string; month: string };

/** The slot an event earns in by one component of a deal version. */
export function slotNameOf(version: DealVersion, component: Component, of: Place): SlotName {
  const { kind, label } = component;
  const period = isRanked(component) ? of.month : null;
  switch (kind) {
    case 'cpa':
      return { key: cpaSlotKey(version.dealId, label, of.subject), kind, component: label, period };
    case 'percent':
      return { key: percentSlotKey(version.dealId, label, of.eventId), kind, component: label, period };
    case 'payout':
      return { key: payoutSlotKey(version.dealId, of.eventId), kind, component: label, period };
    case 'revshare':
    case 'per_lot': {
      const key = monthlySlotKey(kind, {
        ...version,
        component: label,
        affiliateId: of.affiliateId,
        period: of.month,
      });
      return { key, kind, component: label, period: of.month };
    }
  }
}

/** The slot that counts a deal's month for an affiliate, across versions. */
export function monthNameOf(dealId: string, { affiliateId, month }: Place): SlotName {
  return { key: monthSlotKey(dealId, affiliateId, month), kind: 'month', component: 'month', period: month };
}

/** The facts of one conversion in a slot: what it brought, by which deal version, and what was said against it since. */
export type Group = { earned: SlotFact; version: DealVersion; others: readonly SlotFact[] };

/** How much of a conversion was taken back, by the version that rates it. */
export function reversedIn({ earned, version, others }: Group): Reversed {
  return others.length === 0 ? { part: 0n, of: 1n } : reversedOf(earned, standingAgainst(version, others));
}

/** Whether a component needs an event's amount, and so its currency. */
export function needsAmount(component: Component): boolean {
  const { kind } = component;
  return kind === 'percent' || kind === 'revshare' || (kind === 'cpa' && component.minAmountMinor !== null);
}

/** What one conversion adds to a slot's sums. Refunds lower amount and volume alike. Whether it is a customer's first deposit it cannot say alone. */
export function weightOf(kind: SlotKind, group: Group): Weight {
  const { earned } = group;
  const reversed = reversedIn(group);
  const basisMinor = leftOf(earned.basisMinor, reversed, 'half_even');
  const volumeE4 = leftOf(earned.volumeE4, reversed, 'half_even');
  if (kind !== 'month') return { basisMinor, volumeE4, conversionsCount: 1 };
  const isVolume = earned.type === 'trade' || earned.type === 'volume';
  return {
    basisMinor: earned.type === 'revenue' ? basisMinor : 0n,
    volumeE4: isVolume ? volumeE4 : 0n,
    conversionsCount: 1,
  };
}

/**
 * What a slot's target depends on beside its own facts: what its tiers count in the deal's month, what earlier months carried over (never
 * above zero), and, where the month's caps and tiers rank it, what they leave it.
 */
export type Links = { metric: bigint; carriedMinor: bigint; allotted: Allotted | null };

/** What the month leaves to one thing, its place among the month's, from 1, and what the month reached; neither for what takes no place. */
export type Allotted = { minor: bigint; place: bigint | null; reached: bigint | null };

export const UNLINKED: Links = { metric: 0n, carriedMinor: 0n, allotted: null };

/**
 * The commission a slot should hold, in minor units of the deal's currency; never below zero.
 * cpa: the amount once, for the event that qualifies the customer and as far as that is not reversed. percent, payout: the rate of the event's
 * amount, or the sum sent, less the reversed share. revshare, per_lot: the month's sum at its rate.
 * Example: 25 % of a month's 175.00 is 43.75.
 */
export function targetOf(
  component: Component,
  terms: Terms,
  groups: Iterable<Group>,
  sums: Aggregates,
  links: Links = UNLINKED,
): bigint {
  switch (component.kind) {
    case 'cpa':
    case 'percent':
    case 'payout':
      return links.allotted?.minor ?? standingOf(component, terms, groups).minor;
    case 'revshare':
    case 'per_lot': {
      const share = shareOf(component, terms, sums, links);
      const capped = component.cap?.amountMinor;
      return share < 0n ? 0n : capped != null && share > capped ? capped : share;
    }
  }
}

/** What a month's sum comes to, below zero too: what is then carried over or forgotten. */
export function shareOf(
  component: Component & { kind: 'revshare' | 'per_lot' },
  terms: Terms,
  sums: Aggregates,
  { metric, carriedMinor }: Links,
): bigint {
  if (component.kind === 'per_lot') {
    const { perLotMinor, tiers } = component;
    const counted = tiers?.metric === 'volume' ? sums.volumeE4 : metric;
    const exact = tiers ? stepped(tiers, sums.volumeE4, counted, perLotMinor) : perLotMinor * sums.volumeE4;
    return divideRounded(exact, LOT, terms.rounding);
  }
  const { ratePpm, tiers, carryBy } = component;
  const basis = sums.basisMinor + (carryBy === 'ngr' ? carriedMinor : 0n);
  const counted = tiers?.metric === 'revenue' ? basis : metric;
  const exact = tiers ? stepped(tiers, basis, counted, ratePpm) : ratePpm * basis;
  return divideRounded(exact, MILLION, terms.rounding) + (carryBy === 'commission' ? carriedMinor : 0n);
}

const MILLION = 1_000_000n;
const LOT = 10_000n;

/** What a thing that is paid by itself would get, whatever others the month had, the conversion that decides about it, and whether anything is left of that. */
export type Standing = { minor: bigint; by: Group | null; isLeft: boolean };

const NO_STANDING: Standing = { minor: 0n, by: null, isLeft: false };

/** `place` is its place among the month's, from 1, and `reached` what the month came to: tiers of a CPA pay by one of them. */
export function standingOf(
  component: Component,
  terms: Terms,
  groups: Iterable<Group>,
  place = 1n,
  reached = 1n,
): Standing {
  switch (component.kind) {
    case 'cpa': {
      const by = qualifierOf(component, groups);
      if (by === null) return NO_STANDING;
      const { tiers, amountMinor } = component;
      const amount = tiers
        ? rateAt(tiers, tiers.mode === 'marginal' ? place : reached, amountMinor)
        : amountMinor;
      const loss = lossOf(component, by);
      return { minor: leftOf(amount, loss, terms.rounding), by, isLeft: loss.part < loss.of };
    }
    case 'percent':
    case 'payout': {
      const [by] = groups;
      if (!by) return NO_STANDING;
      const { basisMinor } = by.earned;
      const gross =
        component.kind === 'payout'
          ? basisMinor
          : divideRounded(component.ratePpm * basisMinor, MILLION, terms.rounding);
      const left = leftOf(gross, reversedIn(by), terms.rounding);
      return { minor: left < 0n ? 0n : left, by, isLeft: left > 0n };
    }
    case 'revshare':
    case 'per_lot':
      throw new Error(`a month of ${component.kind} is no thing by itself`);
  }
}

/** A cumulative CPA lost its reversed deposits when it was added up; one for the first deposit loses what that one lost. */
function lossOf(component: Component & { kind: 'cpa' }, group: Group): Reversed {
  return component.qualify.by === 'cumulative' ? { part: 0n, of: 1n } : reversedIn(group);
}

/** The conversion that qualifies a customer, if any: the first, or the one with which the sum reached the minimum in time. */
function qualifierOf(
  { qualify, minAmountMinor }: Component & { kind: 'cpa' },
  groups: Iterable<Group>,
): Group | null {
  if (qualify.by === 'first') {
    const first = firstOf(groups);
    return first === null || first.earned.basisMinor < (minAmountMinor ?? 0n) ? null : first;
  }
  const ordered = [...groups].toSorted((a, b) => (isBefore(a.earned, b.earned) ? -1 : 1));
  const until =
    qualify.withinDays === null
      ? Infinity
      : (ordered[0]?.earned.occurredAt ?? 0) + qualify.withinDays * DAY_MS;
  let [amount, volume] = [0n, 0n];
  for (const group of ordered) {
    if (group.earned.occurredAt > until) return null;
    const { part, of } = reversedIn(group);
    if (part === of) continue;
    const { basisMinor, volumeE4 } = weightOf('cpa', group);
    amount += basisMinor;
    volume += volumeE4;
    if (amount >= (minAmountMinor ?? 0n) && volume >= (qualify.minVolumeE4 ?? 0n)) return group;
  }
  return null;
}

const DAY_MS = 86_400_000;

/** "First" is by when it happened, not by when we heard of it. */
export function firstOf(groups: Iterable<Group>): Group | null {
  let first: Group | null = null;
  for (const group of groups) {
    if (first === null || isBefore(group.earned, first.earned)) first = group;
  }
  return first;
}

export function isBefore(a: SlotFact, b: SlotFact): boolean {
  return a.occurredAt !== b.occurredAt ? a.occurredAt < b.occurredAt : a.eventId < b.eventId;
}
