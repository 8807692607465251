// Writes a settled batch: bindings, outcomes, slots, facts, ratings and postings, in the order in
// which locks are taken.
import { LRUCache } from 'lru-cache';
import type { BatchLedger } from '../../domain/settlement/batch-ledger.ts';
import type { Posting } from '../../domain/settlement/posting.ts';
import {
  explain,
  explainOverride,
  REJECTED_FORMULA,
  type Explanation,
} from '../../domain/commission/explanation.ts';
import { monthByZones, postingPeriod, type Zones } from '../../domain/ledger/periods.ts';
import type { Settlement } from '../../domain/settlement/batch.ts';
import { componentOf, type Slot, countedIn } from '../../domain/settlement/slot.ts';
import { reportedKey, type ReportedAmount } from '../../domain/settlement/reported-amounts.ts';
import type { Queryable } from '../../store/db/pool.ts';
import { accountsOf, type AccountRow } from '../../store/ledger/accounts.ts';
import { postBatch, type TransferRow } from '../../store/ledger/post.ts';
import { insertSlots, updateSlots } from '../../store/ledger/slot-writing.ts';
import {
  changeOutcomes,
  insertOutcomes,
  writeBindings,
  type OutcomeRow,
} from '../../store/settlement/outcomes.ts';
import { writeFacts, writeRatings, type RatingRow } from '../../store/settlement/facts-and-ratings.ts';
import { noteForChannels } from '../../store/delivery/channel-notices.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import type { Outcome } from '../../domain/settlement/outcomes.ts';
import { writeReportedAmounts, type ReportedAmountRow } from '../../store/ledger/reported-amounts.ts';
import type { OperatorRules } from '../../domain/settlement/rating.ts';

type BookingInput = {
  batchId: string;
  operatorId: string;
  operator: OperatorRules;
  books: BatchLedger;
  settlement: Settlement;
  setAside: SetAside;
  /** The status of each event that has an outcome. */
  statusBefore: ReadonlyMap<string, Outcome['status']>;
  now: Date;
  /** The last month of the operator's books that is closed, read under the posting lock. */
  closedThrough: string | null;
};

/** Accounts that exist once the transaction has committed. */
type Written = { accounts: string[] };

/** Accounts known to exist, so that most batches need not ask. Accounts are never deleted. */
const ACCOUNTS_AT_MOST = 100_000;

export function createBooking(): {
  write(db: Queryable, input: BookingInput): Promise<Written>;
  committed(written: Written): void;
} {
  const known = new LRUCache<string, true>({ max: ACCOUNTS_AT_MOST });
  return {
    async write(db, input) {
      const { operatorId, batchId, books, settlement, now, operator, closedThrough } = input;
      const period = postingPeriod(now.getTime(), operator.timezone, closedThrough);
      const outcomes = outcomesOf(input);
      const slots = [...books.slots.values()];
      const ratings = rate(books);
      const transfers = books.postings.map((posting) => transferOf(posting, operator.zones));
      const keyOf = ({ id, currency }: AccountRow) => `${operatorId} ${id} ${currency}`;
      const accounts = accountsOf(transfers).filter((account) => known.get(keyOf(account)) === undefined);
      // Sent without waiting for one another, so that locks are held for the writes only, not for
      // round trips.
      await allSettledOrThrow([
        writeBindings(db, operatorId, batchId, settlement.bindings),
        insertOutcomes(
          db,
          operatorId,
          batchId,
          outcomes.filter(({ before }) => before === null),
        ),
        changeOutcomes(
          db,
          operatorId,
          batchId,
          outcomes.filter(({ before }) => before !== null),
        ),
        noteForChannels(db, operatorId, 'event.set_aside', newlySetAside(outcomes)),
        writeReportedAmounts(db, operatorId, reportedElsewhere(books, outcomes)),
        insertSlots(
          db,
          operatorId,
          slots.filter(({ isNew }) => isNew),
        ),
        updateSlots(
          db,
          operatorId,
          slots.filter(({ isNew, isChanged }) => isChanged && !isNew),
        ),
        writeFacts(db, operatorId, batchId, books.facts),
        writeRatings(db, operatorId, batchId, ratings),
        postBatch(db, { operatorId, group: batchId, postedAt: now, period }, transfers, accounts),
      ]);
      return { accounts: accounts.map(keyOf) };
    },
    committed({ accounts }) {
      for (const account of accounts) known.set(account, true);
    },
  };
}

/** One outcome per event, the last one. Conversions carry the amount reported for them. */
function outcomesOf({ settlement, books, setAside, statusBefore }: BookingInput): OutcomeRow[] {
  const rows = new Map<string, OutcomeRow>();
  const add = (outcome: Outcome, reported?: ReportedAmount): void => {
    const { amountMinor: payoutMinor = null, currency: payoutCurrency = null } = reported ?? {};
    const before = statusBefore.get(outcome.eventId) ?? null;
    rows.set(outcome.eventId, { ...outcome, payoutMinor, payoutCurrency, before });
  };
  for (const outcome of settlement.outcomes)
    add(outcome, books.reported.get(reportedKey(outcome.eventId, outcome.affiliateId ?? '')));
  for (const [eventId, { reason, detail }] of setAside) {
    const outcome: Outcome = {
      eventId,
      status: 'set_aside',
      reason,
      detail,
      affiliateId: null,
      method: null,
      clickId: null,
      version: null,
    };
    add(outcome);
  }
  return [...rows.values()];
}

/** Facts of events set aside, without those that were before. */
function newlySetAside(outcomes: readonly OutcomeRow[]): object[] {
  return outcomes.flatMap(({ before, status, eventId, reason }) =>
    before !== 'set_aside' && status === 'set_aside' ? [{ event_id: eventId, reason }] : [],
  );
}

/**
 * Amounts reported by this batch that none of its outcomes carries: for earlier conversions, and to
 * parents.
 */
function reportedElsewhere(books: BatchLedger, outcomes: readonly OutcomeRow[]): ReportedAmountRow[] {
  const own = new Set(outcomes.map(({ eventId, affiliateId }) => reportedKey(eventId, affiliateId ?? '')));
  const rows: ReportedAmountRow[] = [];
  for (const [key, { amountMinor, currency }] of books.reportedHere) {
    if (own.has(key)) continue;
    const [eventId, affiliateId] = key.split(' ') as [string, string];
    rows.push({ eventId, affiliateId, amountMinor, currency });
  }
  return rows;
}

/** Counts a rating for each slot that the batch changed, with the explanation of its target. */
function rate(books: BatchLedger): RatingRow[] {
  const ratings: RatingRow[] = [];
  for (const slot of books.slots.values()) {
    if (!slot.isChanged || slot.name.kind === 'month') continue;
    slot.ratingsCount++;
    ratings.push({ slot, ...ratingOf(slot, books) });
  }
  return ratings;
}

function ratingOf(slot: Slot, books: BatchLedger): Explanation & { targetMinor: bigint } {
  const { targetMinor, links } = books.targetOf(slot);
  const { terms } = slot.version;
  if (slot.isRejected) return { targetMinor, formula: REJECTED_FORMULA, inputs: {} };
  if (slot.override) {
    const { sourceId, level } = slot.override;
    const { targetMinor: sourceMinor } = books.targetOf(books.sourceOf(slot.override));
    const part = terms.overrides[level - 1] ?? 0n;
    return { targetMinor, ...explainOverride(part, level, sourceId, sourceMinor, terms.currency) };
  }
  // Months have no component and are not rated.
  const component = componentOf(slot)!;
  const { sums, name } = slot;
  return {
    targetMinor,
    ...explain({ component, terms, groups: countedIn(slot), sums, links, period: name.period }),
  };
}

function transferOf({ slot, seq, cause, ...leg }: Posting, zones: Zones): TransferRow {
  return {
    ...leg,
    affiliateId: slot.affiliateId,
    currency: slot.version.terms.currency,
    slotId: slot.id,
    slotSeq: seq,
    eventId: cause.id,
    occurredAt: new Date(cause.occurredAt),
    originPeriod: monthByZones(cause.occurredAt, zones),
  };
}

/** Events that are left out of the rules, by id, with the reason. */
export type SetAside = Map<string, { reason: string; detail: string }>;
