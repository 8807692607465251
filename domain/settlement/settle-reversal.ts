// Settles a reversal of a batch, and applies reversals to conversions.
import type { Attribution } from '../attribution/attribution.ts';
import { reverses } from '../commission/reversals.ts';
import type { SlotFact } from '../commission/slot-facts.ts';
import type { Message, Unprompted } from '../delivery/messages.ts';
import type { ConversionEvent, Terms } from '../types.ts';
import { inOrder, notSettled, type Batch, type Settlement } from './batch.ts';
import { sumOfDeltas, type BatchLedger, type Deltas } from './batch-ledger.ts';
import { reversalFact } from './facts.ts';
import { reportChange, viewOf, type ReportSubject } from './notifications.ts';
import type { Loaded, Outcome } from './outcomes.ts';
import { reportedKey } from './reported-amounts.ts';
import type { Slot } from './slot.ts';

/**
 * Settles a reversal: lowers (or restores) each conversion that it reverses, and reports each in
 * one message. Without a conversion the reversal waits for one.
 */
export function settleReversal(
  batch: Batch,
  books: BatchLedger,
  loaded: Loaded,
  attribution: Attribution,
  conversions: readonly Loaded[],
): Settlement {
  const { event } = loaded;
  const reversed = inOrder(conversions.filter((conversion) => reverses(event, conversion.event)));
  const customerOf = attribution.kind === 'attributed' ? attribution.affiliateId : null;
  const affiliateId = reversed[0]?.outcome?.affiliateId ?? customerOf;
  if (reversed.length === 0 && (event.reference !== null || affiliateId === null))
    return notSettled(event, 'orphaned', 'no_conversion');
  const messages: Message[] = [];
  // Checked before the first conversion is changed: the reversal waits as a whole.
  if (
    reversed.some(
      ({ event: conversion }) => reversalFacts(batch, books, event, conversion) === 'no_exchange_rate',
    )
  )
    return notSettled(event, 'set_aside', 'no_exchange_rate');
  for (const { event: conversion, outcome, click, binding } of reversed) {
    const about = {
      affiliateId: outcome!.affiliateId!,
      ...viewOf({ event: conversion, outcome, click, binding }),
    };
    const { currency } = books.reported.get(reportedKey(conversion.id, about.affiliateId)) ?? batch.operator;
    const of = { ...about, currency };
    const cause = putBackBy(loaded) ?? event;
    messages.push(...(applyReversal(batch, books, event, of, cause) as Message[]));
  }
  return {
    outcomes: [settledReversal(event, affiliateId, reversed.length === 0 ? 'nothing_to_reverse' : null)],
    bindings: [],
    messages,
  };
}

/**
 * Applies a reversal to a conversion in each slot where the conversion earned. `cause` is what
 * affiliates hear of. A reversal without a reference is not reported for a conversion that loses
 * nothing.
 */
export function applyReversal(
  batch: Batch,
  books: BatchLedger,
  event: ConversionEvent,
  about: ReportSubject,
  cause: ConversionEvent | Unprompted,
): Message[] | 'no_exchange_rate' {
  const { conversion } = about;
  const facts = reversalFacts(batch, books, event, conversion);
  if (facts === 'no_exchange_rate') return facts;
  const nothing: Deltas = new Map(event.reference === null ? [] : [[about.affiliateId, 0n]]);
  const deltas = sumOfDeltas([nothing, ...facts.map(({ slot, fact }) => books.reverse(slot, fact, event))]);
  if (event.reference === null && deltas.get(about.affiliateId) === 0n) deltas.delete(about.affiliateId);
  return reportChange(
    books,
    event.type === 'chargeback_won' ? 'conversion.reinstated' : 'conversion.reversed',
    cause,
    about,
    deltas,
  );
}

/** Why an event is settled anew that was out of the books; null for any other event. */
export function putBackBy({ outcome }: Pick<Loaded, 'outcome'>): Unprompted | null {
  const reason = outcome?.reason;
  return reason === 'unvoided' || reason === 'unbound' ? reason : null;
}

/** The facts that a reversal adds, one for each slot where the conversion earned. */
function reversalFacts(
  { rates }: Batch,
  books: BatchLedger,
  event: ConversionEvent,
  conversion: ConversionEvent,
): { slot: Slot; fact: SlotFact }[] | 'no_exchange_rate' {
  const facts: { slot: Slot; fact: SlotFact }[] = [];
  for (const slot of books.slotsOfConversion(conversion.id)) {
    const fact = reversalFact(event, conversion, termsOf(slot, conversion), rates);
    if (fact === 'no_exchange_rate') return fact;
    if (fact !== null) facts.push({ slot, fact });
  }
  return facts;
}

/** The outcome of a settled reversal. */
export function settledReversal(
  event: ConversionEvent,
  affiliateId: string | null,
  reason: string | null,
): Outcome {
  return {
    eventId: event.id,
    status: 'settled',
    reason,
    affiliateId,
    method: null,
    clickId: null,
    version: null,
  };
}

/** The terms by which a conversion earned in a slot. */
function termsOf(slot: Slot, conversion: ConversionEvent): Terms {
  return slot.groups.get(conversion.id)!.version.terms;
}
