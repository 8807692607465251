// Settles events in the order they happened: attribution, commission, postings, and what the affiliate is to be told. Pure: it changes only
// the books it is given, which an activity loaded and will write.
import { attribute, versionInForce, type Attribution } from './attribution.ts';
import type { Books, Slot } from './books.ts';
import { earns, strikes, subjectOf, takenBack, type SlotFact } from './clawback.ts';
import { needsAmount, slotNameOf, type SlotName } from './commission.ts';
import { monthOf } from './period.ts';
import type { Binding, Click, ConversionEvent, DealVersion, Subs, Terms } from './types.ts';

/** What became of an event. */
export type Outcome = {
  eventId: string;
  status: 'settled' | 'orphaned' | 'rejected' | 'set_aside';
  reason: string | null;
  affiliateId: string | null;
  method: 'click' | 'binding' | null;
  clickId: string | null;
  version: DealVersion | null;
};

/** What earlier batches decided about an event. */
export type KnownOutcome = Pick<Outcome, 'status' | 'reason' | 'affiliateId'>;

/** An event with all that is known about it; no outcome means that it was not settled yet. The click is the one the event names. */
export type Loaded = {
  event: ConversionEvent;
  outcome: KnownOutcome | null;
  click: Click | null;
  binding: Binding | null;
  affiliateExternalId: string | null;
};

/** Something an affiliate is told about `conversion`, because of `event`. Amounts are minor units of `currency`. */
export type Message = {
  type: 'conversion.created' | 'conversion.reversed' | 'conversion.reinstated';
  affiliateId: string;
  event: ConversionEvent;
  conversion: ConversionEvent;
  clickId: string | null;
  subs: Subs;
  payoutMinor: bigint;
  deltaMinor: bigint;
  currency: string;
};

/** The operator's settings that rules read. */
export type OperatorRules = { id: string; currency: string; timezone: string; clickWindowDays: number };

/** What settling came to; the postings are in the books. A later outcome of the same event replaces an earlier one. */
export type Settlement = { outcomes: Outcome[]; bindings: Binding[]; messages: Message[] };

/** An event whose rule failed; it alone is set aside and the rest go on. */
export class RuleError extends Error {
  readonly eventId: string;
  constructor(eventId: string, cause: unknown) {
    super(`settling ${eventId}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.eventId = eventId;
  }
}

/** Events in the order they happened; ids break ties, so that the order never depends on arrival. */
export function inOrder<T extends { event: ConversionEvent }>(loaded: readonly T[]): T[] {
  return loaded.toSorted(({ event: a }, { event: b }) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** Attributes events in order; a customer bound by an earlier event of the same set is bound for the later ones. */
export function attributeAll(operator: OperatorRules, ordered: readonly Loaded[]): Map<string, Attribution> {
  const bound = new Map<string, Binding>();
  const attributions = new Map<string, Attribution>();
  for (const { event, click, binding, affiliateExternalId } of ordered) {
    const known = binding ?? (event.customerId === null ? undefined : bound.get(event.customerId)) ?? null;
    const attribution = attribute(event, { click, binding: known, affiliateExternalId }, operator.clickWindowDays);
    if (earns(event.type) && attribution.kind === 'attributed' && attribution.binds) {
      bound.set(attribution.binds.customerId, attribution.binds);
    }
    attributions.set(event.id, attribution);
  }
  return attributions;
}

/** The deal version that rates an event, and the slots it earns in by it. */
export type Rated = { version: DealVersion; names: SlotName[] };

/** By which deal version each attributed conversion is rated, and in which slots it earns; nothing for one that no deal covers. */
export function rateAll(
  operator: OperatorRules,
  versions: readonly DealVersion[],
  ordered: readonly Loaded[],
  attributions: ReadonlyMap<string, Attribution>,
): Map<string, Rated> {
  const ofAffiliate = new Map<string, readonly DealVersion[]>();
  const rated = new Map<string, Rated>();
  for (const { event } of ordered) {
    const attribution = attributions.get(event.id)!;
    if (!earns(event.type) || attribution.kind !== 'attributed') continue;
    const { affiliateId } = attribution;
    let own = ofAffiliate.get(affiliateId);
    if (!own) {
      own = versions.filter((version) => version.affiliateId === null || version.affiliateId === affiliateId);
      ofAffiliate.set(affiliateId, own);
    }
    const version = versionInForce(own, affiliateId, event.occurredAt);
    if (version !== null) rated.set(event.id, { version, names: slotNamesOf(operator, version, event, affiliateId) });
  }
  return rated;
}

function slotNamesOf(operator: OperatorRules, version: DealVersion, event: ConversionEvent, affiliateId: string): SlotName[] {
  const listening = version.terms.components.filter(({ on }) => on.includes(event.type));
  if (listening.length === 0) return [];
  const of = { eventId: event.id, subject: subjectOf(event), affiliateId, month: monthOf(event.occurredAt, operator.timezone) };
  return listening.map((component) => slotNameOf(version, component, of));
}

/** What `settleAll` works on. `others` are events settled or waiting from earlier batches that these may strike, or that strike these. */
export type Batch = {
  operator: OperatorRules;
  ordered: readonly Loaded[];
  /** Of the ordered events, by `attributeAll` and `rateAll`. */
  attributions: ReadonlyMap<string, Attribution>;
  rated: ReadonlyMap<string, Rated>;
  others: readonly Loaded[];
};

/**
 * Settles the ordered events of a batch against the books.
 * Throws a RuleError for the event whose rule failed; the books are then spoilt and must be loaded again.
 */
export function settleAll(batch: Batch, books: Books): Settlement {
  const conversions = batch.others.filter(({ event, outcome }) => earns(event.type) && outcome?.status === 'settled');
  const against = batch.others.filter(({ event, outcome }) => !earns(event.type) && speaksAgainst(outcome));
  const all: Settlement = { outcomes: [], bindings: [], messages: [] };
  for (const loaded of batch.ordered) {
    try {
      const attribution = batch.attributions.get(loaded.event.id)!;
      const isConversion = earns(loaded.event.type);
      const one = isConversion
        ? settleConversion(batch, books, loaded, attribution, against)
        : settleAgainst(batch, books, loaded, attribution, conversions);
      all.outcomes.push(...one.outcomes);
      all.bindings.push(...one.bindings);
      all.messages.push(...one.messages);
      const outcome = one.outcomes[0]!;
      const click = attribution.kind === 'attributed' ? attribution.click : null;
      if (isConversion && outcome.status === 'settled') conversions.push({ ...loaded, outcome, click });
      if (!isConversion && speaksAgainst(outcome)) against.push({ ...loaded, outcome });
    } catch (error) {
      throw new RuleError(loaded.event.id, error);
    }
  }
  return all;
}

/** Events against conversions count once they are settled, or while they wait for their conversion; not while they are set aside. */
function speaksAgainst(outcome: KnownOutcome | null): boolean {
  return outcome?.status === 'settled' || (outcome?.status === 'orphaned' && outcome.reason === 'no_conversion');
}

/** A conversion: it earns in its slots, and then whatever already speaks against it is applied and told after it. */
function settleConversion(
  batch: Batch,
  books: Books,
  loaded: Loaded,
  attribution: Attribution,
  against: readonly Loaded[],
): Settlement {
  const { event } = loaded;
  if (attribution.kind !== 'attributed') return leftOut(event, attribution.kind, attribution.reason);
  const { affiliateId, click, method } = attribution;
  const rated = batch.rated.get(event.id);
  if (rated && lacksRate(event, rated.version)) return leftOut(event, 'set_aside', 'no_exchange_rate');
  const { id: eventId, type, occurredAt } = event;
  const fact: SlotFact = {
    originalEventId: eventId,
    eventId,
    type,
    whole: true,
    amountMinor: event.amountMinor ?? 0n,
    volumeE4: event.volumeE4 ?? 0n,
    occurredAt,
  };
  let delta = 0n;
  if (rated) {
    for (const name of rated.names) delta += books.earn(books.open(name, rated.version, affiliateId), fact, rated.version, event);
  }
  const currency = rated?.version.terms.currency ?? batch.operator.currency;
  const { payoutMinor } = books.tell(eventId, delta, currency);
  const about = { affiliateId, conversion: event, clickId: click?.id ?? event.clickId, subs: subsOf(event, click), currency };
  const messages: Message[] = [{ ...about, type: 'conversion.created', event, payoutMinor, deltaMinor: delta }];
  const clickId = click?.id ?? null;
  const outcome: Outcome = {
    eventId,
    status: 'settled',
    reason: null,
    affiliateId,
    method,
    clickId,
    version: rated?.version ?? null,
  };
  const outcomes = [outcome];
  for (const { event: negative, outcome: earlier } of inOrder(against.filter((other) => strikes(other.event, event)))) {
    if (lacksRateAgainst(books, negative, event)) {
      if (earlier?.status === 'orphaned') outcomes.push(...leftOut(negative, 'set_aside', 'no_exchange_rate').outcomes);
      continue;
    }
    messages.push(...strike(books, negative, about));
    if (earlier?.status === 'orphaned') outcomes.push(settledAgainst(negative, affiliateId, null));
  }
  return { outcomes, bindings: attribution.binds ? [attribution.binds] : [], messages };
}

/** An event against conversions: each it strikes is lowered (or raised again) and told, one message each. Without any it waits for one. */
function settleAgainst(
  batch: Batch,
  books: Books,
  loaded: Loaded,
  attribution: Attribution,
  conversions: readonly Loaded[],
): Settlement {
  const { event } = loaded;
  const struck = inOrder(conversions.filter((conversion) => strikes(event, conversion.event)));
  const customerOf = attribution.kind === 'attributed' ? attribution.affiliateId : null;
  const affiliateId = struck[0]?.outcome?.affiliateId ?? customerOf;
  if (struck.length === 0 && (event.reference !== null || affiliateId === null))
    return leftOut(event, 'orphaned', 'no_conversion');
  if (struck.some(({ event: conversion }) => lacksRateAgainst(books, event, conversion)))
    return leftOut(event, 'set_aside', 'no_exchange_rate');
  const messages = struck.flatMap(({ event: conversion, outcome, click, binding }) => {
    const shown = click ?? binding?.click ?? null;
    const about = { affiliateId: outcome!.affiliateId!, conversion, clickId: shown?.id ?? conversion.clickId };
    return strike(books, event, { ...about, subs: subsOf(conversion, shown), currency: batch.operator.currency });
  });
  return {
    outcomes: [settledAgainst(event, affiliateId, struck.length === 0 ? 'nothing_to_reverse' : null)],
    bindings: [],
    messages,
  };
}

/** Applies an event to a conversion in each slot it earned in. Without a reference, a conversion that loses nothing is not told of. */
function strike(
  books: Books,
  event: ConversionEvent,
  about: Omit<Message, 'type' | 'event' | 'payoutMinor' | 'deltaMinor'>,
): Message[] {
  const { conversion } = about;
  let delta = 0n;
  for (const slot of books.slotsOfConversion(conversion.id)) {
    const fact = takenBack(event, conversion, termsOf(slot, conversion));
    if (fact !== null && fact !== 'no_rate') delta += books.reverse(slot, fact, event);
  }
  if (delta === 0n && event.reference === null) return [];
  const { payoutMinor, currency } = books.tell(conversion.id, delta, about.currency);
  const type = event.type === 'chargeback_won' ? 'conversion.reinstated' : 'conversion.reversed';
  return [{ ...about, type, event, payoutMinor, deltaMinor: delta, currency }];
}

function settledAgainst(event: ConversionEvent, affiliateId: string | null, reason: string | null): Outcome {
  return { eventId: event.id, status: 'settled', reason, affiliateId, method: null, clickId: null, version: null };
}

function leftOut(event: ConversionEvent, status: 'orphaned' | 'rejected' | 'set_aside', reason: string): Settlement {
  const outcome = { eventId: event.id, status, reason, affiliateId: null, method: null, clickId: null, version: null };
  return { outcomes: [outcome], bindings: [], messages: [] };
}

/** An amount in another currency than the deal's is never guessed at: the event waits for a rate. */
function lacksRate(event: ConversionEvent, version: DealVersion): boolean {
  if (event.currency === null || event.currency === version.terms.currency) return false;
  return version.terms.components.some((component) => component.on.includes(event.type) && needsAmount(component));
}

/** Nor is the part of a conversion that an amount in another currency takes back. */
function lacksRateAgainst(books: Books, event: ConversionEvent, conversion: ConversionEvent): boolean {
  return books
    .slotsOfConversion(conversion.id)
    .some((slot) => takenBack(event, conversion, termsOf(slot, conversion)) === 'no_rate');
}

/** The terms by which a conversion earned in a slot. */
function termsOf(slot: Slot, conversion: ConversionEvent): Terms {
  return slot.groups.get(conversion.id)!.version.terms;
}

/** A sub of the event wins over the click's. */
function subsOf(event: ConversionEvent, click: Click | null): Subs {
  const [a, b, c, d, e] = event.subs;
  const of = click?.subs ?? [null, null, null, null, null];
  return [a ?? of[0], b ?? of[1], c ?? of[2], d ?? of[3], e ?? of[4]];
}
