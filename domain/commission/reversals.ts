// Reversals: the conversions that a negative event reverses, and the share of each that remains.
import { divideRounded } from '../ledger/money.ts';
import {
  isConversion,
  isNegative,
  type ConversionEvent,
  type DealVersion,
  type EventType,
  type Terms,
} from '../types.ts';
import { DAY_MS } from '../units.ts';

/**
 * A fact about a conversion in a slot: the conversion itself, a reversal, a rerating or an
 * amendment. A slot has one fact for each conversion, event and rating.
 * `eventId`: the conversion, or the event that reverses it. `rating`: the rating that a rerating or
 * amendment gave the conversion; null for facts of events. `amountMinor`: in the conversion's
 * currency, in which refunds are measured. `basisMinor`: in the deal's currency, by the stored rate
 * `fx` when the currencies differ. `customer`: the customer of a first deposit in a month that
 * counts them; otherwise null.
 */
export type SlotFact = {
  originalEventId: string;
  eventId: string;
  rating: Rating | null;
  type: EventType | Remark;
  whole: boolean;
  amountMinor: bigint;
  basisMinor: bigint;
  volumeE4: bigint;
  occurredAt: number;
  fx: { rateId: string; rate: string } | null;
  customer: string | null;
};

/** Types of facts that no event caused. */
type Remark = 'rerated' | 'amended';

type Version = Pick<DealVersion, 'dealId' | 'version'>;

/**
 * The rating of a conversion: a deal version, and the amendment whose values are rated; 0 for the
 * values as sent.
 */
export type Rating = Version & { amendment: number };

function isSameRating(a: Rating | null, b: Rating | null): boolean {
  return a?.dealId === b?.dealId && a?.version === b?.version && a?.amendment === b?.amendment;
}

/** Whether two facts about one conversion in one slot are the same fact. */
export function isSameFact(a: SlotFact, b: SlotFact): boolean {
  return a.eventId === b.eventId && isSameRating(a.rating, b.rating);
}

export function isRemark({ type }: Pick<SlotFact, 'type'>): boolean {
  return type === 'rerated' || type === 'amended';
}

/** Whether a fact is the conversion itself, as it entered the slot. */
export function isAccrual(fact: Pick<SlotFact, 'originalEventId' | 'eventId' | 'rating'>): boolean {
  return fact.eventId === fact.originalEventId && fact.rating === null;
}

/**
 * The fact that another deal version rates a conversion. It is whole when that version does not pay
 * for the conversion in this slot.
 */
export function reratedBy(rating: Rating, earned: SlotFact, stays: boolean): SlotFact {
  const nothing = { amountMinor: 0n, basisMinor: 0n, volumeE4: 0n, fx: null, customer: null };
  return { ...earned, ...nothing, rating, type: 'rerated', whole: !stays };
}

/**
 * The fact that a conversion was amended, with its new values. It is whole when the conversion does
 * not earn in this slot any more.
 */
export function amendedBy(rating: Rating, brings: SlotFact, stays: boolean): SlotFact {
  return { ...brings, rating, type: 'amended', whole: !stays };
}

/** The number of a conversion's last amendment among these facts of a slot; 0 without one. */
export function amendmentIn(others: readonly SlotFact[]): number {
  return lastAmended(others)?.rating?.amendment ?? 0;
}

function lastAmended(others: readonly SlotFact[]): SlotFact | null {
  let last: SlotFact | null = null;
  for (const fact of others)
    if (fact.type === 'amended' && fact.rating!.amendment > (last?.rating?.amendment ?? 0)) last = fact;
  return last;
}

/** The conversion's own fact with the values of its last amendment. */
export function asAmended(earned: SlotFact, others: readonly SlotFact[]): SlotFact {
  const amended = lastAmended(others);
  if (amended === null) return earned;
  const { amountMinor, basisMinor, volumeE4, fx } = amended;
  return { ...earned, amountMinor, basisMinor, volumeE4, fx };
}

/** A reversal restated under the present rating; it replaces the reversal under earlier ratings. */
export function restatedBy(rating: Rating, fact: SlotFact): SlotFact {
  return { ...fact, rating };
}

/** The rating of a conversion now, by its version and its facts in a slot. */
function ratingIn({ dealId, version }: Version, others: readonly SlotFact[]): Rating {
  return { dealId, version, amendment: amendmentIn(others) };
}

/** Whether the present version pays for a conversion in the slot of these facts. */
export function staysInSlot(version: Version, others: readonly SlotFact[]): boolean {
  if (!others.some(isRemark)) return true;
  const now = ratingIn(version, others);
  return !others.some((fact) => isRemark(fact) && fact.whole && isSameRating(now, fact.rating));
}

/** The reversals of a conversion that are in force: made or restated under its present rating. */
export function effectiveReversals(version: Version, others: readonly SlotFact[]): readonly SlotFact[] {
  if (!others.some(isRemark)) return others;
  const now = ratingIn(version, others);
  const restated = others.filter((fact) => !isRemark(fact) && isSameRating(now, fact.rating));
  const replaced = new Set(restated.map(({ eventId }) => eventId));
  return [...restated, ...others.filter(({ eventId, rating }) => rating === null && !replaced.has(eventId))];
}

/**
 * The customer of an event, or its click where no customer is named. The same text as the column
 * `events.subject`.
 */
export function subjectOf(event: ConversionEvent): string {
  return event.customerId === null ? `click ${event.clickId}` : `customer ${event.customerId}`;
}

/**
 * Whether an event reverses a conversion: by its reference (the conversion's transaction id, and
 * its type where given), or without a reference every earlier conversion of the same customer. The
 * clawback window is applied by `reversalOf`.
 */
export function reverses(event: ConversionEvent, conversion: ConversionEvent): boolean {
  if (!isConversion(conversion.type) || isConversion(event.type)) return false;
  if (event.reference !== null) {
    if (conversion.key.kind !== 'transaction' || conversion.key.value !== event.reference) return false;
    return event.referenceType === null || event.referenceType === conversion.type;
  }
  return (
    isNegative(event.type) &&
    subjectOf(event) === subjectOf(conversion) &&
    conversion.occurredAt <= event.occurredAt
  );
}

/**
 * The fact that a reversal adds to a slot for a conversion; null when the deal lets the affiliate
 * keep the commission: its policy for this event is `none`, or the conversion is older than the
 * clawback window (which holds only without a reference). `no_rate`: a partial reversal in another
 * currency than the conversion's.
 */
export function reversalOf(
  event: ConversionEvent,
  conversion: ConversionEvent,
  terms: Terms,
): SlotFact | 'no_rate' | null {
  const fact = {
    originalEventId: conversion.id,
    eventId: event.id,
    rating: null,
    type: event.type,
    basisMinor: 0n,
    volumeE4: 0n,
    occurredAt: event.occurredAt,
    fx: null,
    customer: null,
  };
  if (event.type === 'chargeback_won') return { ...fact, whole: true, amountMinor: 0n };
  if (!isNegative(event.type)) return null;
  const policy = terms.clawback[event.type];
  if (policy === 'none') return null;
  if (event.reference === null && event.occurredAt - conversion.occurredAt > terms.clawback.days * DAY_MS)
    return null;
  const partly =
    policy === 'proportional' &&
    event.reference !== null &&
    event.amountMinor !== null &&
    (conversion.amountMinor ?? 0n) > 0n;
  if (!partly) return { ...fact, whole: true, amountMinor: 0n };
  return event.currency === conversion.currency
    ? { ...fact, whole: false, amountMinor: event.amountMinor! }
    : 'no_rate';
}

/** The reversed share of a conversion's amount: 0/1 is nothing, 1/1 everything. */
export type Reversed = { part: bigint; of: bigint };

/**
 * The share that the reversals of one conversion take together. Refunds add up and never exceed the
 * conversion; a whole reversal takes everything; a chargeback counts only while it is not won back.
 * Example: 100.00 refunded by 33.00 and 33.00 gives 66/100.
 */
export function reversedOf(earned: SlotFact, others: readonly SlotFact[]): Reversed {
  const won = others.some((fact) => fact.type === 'chargeback_won');
  let refunded = 0n;
  for (const fact of others) {
    if (fact.type === 'chargeback_won' || (fact.type === 'chargeback' && won)) continue;
    if (fact.whole) return { part: 1n, of: 1n };
    refunded += fact.amountMinor;
  }
  if (refunded === 0n || earned.amountMinor <= 0n) return { part: 0n, of: 1n };
  return refunded >= earned.amountMinor ? { part: 1n, of: 1n } : { part: refunded, of: earned.amountMinor };
}

/** The remainder of an amount after the reversed share. Rounded once, over all reversals so far. */
export function leftOf(whole: bigint, reversed: Reversed, mode: Terms['rounding']): bigint {
  return whole - divideRounded(whole * reversed.part, reversed.of, mode);
}
