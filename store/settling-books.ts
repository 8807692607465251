// What settling a batch books: accounts, ratings, transfers and balances, each by one statement. Rows travel as one JSON document: that costs
// the Node process half of what an array per column costs, and the column list stands once.
import type { Posting, Slot } from '../domain/books.ts';
import type { BalanceMoney } from '../domain/ledger.ts';
import { LostRace } from './lost-race.ts';
import { namesOf, type Queryable } from './pool.ts';

/** Makes the accounts of these affiliates in a currency, and the operator's own, where they are missing. */
export async function ensureAccounts(
  db: Queryable,
  operatorId: string,
  accounts: readonly { id: string; purpose: string; affiliateId: string | null; currency: string; exponent: number }[],
): Promise<void> {
  if (accounts.length === 0) return;
  await db.query({
    name: 'insert-accounts',
    text: `insert into accounts (operator_id, id, purpose, affiliate_id, currency, exponent)
     select $1, id, purpose, "affiliateId", currency, exponent
     from json_to_recordset($2) as a (id text, purpose text, "affiliateId" text, currency text, exponent int)
     order by id, currency
     on conflict do nothing`,
    values: [operatorId, JSON.stringify(accounts)],
  });
}

/** Why a slot has its target, one row per slot and batch. */
export type RatingRow = { slot: Slot; targetMinor: bigint; formula: string; inputs: Record<string, string> };

export async function writeRatings(
  db: Queryable,
  operatorId: string,
  batchId: string,
  ratings: readonly RatingRow[],
): Promise<void> {
  if (ratings.length === 0) return;
  const rows = ratings.map(({ slot, targetMinor, formula, inputs }) => ({
    slot_id: slot.id,
    seq: slot.ratingsCount,
    deal_version: slot.version.version,
    facts_count: slot.sums.factsCount,
    facts_hash: String(slot.sums.factsHash),
    target_minor: String(targetMinor),
    formula,
    inputs,
  }));
  await db.query({
    name: 'insert-ratings',
    text: `insert into ratings (operator_id, slot_id, seq, batch_id, deal_version, facts_count, facts_hash, target_minor, formula, inputs)
     select $1, slot_id, seq, $2, deal_version, facts_count, facts_hash, target_minor, formula, inputs
     from json_to_recordset($3) as r (slot_id text, seq int, deal_version int, facts_count int, facts_hash bigint, target_minor bigint,
       formula text, inputs json)`,
    values: [operatorId, batchId, JSON.stringify(rows)],
  });
}

/** A transfer to be written: a posting with its id, its accounts and its months. */
export type TransferRow = Posting & {
  id: string;
  debitAccount: string;
  creditAccount: string;
  period: string;
  originPeriod: string;
};

export async function writeTransfers(
  db: Queryable,
  operatorId: string,
  batchId: string,
  postedAt: Date,
  transfers: readonly TransferRow[],
): Promise<void> {
  if (transfers.length === 0) return;
  const rows = transfers.map((transfer) => ({
    id: transfer.id,
    currency: transfer.slot.version.terms.currency,
    debit_account: transfer.debitAccount,
    credit_account: transfer.creditAccount,
    amount_minor: String(transfer.amountMinor),
    code: transfer.code,
    affiliate_id: transfer.slot.affiliateId,
    slot_id: transfer.slot.id,
    slot_seq: transfer.seq,
    event_id: transfer.cause.id,
    occurred_at: new Date(transfer.cause.occurredAt),
    period: transfer.period,
    origin_period: transfer.originPeriod,
  }));
  await db.query({
    name: 'insert-transfers',
    text: `insert into transfers (operator_id, id, posting_group, currency, debit_account, credit_account, amount_minor, code, affiliate_id,
       slot_id, slot_seq, event_id, occurred_at, posted_at, period, origin_period)
     select $1, id, $2, currency, debit_account, credit_account, amount_minor, code, affiliate_id, slot_id, slot_seq, event_id,
       occurred_at, $3, period, origin_period
     from json_to_recordset($4) as t (id text, currency text, debit_account text, credit_account text, amount_minor bigint, code text,
       affiliate_id text, slot_id text, slot_seq int, event_id text, occurred_at timestamptz, period text, origin_period text)`,
    values: [operatorId, batchId, postedAt, JSON.stringify(rows)],
  });
}

/** How much an affiliate's balance in a currency moves. */
export type BalanceChange = BalanceMoney & { affiliateId: string; currency: string };

/**
 * Moves balances, in the order of affiliates and currencies: the last locks that a posting takes. Throws LostRace where debt was to be
 * cancelled that somebody recovered meanwhile: what is owed is read without a lock, so that the order of locks stays simple.
 */
export async function moveBalances(db: Queryable, operatorId: string, changes: readonly BalanceChange[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map((change) => ({
    affiliate_id: change.affiliateId,
    currency: change.currency,
    pending_minor: String(change.pendingMinor),
    payable_minor: String(change.payableMinor),
    in_payout_minor: String(change.inPayoutMinor),
    paid_minor: String(change.paidMinor),
    debt_minor: String(change.debtMinor),
  }));
  const { rowCount } = await db.query({
    name: 'move-balances',
    text: `insert into balances as b (operator_id, ${BALANCE_NAMES}) select $1, ${BALANCE_NAMES} from json_to_recordset($2) as c (${BALANCE_COLUMNS})
     order by affiliate_id, currency
     on conflict (operator_id, affiliate_id, currency) do update set pending_minor = b.pending_minor + excluded.pending_minor,
       payable_minor = b.payable_minor + excluded.payable_minor, in_payout_minor = b.in_payout_minor + excluded.in_payout_minor,
       paid_minor = b.paid_minor + excluded.paid_minor, debt_minor = b.debt_minor + excluded.debt_minor
       where b.debt_minor + excluded.debt_minor >= 0`,
    values: [operatorId, JSON.stringify(rows)],
  });
  if (rowCount !== changes.length) throw new LostRace('debt was recovered meanwhile');
}

const BALANCE_COLUMNS = `affiliate_id text, currency text, pending_minor bigint, payable_minor bigint, in_payout_minor bigint, paid_minor bigint,
  debt_minor bigint`;
const BALANCE_NAMES = namesOf(BALANCE_COLUMNS).join(', ');

/** What affiliates owe now, by affiliate and currency in the form of `debtKey`. */
export async function readOpenDebts(
  db: Queryable,
  operatorId: string,
  affiliateIds: readonly string[],
): Promise<Map<string, bigint>> {
  const { rows } = await db.query<{ key: string; debtMinor: bigint }>(
    `select affiliate_id || ' ' || currency as key, debt_minor as "debtMinor" from balances
     where operator_id = $1 and affiliate_id = any($2) and debt_minor > 0`,
    [operatorId, affiliateIds],
  );
  return new Map(rows.map(({ key, debtMinor }) => [key, debtMinor]));
}
