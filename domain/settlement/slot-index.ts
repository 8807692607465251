// Slots of a batch by key, conversion, deal and source.
import { subjectOfSlot } from '../commission/commission.ts';
import { isMonthly } from '../commission/slot-kinds.ts';
import type { Slot } from './slot.ts';

export type SlotIndex = {
  readonly byKey: ReadonlyMap<string, Slot>;
  add(slot: Slot): void;
  /** Adds a conversion that has entered a slot of the index. */
  addConversion(eventId: string, slot: Slot): void;
  ofConversion(eventId: string): readonly Slot[];
  /** The slots that an affiliate earns in by a deal, without the parents' parts. */
  ofDeal(dealId: string, affiliateId: string): readonly Slot[];
  /** Those of them that sum a month. */
  monthsOf(dealId: string, affiliateId: string): readonly Slot[];
  /** An affiliate's slots of a customer, of all deals. */
  ofCustomer(affiliateId: string, subject: string): readonly Slot[];
  /** The parents' parts of a slot. */
  partsOf(slot: Slot): readonly Slot[];
  /** The slot that a parent's part is a part of. */
  sourceOf(override: NonNullable<Slot['override']>): Slot;
};

export function createSlotIndex(loaded: readonly Slot[]): SlotIndex {
  const byKey = new Map<string, Slot>();
  const byId = new Map<string, Slot>();
  const byConversion = new Map<string, Slot[]>();
  const byDeal = new Map<string, Slot[]>();
  const monthsByDeal = new Map<string, Slot[]>();
  const byCustomer = new Map<string, Slot[]>();
  const bySource = new Map<string, Slot[]>();

  const index: SlotIndex = {
    byKey,
    add(slot) {
      byKey.set(slot.name.key, slot);
      byId.set(slot.id, slot);
      const deal = `${slot.version.dealId} ${slot.affiliateId}`;
      if (slot.override) push(bySource, slot.override.sourceId, slot);
      else push(byDeal, deal, slot);
      if (isMonthly(slot.name.kind)) push(monthsByDeal, deal, slot);
      const subject = subjectOfSlot(slot.name);
      if (subject !== null) push(byCustomer, `${slot.affiliateId} ${subject}`, slot);
      for (const eventId of slot.groups.keys()) push(byConversion, eventId, slot);
    },
    addConversion: (eventId, slot) => push(byConversion, eventId, slot),
    ofConversion: (eventId) => byConversion.get(eventId) ?? [],
    ofDeal: (dealId, affiliateId) => byDeal.get(`${dealId} ${affiliateId}`) ?? [],
    monthsOf: (dealId, affiliateId) => monthsByDeal.get(`${dealId} ${affiliateId}`) ?? [],
    ofCustomer: (affiliateId, subject) => byCustomer.get(`${affiliateId} ${subject}`) ?? [],
    partsOf: ({ id }) => bySource.get(id) ?? [],
    sourceOf: ({ sourceId }) => byId.get(sourceId)!,
  };
  for (const slot of loaded) index.add(slot);
  return index;
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
