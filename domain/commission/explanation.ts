// Explanation of a slot's target for partners: the formula in words, and its input figures.
import { uncappedCommissionOf } from './commission.ts';
import type { SlotSums, Allotment, SlotLinks, FormatMoney } from './component-kind.ts';
import { kindOf } from './components/index.ts';
import { reversedIn, type Group } from './group.ts';
import { NO_LOSS, shareMonth } from './month.ts';
import { formatMetric, formatPercent } from './wording.ts';
import { formatMoney } from '../ledger/money.ts';
import type { Component, Terms, Tiers } from '../types.ts';
import { MILLION } from '../units.ts';

/** A formula in words, with its inputs by name. */
export type Explanation = { formula: string; inputs: Record<string, string> };

/** Formula of a slot that a person rejected. */
export const REJECTED_FORMULA = 'nothing, since it was rejected';

/** Formula of a CPA whose customer earned another one first. */
const EARNED_BEFORE_FORMULA = 'nothing, since this customer earned a CPA before';

/** A slot to explain: the arguments of `targetOf`, and the slot's month. */
type ExplainedSlot = {
  component: Component;
  terms: Terms;
  groups: Iterable<Group>;
  sums: SlotSums;
  links: SlotLinks;
  period: string | null;
};

/** What a component pays, and for what. */
export function explainComponent(component: Component, currency: string): string {
  return kindOf(component).formulaOf(component, moneyIn(currency));
}

function moneyIn(currency: string): FormatMoney {
  return (minor, decimals) => `${formatMoney(minor, currency, decimals)} ${currency}`;
}

/** Explains the target of a slot that a component rates. */
export function explain({ component, terms, groups, sums, links, period }: ExplainedSlot): Explanation {
  const money = moneyIn(terms.currency);
  const kind = kindOf(component);
  const formula = kind.formulaOf(component, money);
  const { tiers } = component;
  if (kind.slotPer !== 'month') {
    const { minor, conversion } = uncappedCommissionOf(component, terms, groups);
    if (conversion === null) return { formula, inputs: {} };
    const inputs = conversionInputs(conversion, terms, money);
    if (links.earnedBefore !== null) {
      const { accrual, version } = links.earnedBefore;
      const before = {
        earned_by: accrual.eventId,
        by_deal: version.dealId,
        by_version: String(version.version),
      };
      return { formula: EARNED_BEFORE_FORMULA, inputs: { ...inputs, ...before } };
    }
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
  const part = kind.sumInputOf(sums, money);
  const inputs: Record<string, string> = {
    month: period ?? '',
    facts: String(sums.factsCount),
    [part.name]: part.value,
  };
  const share =
    links.share ?? shareMonth([{ component, terms, sums, metric: links.metric }], NO_LOSS).shares[0]!;
  const { carriedMinor, reached, whole, minor } = share;
  if (whole !== null)
    Object.assign(inputs, {
      [`${part.name}_of_all_versions`]: kind.sumInputOf(whole.sums, money).value,
      month_with_earlier_versions: money(whole.beforeMinor + minor),
      of_it_earlier_versions: money(whole.beforeMinor),
    });
  if (carriedMinor !== 0n) inputs['carried_over'] = money(carriedMinor);
  if (tiers) {
    const counted = tiers.metric === kind.ownMetric ? reached : links.metric;
    inputs[tiers.metric] = formatMetric(tiers.metric, counted, money);
  }
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
