// Effects of reversals on conversions: the amount that each takes of each. A pure function of the
// set of events, so that the order of arrival does not show.
import {
  isTooOld,
  isUpToAmount,
  measured,
  namesChargeback,
  reinstates,
  reversalOf,
  reversedOf,
  reverses,
  whyKept,
  type Measured,
} from '../commission/reversals.ts';
import type { SlotFact } from '../commission/slot-facts.ts';
import { converted, rateAt, type FxRate } from '../ledger/fx.ts';
import { divideRounded } from '../ledger/money.ts';
import type { ConversionEvent, Terms } from '../types.ts';
import { inOrder } from './batch.ts';
import { paymentsAmong } from './reported-payments.ts';

/**
 * A conversion that may be reversed, with the terms that rate it (null where no deal covers it).
 * `known`: the facts of reversals that its slots have by these terms. One that a person rejected is
 * as reversible as before: what a reversal takes of it, it takes of no other.
 */
export type Reversible = {
  event: ConversionEvent;
  terms: Terms | null;
  known: readonly SlotFact[];
};

/** Why a reversal takes nothing of a conversion. */
export type WhyNothing =
  'not_clawed_back' | 'too_old' | 'already_reversed' | 'not_reached' | 'no_exchange_rate' | 'no_deal';

/** The effect of a reversal on a conversion: the fact that it adds, or why it adds none. */
export type Effect = { reversal: ConversionEvent; conversionId: string } & (
  { fact: SlotFact; why: null } | { fact: null; why: WhyNothing }
);

/**
 * The effects of these reversals on these conversions, in the order in which the reversals
 * occurred. Reversals up to an amount need all conversions of their customer.
 */
export function effectsOf(
  conversions: readonly Reversible[],
  reversals: readonly { event: ConversionEvent }[],
  rates: readonly FxRate[],
): Effect[] {
  const events = inOrder(reversals).map(({ event }) => event);
  const chargebacks = events.filter(({ type }) => type === 'chargeback');
  const tally = createTally(conversions);
  return events.flatMap((reversal) => {
    const named = chargebacks.find((chargeback) => namesChargeback(reversal, chargeback));
    const hit = conversions.filter(({ event }) => isHit(reversal, event, named));
    const effects = isSpread(reversal, named)
      ? spread(reversal, hit, named, tally, rates)
      : hit.map((conversion) => effectOn(reversal, conversion, named, rates));
    for (const { conversionId, fact } of effects) if (fact !== null) tally.add(conversionId, fact);
    return effects;
  });
}

/**
 * The reversals that divide an amount, their own or that of a win that names them, among the
 * conversions of a customer: their effect on one conversion depends on the others.
 */
export function spreadAmong<R extends { event: ConversionEvent }>(reversals: readonly R[]): R[] {
  const wins = reversals.filter(({ event }) => event.type === 'chargeback_won');
  return reversals.filter(
    ({ event }) =>
      isUpToAmount(event) ||
      wins.some(({ event: win }) => namesChargeback(win, event) && isSpread(win, event)),
  );
}

/**
 * Whether a reversal divides its amount among conversions. `named`: the chargeback that a win
 * names.
 */
export function isSpread(reversal: ConversionEvent, named?: ConversionEvent): boolean {
  return isUpToAmount(reversal) || (reversal.amountMinor !== null && named?.reference === null);
}

/** Whether an event reverses a conversion, itself or by naming a chargeback of it. */
function isHit(reversal: ConversionEvent, conversion: ConversionEvent, named?: ConversionEvent): boolean {
  return reverses(reversal, conversion) || (named !== undefined && reinstates(reversal, named, conversion));
}

/** The effect of a reversal that needs no other conversion. A fact that is known stays as it is. */
function effectOn(
  reversal: ConversionEvent,
  { event, terms, known }: Reversible,
  named: ConversionEvent | undefined,
  rates: readonly FxRate[],
): Effect {
  const of = { reversal, conversionId: event.id };
  if (terms === null) return { ...of, fact: null, why: 'no_deal' };
  const kept = known.find(({ eventId }) => eventId === reversal.id);
  if (kept) return { ...of, fact: kept, why: null };
  const cancels = reverses(reversal, event) ? null : named!.id;
  const { amount, fx } = exchanged(reversal, event, rates);
  const fact = reversalOf(reversal, event, terms, amount, cancels);
  if (fact === null) return { ...of, fact, why: whyKept(reversal, event, terms)! };
  if (fact === 'no_rate') return { ...of, fact: null, why: 'no_exchange_rate' };
  const isMeasured = !fact.whole || fact.type === 'chargeback';
  return { ...of, fact: isMeasured ? { ...fact, fx } : fact, why: null };
}

/** The amount of an event in a conversion's currency, at the rate of the conversion's date. */
function exchanged(
  reversal: ConversionEvent,
  conversion: ConversionEvent,
  rates: readonly FxRate[],
): { amount: Measured; fx: SlotFact['fx'] } {
  const amount = measured(reversal, conversion);
  if (amount !== 'no_rate') return { amount, fx: null };
  const rate = rateBetween(reversal, conversion, rates);
  if (rate === null) return { amount, fx: null };
  return { amount: converted(reversal.amountMinor!, rate), fx: { rateId: rate.id, rate: rate.rate } };
}

function rateBetween(from: ConversionEvent, to: ConversionEvent, rates: readonly FxRate[]): FxRate | null {
  return rateAt(rates, from.currency ?? '', to.currency ?? '', to.occurredAt);
}

/**
 * Takes payments of the reversal's customer back up to its amount: those in its own currency first,
 * the latest first, of each what earlier reversals left. A win gives back of each what the
 * chargeback that it names took. A payment that was reported twice is taken once, by the same share
 * of both conversions.
 */
function spread(
  reversal: ConversionEvent,
  hit: readonly Reversible[],
  named: ConversionEvent | undefined,
  tally: Tally,
  rates: readonly FxRate[],
): Effect[] {
  let restMinor = reversal.amountMinor!;
  return paymentsAmong(ordered(reversal, hit)).flatMap((payment): Effect[] => {
    const left = payment.map((one) => ({ one, minor: leftFor(reversal, one, named, tally) }));
    const reached = left.flatMap(({ one, minor }) => (typeof minor === 'bigint' ? [{ one, minor }] : []));
    const missed = left.flatMap(({ one, minor }) =>
      typeof minor === 'bigint' ? [] : [nothing(reversal, one, minor)],
    );
    const nothingOf = (why: WhyNothing): Effect[] => [
      ...reached.map(({ one }) => nothing(reversal, one, why)),
      ...missed,
    ];
    if (reached.length === 0) return missed;
    if (restMinor <= 0n) return nothingOf('not_reached');
    const { event: of } = reached[0]!.one;
    const isForeign = of.currency !== reversal.currency;
    const rate = isForeign ? rateBetween(reversal, of, rates) : null;
    if (isForeign && rate === null) return nothingOf('no_exchange_rate');
    const askedMinor = rate === null ? restMinor : converted(restMinor, rate);
    const takenMinor = smaller(askedMinor, reached.map(({ minor }) => minor).reduce(larger));
    if (takenMinor <= 0n) return nothingOf('not_reached');
    restMinor = divideRounded(restMinor * (askedMinor - takenMinor), askedMinor, 'half_even');
    const wholeMinor = reached.map(({ one }) => one.event.amountMinor!).reduce(larger);
    const fx = rate === null ? null : { rateId: rate.id, rate: rate.rate };
    const effects = reached.map(({ one, minor }) => {
      const shareMinor = divideRounded(one.event.amountMinor! * takenMinor, wholeMinor, 'half_even');
      return taking(reversal, one, smaller(shareMinor, minor), { named, tally, fx });
    });
    return [...effects, ...missed];
  });
}

/** What a reversal can take of a conversion, in minor units of its currency; or why nothing. */
function leftFor(
  reversal: ConversionEvent,
  conversion: Reversible,
  named: ConversionEvent | undefined,
  tally: Tally,
): bigint | WhyNothing {
  const { event, terms } = conversion;
  if (terms !== null && isTooOld(reversal, event, terms)) return 'too_old';
  const leftMinor = named ? tally.takenBy(named, conversion) : tally.leftOf(conversion);
  if (leftMinor > 0n) return leftMinor;
  return (event.amountMinor ?? 0n) > 0n ? 'already_reversed' : 'not_reached';
}

/** The effect of a reversal that takes an amount of a conversion. */
function taking(
  reversal: ConversionEvent,
  conversion: Reversible,
  takenMinor: bigint,
  by: { named: ConversionEvent | undefined; tally: Tally; fx: SlotFact['fx'] },
): Effect {
  const { event, terms } = conversion;
  if (takenMinor <= 0n) return nothing(reversal, conversion, 'not_reached');
  const { named, tally, fx } = by;
  const fact = terms === null ? null : reversalOf(reversal, event, terms, takenMinor, named?.id ?? null);
  if (fact === null || fact === 'no_rate') {
    tally.absorb(event.id, takenMinor);
    return nothing(reversal, conversion, terms === null ? 'no_deal' : 'not_clawed_back');
  }
  return { reversal, conversionId: event.id, fact: { ...fact, fx }, why: null };
}

function nothing(reversal: ConversionEvent, { event }: Reversible, why: WhyNothing): Effect {
  return { reversal, conversionId: event.id, fact: null, why };
}

function ordered(reversal: ConversionEvent, hit: readonly Reversible[]): Reversible[] {
  const latestFirst = inOrder(hit).reverse();
  const isOwn = ({ event }: Reversible): boolean => event.currency === reversal.currency;
  return [...latestFirst.filter(isOwn), ...latestFirst.filter((conversion) => !isOwn(conversion))];
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

type Tally = {
  add(conversionId: string, fact: SlotFact): void;
  /** Counts an amount that the deal lets the affiliate keep, so that it is not asked for again. */
  absorb(conversionId: string, minor: bigint): void;
  /** What is left of a conversion, in minor units of its currency. */
  leftOf(conversion: Reversible): bigint;
  /** The amount by which a chargeback counts against a conversion. */
  takenBy(chargeback: ConversionEvent, conversion: Reversible): bigint;
};

/** Counts what is taken of each conversion. */
function createTally(conversions: readonly Reversible[]): Tally {
  const facts = new Map<string, SlotFact[]>(conversions.map(({ event }) => [event.id, []]));
  const absorbed = new Map<string, bigint>();
  return {
    add: (conversionId, fact) => facts.get(conversionId)!.push(fact),
    absorb(conversionId, minor) {
      absorbed.set(conversionId, (absorbed.get(conversionId) ?? 0n) + minor);
    },
    leftOf({ event }) {
      const amountMinor = event.amountMinor ?? 0n;
      const { part, of } = reversedOf({ amountMinor }, facts.get(event.id)!);
      return amountMinor - (amountMinor * part) / of - (absorbed.get(event.id) ?? 0n);
    },
    takenBy: (chargeback, { event }) =>
      facts.get(event.id)!.find(({ eventId }) => eventId === chargeback.id)?.amountMinor ?? 0n,
  };
}
