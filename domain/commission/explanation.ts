// Explains a slot's target in words a partner can follow, with the figures that went in.
import { standingOf } from './commission.ts';
import type { Aggregates, Allotted, Links, WriteMoney } from './component-kind.ts';
import { kindOf } from './components/index.ts';
import { reversedIn, type Group } from './group.ts';
import { metric, percent } from './wording.ts';
import { formatMoney } from '../ledger/money.ts';
import type { Component, Terms, Tiers } from '../types.ts';
import { MILLION } from '../units.ts';

/** The formula, and its inputs by name. */
export type Explanation = { formula: string; inputs: Record<string, string> };

/** Stands in for the formula of a slot that was rejected by a person. */
export const REJECTED = 'nothing, since it was rejected';

/** A slot to be explained: as `targetOf` takes it. */
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
  const kind = kindOf(component);
  const formula = kind.formulaOf(component, money);
  const { tiers } = component;
  if (kind.slotPer !== 'month') {
    const { minor, by } = standingOf(component, terms, groups);
    if (by === null) return { formula, inputs: {} };
    const inputs = inputsOf(by, terms, money);
    if (links.allotted !== null) {
      Object.assign(inputs, {
        month: period ?? '',
        left_by_the_month: money(links.allotted.minor),
        alone: money(minor),
      });
      if (tiers) Object.assign(inputs, steppedBy(tiers, links.allotted, money));
    }
    return { formula, inputs };
  }
  const inputs: Record<string, string> = {
    month: period ?? '',
    facts: String(sums.factsCount),
    ...kind.summedOf(sums, money),
  };
  if (links.carriedMinor !== 0n) inputs['carried_over'] = money(links.carriedMinor);
  if (tiers) inputs[tiers.metric] = metric(tiers.metric, kind.countedOf(component, sums, links), money);
  return { formula, inputs };
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

/** What chose the step of a ranked slot: its place in the month, or what the month reached. */
function steppedBy(tiers: Tiers, { place, reached }: Allotted, money: WriteMoney): Record<string, string> {
  if (place === null || reached === null) return {};
  if (tiers.mode === 'marginal') return { place: String(place) };
  return { [tiers.metric]: metric(tiers.metric, reached, money) };
}

function inputsOf(group: Group, { currency }: Terms, money: WriteMoney): Record<string, string> {
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
          ? percent((part * MILLION) / of)
          : `${money(part)} of ${money(of)}`;
  return inputs;
}
