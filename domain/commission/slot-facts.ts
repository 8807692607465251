// Facts of a conversion in a slot, and the ratings that rerating and amending give it: which facts
// are in force under the present rating.
import type { DealVersion, EventType } from '../types.ts';

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
  type: EventType | RatingChange;
  whole: boolean;
  amountMinor: bigint;
  basisMinor: bigint;
  volumeE4: bigint;
  occurredAt: number;
  fx: { rateId: string; rate: string } | null;
  customer: string | null;
};

/** Types of facts that a change of the rating adds, without an event. */
type RatingChange = 'rerated' | 'amended';

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

/** Whether a fact is a rerating or an amendment, which no event caused. */
export function isRatingChange({ type }: Pick<SlotFact, 'type'>): boolean {
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
export function reratedBy(rating: Rating, accrual: SlotFact, stays: boolean): SlotFact {
  const nothing = { amountMinor: 0n, basisMinor: 0n, volumeE4: 0n, fx: null, customer: null };
  return { ...accrual, ...nothing, rating, type: 'rerated', whole: !stays };
}

/**
 * The fact that a conversion was amended, with its new values. It is whole when the conversion does
 * not earn in this slot any more.
 */
export function amendedBy(rating: Rating, amended: SlotFact, stays: boolean): SlotFact {
  return { ...amended, rating, type: 'amended', whole: !stays };
}

/** The number of a conversion's last amendment among these facts of a slot; 0 without one. */
export function amendmentIn(laterFacts: readonly SlotFact[]): number {
  return lastAmended(laterFacts)?.rating?.amendment ?? 0;
}

function lastAmended(laterFacts: readonly SlotFact[]): SlotFact | null {
  let last: SlotFact | null = null;
  for (const fact of laterFacts)
    if (fact.type === 'amended' && fact.rating!.amendment > (last?.rating?.amendment ?? 0)) last = fact;
  return last;
}

/** The conversion's own fact with the values of its last amendment. */
export function asAmended(accrual: SlotFact, laterFacts: readonly SlotFact[]): SlotFact {
  const amended = lastAmended(laterFacts);
  if (amended === null) return accrual;
  const { amountMinor, basisMinor, volumeE4, fx } = amended;
  return { ...accrual, amountMinor, basisMinor, volumeE4, fx };
}

/** A reversal restated under the present rating; it replaces the reversal under earlier ratings. */
export function restatedBy(rating: Rating, fact: SlotFact): SlotFact {
  return { ...fact, rating };
}

/** The rating of a conversion now, by its version and its facts in a slot. */
function ratingIn({ dealId, version }: Version, laterFacts: readonly SlotFact[]): Rating {
  return { dealId, version, amendment: amendmentIn(laterFacts) };
}

/** Whether the present version pays for a conversion in the slot of these facts. */
export function staysInSlot(version: Version, laterFacts: readonly SlotFact[]): boolean {
  if (!laterFacts.some(isRatingChange)) return true;
  const now = ratingIn(version, laterFacts);
  return !laterFacts.some((fact) => isRatingChange(fact) && fact.whole && isSameRating(now, fact.rating));
}

/** The reversals of a conversion that are in force: made or restated under its present rating. */
export function effectiveReversals(version: Version, laterFacts: readonly SlotFact[]): readonly SlotFact[] {
  if (!laterFacts.some(isRatingChange)) return laterFacts;
  const now = ratingIn(version, laterFacts);
  const restated = laterFacts.filter((fact) => !isRatingChange(fact) && isSameRating(now, fact.rating));
  const replaced = new Set(restated.map(({ eventId }) => eventId));
  return [
    ...restated,
    ...laterFacts.filter(({ eventId, rating }) => rating === null && !replaced.has(eventId)),
  ];
}
