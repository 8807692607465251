// Writes what settling came to: bindings, outcomes, slots, facts, ratings, transfers and balances, in the order in which locks are taken.
import { LRUCache } from 'lru-cache';
import { newId } from '../../store/db/ids.ts';
import type { Books, Posting } from '../../domain/settlement/batch-ledger.ts';
import {
  explain,
  explainOverride,
  REJECTED_FORMULA,
  type Explanation,
} from '../../domain/commission/explanation.ts';
import { affiliateAccountId, operatorAccountId, type AffiliatePurpose } from '../../domain/keys.ts';
import { accountOf, addLeg, NO_CHANGE } from '../../domain/ledger/transfers.ts';
import { exponentOf } from '../../domain/ledger/money.ts';
import { monthOf, postingPeriod } from '../../domain/ledger/periods.ts';
import type { OperatorRules, Settlement } from '../../domain/settlement/settlement.ts';
import { componentOf, type Slot, countedIn } from '../../domain/settlement/slot.ts';
import { toldKey, type Told } from '../../domain/settlement/reported-amounts.ts';
import type { Queryable } from '../../store/db/pool.ts';
import {
  ensureAccounts,
  moveBalances,
  writeRatings,
  writeTransfers,
  type BalanceChange,
  type RatingRow,
  type TransferRow,
} from '../../store/ledger/batch-posting.ts';
import {
  changeOutcomes,
  insertOutcomes,
  writeBindings,
  type OutcomeRow,
} from '../../store/settlement/outcomes.ts';
import { insertSlots, updateSlots, writeFacts } from '../../store/settlement/slot-writing.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import type { Outcome } from '../../domain/settlement/outcomes.ts';
import { writeTold, type ToldRow } from '../../store/ledger/reported-amounts.ts';

export type BookingInput = {
  batchId: string;
  operatorId: string;
  operator: OperatorRules;
  books: Books;
  settlement: Settlement;
  setAside: SetAside;
  /** Events that have an outcome already. */
  waited: ReadonlySet<string>;
  now: Date;
  /** The last month of the operator's books that is closed, read under the posting lock. */
  closedThrough: string | null;
};

/** What to remember once the transaction has committed: accounts that now exist. */
export type Written = { accounts: string[] };

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
      const accounts = accountsOf(operatorId, books.postings).filter(
        ({ cacheKey }) => known.get(cacheKey) === undefined,
      );
      // Sent one behind the other without waiting, so that the locks are held for the writing and not for the way there and back.
      await allSettledOrThrow([
        writeBindings(db, operatorId, batchId, settlement.bindings),
        insertOutcomes(
          db,
          operatorId,
          batchId,
          outcomes.filter(({ isFirst }) => isFirst),
        ),
        changeOutcomes(
          db,
          operatorId,
          batchId,
          outcomes.filter(({ isFirst }) => !isFirst),
        ),
        writeTold(db, operatorId, toldElsewhere(books, outcomes)),
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
        ensureAccounts(db, operatorId, accounts),
        writeTransfers(db, operatorId, batchId, now, transfersOf(books.postings, operator.timezone, period)),
        moveBalances(db, operatorId, balanceChanges(books.postings)),
      ]);
      return { accounts: accounts.map(({ cacheKey }) => cacheKey) };
    },
    committed({ accounts }) {
      for (const account of accounts) known.set(account, true);
    },
  };
}

/** One outcome per event, the last one said; conversions carry the sum told for them. */
function outcomesOf({ settlement, books, setAside, waited }: BookingInput): OutcomeRow[] {
  const rows = new Map<string, OutcomeRow>();
  const add = (outcome: Outcome, told: Told | undefined, detail?: string): void => {
    const { payoutMinor = null, currency: payoutCurrency = null } = told ?? {};
    const row = { ...outcome, payoutMinor, payoutCurrency, isFirst: !waited.has(outcome.eventId) };
    rows.set(outcome.eventId, detail === undefined ? row : { ...row, detail });
  };
  for (const outcome of settlement.outcomes)
    add(outcome, books.told.get(toldKey(outcome.eventId, outcome.affiliateId ?? '')));
  for (const [eventId, { reason, detail }] of setAside) {
    const outcome: Outcome = {
      eventId,
      status: 'set_aside',
      reason,
      affiliateId: null,
      method: null,
      clickId: null,
      version: null,
    };
    add(outcome, undefined, detail);
  }
  return [...rows.values()];
}

/** Sums told that no outcome of this batch carries: for conversions settled before, and to parents. */
function toldElsewhere(books: Books, outcomes: readonly OutcomeRow[]): ToldRow[] {
  const own = new Set(outcomes.map(({ eventId, affiliateId }) => toldKey(eventId, affiliateId ?? '')));
  return [...books.toldHere].flatMap(([key, { payoutMinor, currency }]) => {
    const [eventId, affiliateId] = key.split(' ') as [string, string];
    return own.has(key) ? [] : [{ eventId, affiliateId, payoutMinor, currency }];
  });
}

/** Counts one more rating for each slot that learnt something or was moved, and says why it has its target. */
function rate(books: Books): RatingRow[] {
  const ratings: RatingRow[] = [];
  for (const slot of books.slots.values()) {
    if (!slot.isChanged || slot.name.kind === 'month') continue;
    slot.ratingsCount++;
    ratings.push({ slot, ...ratingOf(slot, books) });
  }
  return ratings;
}

function ratingOf(slot: Slot, books: Books): Explanation & { targetMinor: bigint } {
  const { targetMinor, links } = books.targetOf(slot);
  const { terms } = slot.version;
  if (slot.isRejected) return { targetMinor, formula: REJECTED_FORMULA, inputs: {} };
  if (slot.override) {
    const { sourceId, level } = slot.override;
    const { targetMinor: sourceMinor } = books.targetOf(books.sourceOf(slot.override));
    const part = terms.overrides[level - 1] ?? 0n;
    return { targetMinor, ...explainOverride(part, level, sourceId, sourceMinor, terms.currency) };
  }
  // Months, which have none, are not rated.
  const component = componentOf(slot)!;
  const { sums, name } = slot;
  return {
    targetMinor,
    ...explain({ component, terms, groups: countedIn(slot), sums, links, period: name.period }),
  };
}

/** The accounts that postings touch: the operator's expense and the affiliate's own, per currency. */
function accountsOf(operatorId: string, postings: readonly Posting[]) {
  const accounts = new Map<
    string,
    {
      id: string;
      purpose: string;
      affiliateId: string | null;
      currency: string;
      exponent: number;
      cacheKey: string;
    }
  >();
  const add = (id: string, purpose: string, affiliateId: string | null, currency: string): void => {
    const cacheKey = `${operatorId} ${id} ${currency}`;
    accounts.set(cacheKey, { id, purpose, affiliateId, currency, exponent: exponentOf(currency)!, cacheKey });
  };
  const owners = new Map(
    postings.map(({ slot }) => [`${slot.affiliateId} ${slot.version.terms.currency}`, slot]),
  );
  for (const { affiliateId, version } of owners.values()) {
    const { currency } = version.terms;
    add(operatorAccountId('expense'), 'expense', null, currency);
    for (const purpose of AFFILIATE_ACCOUNTS)
      add(affiliateAccountId(purpose, affiliateId), purpose, affiliateId, currency);
  }
  return [...accounts.values()];
}

const AFFILIATE_ACCOUNTS: readonly AffiliatePurpose[] = ['pending', 'payable', 'debt'];

function transfersOf(postings: readonly Posting[], timezone: string, period: string): TransferRow[] {
  return postings.map((posting) => ({
    ...posting,
    id: newId('trf'),
    debitAccount: accountOf(posting.debit, posting.slot.affiliateId),
    creditAccount: accountOf(posting.credit, posting.slot.affiliateId),
    period,
    originPeriod: monthOf(posting.cause.occurredAt, timezone),
  }));
}

function balanceChanges(postings: readonly Posting[]): BalanceChange[] {
  const changes = new Map<string, BalanceChange>();
  for (const posting of postings) {
    const { affiliateId } = posting.slot;
    const { currency } = posting.slot.version.terms;
    const key = `${affiliateId} ${currency}`;
    const change = changes.get(key) ?? { affiliateId, currency, ...NO_CHANGE };
    changes.set(key, change);
    addLeg(change, posting);
  }
  return [...changes.values()];
}

/** Events that must be left out of the rules, and why. */
export type SetAside = Map<string, { reason: string; detail: string }>;
