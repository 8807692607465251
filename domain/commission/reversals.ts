// Reversals: the conversions that a negative event reverses, and the share of each that remains.
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
    revision: 0,
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
export function reversedOf(accrual: SlotFact, reversals: readonly SlotFact[]): Reversed {
  const won = reversals.some((fact) => fact.type === 'chargeback_won');
  let refunded = 0n;
  for (const fact of reversals) {
    if (fact.type === 'chargeback_won' || (fact.type === 'chargeback' && won)) continue;
    if (fact.whole) return { part: 1n, of: 1n };
    refunded += fact.amountMinor;
  }
  if (refunded === 0n || accrual.amountMinor <= 0n) return { part: 0n, of: 1n };
  return refunded >= accrual.amountMinor ? { part: 1n, of: 1n } : { part: refunded, of: accrual.amountMinor };
}

/** The remainder of an amount after the reversed share. Rounded once, over all reversals so far. */
export function leftOf(whole: bigint, reversed: Reversed, mode: Terms['rounding']): bigint {
  return whole - divideRounded(whole * reversed.part, reversed.of, mode);
}
