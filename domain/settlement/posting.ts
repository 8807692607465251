// Posts slots of a batch towards their targets, and returns the changes of the booked amounts.
import { postedOf, postTowards, type Leg } from '../ledger/transfers.ts';
import type { Slot } from './slot.ts';
import type { SlotIndex } from './slot-index.ts';
import type { SlotTargets } from './slot-targets.ts';

/**
 * Cause of a posting: an event (received or amended), or with a null id a change of the agreement
 * for conversions of that time.
 */
export type PostingCause = { id: string | null; occurredAt: number };

/** Transfer of a slot, with its cause. */
export type Posting = Leg & { slot: Slot; seq: number; cause: PostingCause };

/**
 * Change of the amount booked in a slot to an affiliate for a conversion; null where it belongs to
 * none, as for a month. `ownerId`: the conversion's affiliate, of whom the affiliate may be a
 * parent.
 */
export type BookedChange = {
  slot: Slot;
  conversionId: string | null;
  affiliateId: string;
  ownerId: string;
  deltaMinor: bigint;
  currency: string;
};

type Poster = {
  /** All postings so far. */
  readonly postings: readonly Posting[];
  /**
   * Posts a slot towards its target, and then the parents' parts of it. `conversionBefore`: the
   * conversion that the slot was paid for so far, when it may be another one now.
   */
  post(slot: Slot, cause: PostingCause, conversionBefore?: string | null): BookedChange[];
};

/** Key of an affiliate's debt in the currency of a slot. */
const debtKey = ({ affiliateId, version }: Pick<Slot, 'affiliateId' | 'version'>): string =>
  `${affiliateId} ${version.terms.currency}`;

/**
 * `debts`: debt of affiliates by `debtKey`. Without an entry, only debt that this batch makes can
 * be recovered.
 */
export function createPoster(
  index: SlotIndex,
  targets: SlotTargets,
  debts: ReadonlyMap<string, bigint> | undefined,
): Poster {
  const openDebts = new Map(debts);
  const postings: Posting[] = [];

  function postSlot(slot: Slot, cause: PostingCause): void {
    const owed = debtKey(slot);
    const openDebt = openDebts.get(owed) ?? 0n;
    const { money, legs } = postTowards(slot.money, targets.targetOf(slot).targetMinor, openDebt);
    if (legs.length === 0) return;
    if (money.debtMinor !== slot.money.debtMinor)
      openDebts.set(owed, openDebt + money.debtMinor - slot.money.debtMinor);
    slot.money = money;
    slot.isChanged = true;
    for (const leg of legs) postings.push({ ...leg, slot, seq: ++slot.transfersCount, cause });
  }

  /** What a slot's change means for the conversion it was paid for and for the one it is now. */
  function changesOf(slot: Slot, bookedBefore: bigint, conversionBefore: string | null): BookedChange[] {
    const { affiliateId, override, version } = slot;
    const ownerId = override ? index.sourceOf(override).affiliateId : affiliateId;
    const { currency } = version.terms;
    const [conversionId, booked] = [targets.conversionOf(slot), postedOf(slot.money)];
    const changes =
      conversionId === conversionBefore
        ? [{ conversionId, deltaMinor: booked - bookedBefore }]
        : [
            { conversionId: conversionBefore, deltaMinor: -bookedBefore },
            { conversionId, deltaMinor: booked },
          ];
    return changes
      .filter(({ deltaMinor }) => deltaMinor !== 0n)
      .map((change) => ({
        conversionId: change.conversionId,
        deltaMinor: change.deltaMinor,
        slot,
        affiliateId,
        ownerId,
        currency,
      }));
  }

  function post(
    slot: Slot,
    cause: PostingCause,
    conversionBefore: string | null = targets.conversionOf(slot),
  ): BookedChange[] {
    const bookedBefore = postedOf(slot.money);
    postSlot(slot, cause);
    const changes = changesOf(slot, bookedBefore, conversionBefore);
    for (const part of index.partsOf(slot)) {
      if (part.version !== slot.version || part.holdUntil !== slot.holdUntil) part.isChanged = true;
      part.version = slot.version;
      part.holdUntil = slot.holdUntil;
      changes.push(...post(part, cause, conversionBefore));
    }
    return changes;
  }

  return { postings, post };
}
