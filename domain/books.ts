// The books of one batch while it is settled: slots with their facts and money, changed in memory and written afterwards in one go.
import { asAmended, type SlotFact } from './clawback.ts';
import {
  firstOf,
  isMonthly,
  isRanked,
  NOTHING,
  standingOf,
  targetOf,
  UNLINKED,
  weightOf,
  type Aggregates,
  type Group,
  type Links,
  type SlotName,
} from './commission.ts';
import { overrideSlotKey } from './keys.ts';
import { EMPTY, postTowards, type Leg, type SlotMoney } from './ledger.ts';
import { countedIn, counts, createFamily } from './linked.ts';
import { divideRounded } from './money.ts';
import type { Component, DealVersion } from './types.ts';

const DAY_MS = 86_400_000;

/** A slot as loaded, with what this batch learnt about it. */
export type Slot = {
  id: string;
  name: SlotName;
  affiliateId: string;
  version: DealVersion;
  /** The slot a parent is paid a part of, and how far above its affiliate the parent stands; null where it earns by itself. */
  override: { sourceId: string; level: number } | null;
  sums: Aggregates;
  money: SlotMoney;
  transfersCount: number;
  ratingsCount: number;
  holdUntil: number;
  /** Somebody decided that it earns nothing, whatever its facts say. */
  isRejected: boolean;
  isNew: boolean;
  isChanged: boolean;
  /** The facts by conversion: all of them, or for monthly slots those about the conversions of this batch. */
  groups: Map<string, Group>;
};

/** What made money move: an event (that came, or was amended), or, without an id, a change of the agreement about a conversion of that time. */
export type Cause = { id: string | null; occurredAt: number };

/** One leg of a posting, with what caused it. */
export type Posting = Leg & { slot: Slot; seq: number; cause: Cause };

/** The sum told to an affiliate for a conversion. */
export type Told = { payoutMinor: bigint; currency: string };

/** By how much a cause changed what is booked, by affiliate. */
export type Deltas = Map<string, bigint>;

export type Books = {
  /** The slot of that name, made empty if it is new. */
  open(name: SlotName, version: DealVersion, affiliateId: string): Slot;
  /** Adds what a conversion brings to a slot, by its deal version, and posts towards the targets that moved; adds to the deltas. */
  earn(slot: Slot, fact: SlotFact, version: DealVersion, cause: Cause, deltas: Deltas): void;
  /** Adds what is said against a conversion in a slot, likewise. A fact already there changes nothing. */
  reverse(slot: Slot, fact: SlotFact, cause: Cause, deltas: Deltas): void;
  /**
   * Lets another deal version rate a conversion in a slot, or the same one with amended values, likewise, with what is said against it by that
   * rating. The first fact is that of the rerating or amendment or, in a slot that the conversion comes into, what it brings.
   */
  rerate(slot: Slot, facts: readonly [SlotFact, ...SlotFact[]], version: DealVersion, cause: Cause, deltas: Deltas): void;
  /** The slots a conversion earned in. */
  slotsOfConversion(eventId: string): readonly Slot[];
  /** Adds to what an affiliate was told for a conversion and gives the sum; `currency` is that of a sum that was nothing before. */
  tell(eventId: string, affiliateId: string, deltaMinor: bigint, currency: string): Told;
  /** What a slot should hold now, and what that depends on beside its own facts. */
  targetOf(slot: Slot): { targetMinor: bigint; links: Links };
  readonly slots: ReadonlyMap<string, Slot>;
  readonly facts: readonly { slot: Slot; fact: SlotFact; version: DealVersion }[];
  readonly postings: readonly Posting[];
  /** By `toldKey`. */
  readonly told: ReadonlyMap<string, Told>;
};

/** Whose debt, in which currency, a slot adds to. */
export const debtKey = ({ affiliateId, version }: Pick<Slot, 'affiliateId' | 'version'>): string =>
  `${affiliateId} ${version.terms.currency}`;

/** What a sum told is kept under. */
export const toldKey = (eventId: string, affiliateId: string): string => `${eventId} ${affiliateId}`;

/** What books need beside the slots: rules make nothing up. Parents of an affiliate come nearest first. */
export type BooksOptions = {
  newSlotId: () => string;
  monthOf: (moment: number) => string;
  parentsOf?: (affiliateId: string) => readonly string[];
  /** What affiliates owe, by `debtKey`; without an entry only what this batch itself turns into debt can be cancelled. */
  debts?: ReadonlyMap<string, bigint> | undefined;
};

/** Opens books over loaded slots and what was told for conversions settled earlier, by `toldKey`. */
export function openBooks(loaded: readonly Slot[], toldBefore: ReadonlyMap<string, Told>, options: BooksOptions): Books {
  const { newSlotId, monthOf, parentsOf = () => [] } = options;
  const openDebts = new Map(options.debts);
  const slots = new Map<string, Slot>();
  const byId = new Map<string, Slot>();
  const byConversion = new Map<string, Slot[]>();
  const byDeal = new Map<string, Slot[]>();
  const overrides = new Map<string, Slot[]>();
  const facts: { slot: Slot; fact: SlotFact; version: DealVersion }[] = [];
  const postings: Posting[] = [];
  const told = new Map(toldBefore);
  const family = createFamily((dealId, affiliateId) => byDeal.get(`${dealId} ${affiliateId}`) ?? [], componentOf);

  const keep = (slot: Slot): void => {
    slots.set(slot.name.key, slot);
    byId.set(slot.id, slot);
    if (slot.override) push(overrides, slot.override.sourceId, slot);
    else push(byDeal, `${slot.version.dealId} ${slot.affiliateId}`, slot);
    for (const eventId of slot.groups.keys()) push(byConversion, eventId, slot);
  };
  for (const slot of loaded) keep(slot);

  function currentTarget(slot: Slot): { targetMinor: bigint; links: Links } {
    if (slot.isRejected) return { targetMinor: 0n, links: UNLINKED };
    if (slot.override) {
      const source = byId.get(slot.override.sourceId)!;
      const { overrides: rates, rounding } = source.version.terms;
      const rate = rates[slot.override.level - 1] ?? 0n;
      return { targetMinor: divideRounded(rate * currentTarget(source).targetMinor, MILLION, rounding), links: UNLINKED };
    }
    const component = componentOf(slot);
    if (component === null) return { targetMinor: 0n, links: UNLINKED };
    const links = family.linksOf(slot, component);
    return { targetMinor: targetOf(component, slot.version.terms, countedIn(slot), slot.sums, links), links };
  }

  /** Posts a slot towards its target, and the parents' parts of it towards theirs. */
  function post(slot: Slot, cause: Cause, deltas: Deltas): void {
    const owed = debtKey(slot);
    const openDebt = openDebts.get(owed) ?? 0n;
    const { money, legs } = postTowards(slot.money, currentTarget(slot).targetMinor, openDebt);
    if (legs.length > 0) {
      if (money.debtMinor !== slot.money.debtMinor) openDebts.set(owed, openDebt + money.debtMinor - slot.money.debtMinor);
      slot.money = money;
      slot.isChanged = true;
      let change = deltas.get(slot.affiliateId) ?? 0n;
      for (const leg of legs) {
        postings.push({ ...leg, slot, seq: ++slot.transfersCount, cause });
        change += leg.debit === 'expense' ? leg.amountMinor : -leg.amountMinor;
      }
      deltas.set(slot.affiliateId, change);
    }
    for (const part of overrides.get(slot.id) ?? []) {
      if (part.version !== slot.version || part.holdUntil !== slot.holdUntil) part.isChanged = true;
      part.version = slot.version;
      part.holdUntil = slot.holdUntil;
      post(part, cause, deltas);
    }
  }

  /**
   * Opens the parts that parents have of a slot by the version that decides about it now. Of a slot that was there, only the levels that no version
   * paid before: whose part a level is stays as it was when it was first paid, whoever is a parent today.
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

  /** Puts a group with further facts into its slot and moves the money of all that this moves. */
  function learn(slot: Slot, group: Group, added: readonly SlotFact[], cause: Cause, deltas: Deltas): void {
    const before = family.movedBy(slot);
    const levelsBefore = slot.isNew ? 0 : slot.version.terms.overrides.length;
    replaceGroup(slot, group, added);
    for (const fact of added) facts.push({ slot, fact, version: group.version });
    rank(slot, monthOf);
    openParts(slot, levelsBefore);
    family.forget();
    const after = family.movedBy(slot);
    post(slot, cause, deltas);
    if (before.length + after.length === 0) return;
    for (const moved of new Set([...before, ...after])) if (moved !== slot) post(moved, cause, deltas);
  }

  return {
    slots,
    facts,
    postings,
    told,
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
      learn(slot, { earned: fact, version, others: [] }, [fact], cause, deltas);
    },
    reverse(slot, fact, cause, deltas) {
      const group = groupOf(slot, fact);
      if (group.others.some((other) => other.eventId === fact.eventId)) return;
      learn(slot, { ...group, others: [...group.others, fact] }, [fact], cause, deltas);
    },
    rerate(slot, added, version, cause, deltas) {
      const [first, ...others] = added;
      const known = slot.groups.get(first.originalEventId);
      if (known) {
        const all = [...known.others, ...added];
        learn(slot, { earned: asAmended(known.earned, all), version, others: all }, added, cause, deltas);
      } else {
        push(byConversion, first.originalEventId, slot);
        learn(slot, { earned: first, version, others }, added, cause, deltas);
      }
    },
    slotsOfConversion: (eventId) => byConversion.get(eventId) ?? [],
    tell(eventId, affiliateId, deltaMinor, currency) {
      const key = toldKey(eventId, affiliateId);
      const before = told.get(key);
      const sum =
        before && before.payoutMinor !== 0n
          ? { ...before, payoutMinor: before.payoutMinor + deltaMinor }
          : { payoutMinor: deltaMinor, currency };
      told.set(key, sum);
      return sum;
    },
    targetOf: currentTarget,
  };
}

const MILLION = 1_000_000n;

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function emptySlot(id: string, name: SlotName, version: DealVersion, affiliateId: string, override: Slot['override']): Slot {
  const fresh = { transfersCount: 0, ratingsCount: 0, holdUntil: 0, isRejected: false, isNew: true, isChanged: false };
  return { id, name, affiliateId, version, override, sums: NOTHING, money: EMPTY, groups: new Map(), ...fresh };
}

function groupOf(slot: Slot, fact: SlotFact): Group {
  const group = slot.groups.get(fact.originalEventId);
  if (!group) throw new Error(`a fact about ${fact.originalEventId}, which is not in slot ${slot.id}`);
  return group;
}

/** The component that rates a slot; none where it earns nothing by itself. */
export function componentOf({ name, version }: Slot): Component | null {
  if (name.kind === 'month' || name.kind === 'override') return null;
  const component = version.terms.components.find(({ label }) => label === name.component);
  if (!component) throw new Error(`version ${version.version} of ${version.dealId} has no component ${name.component}`);
  return component;
}

/** Sets the group of a conversion, to which facts were added, and moves the slot's running sums by what the conversion's weight changed. */
function replaceGroup(slot: Slot, group: Group, added: readonly SlotFact[]): void {
  const { kind } = slot.name;
  const { originalEventId, occurredAt } = group.earned;
  const known = slot.groups.get(originalEventId);
  const before = known && counts(known) ? weightOf(kind, known) : NOTHING;
  const after = counts(group) ? weightOf(kind, group) : NOTHING;
  slot.groups.set(originalEventId, group);
  slot.sums = {
    basisMinor: slot.sums.basisMinor + after.basisMinor - before.basisMinor,
    volumeE4: slot.sums.volumeE4 + after.volumeE4 - before.volumeE4,
    ftdCount: slot.sums.ftdCount + after.ftdCount - before.ftdCount,
    conversionsCount: slot.sums.conversionsCount + after.conversionsCount - before.conversionsCount,
    factsCount: slot.sums.factsCount + added.length,
    factsHash: added.reduce((hash, fact) => hash ^ hashOf(fact), slot.sums.factsHash),
  };
  slot.isChanged = true;
  if (known?.version !== group.version && counts(group))
    slot.holdUntil = Math.max(slot.holdUntil, occurredAt + group.version.terms.holdDays * DAY_MS);
  // A CPA lives across deal versions: the version of its first event decides, whatever came in first.
  if (!isMonthly(kind)) slot.version = firstOf(countedIn(slot))?.version ?? slot.version;
}

/**
 * What caps or tiers rank belongs to a month: a CPA to that of the conversion that qualifies its customer, which may be another one now. A
 * version that ranks nothing takes it out of the ranking.
 */
export function rank(slot: Slot, monthOf: (moment: number) => string): void {
  const component = isMonthly(slot.name.kind) ? null : componentOf(slot);
  if (component === null) return;
  if (!isRanked(component)) {
    if (slot.name.period !== null) slot.name = { ...slot.name, period: null };
    return;
  }
  const { by } = standingOf(component, slot.version.terms, countedIn(slot));
  if (by !== null) slot.name = { ...slot.name, period: monthOf(by.earned.occurredAt) };
}

/** FNV-1a twice over a fact's identity, as one signed 64-bit integer: equal sets of facts have equal XORs. */
export function hashOf(fact: Pick<SlotFact, 'originalEventId' | 'eventId'>): bigint {
  let high = 0x811c9dc5;
  let low = 0x01000193;
  const text = `${fact.originalEventId}|${fact.eventId}`;
  for (let i = 0; i < text.length; i++) {
    high = Math.imul(high ^ text.charCodeAt(i), 0x01000193);
    low = Math.imul(low ^ text.charCodeAt(i), 0x85ebca6b);
  }
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
}
