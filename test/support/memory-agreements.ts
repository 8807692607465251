// Settling and agreeing without a database, also after the fact: what a later deal version makes of conversions that were settled before.
import assert from 'node:assert/strict';
import { openBooks, type Books, type Posting, type Slot, type Told } from '../../domain/books.ts';
import { earns, strikes } from '../../domain/clawback.ts';
import { isMonthly } from '../../domain/commission.ts';
import { monthOf } from '../../domain/period.ts';
import { amendAll, attributionsOf, rateAsBefore, rerateAll, type Settled } from '../../domain/rerating.ts';
import {
  attributeAll,
  inOrder,
  rateAll,
  settleAll,
  type KnownOutcome,
  type Loaded,
  type Message,
  type OperatorRules,
  type Outcome,
} from '../../domain/settlement.ts';
import type { Binding, Click, ConversionEvent, DealVersion } from '../../domain/types.ts';

export type MemorySettling = {
  /** Settles a batch; events that were settled before change nothing. */
  settle(events: readonly ConversionEvent[]): void;
  /** Adds a deal version and rates again, in chunks, what was settled. */
  agree(version: DealVersion, atOnce?: number): void;
  /** Gives an event that came in other values; `number` says which amendment of it this is. */
  amend(eventId: string, values: Pick<ConversionEvent, 'amountMinor' | 'payoutMinor'>, number: number): void;
  readonly outcomes: ReadonlyMap<string, KnownOutcome>;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly told: ReadonlyMap<string, Told>;
  readonly postings: readonly Posting[];
  readonly messages: readonly Message[];
};

export const OPERATOR: OperatorRules = { id: 'opr_test', currency: 'USD', timezone: 'UTC', clickWindowDays: 30 };

/** `boundTo`: the affiliate of each customer who is bound already; clicks are found by their ids; parents come nearest first. */
export function createMemorySettling(
  agreed: readonly DealVersion[],
  {
    boundTo = {},
    clicks = [],
    parents = {},
  }: {
    boundTo?: Readonly<Record<string, string>>;
    clicks?: readonly Click[];
    parents?: Readonly<Record<string, readonly string[]>>;
  } = {},
): MemorySettling {
  const versions = [...agreed];
  const ratedBy = new Map<string, DealVersion | null>();
  const events = new Map<string, ConversionEvent>();
  const outcomes = new Map<string, KnownOutcome>();
  const slots = new Map<string, Slot>();
  const told = new Map<string, Told>();
  const postings: Posting[] = [];
  const messages: Message[] = [];
  const facts = new Set<string>();
  let slotCount = 0;
  const bindings = new Map<string, Binding>();
  for (const [customerId, affiliateId] of Object.entries(boundTo)) {
    bindings.set(customerId, { customerId, affiliateId, eventId: '', click: null });
  }

  const load = (event: ConversionEvent): Loaded => ({
    event,
    outcome: outcomes.get(event.id) ?? null,
    click: clicks.find(({ id }) => id === event.clickId) ?? null,
    binding: bindings.get(event.customerId ?? '') ?? null,
    affiliateExternalId: null,
  });

  /** Slots as they are loaded: whole ones with all their facts, monthly ones with those about the conversions at hand. */
  const loadSlots = (conversionIds: ReadonlySet<string>): Slot[] =>
    Array.from(slots.values(), (slot) => {
      const wanted = [...slot.groups].filter(([id]) => !isMonthly(slot.name.kind) || conversionIds.has(id));
      return { ...slot, groups: new Map(wanted), isNew: false, isChanged: false };
    });

  const isDue = ({ outcome }: Loaded): boolean => outcome === null || outcome.status === 'orphaned';

  function settle(batch: readonly ConversionEvent[]): void {
    for (const event of batch) events.set(event.id, event);
    const ids = new Set(batch.map(({ id }) => id));
    const ordered = inOrder([...ids].map((id) => load(events.get(id)!)).filter(isDue));
    const due = new Set(ordered.map(({ event }) => event.id));
    const isNear = (event: ConversionEvent): boolean =>
      ordered.some((one) => strikes(one.event, event) || strikes(event, one.event));
    const others = [...events.values()].filter((event) => !due.has(event.id) && isNear(event)).map(load);
    const books = openNear([...due, ...others.map(({ event }) => event.id)]);
    const attributions = attributeAll(OPERATOR, ordered);
    const rated = rateAll(OPERATOR, versions, ordered, attributions);
    const settlement = settleAll({ operator: OPERATOR, ordered, attributions, rated, rates: [], others }, books);

    keep(books);
    for (const outcome of settlement.outcomes) {
      outcomes.set(outcome.eventId, outcome);
      ratedBy.set(outcome.eventId, outcome.version);
    }
    for (const binding of settlement.bindings) bindings.set(binding.customerId, binding);
    messages.push(...settlement.messages);
    settleMatched(settlement.outcomes, settlement.bindings);
  }

  /** Books as they are loaded for these events. */
  function openNear(eventIds: readonly string[]): Books {
    const nearby = new Set(eventIds);
    return openBooks(loadSlots(nearby), new Map([...told].filter(([key]) => nearby.has(key.split(' ')[0]!))), {
      newSlotId: () => `slot_${++slotCount}`,
      monthOf: (moment) => monthOf(moment, OPERATOR.timezone),
      parentsOf: (affiliateId) => parents[affiliateId] ?? [],
    });
  }

  function keep(books: Books): void {
    for (const { slot, fact } of books.facts) {
      const key = `${fact.originalEventId} ${slot.name.key} ${fact.eventId}`;
      assert.ok(!facts.has(key), `the fact ${key} was written twice`);
      facts.add(key);
    }
    for (const [key, slot] of books.slots) {
      slots.set(key, { ...slot, groups: new Map([...(slots.get(key)?.groups ?? []), ...slot.groups]) });
    }
    for (const [id, sum] of books.told) told.set(id, sum);
    postings.push(...books.postings);
  }

  function agree(version: DealVersion, atOnce = 3): void {
    versions.push(version);
    const settled = [...events.values()].filter(({ id, type }) => earns(type) && outcomes.get(id)?.status === 'settled');
    for (let from = 0; from < settled.length; from += atOnce) {
      const ordered = inOrder(settled.slice(from, from + atOnce).map(load)).map((one): Settled => ({
        ...one,
        ratedBy: ratedBy.get(one.event.id) ?? null,
      }));
      const attributions = attributionsOf(ordered);
      const rated = rateAll(OPERATOR, versions, ordered, attributions);
      const others = [...events.values()].filter((event) => ordered.some((one) => strikes(event, one.event))).map(load);
      const books = openNear(ordered.map(({ event }) => event.id));
      const rerating = rerateAll({ operator: OPERATOR, ordered, attributions, rated, rates: [], others }, books);
      keep(books);
      for (const changed of rerating.changed) ratedBy.set(changed.eventId, changed.version);
      messages.push(...rerating.messages);
    }
  }

  function amend(eventId: string, values: Pick<ConversionEvent, 'amountMinor' | 'payoutMinor'>, number: number): void {
    const event = { ...events.get(eventId)!, ...values };
    events.set(eventId, event);
    if (outcomes.get(eventId)?.status !== 'settled') return;
    const ordered: Settled[] = [{ ...load(event), ratedBy: ratedBy.get(eventId) ?? null }];
    const attributions = attributionsOf(ordered);
    const rated = rateAsBefore(OPERATOR, versions, ordered);
    const others = [...events.values()].filter((other) => strikes(other, event)).map(load);
    const books = openNear([eventId]);
    const batch = { operator: OPERATOR, ordered, attributions, rated, rates: [], others };
    messages.push(...amendAll(batch, books, new Map([[eventId, number]])).messages);
    keep(books);
  }

  /** Orphans whose customer is bound now are settled next, as the workflow does it. */
  function settleMatched(settled: readonly Outcome[], bound: readonly Binding[]): void {
    const isMatched = ({ id, customerId, type }: ConversionEvent): boolean =>
      outcomes.get(id)?.status === 'orphaned' && earns(type) && bindings.has(customerId ?? '');
    const matched = [...events.values()].filter(isMatched);
    if (matched.length > 0 && (settled.length > 0 || bound.length > 0)) settle(matched);
  }

  return { settle, agree, amend, outcomes, slots, told, postings, messages };
}
