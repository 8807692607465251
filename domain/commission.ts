// What a slot is worth: a pure function of the set of facts about it and the deal version pinned to it, rounded once.
import { leftOf, reversedOf, type SlotFact } from './clawback.ts';
import { cpaSlotKey, monthlySlotKey, percentSlotKey } from './keys.ts';
import { divideRounded, formatDecimal, formatMoney } from './money.ts';
import type { Component, DealVersion, Terms } from './types.ts';

export type SlotKind = Component['kind'];

/** Where something that can be earned is rated: its key names it for ever, its period is set for monthly slots only. */
export type SlotName = { key: string; kind: SlotKind; component: string; period: string | null };

/** Kept under the slot's lock, so that a busy month does not read its facts again. The audit recomputes them from the facts. */
export type Aggregates = { basisMinor: bigint; volumeE4: bigint; factsCount: number; factsHash: bigint };

export const NOTHING: Aggregates = { basisMinor: 0n, volumeE4: 0n, factsCount: 0, factsHash: 0n };

export function isMonthly(kind: SlotKind): boolean {
  return kind === 'revshare' || kind === 'per_lot';
}

/** The slot an event earns in by one component of a deal version. `month` is the event's, in the operator's time zone. */
export function slotNameOf(
  version: DealVersion,
  { kind, label: component }: Component,
  of: { eventId: string; subject: string; affiliateId: string; month: string },
): SlotName {
  switch (kind) {
    case 'cpa':
      return { key: cpaSlotKey(version.dealId, component, of.subject), kind, component, period: null };
    case 'percent':
      return { key: percentSlotKey(version.dealId, component, of.eventId), kind, component, period: null };
    case 'revshare':
    case 'per_lot': {
      const key = monthlySlotKey(kind, { ...version, component, affiliateId: of.affiliateId, period: of.month });
      return { key, kind, component, period: of.month };
    }
  }
}

/** The facts of one conversion in a slot: what it brought, by which deal version, and what was said against it since. */
export type Group = { earned: SlotFact; version: DealVersion; others: readonly SlotFact[] };

/** Whether a component needs an event's amount, and so its currency. */
export function needsAmount(component: Component): boolean {
  return (
    component.kind === 'percent' ||
    component.kind === 'revshare' ||
    (component.kind === 'cpa' && component.minAmountMinor !== null)
  );
}

/** What one conversion adds to a monthly slot's sums. Refunds lower amount and volume alike. */
export function weightOf(group: Group): { basisMinor: bigint; volumeE4: bigint } {
  const reversed = reversedOf(group.earned, group.others);
  return {
    basisMinor: leftOf(group.earned.amountMinor, reversed, 'half_even'),
    volumeE4: leftOf(group.earned.volumeE4, reversed, 'half_even'),
  };
}

/**
 * The commission a slot should hold, in minor units of the deal's currency; never below zero.
 * cpa: the amount once, if the first event (by time, then id) reaches the minimum and is not reversed; no later one makes up for it.
 * percent: the rate of the event's amount, less the reversed share. revshare, per_lot: the month's sum at the rate; a month below zero is zero.
 * Example: 25 % of a month's 175.00 is 43.75.
 */
export function targetOf(component: Component, terms: Terms, groups: Iterable<Group>, sums: Aggregates): bigint {
  switch (component.kind) {
    case 'cpa': {
      const first = firstOf(groups);
      if (first === null || first.earned.amountMinor < (component.minAmountMinor ?? 0n)) return 0n;
      return leftOf(component.amountMinor, reversedOf(first.earned, first.others), terms.rounding);
    }
    case 'percent': {
      let sum = 0n;
      for (const group of groups) {
        const gross = divideRounded(component.ratePpm * group.earned.amountMinor, MILLION, terms.rounding);
        sum += leftOf(gross, reversedOf(group.earned, group.others), terms.rounding);
      }
      return sum < 0n ? 0n : sum;
    }
    case 'revshare': {
      const share = divideRounded(component.ratePpm * sums.basisMinor, MILLION, terms.rounding);
      return share < 0n ? 0n : share;
    }
    case 'per_lot': {
      const pay = divideRounded(component.perLotMinor * sums.volumeE4, LOT, terms.rounding);
      return pay < 0n ? 0n : pay;
    }
  }
}

const MILLION = 1_000_000n;
const LOT = 10_000n;

/** "First" is by when it happened, not by when we heard of it. */
export function firstOf(groups: Iterable<Group>): Group | null {
  let first: Group | null = null;
  for (const group of groups) {
    if (first === null || isBefore(group.earned, first.earned)) first = group;
  }
  return first;
}

function isBefore(a: SlotFact, b: SlotFact): boolean {
  return a.occurredAt !== b.occurredAt ? a.occurredAt < b.occurredAt : a.eventId < b.eventId;
}

/** The formula in words a partner can follow, and the figures that went in. */
export type Explanation = { formula: string; inputs: Record<string, string> };

export function explain(
  component: Component,
  terms: Terms,
  groups: Iterable<Group>,
  sums: Aggregates,
  period: string | null,
): Explanation {
  const money = (minor: bigint): string => `${formatMoney(minor, terms.currency)} ${terms.currency}`;
  switch (component.kind) {
    case 'cpa': {
      const first = firstOf(groups);
      const minimum = component.minAmountMinor === null ? '' : ` of at least ${money(component.minAmountMinor)}`;
      const formula = `${money(component.amountMinor)} once per customer for the first ${component.on.join(' or ')}${minimum}, less what was reversed`;
      return { formula, inputs: first === null ? {} : inputsOf(first, money) };
    }
    case 'percent': {
      const formula = `${percent(component.ratePpm)} of the amount, less the reversed share`;
      const [group] = groups;
      return { formula, inputs: group ? inputsOf(group, money) : {} };
    }
    case 'revshare':
      return {
        formula: `${percent(component.ratePpm)} of the month's sum, never below zero`,
        inputs: { month: period ?? '', sum: money(sums.basisMinor), facts: String(sums.factsCount) },
      };
    case 'per_lot':
      return {
        formula: `${money(component.perLotMinor)} per lot of the month`,
        inputs: { month: period ?? '', lots: formatDecimal(sums.volumeE4, 4), facts: String(sums.factsCount) },
      };
  }
}

function percent(ppm: bigint): string {
  return `${formatDecimal(ppm, 4).replace(/\.?0+$/, '')} %`;
}

function inputsOf(group: Group, money: (minor: bigint) => string): Record<string, string> {
  const { part, of } = reversedOf(group.earned, group.others);
  const inputs: Record<string, string> = { event: group.earned.eventId, amount: money(group.earned.amountMinor) };
  if (part > 0n) inputs['reversed'] = part === of ? 'all of it' : `${money(part)} of ${money(of)}`;
  return inputs;
}
