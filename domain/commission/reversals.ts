// Reversals: the conversions that a negative event reverses, and the share of each that remains.
import { isErasedId } from '../keys.ts';
import { divideRounded } from '../ledger/money.ts';
import { isConversion, isNegative, type ConversionEvent, type Terms } from '../types.ts';
import { DAY_MS } from '../units.ts';
import type { SlotFact } from './slot-facts.ts';

/**
 * The customer of an event, or its click where no customer is named. The same text as the column
 * `events.subject`.
 */
export function subjectOf(event: ConversionEvent): string {
  return event.customerId === null ? `click ${event.clickId}` : `customer ${event.customerId}`;
}

/** Whether an event names a conversion by its reference, and by its type where that is given. */
function names({ reference, referenceType }: ConversionEvent, { type, key }: ConversionEvent): boolean {
  if (reference !== key.value || (referenceType !== null && referenceType !== type)) return false;
  // A customer or click id could be a transaction id of something else, unless the type is given.
  return (
    key.kind === 'transaction' ||
    (referenceType !== null && (key.kind === 'customer' || key.kind === 'click'))
  );
}

/**
 * Whether an event was sent with another customer than the conversion's. Nobody knows any more who
 * an erased customer was, so that a chargeback of a conversion that is erased is taken at its word.
 */
function isOtherCustomers(event: ConversionEvent, conversion: ConversionEvent): boolean {
  if (event.customerId === null || event.isCustomerOfClick || conversion.customerId === null) return false;
  return event.customerId !== conversion.customerId && !isErasedId(conversion.customerId);
}

/** Whether an event references a conversion and names another customer than the conversion's. */
export function contradicts(event: ConversionEvent, conversion: ConversionEvent): boolean {
  if (!isConversion(conversion.type) || isConversion(event.type)) return false;
  return event.reference !== null && names(event, conversion) && isOtherCustomers(event, conversion);
}

/**
 * Whether an event reverses a conversion: by its reference, or without a reference every earlier
 * conversion of the same customer, of the type that it names. The clawback window is applied by
 * `reversalOf`. A win may also name a chargeback; see `namesChargeback`.
 */
export function reverses(event: ConversionEvent, conversion: ConversionEvent): boolean {
  if (!isConversion(conversion.type) || isConversion(event.type)) return false;
  if (event.reference !== null) return names(event, conversion) && !isOtherCustomers(event, conversion);
  return (
    isNegative(event.type) &&
    subjectOf(event) === subjectOf(conversion) &&
    conversion.occurredAt <= event.occurredAt &&
    (event.referenceType === null || event.referenceType === conversion.type)
  );
}

/** Whether a win references a chargeback by the chargeback's own transaction id. */
export function namesChargeback(win: ConversionEvent, chargeback: ConversionEvent): boolean {
  return (
    win.type === 'chargeback_won' &&
    chargeback.type === 'chargeback' &&
    chargeback.key.kind === 'transaction' &&
    chargeback.key.value === win.reference &&
    (win.referenceType === null || win.referenceType === 'chargeback')
  );
}

/** Whether a win undoes a chargeback's reversal of a conversion because it names the chargeback. */
export function reinstates(
  win: ConversionEvent,
  chargeback: ConversionEvent,
  conversion: ConversionEvent,
): boolean {
  return isThrough(win, chargeback, conversion) && !isOtherCustomers(win, conversion);
}

/** Whether a win names a chargeback of a conversion, and another customer than the conversion's. */
export function contradictsThrough(
  win: ConversionEvent,
  chargeback: ConversionEvent,
  conversion: ConversionEvent,
): boolean {
  return isThrough(win, chargeback, conversion) && isOtherCustomers(win, conversion);
}

function isThrough(win: ConversionEvent, chargeback: ConversionEvent, conversion: ConversionEvent): boolean {
  return namesChargeback(win, chargeback) && reverses(chargeback, conversion);
}

/**
 * Whether an event takes conversions of its customer back up to an amount, because it has no
 * reference.
 */
export function isUpToAmount({ type, reference, amountMinor }: ConversionEvent): boolean {
  return isNegative(type) && reference === null && amountMinor !== null;
}

/** Why the deal lets the affiliate keep a commission although an event reverses its conversion. */
export function whyKept(
  event: ConversionEvent,
  conversion: ConversionEvent,
  terms: Terms,
): 'not_clawed_back' | 'too_old' | null {
  if (!isNegative(event.type)) return null;
  if (terms.clawback[event.type] === 'none') return 'not_clawed_back';
  return isTooOld(event, conversion, terms) ? 'too_old' : null;
}

/** Whether a conversion is older than the clawback window, which holds only without a reference. */
export function isTooOld(event: ConversionEvent, conversion: ConversionEvent, { clawback }: Terms): boolean {
  return event.reference === null && event.occurredAt - conversion.occurredAt > clawback.days * DAY_MS;
}

/** An amount in a conversion's currency; null for no amount, `no_rate` where it is not known. */
export type Measured = bigint | null | 'no_rate';

/** The amount of an event in the currency of a conversion, without exchange. */
export function measured(event: ConversionEvent, conversion: ConversionEvent): Measured {
  if (event.amountMinor === null) return null;
  return event.currency === conversion.currency ? event.amountMinor : 'no_rate';
}

/**
 * The fact that a reversal adds to a slot for a conversion; null when the deal lets the affiliate
 * keep the commission. `amount`: what it takes of the conversion, in the conversion's currency.
 * `no_rate`: it takes a part whose amount is not known.
 */
export function reversalOf(
  event: ConversionEvent,
  conversion: ConversionEvent,
  terms: Terms,
  amount: Measured = measured(event, conversion),
  cancels: string | null = null,
): SlotFact | 'no_rate' | null {
  const ofConversion = conversion.amountMinor ?? 0n;
  const fact = {
    originalEventId: conversion.id,
    eventId: event.id,
    revision: 0,
    type: event.type,
    basisMinor: 0n,
    volumeE4: 0n,
    occurredAt: event.occurredAt,
    fx: null,
    customer: null,
    payment: null,
    cancels,
  };
  if (event.type === 'chargeback_won')
    return amount === 'no_rate' ? amount : { ...fact, whole: amount === null, amountMinor: amount ?? 0n };
  if (!isNegative(event.type) || whyKept(event, conversion, terms) !== null) return null;
  const isPart = terms.clawback[event.type] === 'proportional' && amount !== null && ofConversion > 0n;
  if (isPart) return amount === 'no_rate' ? amount : { ...fact, whole: false, amountMinor: amount };
  // Wins are measured against a chargeback's amount; without one it counts as the conversion's.
  const chargedMinor = typeof amount === 'bigint' ? amount : ofConversion;
  return { ...fact, whole: true, amountMinor: event.type === 'chargeback' ? chargedMinor : 0n };
}

/** The reversed share of a conversion's amount: 0/1 is nothing, 1/1 everything. */
export type Reversed = { part: bigint; of: bigint };

/**
 * The share that the reversals of one conversion take together, in any order. Refunds add up and
 * never exceed the conversion; a whole reversal takes everything; a chargeback counts as far as it
 * was not won back afterwards. Example: 100.00 refunded by 33.00 and 33.00 gives 66/100.
 */
export function reversedOf(
  { amountMinor }: Pick<SlotFact, 'amountMinor'>,
  reversals: readonly SlotFact[],
): Reversed {
  const lost = lostChargebacks(reversals);
  let refunded = 0n;
  for (const fact of reversals) {
    if (fact.type === 'chargeback_won') continue;
    const takenMinor = fact.type === 'chargeback' ? lost.get(fact.eventId) : fact.amountMinor;
    if (takenMinor === undefined) continue;
    if (fact.whole) return { part: 1n, of: 1n };
    refunded += takenMinor;
  }
  if (refunded === 0n || amountMinor <= 0n) return { part: 0n, of: 1n };
  return refunded >= amountMinor ? { part: 1n, of: 1n } : { part: refunded, of: amountMinor };
}

/**
 * The chargebacks that were not wholly won back, by event id, with the amount not won. A win undoes
 * chargebacks at or before it: the one that it names, or the oldest first, up to its amount.
 */
export function lostChargebacks(reversals: readonly SlotFact[]): Map<string, bigint> {
  const lost = new Map<string, bigint>();
  const disputed = reversals.filter(({ type }) => type === 'chargeback' || type === 'chargeback_won');
  for (const fact of disputed.toSorted(byTime)) {
    if (fact.type === 'chargeback') {
      lost.set(fact.eventId, fact.amountMinor);
      continue;
    }
    let wonMinor = fact.amountMinor;
    for (const [eventId, lostMinor] of lost) {
      if (fact.cancels !== null && fact.cancels !== eventId) continue;
      if (fact.whole || (wonMinor > 0n && wonMinor >= lostMinor)) lost.delete(eventId);
      else lost.set(eventId, lostMinor - wonMinor);
      wonMinor = wonMinor > lostMinor ? wonMinor - lostMinor : 0n;
    }
  }
  return lost;
}

/** Order of facts: by the time of their events, then by event id. */
function byTime(a: SlotFact, b: SlotFact): number {
  return a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0);
}

/** The remainder of an amount after the reversed share. Rounded once, over all reversals so far. */
export function leftOf(whole: bigint, reversed: Reversed, mode: Terms['rounding']): bigint {
  return whole - divideRounded(whole * reversed.part, reversed.of, mode);
}
