// What a negative event takes back: which conversions it strikes, and how much of each still counts afterwards.
import { divideRounded } from '../ledger/money.ts';
import {
  earns,
  isNegative,
  type ConversionEvent,
  type DealVersion,
  type EventType,
  type Terms,
} from '../types.ts';
import { DAY_MS } from '../units.ts';

/**
 * Something that was said about a conversion in a slot: that it happened, or that some or all of it was not real, or that another deal version
 * rates it now, or that its operator amended it, which brings its values anew. `amountMinor` is in the conversion's currency, which is what refunds are measured against; `basisMinor` is what a conversion
 * is worth in the deal's currency, by the stored rate `fx` where that is another one. `customer`: whose first deposit it may be, in a month that
 * counts those; null for everything else.
 */
export type SlotFact = {
  originalEventId: string;
  eventId: string;
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
export type Rating = { version: Version; amendment: number };

/** A rating in the place of an event's id, in the facts that it caused: `deal/version`, or `deal/version@amendment`. */
const nameOf = ({ version: { dealId, version }, amendment }: Rating): string =>
  `${dealId}/${version}${amendment === 0 ? '' : `@${amendment}`}`;

export function isRemark({ type }: Pick<SlotFact, 'type'>): boolean {
  return type === 'rerated' || type === 'amended';
}

/**
 * The fact that another deal version rates a conversion from now on; it stands for an event under the rating's name. It is whole where that
 * version does not pay for the conversion in this slot any more.
 */
export function reratedBy(rating: Rating, earned: SlotFact, stays: boolean): SlotFact {
  const nothing = { amountMinor: 0n, basisMinor: 0n, volumeE4: 0n, fx: null, customer: null };
  return { ...earned, ...nothing, eventId: nameOf(rating), type: 'rerated', whole: !stays };
}

/** The fact that a conversion was amended: what it brings from now on, whole where it does not earn in this slot any more. */
export function amendedBy(rating: Rating, brings: SlotFact, stays: boolean): SlotFact {
  return { ...brings, eventId: nameOf(rating), type: 'amended', whole: !stays };
}

/** The deal and version that such a fact names. */
export function ratedBy(eventId: string): [dealId: string, version: number] {
  const [dealId, version] = eventId.split('@', 1)[0]!.split('/');
  return [dealId!, Number(version)];
}

/** The last amendment of a conversion that these facts of a slot know of, 0 where there is none. */
export function amendmentIn(others: readonly SlotFact[]): number {
  return others.reduce((last, fact) => (fact.type === 'amended' ? Math.max(last, numberOf(fact)) : last), 0);
}

/** The number of the amendment that such a fact is of. */
export function numberOf({ eventId }: Pick<SlotFact, 'eventId'>): number {
  return Number(eventId.split('@')[1]);
}

/** What a conversion brought, with the values of its last amendment. */
export function asAmended(earned: SlotFact, others: readonly SlotFact[]): SlotFact {
  const last = amendmentIn(others);
  const amended =
    last === 0 ? undefined : others.find((fact) => fact.type === 'amended' && numberOf(fact) === last);
  if (!amended) return earned;
  const { amountMinor, basisMinor, volumeE4, fx } = amended;
  return { ...earned, amountMinor, basisMinor, volumeE4, fx };
}

/** What an event says against a conversion by the rating that came to hold, in place of what it said by those before. */
export function restatedBy(rating: Rating, fact: SlotFact): SlotFact {
  return { ...fact, eventId: `${nameOf(rating)}/${fact.eventId}` };
}

/** Whether the version that rates a conversion now pays for it in the slot that these facts are in. */
export function staysInSlot(version: Version, others: readonly SlotFact[]): boolean {
  if (!others.some(isRemark)) return true;
  const name = nameOf({ version, amendment: amendmentIn(others) });
  return !others.some((fact) => isRemark(fact) && fact.whole && fact.eventId === name);
}

/** Of what was said against a conversion, what holds by what rates it now: said since then, or restated by it. */
export function standingAgainst(version: Version, others: readonly SlotFact[]): readonly SlotFact[] {
  if (!others.some(isRemark)) return others;
  const prefix = `${nameOf({ version, amendment: amendmentIn(others) })}/`;
  const restated = others.filter(({ eventId }) => eventId.startsWith(prefix));
  const replaced = new Set(restated.map(({ eventId }) => eventId.slice(prefix.length)));
  return [...restated, ...others.filter(({ eventId }) => !eventId.includes('/') && !replaced.has(eventId))];
}

/** The customer an event is about, or the click where no customer is named. The same text as the column `events.subject`. */
export function subjectOf(event: ConversionEvent): string {
  return event.customerId === null ? `click ${event.clickId}` : `customer ${event.customerId}`;
}

/**
 * Whether an event speaks about a conversion: by its reference (the conversion's transaction id, and its type where one is named),
 * or, without a reference, about everything the same customer did before it. Windows are the deal's business (`takenBack`).
 */
export function strikes(event: ConversionEvent, conversion: ConversionEvent): boolean {
  if (!earns(conversion.type) || earns(event.type)) return false;
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
export function takenBack(
  event: ConversionEvent,
  conversion: ConversionEvent,
  terms: Terms,
): SlotFact | 'no_rate' | null {
  const fact = {
    originalEventId: conversion.id,
    eventId: event.id,
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
