// Settles events in the order they occurred: attribution, commission, postings and messages to
// affiliates. Pure: changes only the batch ledger, which the caller loaded and writes afterwards.
import { attribute, type Attribution } from '../attribution/attribution.ts';
import type { BatchLedger, Deltas } from './batch-ledger.ts';
import { reverses } from '../commission/reversals.ts';
import type { SlotFact } from '../commission/slot-facts.ts';
import { reversalFact, conversionFacts, type Rated } from './facts.ts';
import type { FxRate } from '../ledger/fx.ts';
import { viewOf, subsOf, reportChange, type ReportSubject } from './notifications.ts';
import { reportedKey } from './reported-amounts.ts';
import { type Binding, type ConversionEvent, type Terms, isConversion } from '../types.ts';
import type { Slot } from './slot.ts';
import type { Message } from '../delivery/messages.ts';
import type { Outcome, Loaded, KnownOutcome } from './outcomes.ts';
import type { OperatorRules } from './rating.ts';

/**
 * Result of settling; the postings are in the batch ledger. A later outcome of an event replaces an
 * earlier one.
 */
export type Settlement = { outcomes: Outcome[]; bindings: Binding[]; messages: Message[] };

/**
 * A rule failed for one event. Only this event is set aside; the others of its batch are settled.
 */
export class RuleError extends Error {
  readonly eventId: string;
  constructor(eventId: string, cause: unknown) {
    super(`settling ${eventId}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.eventId = eventId;
  }
}

/**
 * Sorts events by the time they occurred, then by id, so that the order does not depend on arrival.
 */
export function inOrder<T extends { event: ConversionEvent }>(loaded: readonly T[]): T[] {
  return loaded.toSorted(
    ({ event: a }, { event: b }) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}

/**
 * Attributes events in order. A customer whom an event binds is bound for the later events of the
 * same batch.
 */
export function attributeAll(operator: OperatorRules, ordered: readonly Loaded[]): Map<string, Attribution> {
  const bound = new Map<string, Binding>();
  const attributions = new Map<string, Attribution>();
  for (const loaded of ordered) {
    const { event } = loaded;
    const binding =
      loaded.binding ?? (event.customerId === null ? undefined : bound.get(event.customerId)) ?? null;
    const attribution = attribute(event, { ...loaded, binding }, operator.clickWindowDays);
    if (isConversion(event.type) && attribution.kind === 'attributed' && attribution.binds) {
      bound.set(attribution.binds.customerId, attribution.binds);
    }
    attributions.set(event.id, attribution);
  }
  return attributions;
}

/**
 * Input of `settleAll`. `others`: events of earlier batches, settled or waiting, that may reverse
 * the ordered events or be reversed by them.
 */
export type Batch = {
  operator: OperatorRules;
  ordered: readonly Loaded[];
  /** Attributions and ratings of the ordered events, by `attributeAll` and `rateAll`. */
  attributions: ReadonlyMap<string, Attribution>;
  rated: ReadonlyMap<string, Rated>;
  others: readonly Loaded[];
  /** Exchange rates between the currencies of the events and deals. */
  rates: readonly FxRate[];
};

/**
 * Settles the ordered events of a batch in its ledger.
 * Throws a RuleError for the event whose rule failed. The ledger is then inconsistent and must be
 * loaded again.
 */
export function settleAll(batch: Batch, books: BatchLedger): Settlement {
  const conversions = batch.others.filter(
    ({ event, outcome }) => isConversion(event.type) && outcome?.status === 'settled',
  );
  const against = batch.others.filter(
    ({ event, outcome }) => !isConversion(event.type) && isReversalInForce(outcome),
  );
  const all: Settlement = { outcomes: [], bindings: [], messages: [] };
  for (const loaded of batch.ordered) {
    try {
      const attribution = batch.attributions.get(loaded.event.id)!;
      const isOne = isConversion(loaded.event.type);
      const one = isOne
        ? settleConversion(batch, books, loaded, attribution, against)
        : settleReversal(batch, books, loaded, attribution, conversions);
      all.outcomes.push(...one.outcomes);
      all.bindings.push(...one.bindings);
      all.messages.push(...one.messages);
      const outcome = one.outcomes[0]!;
      const click = attribution.kind === 'attributed' ? attribution.click : null;
      if (isOne && outcome.status === 'settled') conversions.push({ ...loaded, outcome, click });
      if (!isOne && isReversalInForce(outcome)) against.push({ ...loaded, outcome });
    } catch (error) {
      throw new RuleError(loaded.event.id, error);
    }
  }
  return all;
}

/**
 * Whether a reversal counts against conversions: it is settled or waits for its conversion, and is
 * not set aside.
 */
export function isReversalInForce(outcome: KnownOutcome | null): boolean {
  return (
    outcome?.status === 'settled' || (outcome?.status === 'orphaned' && outcome.reason === 'no_conversion')
  );
}

/**
 * Settles a conversion: books its commission, and then applies and reports the reversals that
 * arrived before it.
 */
function settleConversion(
  batch: Batch,
  books: BatchLedger,
  loaded: Loaded,
  attribution: Attribution,
  against: readonly Loaded[],
): Settlement {
  const { event } = loaded;
  if (attribution.kind !== 'attributed') return notSettled(event, attribution.kind, attribution.reason);
  const { affiliateId, click, method } = attribution;
  const rated = batch.rated.get(event.id);
  const version = rated?.version ?? null;
  const brings = rated ? conversionFacts(event, rated, batch.rates) : null;
  if (typeof brings === 'string') return notSettled(event, 'set_aside', brings);
  const deltas: Deltas = new Map([[affiliateId, 0n]]);
  if (rated && brings !== null) {
    for (const name of rated.names)
      books.earn(
        books.open(name, rated.version, affiliateId),
        brings(name.kind),
        rated.version,
        event,
        deltas,
      );
  }
  const currency = version?.terms.currency ?? batch.operator.currency;
  const clickId = click?.id ?? null;
  const about: ReportSubject = {
    affiliateId,
    conversion: event,
    clickId: clickId ?? event.clickId,
    subs: subsOf(event, click),
    currency,
  };
  const messages = reportChange(books, 'conversion.created', event, about, deltas);
  const outcomes: Outcome[] = [
    { eventId: event.id, status: 'settled', reason: null, affiliateId, method, clickId, version },
  ];
  for (const { event: negative, outcome: earlier } of inOrder(
    against.filter((other) => reverses(other.event, event)),
  )) {
    const struck = applyReversal(batch, books, negative, about);
    if (struck === 'no_exchange_rate') {
      if (earlier?.status === 'orphaned')
        outcomes.push(...notSettled(negative, 'set_aside', struck).outcomes);
      continue;
    }
    messages.push(...struck);
    if (earlier?.status === 'orphaned') outcomes.push(settledReversal(negative, affiliateId, null));
  }
  return { outcomes, bindings: attribution.binds ? [attribution.binds] : [], messages };
}

/**
 * Settles a reversal: lowers (or restores) each conversion that it reverses, and reports each in
 * one message. Without a conversion the reversal waits for one.
 */
function settleReversal(
  batch: Batch,
  books: BatchLedger,
  loaded: Loaded,
  attribution: Attribution,
  conversions: readonly Loaded[],
): Settlement {
  const { event } = loaded;
  const struck = inOrder(conversions.filter((conversion) => reverses(event, conversion.event)));
  const customerOf = attribution.kind === 'attributed' ? attribution.affiliateId : null;
  const affiliateId = struck[0]?.outcome?.affiliateId ?? customerOf;
  if (struck.length === 0 && (event.reference !== null || affiliateId === null))
    return notSettled(event, 'orphaned', 'no_conversion');
  const messages: Message[] = [];
  // Checked before the first conversion is changed: the reversal waits as a whole.
  if (
    struck.some(
      ({ event: conversion }) => reversalFacts(batch, books, event, conversion) === 'no_exchange_rate',
    )
  )
    return notSettled(event, 'set_aside', 'no_exchange_rate');
  for (const { event: conversion, outcome, click, binding } of struck) {
    const about = { affiliateId: outcome!.affiliateId!, ...viewOf({ event: conversion, click, binding }) };
    const { currency } = books.reported.get(reportedKey(conversion.id, about.affiliateId)) ?? batch.operator;
    const of = { ...about, currency };
    messages.push(...(applyReversal(batch, books, event, of) as Message[]));
  }
  return {
    outcomes: [settledReversal(event, affiliateId, struck.length === 0 ? 'nothing_to_reverse' : null)],
    bindings: [],
    messages,
  };
}

/**
 * Applies a reversal to a conversion in each slot where the conversion earned. A reversal without a
 * reference is not reported for a conversion that loses nothing.
 */
function applyReversal(
  batch: Batch,
  books: BatchLedger,
  event: ConversionEvent,
  about: ReportSubject,
): Message[] | 'no_exchange_rate' {
  const { conversion } = about;
  const facts = reversalFacts(batch, books, event, conversion);
  if (facts === 'no_exchange_rate') return facts;
  const deltas: Deltas = new Map(event.reference === null ? [] : [[about.affiliateId, 0n]]);
  for (const { slot, fact } of facts) books.reverse(slot, fact, event, deltas);
  if (event.reference === null && deltas.get(about.affiliateId) === 0n) deltas.delete(about.affiliateId);
  return reportChange(
    books,
    event.type === 'chargeback_won' ? 'conversion.reinstated' : 'conversion.reversed',
    event,
    about,
    deltas,
  );
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

function settledReversal(event: ConversionEvent, affiliateId: string | null, reason: string | null): Outcome {
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

function notSettled(
  event: ConversionEvent,
  status: 'orphaned' | 'rejected' | 'set_aside',
  reason: string,
): Settlement {
  const outcome = {
    eventId: event.id,
    status,
    reason,
    affiliateId: null,
    method: null,
    clickId: null,
    version: null,
  };
  return { outcomes: [outcome], bindings: [], messages: [] };
}

/** The terms by which a conversion earned in a slot. */
function termsOf(slot: Slot, conversion: ConversionEvent): Terms {
  return slot.groups.get(conversion.id)!.version.terms;
}
