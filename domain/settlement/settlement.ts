// Settles events in the order they happened: attribution, commission, postings, and what the affiliate is to be told. Pure: it changes only
// the books it is given, which an activity loaded and will write.
import { attribute, versionInForce, type Attribution } from '../attribution/attribution.ts';
import type { Books, Deltas } from './batch-ledger.ts';
import { strikes, subjectOf, type SlotFact } from '../commission/reversals.ts';
import { isLinked, monthSlotNameOf, slotNameOf, type SlotName } from '../commission/commission.ts';
import { isOperatorPayout } from '../commission/slot-kinds.ts';
import { factAgainst, factsOf, type Rated } from './entries.ts';
import type { FxRate } from '../ledger/fx.ts';
import { monthOf } from '../ledger/periods.ts';
import { shownAs, subsOf, tell, type About } from './notifications.ts';
import { toldKey } from './reported-amounts.ts';
import {
  type Binding,
  type Component,
  type ConversionEvent,
  type DealVersion,
  type EventType,
  type Terms,
  earns,
} from '../types.ts';
import type { Slot } from './slot.ts';
import type { Message } from '../delivery/messages.ts';
import type { Outcome, Loaded, KnownOutcome } from './outcomes.ts';

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
  return loaded.toSorted(
    ({ event: a }, { event: b }) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}

/** Attributes events in order; a customer bound by an earlier event of the same set is bound for the later ones. */
export function attributeAll(operator: OperatorRules, ordered: readonly Loaded[]): Map<string, Attribution> {
  const bound = new Map<string, Binding>();
  const attributions = new Map<string, Attribution>();
  for (const loaded of ordered) {
    const { event } = loaded;
    const binding =
      loaded.binding ?? (event.customerId === null ? undefined : bound.get(event.customerId)) ?? null;
    const attribution = attribute(event, { ...loaded, binding }, operator.clickWindowDays);
    if (earns(event.type) && attribution.kind === 'attributed' && attribution.binds) {
      bound.set(attribution.binds.customerId, attribution.binds);
    }
    attributions.set(event.id, attribution);
  }
  return attributions;
}

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
    if (version !== null) rated.set(event.id, ratedIn(operator, version, event, affiliateId));
  }
  return rated;
}

/** The slots an affiliate's event earns in by a version. */
export function ratedIn(
  operator: OperatorRules,
  version: DealVersion,
  event: ConversionEvent,
  affiliateId: string,
): Rated {
  return { version, names: slotNamesOf(operator, version, event, affiliateId) };
}

/** The components that pay for an event, and whether the deal's month counts it; `hasPayout`: the operator sent what it pays. */
export function earningBy(
  terms: Terms,
  type: EventType,
  hasPayout: boolean,
): { components: Component[]; isCounted: boolean } {
  const byOperator = hasPayout && terms.payout !== 'ignore';
  const paying = terms.components.filter(({ kind, on }) =>
    byOperator ? isOperatorPayout(kind) : on.includes(type),
  );
  const isCounted = isLinked(terms) && (paying.length > 0 || COUNTED.has(type));
  return { components: paying, isCounted };
}

function slotNamesOf(
  operator: OperatorRules,
  version: DealVersion,
  event: ConversionEvent,
  affiliateId: string,
): SlotName[] {
  const { components: listening, isCounted: counts } = earningBy(
    version.terms,
    event.type,
    event.payoutMinor !== null,
  );
  if (listening.length === 0 && !counts) return [];
  const of = {
    eventId: event.id,
    subject: subjectOf(event),
    affiliateId,
    month: monthOf(event.occurredAt, operator.timezone),
  };
  const names = listening.map((component) => slotNameOf(version, component, of));
  return counts ? [monthSlotNameOf(version.dealId, of), ...names] : names;
}

/** What tiers may count. */
const COUNTED: ReadonlySet<EventType> = new Set<EventType>(['ftd', 'trade', 'volume', 'revenue']);

/** What `settleAll` works on. `others` are events settled or waiting from earlier batches that these may strike, or that strike these. */
export type Batch = {
  operator: OperatorRules;
  ordered: readonly Loaded[];
  /** Of the ordered events, by `attributeAll` and `rateAll`. */
  attributions: ReadonlyMap<string, Attribution>;
  rated: ReadonlyMap<string, Rated>;
  others: readonly Loaded[];
  /** Rates between the currencies at hand. */
  rates: readonly FxRate[];
};

/**
 * Settles the ordered events of a batch against the books.
 * Throws a RuleError for the event whose rule failed; the books are then spoilt and must be loaded again.
 */
export function settleAll(batch: Batch, books: Books): Settlement {
  const conversions = batch.others.filter(
    ({ event, outcome }) => earns(event.type) && outcome?.status === 'settled',
  );
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
export function speaksAgainst(outcome: KnownOutcome | null): boolean {
  return (
    outcome?.status === 'settled' || (outcome?.status === 'orphaned' && outcome.reason === 'no_conversion')
  );
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
  const version = rated?.version ?? null;
  const brings = rated ? factsOf(event, rated, batch.rates) : null;
  if (typeof brings === 'string') return leftOut(event, 'set_aside', brings);
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
  const about: About = {
    affiliateId,
    conversion: event,
    clickId: clickId ?? event.clickId,
    subs: subsOf(event, click),
    currency,
  };
  const messages = tell(books, 'conversion.created', event, about, deltas);
  const outcomes: Outcome[] = [
    { eventId: event.id, status: 'settled', reason: null, affiliateId, method, clickId, version },
  ];
  for (const { event: negative, outcome: earlier } of inOrder(
    against.filter((other) => strikes(other.event, event)),
  )) {
    const struck = strike(batch, books, negative, about);
    if (struck === 'no_exchange_rate') {
      if (earlier?.status === 'orphaned') outcomes.push(...leftOut(negative, 'set_aside', struck).outcomes);
      continue;
    }
    messages.push(...struck);
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
  const messages: Message[] = [];
  // Looked at before any is struck: the event waits as a whole.
  if (
    struck.some(
      ({ event: conversion }) => factsAgainst(batch, books, event, conversion) === 'no_exchange_rate',
    )
  )
    return leftOut(event, 'set_aside', 'no_exchange_rate');
  for (const { event: conversion, outcome, click, binding } of struck) {
    const about = { affiliateId: outcome!.affiliateId!, ...shownAs({ event: conversion, click, binding }) };
    const { currency } = books.told.get(toldKey(conversion.id, about.affiliateId)) ?? batch.operator;
    const of = { ...about, currency };
    messages.push(...(strike(batch, books, event, of) as Message[]));
  }
  return {
    outcomes: [settledAgainst(event, affiliateId, struck.length === 0 ? 'nothing_to_reverse' : null)],
    bindings: [],
    messages,
  };
}

/** Applies an event to a conversion in each slot it earned in. Without a reference, a conversion that loses nothing is not told of. */
function strike(
  batch: Batch,
  books: Books,
  event: ConversionEvent,
  about: About,
): Message[] | 'no_exchange_rate' {
  const { conversion } = about;
  const facts = factsAgainst(batch, books, event, conversion);
  if (facts === 'no_exchange_rate') return facts;
  const deltas: Deltas = new Map(event.reference === null ? [] : [[about.affiliateId, 0n]]);
  for (const { slot, fact } of facts) books.reverse(slot, fact, event, deltas);
  if (event.reference === null && deltas.get(about.affiliateId) === 0n) deltas.delete(about.affiliateId);
  return tell(
    books,
    event.type === 'chargeback_won' ? 'conversion.reinstated' : 'conversion.reversed',
    event,
    about,
    deltas,
  );
}

/** What an event says against a conversion in each slot it earned in. */
function factsAgainst(
  { rates }: Batch,
  books: Books,
  event: ConversionEvent,
  conversion: ConversionEvent,
): { slot: Slot; fact: SlotFact }[] | 'no_exchange_rate' {
  const facts: { slot: Slot; fact: SlotFact }[] = [];
  for (const slot of books.slotsOfConversion(conversion.id)) {
    const fact = factAgainst(event, conversion, termsOf(slot, conversion), rates);
    if (fact === 'no_exchange_rate') return fact;
    if (fact !== null) facts.push({ slot, fact });
  }
  return facts;
}

function settledAgainst(event: ConversionEvent, affiliateId: string | null, reason: string | null): Outcome {
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

function leftOut(
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
