// Prices conversions: the deal version of each, its amounts in the deal's currency, or why it is
// set aside.
import type { Attributions, Whose } from './attribution.ts';
import { isReversal } from './attribution.ts';
import { componentsFor, convert, currencyOf, monthOf, roundingOf, timeOf, versionFor } from './agreements.ts';
import type { Component, Deal, EventOutcome, Rounding, Terms, Version, World, WorldEvent } from './world.ts';

export interface Rated {
  readonly event: WorldEvent;
  readonly at: number;
  /** Place in order of arrival, which stands for the event's id. */
  readonly seq: number;
  readonly affiliate: string;
  readonly subject: string;
  readonly month: string;
  readonly terms: Terms;
  readonly deal: Deal;
  readonly version: Version;
  readonly currency: string;
  readonly rounding: Rounding;
  /** Components that the event counts for; none where its payout stands in for them. */
  readonly components: readonly Component[];
  readonly amount: bigint;
  readonly payout?: bigint;
}

export type Pricing = { kind: 'rated'; rated: Rated } | { kind: 'outcome'; outcome: EventOutcome };

export const byTime = (a: { at: number; seq: number }, b: { at: number; seq: number }): number =>
  a.at - b.at || a.seq - b.seq;

/** Whether an amount without a rate keeps the event from being rated. */
function needsAmount(terms: Terms, components: readonly Component[], event: WorldEvent): boolean {
  const isMetric =
    event.event === 'revenue' &&
    [...terms.components, terms].some((each) => each.tiers?.metric === 'revenue');
  return (
    isMetric ||
    components.some(
      ({ kind, min_amount }) =>
        kind === 'percent' || kind === 'revshare' || (kind === 'cpa' && min_amount !== undefined),
    )
  );
}

/** Stands in where an affiliate has no deal: the conversion is settled and earns nothing. */
const NO_DEAL: { readonly deal: Deal; readonly version: Version } = {
  deal: { id: 'none', versions: [] },
  version: { terms: { components: [] }, effective_from: null },
};

function price(world: World, event: WorldEvent, seq: number, whose: Whose, subject: string): Pricing {
  const at = timeOf(event.occurred_at);
  const found = versionFor(world, whose.affiliate, at, whose.since);
  const { deal, version } = found ?? NO_DEAL;
  const { terms } = version;
  const [currency, rounding] = [currencyOf(world, terms), roundingOf(terms)];
  const takers = componentsFor(terms, event);
  const policy = terms.payout ?? 'ignore';
  const setAside = (reason: string): Pricing => ({
    kind: 'outcome',
    outcome: { status: 'set_aside', reason, affiliate: whose.affiliate },
  });
  if (policy === 'require' && event.payout === undefined && takers.length > 0)
    return setAside('payout_required');
  const isPaidOut = policy !== 'ignore' && event.payout !== undefined;
  const components = isPaidOut ? [] : takers;
  const money = (text: string, from: string) => convert(world, text, from, currency, at);
  const payout = isPaidOut
    ? money(event.payout, event.payout_currency ?? event.currency ?? currency)
    : undefined;
  const amount = event.amount === undefined ? 0n : money(event.amount, event.currency ?? currency);
  if (isPaidOut && payout === undefined) return setAside('no_exchange_rate');
  if (amount === undefined && needsAmount(terms, components, event)) return setAside('no_exchange_rate');
  const rated: Rated = {
    event,
    at,
    seq,
    affiliate: whose.affiliate,
    subject,
    month: monthOf(world, at),
    terms,
    deal,
    version,
    currency,
    rounding,
    components,
    amount: amount ?? 0n,
    ...(payout === undefined ? {} : { payout }),
  };
  return { kind: 'rated', rated };
}

/** All conversions that have an affiliate, priced, in order of arrival. */
export function rate(world: World, { whose, subject }: Attributions): Map<string, Pricing> {
  const pricings = new Map<string, Pricing>();
  for (const [seq, event] of world.events.entries()) {
    const owner = whose.get(event.id);
    if (owner === undefined || isReversal(event)) continue;
    pricings.set(event.id, price(world, event, seq, owner, subject.get(event.id) ?? `event ${event.id}`));
  }
  return pricings;
}
