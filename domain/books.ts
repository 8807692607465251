// The books of one batch while it is settled: slots with their facts and money, changed in memory and written afterwards in one go.
import type { SlotFact } from './clawback.ts';
import { firstOf, isMonthly, NOTHING, targetOf, weightOf, type Aggregates, type Group, type SlotName } from './commission.ts';
import { EMPTY, postTowards, type Leg, type SlotMoney } from './ledger.ts';
import type { Component, ConversionEvent, DealVersion } from './types.ts';

const DAY_MS = 86_400_000;

/** A slot as loaded, with what this batch learnt about it. */
export type Slot = {
  id: string;
  name: SlotName;
  affiliateId: string;
  version: DealVersion;
  sums: Aggregates;
  money: SlotMoney;
  transfersCount: number;
  ratingsCount: number;
  holdUntil: number;
  isNew: boolean;
  isChanged: boolean;
  /** The facts by conversion: all of them, or for monthly slots those about the conversions of this batch. */
  groups: Map<string, Group>;
};

/** One leg of a posting, with the event that caused it. */
export type Posting = Leg & { slot: Slot; seq: number; event: ConversionEvent };

/** The sum told to an affiliate for a conversion. */
export type Told = { payoutMinor: bigint; currency: string };

export type Books = {
  /** The slot of that name, made empty if it is new. */
  open(name: SlotName, version: DealVersion, affiliateId: string): Slot;
  /** Adds what a conversion brings to a slot, by its deal version, and posts towards the new target; returns the change of what is booked. */
  earn(slot: Slot, fact: SlotFact, version: DealVersion, event: ConversionEvent): bigint;
  /** Adds what an event says against a conversion in a slot, likewise. A fact already there changes nothing. */
  reverse(slot: Slot, fact: SlotFact, event: ConversionEvent): bigint;
  /** The slots a conversion earned in. */
  slotsOfConversion(eventId: string): readonly Slot[];
  /** Adds to what was told for a conversion and gives the sum; `currency` is that of a conversion not told of before. */
  tell(eventId: string, deltaMinor: bigint, currency: string): Told;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly facts: readonly { slot: Slot; fact: SlotFact }[];
  readonly postings: readonly Posting[];
  readonly told: ReadonlyMap<string, Told>;
};

/** Opens books over loaded slots and what was told for conversions settled earlier. `newSlotId` makes ids, since rules make nothing up. */
export function openBooks(loaded: readonly Slot[], toldBefore: ReadonlyMap<string, Told>, newSlotId: () => string): Books {
  const slots = new Map(loaded.map((slot) => [slot.name.key, slot]));
  const byConversion = new Map<string, Slot[]>();
  const facts: { slot: Slot; fact: SlotFact }[] = [];
  const postings: Posting[] = [];
  const told = new Map(toldBefore);
  const index = (eventId: string, slot: Slot): void => {
    const known = byConversion.get(eventId);
    if (known) known.push(slot);
    else byConversion.set(eventId, [slot]);
  };
  for (const slot of loaded) for (const eventId of slot.groups.keys()) index(eventId, slot);

  /** Puts a group with a further fact into its slot and moves the money towards the new target. */
  const learn = (slot: Slot, group: Group, fact: SlotFact, event: ConversionEvent): bigint => {
    replaceGroup(slot, group, fact);
    facts.push({ slot, fact });
    const target = targetOf(componentOf(slot), slot.version.terms, slot.groups.values(), slot.sums);
    const { money, legs } = postTowards(slot.money, target);
    slot.money = money;
    let change = 0n;
    for (const leg of legs) {
      postings.push({ ...leg, slot, seq: ++slot.transfersCount, event });
      change += leg.code === 'accrue' ? leg.amountMinor : -leg.amountMinor;
    }
    return change;
  };

  return {
    slots,
    facts,
    postings,
    told,
    open(name, version, affiliateId) {
      let slot = slots.get(name.key);
      if (!slot) {
        const counts = { transfersCount: 0, ratingsCount: 0, holdUntil: 0, isNew: true, isChanged: false };
        slot = { id: newSlotId(), name, affiliateId, version, sums: NOTHING, money: EMPTY, groups: new Map(), ...counts };
        slots.set(name.key, slot);
      }
      return slot;
    },
    earn(slot, fact, version, event) {
      if (slot.groups.has(fact.originalEventId)) return 0n;
      index(fact.originalEventId, slot);
      return learn(slot, { earned: fact, version, others: [] }, fact, event);
    },
    reverse(slot, fact, event) {
      const group = slot.groups.get(fact.originalEventId);
      if (!group) throw new Error(`a fact against ${fact.originalEventId}, which is not in slot ${slot.id}`);
      if (group.others.some((other) => other.eventId === fact.eventId)) return 0n;
      return learn(slot, { ...group, others: [...group.others, fact] }, fact, event);
    },
    slotsOfConversion: (eventId) => byConversion.get(eventId) ?? [],
    tell(eventId, deltaMinor, currency) {
      const before = told.get(eventId) ?? { payoutMinor: 0n, currency };
      const sum = { payoutMinor: before.payoutMinor + deltaMinor, currency: before.currency };
      told.set(eventId, sum);
      return sum;
    },
  };
}

/** The component that rates a slot. */
export function componentOf(slot: Slot): Component {
  const component = slot.version.terms.components.find(({ label }) => label === slot.name.component);
  if (!component)
    throw new Error(`version ${slot.version.version} of ${slot.version.dealId} has no component ${slot.name.component}`);
  return component;
}

/** Sets the group of a conversion and moves the slot's running sums by what the conversion's weight changed. */
function replaceGroup(slot: Slot, group: Group, fact: SlotFact): void {
  const known = slot.groups.get(fact.originalEventId);
  const before = known ? weightOf(known) : { basisMinor: 0n, volumeE4: 0n };
  const after = weightOf(group);
  slot.groups.set(fact.originalEventId, group);
  slot.sums = {
    basisMinor: slot.sums.basisMinor + after.basisMinor - before.basisMinor,
    volumeE4: slot.sums.volumeE4 + after.volumeE4 - before.volumeE4,
    factsCount: slot.sums.factsCount + 1,
    factsHash: slot.sums.factsHash ^ hashOf(fact),
  };
  slot.isChanged = true;
  if (known) return;
  slot.holdUntil = Math.max(slot.holdUntil, fact.occurredAt + group.version.terms.holdDays * DAY_MS);
  // A CPA lives across deal versions: the version of its first event decides, whatever came in first.
  if (!isMonthly(slot.name.kind)) slot.version = firstOf(slot.groups.values())!.version;
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
