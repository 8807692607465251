// In-memory store for settling and rerating: keeps between batches the rows that PostgreSQL would
// keep, and gives each batch only the rows that the statements in `store/settlement/` load. A slot
// or entry that the statements miss is missing here too.
import assert from 'node:assert/strict';
import { contestedIn, rivalKeysOf } from '../../activities/settlement/contested.ts';
import { firstDepositsIn, inSlots, linkedDeals, namedSlots } from '../../activities/settlement/lock-slots.ts';
import { openBatchLedger, type BatchLedger } from '../../domain/settlement/batch-ledger.ts';
import type { Posting } from '../../domain/settlement/posting.ts';
import { namesChargeback, reverses, subjectOf } from '../../domain/commission/reversals.ts';
import type { SlotFact } from '../../domain/commission/slot-facts.ts';
import { parentsAt, type ParentHistory } from '../../domain/attribution/parents.ts';
import { MAX_OVERRIDE_LEVELS } from '../../domain/commission/terms.ts';
import { isMonthly } from '../../domain/commission/slot-kinds.ts';
import { EMPTY_SUMS } from '../../domain/commission/sums.ts';
import type { FxRate } from '../../domain/ledger/fx.ts';
import { EMPTY } from '../../domain/ledger/transfers.ts';
import { monthByZones } from '../../domain/ledger/periods.ts';
import {
  rateAgain,
  attributionsOf,
  rateAsBefore,
  rerateAll,
  type SettledConversion,
} from '../../domain/settlement/rate-again.ts';
import { inOrder, type Batch, type Settlement } from '../../domain/settlement/batch.ts';
import { reaches } from '../../domain/attribution/attribution.ts';
import { spreadAmong } from '../../domain/settlement/reversal-effects.ts';
import { attributeAll, knownOf, settleAll } from '../../domain/settlement/settlement.ts';
import { viewOf, reportAdjustments } from '../../domain/settlement/notifications.ts';
import type { ReportedAmount } from '../../domain/settlement/reported-amounts.ts';
import {
  isNegative,
  type Binding,
  type Click,
  type ConversionEvent,
  type DealVersion,
  isConversion,
} from '../../domain/types.ts';
import type { Message } from '../../domain/delivery/messages.ts';
import type { KnownOutcome, Loaded } from '../../domain/settlement/outcomes.ts';
import type { Slot } from '../../domain/settlement/slot.ts';
import { rateAll, type OperatorRules } from '../../domain/settlement/rating.ts';

export type MemorySettling = {
  /** Settles a batch; events settled before change nothing. */
  settle(events: readonly ConversionEvent[]): void;
  /** Adds a deal version and rerates settled conversions in chunks. */
  addVersion(version: DealVersion, atOnce?: number): void;
  /** Amends the values of an event. */
  amend(eventId: string, values: Pick<ConversionEvent, 'amountMinor' | 'operatorPayoutMinor'>): void;
  readonly events: ReadonlyMap<string, ConversionEvent>;
  readonly outcomes: ReadonlyMap<string, KnownOutcome & { detail?: string }>;
  readonly slots: ReadonlyMap<string, Slot>;
  /** All facts of a slot by its key, also those that are not in force. */
  readonly facts: ReadonlyMap<string, readonly SlotFact[]>;
  readonly reported: ReadonlyMap<string, ReportedAmount>;
  readonly postings: readonly Posting[];
  readonly messages: readonly Message[];
};

export const OPERATOR: OperatorRules = {
  id: 'opr_test',
  currency: 'USD',
  timezone: 'UTC',
  zones: [{ zone: 'UTC', since: -Infinity }],
  clickWindowDays: 30,
};

/**
 * `affiliateByCustomer`: the affiliate of each bound customer. `clicks`: found by id. `parents`: of
 * an affiliate, nearest first. `rates`: every exchange rate.
 */
export type MemoryOptions = {
  affiliateByCustomer?: Readonly<Record<string, string>>;
  clicks?: readonly Click[];
  parents?: Readonly<Record<string, readonly string[]>>;
  rates?: readonly FxRate[];
  operator?: OperatorRules;
};

export function createMemorySettling(
  agreed: readonly DealVersion[],
  options: MemoryOptions = {},
): MemorySettling {
  const { affiliateByCustomer = {}, clicks = [], parents = {}, rates = [], operator = OPERATOR } = options;
  const history = historyOf(parents);
  const versions = [...agreed];
  const ratedBy = new Map<string, Pick<DealVersion, 'dealId' | 'version'> | null>();
  const events = new Map<string, ConversionEvent>();
  const outcomes = new Map<string, KnownOutcome & { detail?: string }>();
  const slots = new Map<string, Slot>();
  const reported = new Map<string, ReportedAmount>();
  const postings: Posting[] = [];
  const messages: Message[] = [];
  const facts = new Map<string, SlotFact[]>();
  let slotCount = 0;
  const newSlotId = (): string => `slot_${++slotCount}`;
  const bindings = new Map<string, Binding>();
  for (const [customerId, affiliateId] of Object.entries(affiliateByCustomer)) {
    bindings.set(customerId, { customerId, affiliateId, eventId: '', occurredAt: 0, click: null, since: 0 });
  }

  const load = (event: ConversionEvent): Loaded => ({
    event,
    outcome: outcomes.get(event.id) ?? null,
    click: clicks.find(({ id }) => id === event.clickId) ?? null,
    binding: bindings.get(event.customerId ?? '') ?? null,
  });

  /**
   * Like `lockAndLoadSlots`: creates missing monthly slots first; of monthly slots, loads only the
   * entries of conversions that may be reversed.
   */
  function loadSlots(batch: Batch): Slot[] {
    const { keys, monthly } = namedSlots(batch, versions);
    const conversionIds = new Set(inSlots(batch));
    const linked = linkedDeals(batch, versions, history);
    if (keys.length + conversionIds.size + linked.length === 0) return [];
    for (const { name, affiliateId, version } of monthly) {
      if (slots.has(name.key)) continue;
      const counted = {
        sums: EMPTY_SUMS,
        money: EMPTY,
        transfersCount: 0,
        ratingsCount: 0,
        holdUntil: 0,
        isRejected: false,
        groups: new Map(),
      };
      const empty = {
        id: newSlotId(),
        name,
        affiliateId,
        version,
        override: null,
        isNew: false,
        isChanged: false,
        ...counted,
      };
      slots.set(name.key, empty);
    }
    const all = [...slots.values()];
    const touched = all.filter(
      ({ name, groups }) => keys.includes(name.key) || [...groups.keys()].some((id) => conversionIds.has(id)),
    );
    const family = familyOf(touched, batch, linked);
    const ofFamily = family.map(({ name, affiliateId }) => ({ ...name, affiliateId }));
    const rivals = new Set(rivalKeysOf(ofFamily, contestedIn(batch, versions)));
    const own = new Set(
      [...touched, ...family, ...all.filter(({ name }) => rivals.has(name.key))].map(({ id }) => id),
    );
    const locked = all.filter(
      ({ id, override }) => own.has(id) || (override !== null && own.has(override.sourceId)),
    );
    const wanted = new Set([
      ...conversionIds,
      ...(linked.length === 0 ? [] : firstDepositsOf(firstDepositsIn(batch))),
    ]);
    return locked.map((slot) => {
      const groups = [...slot.groups].filter(([id]) => !isMonthly(slot.name.kind) || wanted.has(id));
      return { ...slot, groups: new Map(groups), isNew: false, isChanged: false };
    });
  }

  /** Like `findFirstDeposits`. */
  function firstDepositsOf(ids: readonly string[]): string[] {
    const subjects = new Set(ids.map((id) => subjectOf(events.get(id)!)));
    return [...events.values()]
      .filter((event) => event.type === 'ftd' && subjects.has(subjectOf(event)))
      .map(({ id }) => id);
  }

  /** Like `findFamily`. */
  function familyOf(
    touched: readonly Slot[],
    { ordered }: Batch,
    linked: ReturnType<typeof linkedDeals>,
  ): Slot[] {
    const months = new Set<string | null>(
      ordered.map(({ event }) => monthByZones(event.occurredAt, operator.zones)),
    );
    for (const { name, groups } of touched) {
      months.add(name.period);
      if (name.kind !== 'cpa') continue;
      for (const { accrual } of groups.values()) months.add(monthByZones(accrual.occurredAt, operator.zones));
    }
    const isOfDeal = ({ version, affiliateId }: Slot): boolean =>
      linked.some((deal) => deal.dealId === version.dealId && deal.affiliateId === affiliateId);
    const isWanted = ({ name: { kind, period } }: Slot): boolean =>
      period !== null && (kind === 'revshare' || kind === 'month' || months.has(period));
    return [...slots.values()].filter((slot) => isOfDeal(slot) && isWanted(slot));
  }

  /**
   * Like `findOthers`: possible reversals of these conversions, or conversions that these events
   * may reverse.
   */
  function relatedEvents(own: readonly ConversionEvent[], isConversions: boolean): ConversionEvent[] {
    const mayReverse = (reversal: ConversionEvent, conversion: ConversionEvent): boolean =>
      reversal.reference === null
        ? isNegative(reversal.type) && subjectOf(reversal) === subjectOf(conversion)
        : reversal.reference === conversion.key.value;
    return [...events.values()].filter((other) =>
      own.some((event) => (isConversions ? mayReverse(other, event) : mayReverse(event, other))),
    );
  }

  /** Like `withRelated`. */
  function eventsAround(own: readonly ConversionEvent[], isConversions: boolean): Set<ConversionEvent> {
    const near = new Set([...own, ...relatedEvents(own, isConversions)]);
    const winsAmong = (some: Iterable<ConversionEvent>): ConversionEvent[] => {
      const chargebacks = [...some].filter(({ type }) => type === 'chargeback');
      return [...events.values()].filter((win) => chargebacks.some((one) => namesChargeback(win, one)));
    };
    const addAll = (some: Iterable<ConversionEvent>): void => {
      for (const event of some) near.add(event);
    };
    addAll(winsAmong(near));
    if (isConversions && own.every(({ id }) => outcomes.get(id)?.status !== 'settled')) return near;
    const addAround = (): void => {
      addAll(
        relatedEvents(
          [...near].filter(({ type }) => isConversion(type)),
          true,
        ),
      );
      addAll(winsAmong(near));
    };
    const named = [...near].filter((chargeback) => own.some((win) => namesChargeback(win, chargeback)));
    addAll(relatedEvents(named, false));
    addAround();
    const loaded = [...near].map(load);
    const waiting = loaded.filter(({ event }) => own.includes(event));
    const spread = spreadAmong([...knownOf(loaded).reversals, ...waiting]).map(({ event }) => event);
    addAll(relatedEvents(spread, false));
    if (spread.length > 0) addAround();
    return near;
  }

  /** `isAlone`: also conversions that a reversal divides its amount among. */
  function settleEvents(batch: readonly ConversionEvent[], isAlone: boolean): Settlement {
    const near = eventsAround(batch, !isAlone);
    const spread = spreadAmong(knownOf([...near].map(load)).reversals);
    const isDivided = (event: ConversionEvent): boolean =>
      spread.some(({ event: reversal }) => reverses(reversal, event));
    const isDue = ({ event, outcome }: Loaded): boolean =>
      (isAlone || (isConversion(event.type) && !isDivided(event))) &&
      outcome?.status !== 'settled' &&
      outcome?.status !== 'rejected';
    const ordered = inOrder(batch.map(load).filter(isDue));
    const due = new Set(ordered.map(({ event }) => event.id));
    const others = [...near].filter(({ id }) => !due.has(id)).map(load);
    const attributions = attributeAll(operator, ordered);
    const rated = rateAll(operator, versions, ordered, attributions);
    return applyRules({ operator, ordered, attributions, rated, rates: rates, others }, settleAll);
  }

  function addVersion(version: DealVersion, atOnce = 3): void {
    versions.push(version);
    const settled = [...events.values()].filter(
      ({ id, type }) => isConversion(type) && outcomes.get(id)?.status === 'settled',
    );
    for (let from = 0; from < settled.length; from += atOnce) {
      const chunk = settled.slice(from, from + atOnce);
      const ordered = inOrder(chunk.map(load)).map((one): SettledConversion => ({
        ...one,
        ratedBy: ratedBy.get(one.event.id) ?? null,
      }));
      const attributions = attributionsOf(ordered);
      const rated = rateAll(operator, versions, ordered, attributions);
      const own = new Set(chunk);
      const others = [...eventsAround(chunk, true)].filter((event) => !own.has(event)).map(load);
      applyRules({ operator, ordered, attributions, rated, rates: rates, others }, (side, books) => {
        const rerating = rerateAll({ ...side, ordered }, books);
        for (const { eventId, version: by } of rerating.outcomes) ratedBy.set(eventId, by);
        return { outcomes: [], bindings: [], messages: rerating.messages };
      });
    }
  }

  function amend(
    eventId: string,
    values: Pick<ConversionEvent, 'amountMinor' | 'operatorPayoutMinor'>,
  ): void {
    const event = { ...events.get(eventId)!, ...values };
    events.set(eventId, event);
    if (outcomes.get(eventId)?.status !== 'settled') return;
    const ordered: SettledConversion[] = [{ ...load(event), ratedBy: ratedBy.get(eventId) ?? null }];
    const attributions = attributionsOf(ordered);
    const rated = rateAsBefore(operator, versions, ordered, attributions);
    const others = [...eventsAround([event], true)].filter(({ id }) => id !== eventId).map(load);
    applyRules({ operator, ordered, attributions, rated, rates: rates, others }, (side, books) => {
      const amended = rateAgain({ ...side, ordered }, books, () => 'amended');
      return { outcomes: [], bindings: [], messages: amended.messages };
    });
  }

  /** Applies settlement rules to the slots loaded for a batch, and keeps the result. */
  function applyRules(given: Batch, rules: (batch: Batch, books: BatchLedger) => Settlement): Settlement {
    const ratedBefore = new Map<string, DealVersion>();
    for (const [id, by] of ratedBy) {
      const version = versions.find((one) => one.dealId === by?.dealId && one.version === by.version);
      if (version) ratedBefore.set(id, version);
    }
    const batch: Batch = { ...given, ratedBefore };
    const nearby = new Set([...batch.ordered, ...batch.others].map(({ event }) => event.id));
    const books = openBatchLedger(
      loadSlots(batch),
      new Map([...reported].filter(([key]) => nearby.has(key.split(' ')[0]!))),
      {
        newSlotId,
        monthOf: (moment) => monthByZones(moment, operator.zones),
        parentsOf: (affiliateId, moment) => parentsAt(history, affiliateId, moment, MAX_OVERRIDE_LEVELS),
      },
    );
    const settled = rules(batch, books);
    const settlement = { ...settled, messages: [...settled.messages, ...adjustmentMessages(books)] };
    write(books, settlement);
    return settlement;
  }

  /** Like `withAdjusted`. */
  function adjustmentMessages(books: BatchLedger): Message[] {
    for (const [key, sum] of reported) {
      const [eventId, affiliateId] = key.split(' ');
      books.addEarlier(eventId!, affiliateId!, sum);
    }
    return reportAdjustments(books, (id) => viewOf(load(events.get(id)!)));
  }

  function write(books: BatchLedger, settlement: Settlement): void {
    for (const { slot, fact } of books.facts) {
      const before = facts.get(slot.name.key) ?? [];
      const identity = ({ originalEventId, eventId, revision, type }: SlotFact): string =>
        `${originalEventId} ${eventId} ${revision} ${type}`;
      assert.ok(
        !before.some((other) => identity(other) === identity(fact)),
        `the fact ${identity(fact)} was written twice to ${slot.name.key}`,
      );
      facts.set(slot.name.key, [...before, fact]);
    }
    for (const [key, slot] of books.slots) {
      assert.ok(!slot.isNew || !slots.has(key), `the slot ${key} was made twice`);
      if (!slot.isNew && !slot.isChanged) continue;
      slots.set(key, { ...slot, groups: new Map([...(slots.get(key)?.groups ?? []), ...slot.groups]) });
    }
    for (const [id, sum] of books.reportedHere) reported.set(id, sum);
    for (const outcome of settlement.outcomes) {
      outcomes.set(outcome.eventId, outcome);
      ratedBy.set(outcome.eventId, outcome.version);
    }
    for (const binding of settlement.bindings) bindings.set(binding.customerId, binding);
    postings.push(...books.postings);
    messages.push(...settlement.messages);
  }

  /**
   * Settles conversions first, then reversals, as `settle` does; then orphans whose customer is
   * bound now, as the workflow does.
   */
  function settle(incoming: readonly ConversionEvent[]): void {
    for (const event of incoming) events.set(event.id, event);
    const batch = [...new Set(incoming.map(({ id }) => events.get(id)!))];
    const conversions = settleEvents(batch, false);
    const rest = batch.filter(({ id, type }) => !isConversion(type) || !outcomes.has(id));
    const alone = rest.length > 0 ? settleEvents(rest, true) : { bindings: [], outcomes: [] };
    if (
      [...conversions.bindings, ...alone.bindings].length === 0 &&
      [...conversions.outcomes, ...alone.outcomes].every(({ status }) => status !== 'orphaned')
    )
      return;
    const isMatched = (event: ConversionEvent): boolean => {
      const outcome = outcomes.get(event.id);
      const binding = bindings.get(event.customerId ?? '');
      if (outcome?.status !== 'orphaned' || !isConversion(event.type) || binding === undefined) return false;
      return outcome.reason === 'no_evidence' || reaches(binding.since, event);
    };
    const matched = [...events.values()].filter(isMatched);
    if (matched.length > 0) settle(matched);
  }

  return { settle, addVersion, amend, events, outcomes, slots, facts, reported, postings, messages };
}

/** Lists of parents, nearest first, as parents that always were. */
function historyOf(parents: Readonly<Record<string, readonly string[]>>): ParentHistory {
  return new Map(
    Object.entries(parents).flatMap(([affiliateId, above]) =>
      [affiliateId, ...above].slice(0, above.length).map((id, index) => {
        return [id, [{ since: -Infinity, parentId: above[index]! }]] as const;
      }),
    ),
  );
}
