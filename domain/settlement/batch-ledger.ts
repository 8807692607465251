// In-memory ledger of one batch: slots and postings that settlement changes before they are
// written.
import { asAmended, isSameFact, type SlotFact } from '../commission/slot-facts.ts';
import { countingMonths, moveCustomer } from './first-deposits.ts';
import { targetOf, type SlotName } from '../commission/commission.ts';
import type { SlotLinks } from '../commission/component-kind.ts';
import type { Group } from '../commission/group.ts';
import { NO_LINKS } from '../commission/sums.ts';
import { overrideSlotKey } from '../keys.ts';
import { postedOf, postTowards, type Leg } from '../ledger/transfers.ts';
import { createFamily } from './linked-slots.ts';
import { divideRounded } from '../ledger/money.ts';
import {
  componentOf,
  emptySlot,
  groupOf,
  isSteppedOnly,
  payingConversion,
  rank,
  replaceGroup,
  countedIn,
  type Slot,
} from './slot.ts';
import { createReportedAmounts, type ReportedAmounts, type ReportedAmount } from './reported-amounts.ts';
import type { DealVersion } from '../types.ts';
import { MILLION } from '../units.ts';

/**
 * Cause of a posting: an event (received or amended), or with a null id a change of the agreement
 * for conversions of that time.
 */
export type PostingCause = { id: string | null; occurredAt: number };

/** Transfer of a slot, with its cause. */
export type Posting = Leg & { slot: Slot; seq: number; cause: PostingCause };

/** Change of the booked amount per affiliate, caused by one event. */
export type Deltas = Map<string, bigint>;

export type BatchLedger = ReportedAmounts & {
  /** The slot of this name; a new one is made empty. */
  open(name: SlotName, version: DealVersion, affiliateId: string): Slot;
  /**
   * Adds a conversion to a slot, rated by a deal version, posts towards the targets that changed,
   * and adds the changes to `deltas`.
   */
  earn(slot: Slot, fact: SlotFact, version: DealVersion, cause: PostingCause, deltas: Deltas): void;
  /**
   * Adds a reversal of a conversion to a slot, with the same effects. A fact that the slot has
   * changes nothing.
   */
  reverse(slot: Slot, fact: SlotFact, cause: PostingCause, deltas: Deltas): void;
  /**
   * Rates a conversion in a slot by another deal version or with amended values, with the same
   * effects. The first fact is the rerating or amendment, or the conversion itself in a slot that
   * it enters.
   */
  rerate(
    slot: Slot,
    facts: readonly [SlotFact, ...SlotFact[]],
    version: DealVersion,
    cause: PostingCause,
    deltas: Deltas,
  ): void;
  /** The slots in which a conversion earned. */
  slotsOfConversion(eventId: string): readonly Slot[];
  /** The slot that a parent's part is a part of. */
  sourceOf(override: NonNullable<Slot['override']>): Slot;
  /** Target of a slot now, and the figures of linked slots that it depends on. */
  targetOf(slot: Slot): { targetMinor: bigint; links: SlotLinks };
  readonly slots: ReadonlyMap<string, Slot>;
  readonly facts: readonly { slot: Slot; fact: SlotFact; version: DealVersion }[];
  readonly postings: readonly Posting[];
};

/**
 * Cause of a change and the deltas of the conversion that it reports. Changes of other conversions
 * become their adjustments; with `about: null` all of them go into the deltas.
 */
type Move = { cause: PostingCause; about: string | null; deltas: Deltas };

/** Key of an affiliate's debt in the currency of a slot. */
const debtKey = ({ affiliateId, version }: Pick<Slot, 'affiliateId' | 'version'>): string =>
  `${affiliateId} ${version.terms.currency}`;

/**
 * Functions and figures that the ledger needs beside slots. Parents of an affiliate are ordered
 * from the nearest.
 */
type BatchLedgerOptions = {
  newSlotId: () => string;
  monthOf: (moment: number) => string;
  parentsOf?: (affiliateId: string) => readonly string[];
  /**
   * Debt of affiliates by `debtKey`. Without an entry, only debt that this batch makes can be
   * recovered.
   */
  debts?: ReadonlyMap<string, bigint> | undefined;
};

/** Opens a ledger over loaded slots and the amounts reported before, by `reportedKey`. */
export function openBatchLedger(
  loaded: readonly Slot[],
  toldBefore: ReadonlyMap<string, ReportedAmount>,
  options: BatchLedgerOptions,
): BatchLedger {
  const { newSlotId, monthOf, parentsOf = () => [] } = options;
  const openDebts = new Map(options.debts);
  const slots = new Map<string, Slot>();
  const byId = new Map<string, Slot>();
  const byConversion = new Map<string, Slot[]>();
  const byDeal = new Map<string, Slot[]>();
  const overrides = new Map<string, Slot[]>();
  const facts: { slot: Slot; fact: SlotFact; version: DealVersion }[] = [];
  const postings: Posting[] = [];
  const tellings = createReportedAmounts(toldBefore);
  const family = createFamily(
    (dealId, affiliateId) => byDeal.get(`${dealId} ${affiliateId}`) ?? [],
    componentOf,
  );

  const keep = (slot: Slot): void => {
    slots.set(slot.name.key, slot);
    byId.set(slot.id, slot);
    if (slot.override) push(overrides, slot.override.sourceId, slot);
    else push(byDeal, `${slot.version.dealId} ${slot.affiliateId}`, slot);
    for (const eventId of slot.groups.keys()) push(byConversion, eventId, slot);
  };
  for (const slot of loaded) keep(slot);

  function currentTarget(slot: Slot): { targetMinor: bigint; links: SlotLinks } {
    if (slot.isRejected) return { targetMinor: 0n, links: NO_LINKS };
    if (slot.override) {
      const source = byId.get(slot.override.sourceId)!;
      const { overrides: rates, rounding } = source.version.terms;
      const rate = rates[slot.override.level - 1] ?? 0n;
      return {
        targetMinor: divideRounded(rate * currentTarget(source).targetMinor, MILLION, rounding),
        links: NO_LINKS,
      };
    }
    const component = componentOf(slot);
    if (component === null) return { targetMinor: 0n, links: NO_LINKS };
    const links = family.linksOf(slot, component);
    return { targetMinor: targetOf(component, slot.version.terms, countedIn(slot), slot.sums, links), links };
  }

  /** The conversion that a slot is paid for now; null for a month. */
  function conversionOf(slot: Slot): string | null {
    if (slot.override) return conversionOf(byId.get(slot.override.sourceId)!);
    return payingConversion(slot)?.accrual.originalEventId ?? null;
  }

  /**
   * Posts a slot towards its target, and then the parents' parts of it. `conversionBefore`: the
   * conversion that the slot was paid for so far.
   */
  function post(
    slot: Slot,
    { cause, about, deltas }: Move,
    conversionBefore: string | null = conversionOf(slot),
  ): void {
    const bookedBefore = postedOf(slot.money);
    const owed = debtKey(slot);
    const openDebt = openDebts.get(owed) ?? 0n;
    const { money, legs } = postTowards(slot.money, currentTarget(slot).targetMinor, openDebt);
    if (legs.length > 0) {
      if (money.debtMinor !== slot.money.debtMinor)
        openDebts.set(owed, openDebt + money.debtMinor - slot.money.debtMinor);
      slot.money = money;
      slot.isChanged = true;
      for (const leg of legs) postings.push({ ...leg, slot, seq: ++slot.transfersCount, cause });
    }
    const { affiliateId } = slot;
    const attribute = (conversionId: string | null, deltaMinor: bigint): void => {
      if (deltaMinor === 0n) return;
      if (about === null || conversionId === null || conversionId === about) {
        deltas.set(affiliateId, (deltas.get(affiliateId) ?? 0n) + deltaMinor);
      } else {
        const ownerId = slot.override ? byId.get(slot.override.sourceId)!.affiliateId : affiliateId;
        tellings.addAdjustment(conversionId, {
          affiliateId,
          ownerId,
          deltaMinor,
          currency: slot.version.terms.currency,
        });
      }
    };
    const [conversionId, booked] = [conversionOf(slot), postedOf(slot.money)];
    if (conversionId === conversionBefore) {
      attribute(conversionId, booked - bookedBefore);
    } else {
      attribute(conversionBefore, -bookedBefore);
      attribute(conversionId, booked);
    }
    for (const part of overrides.get(slot.id) ?? []) {
      if (part.version !== slot.version || part.holdUntil !== slot.holdUntil) part.isChanged = true;
      part.version = slot.version;
      part.holdUntil = slot.holdUntil;
      post(part, { cause, about, deltas }, conversionBefore);
    }
  }

  /**
   * Opens the parents' parts of a slot by its deal version. A slot that existed gets only levels
   * that no version paid before: the parent of a level stays the one who was paid first.
   */
  function openParts({ id, name, version, affiliateId }: Slot, levelsBefore: number): void {
    if (name.kind === 'month') return;
    const given = (overrides.get(id) ?? []).map(({ override }) => override!.level);
    parentsOf(affiliateId).forEach((parentId, index) => {
      const level = index + 1;
      if (level <= levelsBefore || level > version.terms.overrides.length || given.includes(level)) return;
      const part: SlotName = { ...name, key: overrideSlotKey(level, name.key), kind: 'override' };
      keep(emptySlot(newSlotId(), part, version, parentId, { sourceId: id, level }));
    });
  }

  /** Puts the facts of a conversion into a slot, and posts every slot whose target they change. */
  function applyFacts(
    slot: Slot,
    group: Group,
    added: readonly SlotFact[],
    cause: PostingCause,
    deltas: Deltas,
  ): void {
    const before = family.movedBy(slot);
    const countedBefore = countingMonth(slot, group);
    const conversionBefore = conversionOf(slot);
    const levelsBefore = slot.isNew ? 0 : slot.version.terms.overrides.length;
    replaceGroup(slot, group, added);
    for (const fact of added) facts.push({ slot, fact, version: group.version });
    rank(slot, monthOf);
    openParts(slot, levelsBefore);
    const recounted = moveCustomer(countedBefore, countingMonth(slot, group));
    family.forget();
    const after = [slot, ...recounted].flatMap((one) => family.movedBy(one));
    const move: Move = { cause, about: group.accrual.originalEventId, deltas };
    post(slot, move, conversionBefore);
    if (before.length + after.length === 0) return;
    for (const moved of new Set([...before, ...after]))
      if (moved !== slot) post(moved, isSteppedOnly(moved) ? { ...move, about: null } : move);
  }

  /**
   * The deal's month that counts a conversion's customer, when the conversion is a first deposit in
   * a month.
   */
  function countingMonth(
    { name, version, affiliateId }: Slot,
    { accrual: { customer } }: Group,
  ): Slot | undefined {
    if (name.kind !== 'month' || customer === null) return undefined;
    const months = byDeal
      .get(`${version.dealId} ${affiliateId}`)!
      .filter((slot) => slot.name.kind === 'month');
    return countingMonths(months).get(customer);
  }

  return {
    slots,
    facts,
    postings,
    ...tellings,
    open(name, version, affiliateId) {
      const known = slots.get(name.key);
      if (known) return known;
      const slot = emptySlot(newSlotId(), name, version, affiliateId, null);
      keep(slot);
      return slot;
    },
    earn(slot, fact, version, cause, deltas) {
      if (slot.groups.has(fact.originalEventId)) return;
      push(byConversion, fact.originalEventId, slot);
      applyFacts(slot, { accrual: fact, version, laterFacts: [] }, [fact], cause, deltas);
    },
    reverse(slot, fact, cause, deltas) {
      const group = groupOf(slot, fact);
      if (group.laterFacts.some((other) => isSameFact(other, fact))) return;
      applyFacts(slot, { ...group, laterFacts: [...group.laterFacts, fact] }, [fact], cause, deltas);
    },
    rerate(slot, added, version, cause, deltas) {
      const [first, ...laterFacts] = added;
      const known = slot.groups.get(first.originalEventId);
      if (known) {
        const all = [...known.laterFacts, ...added];
        applyFacts(
          slot,
          { accrual: asAmended(known.accrual, all), version, laterFacts: all },
          added,
          cause,
          deltas,
        );
      } else {
        push(byConversion, first.originalEventId, slot);
        applyFacts(slot, { accrual: first, version, laterFacts }, added, cause, deltas);
      }
    },
    sourceOf: ({ sourceId }) => byId.get(sourceId)!,
    slotsOfConversion: (eventId) => byConversion.get(eventId) ?? [],
    targetOf: currentTarget,
  };
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
