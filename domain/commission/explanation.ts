// Why a slot has its target, in words a partner can follow, with the figures that went in.
import {
  reversedIn,
  standingOf,
  type Aggregates,
  type Allotted,
  type Group,
  type Links,
} from './commission.ts';
import { formatDecimal, formatMoney } from '../ledger/money.ts';
import type { Component, Terms, Tiers } from '../types.ts';

/** The formula, and its inputs by name. */
export type Explanation = { formula: string; inputs: Record<string, string> };

/** What stands in for the formula of a slot that somebody rejected. */
export const REJECTED = 'nothing, since it was rejected';

/** What is to be explained: as `targetOf` takes it. */
export type Explained = {
  component: Component;
  terms: Terms;
  groups: Iterable<Group>;
  sums: Aggregates;
  links: Links;
  period: string | null;
};

export function explain({ component, terms, groups, sums, links, period }: Explained): Explanation {
  const money = (minor: bigint): string => `${formatMoney(minor, terms.currency)} ${terms.currency}`;
  const formula = formulaOf(component, money);
  switch (component.kind) {
    case 'cpa':
    case 'percent':
    case 'payout': {
      const { minor, by } = standingOf(component, terms, groups);
      if (by === null) return { formula, inputs: {} };
      const inputs = inputsOf(by, terms, money);
      if (links.allotted !== null) {
        Object.assign(inputs, {
          month: period ?? '',
          left_by_the_month: money(links.allotted.minor),
          alone: money(minor),
        });
        if (component.tiers) Object.assign(inputs, steppedBy(component.tiers, links.allotted, money));
      }
      return { formula, inputs };
    }
    case 'revshare':
    case 'per_lot': {
      const inputs: Record<string, string> = { month: period ?? '', facts: String(sums.factsCount) };
      if (component.kind === 'revshare') inputs['sum'] = money(sums.basisMinor);
      else inputs['lots'] = lots(sums.volumeE4);
      if (links.carriedMinor !== 0n) inputs['carried_over'] = money(links.carriedMinor);
      if (component.tiers) inputs[component.tiers.metric] = counted(component, sums, links, money);
      return { formula, inputs };
    }
  }
}

/** An override is a part of what another slot holds. */
export function explainOverride(
  ratePpm: bigint,
  level: number,
  sourceId: string,
  sourceMinor: bigint,
  currency: string,
): Explanation {
  return {
    formula: `${percent(ratePpm)} of the commission of an affiliate ${level === 1 ? 'one level' : `${level} levels`} below`,
    inputs: { commission: sourceId, amount: `${formatMoney(sourceMinor, currency)} ${currency}` },
  };
}

function formulaOf(component: Component, money: (minor: bigint) => string): string {
  switch (component.kind) {
    case 'cpa':
      return `${stepsOf(component.tiers, money(component.amountMinor), money)} once per customer ${qualifying(component, money)}, less what was reversed${capOf(component, money)}`;
    case 'percent':
      return `${percent(component.ratePpm)} of the amount, less the reversed share${capOf(component, money)}`;
    case 'payout':
      return 'the sum that the operator computed, less the reversed share';
    case 'revshare': {
      const carry = { ngr: 'a negative sum carried over', commission: 'a negative share carried over' }[
        component.carryBy
      ];
      const below = component.negative === 'carry' ? carry : 'never below zero';
      return `${stepsOf(component.tiers, percent(component.ratePpm), money)} of the month's sum, ${below}${capOf(component, money)}`;
    }
    case 'per_lot':
      return `${stepsOf(component.tiers, money(component.perLotMinor), money)} per lot of the month${capOf(component, money)}`;
  }
}

function qualifying(
  { on, qualify, minAmountMinor }: Component & { kind: 'cpa' },
  money: (minor: bigint) => string,
): string {
  if (qualify.by === 'first') {
    const minimum = minAmountMinor === null ? '' : ` of at least ${money(minAmountMinor)}`;
    return `for the first ${on.join(' or ')}${minimum}`;
  }
  const sums = [
    ...(minAmountMinor === null ? [] : [money(minAmountMinor)]),
    ...(qualify.minVolumeE4 === null ? [] : [`${lots(qualify.minVolumeE4)} lots`]),
  ];
  const within = qualify.withinDays === null ? '' : ` within ${qualify.withinDays} days of the first`;
  return `whose ${on.join(' and ')} came to ${sums.join(' and ')}${within}`;
}

function capOf({ cap }: Component, money: (minor: bigint) => string): string {
  if (cap === null) return '';
  const parts = [
    ...(cap.count === null ? [] : [`the first ${cap.count}`]),
    ...(cap.amountMinor === null ? [] : [money(cap.amountMinor)]),
  ];
  return `, at most ${parts.join(' and ')} a month`;
}

/** "10 %, from 3 ftd_count 15 %": the rate below the first step, then each step. */
function stepsOf(tiers: Tiers | null, base: string, money: (minor: bigint) => string): string {
  if (tiers === null) return base;
  const from = {
    revenue: money,
    volume: (sum: bigint) => `${lots(sum)} lots`,
    ftd_count: (count: bigint) => `${count} first deposits`,
  };
  const rate = base.endsWith('%') ? percent : money;
  const steps = tiers.steps.map((step) => `${rate(step.rate)} from ${from[tiers.metric](step.from)}`);
  const isCovered = (tiers.steps[0]?.from ?? 0n) <= 0n;
  return `${[...(isCovered ? [] : [base]), ...steps].join(', ')} (${tiers.mode})`;
}

/** What chose the step of a thing that is paid by itself: its place in the month, or what the month reached. */
function steppedBy(
  { mode, metric }: Tiers,
  { place, reached }: Allotted,
  money: (minor: bigint) => string,
): Record<string, string> {
  if (place === null || reached === null) return {};
  if (mode === 'marginal') return { place: String(place) };
  return { [metric]: { revenue: money, volume: lots, ftd_count: String }[metric](reached) };
}

/** What the tiers counted, as `targetOf` counted it. */
function counted(
  component: Component,
  sums: Aggregates,
  links: Links,
  money: (minor: bigint) => string,
): string {
  const { tiers, kind } = component;
  switch (tiers!.metric) {
    case 'revenue':
      return money(
        kind === 'revshare'
          ? sums.basisMinor + (component.carryBy === 'ngr' ? links.carriedMinor : 0n)
          : links.metric,
      );
    case 'volume':
      return lots(kind === 'per_lot' ? sums.volumeE4 : links.metric);
    case 'ftd_count':
      return String(links.metric);
  }
}

function lots(volumeE4: bigint): string {
  return formatDecimal(volumeE4, 4).replace(/\.?0+$/, '');
}

function percent(ppm: bigint): string {
  return `${formatDecimal(ppm, 4).replace(/\.?0+$/, '')} %`;
}

function inputsOf(
  group: Group,
  { currency }: Terms,
  money: (minor: bigint) => string,
): Record<string, string> {
  const { earned } = group;
  const { part, of } = reversedIn(group);
  const inputs: Record<string, string> = { event: earned.eventId, amount: money(earned.basisMinor) };
  if (earned.fx !== null)
    Object.assign(inputs, { exchange_rate: earned.fx.rate, rate_id: earned.fx.rateId, currency });
  if (part > 0n)
    inputs['reversed'] =
      part === of
        ? 'all of it'
        : earned.fx
          ? percent((part * 1_000_000n) / of)
          : `${money(part)} of ${money(of)}`;
  return inputs;
}
