// Explanation of a slot's target for partners: the formula in words, and its input figures.
import { uncappedCommissionOf } from './commission.ts';
import type { SlotSums, Allotment, SlotLinks, FormatMoney } from './component-kind.ts';
import { kindOf } from './components/index.ts';
import { reversedIn, type Group } from './group.ts';
import { formatMetric, formatPercent } from './wording.ts';
import { formatMoney } from '../ledger/money.ts';
import type { Component, Terms, Tiers } from '../types.ts';
import { MILLION } from '../units.ts';

/** A formula in words, with its inputs by name. */
export type Explanation = { formula: string; inputs: Record<string, string> };

/** Formula of a slot that a person rejected. */
export const REJECTED_FORMULA = 'nothing, since it was rejected';

/** A slot to explain: the arguments of `targetOf`, and the slot's month. */
type ExplainedSlot = {
  component: Component;
  terms: Terms;
  groups: Iterable<Group>;
  sums: SlotSums;
  links: SlotLinks;
  period: string | null;
};

/** Explains the target of a slot that a component rates. */
export function explain({ component, terms, groups, sums, links, period }: ExplainedSlot): Explanation {
  const money: FormatMoney = (minor, decimals) =>
    `${formatMoney(minor, terms.currency, decimals)} ${terms.currency}`;
  const kind = kindOf(component);
  const formula = kind.formulaOf(component, money);
  const { tiers } = component;
  if (kind.slotPer !== 'month') {
    const { minor, conversion } = uncappedCommissionOf(component, terms, groups);
    if (conversion === null) return { formula, inputs: {} };
    const inputs = conversionInputs(conversion, terms, money);
    if (links.allotment !== null) {
      Object.assign(inputs, {
        month: period ?? '',
        left_by_the_month: money(links.allotment.minor),
        alone: money(minor),
      });
      if (tiers) Object.assign(inputs, tierInputs(tiers, links.allotment, money));
    }
    return { formula, inputs };
  }
  const inputs: Record<string, string> = {
    month: period ?? '',
    facts: String(sums.factsCount),
    ...kind.sumInputsOf(sums, money),
  };
  if (links.carriedMinor !== 0n) inputs['carried_over'] = money(links.carriedMinor);
  if (tiers)
    inputs[tiers.metric] = formatMetric(tiers.metric, kind.tierMetricOf(component, sums, links), money);
  return { formula, inputs };
}

/**
 * Explains an override: a part of another slot's commission. `level` is the number of levels
 * between the parent and the affiliate who earned the commission, from 1.
 */
export function explainOverride(
  ratePpm: bigint,
  level: number,
  sourceId: string,
  sourceMinor: bigint,
  currency: string,
): Explanation {
  const levels = level === 1 ? 'one level' : `${level} levels`;
  return {
    formula: `${formatPercent(ratePpm)} of the commission of an affiliate ${levels} below`,
    inputs: { commission: sourceId, amount: `${formatMoney(sourceMinor, currency)} ${currency}` },
  };
}

/**
 * The figure that chose the tier of a ranked slot: its place in the month, or the month's total.
 */
function tierInputs(tiers: Tiers, { place, reached }: Allotment, money: FormatMoney): Record<string, string> {
  if (place === null || reached === null) return {};
  if (tiers.mode === 'marginal') return { place: String(place) };
  return { [tiers.metric]: formatMetric(tiers.metric, reached, money) };
}

function conversionInputs(group: Group, { currency }: Terms, money: FormatMoney): Record<string, string> {
  const { accrual } = group;
  const { part, of } = reversedIn(group);
  const inputs: Record<string, string> = { event: accrual.eventId, amount: money(accrual.basisMinor) };
  if (accrual.fx !== null)
    Object.assign(inputs, { exchange_rate: accrual.fx.rate, rate_id: accrual.fx.rateId, currency });
  if (part > 0n)
    inputs['reversed'] =
      part === of
        ? 'all of it'
        : accrual.fx
          ? formatPercent((part * MILLION) / of)
          : `${money(part)} of ${money(of)}`;
  return inputs;
}
