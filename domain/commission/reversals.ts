// What a negative event takes back: which conversions it strikes, and how much of each still counts afterwards.
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
 * Something that was said about a conversion in a slot: that it happened, or that some or all of it was not real, or that another deal version
 * rates it now, or that its operator amended it, which brings its values anew. `eventId` is the event that the fact is from: the conversion
 * itself, or the event that reverses it. `rating`: by what the conversion came to be rated when a rerating or an amendment wrote the fact;
 * null where the event itself did. A slot has one fact of each conversion, event and rating. `amountMinor` is in the conversion's currency, which is what refunds are measured against; `basisMinor` is what a conversion
 * is worth in the deal's currency, by the stored rate `fx` where that is another one. `customer`: whose first deposit it may be, in a month that
 * counts those; null for everything else.
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

/** What is said of how a conversion is rated, by nobody's event. */
export type Remark = 'rerated' | 'amended';

type Version = Pick<DealVersion, 'dealId' | 'version'>;

/** By what a conversion is rated: a deal version, and the amendment whose values it is rated with; 0 for those it was sent with. */
export type Rating = Version & { amendment: number };

function isSameRating(a: Rating | null, b: Rating | null): boolean {
  return a?.dealId === b?.dealId && a?.version === b?.version && a?.amendment === b?.amendment;
}

/** Whether two facts about one conversion in one slot are the same one. */
export function isSameFact(a: SlotFact, b: SlotFact): boolean {
  return a.eventId === b.eventId && isSameRating(a.rating, b.rating);
}

export function isRemark({ type }: Pick<SlotFact, 'type'>): boolean {
  return type === 'rerated' || type === 'amended';
}

/** Whether a fact is the conversion itself, as it was when it came into the slot. */
export function isAccrual(fact: Pick<SlotFact, 'originalEventId' | 'eventId' | 'rating'>): boolean {
  return fact.eventId === fact.originalEventId && fact.rating === null;
}

/**
 * The fact that another deal version rates a conversion from now on. It is whole where that version does not pay for the conversion in this
 * slot any more.
 */
export function reratedBy(rating: Rating, earned: SlotFact, stays: boolean): SlotFact {
  const nothing = { amountMinor: 0n, basisMinor: 0n, volumeE4: 0n, fx: null, customer: null };
  return { ...earned, ...nothing, rating, type: 'rerated', whole: !stays };
}

/** The fact that a conversion was amended: what it brings from now on, whole where it does not earn in this slot any more. */
export function amendedBy(rating: Rating, brings: SlotFact, stays: boolean): SlotFact {
  return { ...brings, rating, type: 'amended', whole: !stays };
}

/** The last amendment of a conversion that these facts of a slot know of, 0 where there is none. */
export function amendmentIn(others: readonly SlotFact[]): number {
  return lastAmended(others)?.rating?.amendment ?? 0;
}

function lastAmended(others: readonly SlotFact[]): SlotFact | null {
  let last: SlotFact | null = null;
  for (const fact of others)
    if (fact.type === 'amended' && fact.rating!.amendment > (last?.rating?.amendment ?? 0)) last = fact;
  return last;
}

/** What a conversion brought, with the values of its last amendment. */
export function asAmended(earned: SlotFact, others: readonly SlotFact[]): SlotFact {
  const amended = lastAmended(others);
  if (amended === null) return earned;
  const { amountMinor, basisMinor, volumeE4, fx } = amended;
  return { ...earned, amountMinor, basisMinor, volumeE4, fx };
}

/** What an event says against a conversion by the rating that came to hold, in place of what it said by those before. */
export function restatedBy(rating: Rating, fact: SlotFact): SlotFact {
  return { ...fact, rating };
}

/** What rates a conversion now, by its version and the facts of it in a slot. */
function ratingIn({ dealId, version }: Version, others: readonly SlotFact[]): Rating {
  return { dealId, version, amendment: amendmentIn(others) };
}

/** Whether the version that rates a conversion now pays for it in the slot that these facts are in. */
export function staysInSlot(version: Version, others: readonly SlotFact[]): boolean {
  if (!others.some(isRemark)) return true;
  const now = ratingIn(version, others);
  return !others.some((fact) => isRemark(fact) && fact.whole && isSameRating(now, fact.rating));
}

/** Of what was said against a conversion, what holds by what rates it now: said since then, or restated by it. */
export function effectiveReversals(version: Version, others: readonly SlotFact[]): readonly SlotFact[] {
  if (!others.some(isRemark)) return others;
  const now = ratingIn(version, others);
  const restated = others.filter((fact) => !isRemark(fact) && isSameRating(now, fact.rating));
  const replaced = new Set(restated.map(({ eventId }) => eventId));
  return [...restated, ...others.filter(({ eventId, rating }) => rating === null && !replaced.has(eventId))];
}

/** The customer an event is about, or the click where no customer is named. The same text as the column `events.subject`. */
export function subjectOf(event: ConversionEvent): string {
  return event.customerId === null ? `click ${event.clickId}` : `customer ${event.customerId}`;
}

/**
 * Whether an event speaks about a conversion: by its reference (the conversion's transaction id, and its type where one is named),
 * or, without a reference, about everything the same customer did before it. Windows are the deal's business (`takenBack`).
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
 * The fact an event adds to a slot about a conversion it strikes, or null where the deal lets the affiliate keep the commission:
 * its policy for that kind is `none`, or the conversion is older than the clawback window (which holds only without a reference).
 * `no_rate`: a part is to be taken back, named in another currency than the conversion's, which is never guessed at.
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

/** How much of a conversion's amount was taken back, out of how much: 0/1 is nothing, 1/1 everything. */
export type Reversed = { part: bigint; of: bigint };

/**
 * Sums what the facts standing against one conversion leave of it. Refunds add up and never exceed the conversion; a whole reversal takes everything;
 * a chargeback counts only while it was not won back.
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

/** What is left of a whole after the reversed share: the share is rounded once, over all reversals so far, never one by one. */
export function leftOf(whole: bigint, reversed: Reversed, mode: Terms['rounding']): bigint {
  return whole - divideRounded(whole * reversed.part, reversed.of, mode);
}
