// Recomputes slots from their facts alone, for the audit to compare with the ledger.
import { openBatchLedger } from './batch-ledger.ts';
import type { SlotSums } from '../commission/component-kind.ts';
import { earliestOf, type Group } from '../commission/group.ts';
import type { SlotFact } from '../commission/slot-facts.ts';
import { isMonthly } from '../commission/slot-kinds.ts';
import { EMPTY_SUMS } from '../commission/sums.ts';
import { countFirstDeposits } from './first-deposits.ts';
import { EMPTY } from '../ledger/transfers.ts';
import type { ParentsOf } from './slot-targets.ts';
import { hashOf, rank, type Slot, countedIn, countedOf } from './slot.ts';

/** Identity of a slot, without its sums and money. */
type Identity = Pick<Slot, 'id' | 'name' | 'affiliateId' | 'version' | 'override' | 'isRejected'>;

export type Recount = {
  /**
   * Adds one conversion; each conversion of the slot is added once, in any order. `facts`: its
   * facts of all revisions, where it has earlier ones.
   */
  add(group: Group, facts?: readonly SlotFact[]): void;
  /** The slot as its facts make it, without money. */
  result(): Slot;
};

/**
 * Recounts one slot. Conversions of a monthly slot are summed and dropped, since there may be
 * millions; first deposits are kept.
 */
export function startRecount(identity: Identity, monthOf: (moment: number) => string): Recount {
  const { kind } = identity.name;
  const slot: Slot = {
    ...identity,
    sums: EMPTY_SUMS,
    money: EMPTY,
    transfersCount: 0,
    ratingsCount: 0,
    holdUntil: 0,
    isNew: false,
    isChanged: false,
    groups: new Map(),
  };
  return {
    add(group, facts = [group.accrual, ...group.reversals]) {
      slot.sums = plus(slot.sums, {
        ...EMPTY_SUMS,
        ...countedOf(kind, group),
        factsCount: facts.length,
        factsHash: facts.reduce((hash, fact) => hash ^ hashOf(fact), 0n),
      });
      if (!isMonthly(kind) || group.accrual.customer !== null)
        slot.groups.set(group.accrual.originalEventId, group);
    },
    result() {
      if (!isMonthly(kind)) slot.version = earliestOf(countedIn(slot))?.version ?? slot.version;
      rank(slot, monthOf);
      return slot;
    },
  };
}

function plus(a: SlotSums, b: SlotSums): SlotSums {
  return {
    basisMinor: a.basisMinor + b.basisMinor,
    volumeE4: a.volumeE4 + b.volumeE4,
    ftdCount: a.ftdCount + b.ftdCount,
    conversionsCount: a.conversionsCount + b.conversionsCount,
    factsCount: a.factsCount + b.factsCount,
    factsHash: a.factsHash ^ b.factsHash,
  };
}

/**
 * Targets of recounted slots by id, after counting first deposits in their months. Linked slots
 * must be given together. `asKept`: slots whose stored sums are used in place of recounted ones of
 * the same name.
 */
export function recountedTargets(
  slots: readonly Slot[],
  monthOf: (moment: number) => string,
  parentsOf: ParentsOf,
  asKept: readonly Slot[] = [],
): Map<string, bigint> {
  countFirstDeposits(slots);
  const kept = new Set(asKept.map(({ name }) => name.key));
  const believed = [...slots.filter(({ name }) => !kept.has(name.key)), ...asKept];
  const newSlotId = (): string => {
    throw new Error('a recount opens no slots');
  };
  const books = openBatchLedger(believed, new Map(), { newSlotId, monthOf, parentsOf });
  return new Map(believed.map((slot) => [slot.id, books.targetOf(slot).targetMinor]));
}
