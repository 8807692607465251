// What settling a batch books: accounts, ratings, transfers and balances, each by one statement.
import type { Posting } from '../../domain/settlement/batch-ledger.ts';
import type { BalanceMoney } from '../../domain/ledger/transfers.ts';
import { ConflictError } from '../db/conflict.ts';
import { columns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import type { Slot } from '../../domain/settlement/slot.ts';

type AccountRow = {
  id: string;
  purpose: string;
  affiliateId: string | null;
  currency: string;
  exponent: number;
};

const ACCOUNTS = columns<AccountRow>({
  id: ['text', ({ id }) => id],
  purpose: ['text', ({ purpose }) => purpose],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  currency: ['text', ({ currency }) => currency],
  exponent: ['int', ({ exponent }) => exponent],
});

/** Makes the accounts of these affiliates in a currency, and the operator's own, where they are missing. */
export async function ensureAccounts(
  db: Queryable,
  operatorId: string,
  accounts: readonly AccountRow[],
): Promise<void> {
  if (accounts.length === 0) return;
  await db.query({
    name: 'insert-accounts',
    text: `insert into accounts (operator_id, ${ACCOUNTS.names()})
     select $1, ${ACCOUNTS.names()} from ${ACCOUNTS.from(2, 'a')} order by id, currency
     on conflict do nothing`,
    values: [operatorId, ...ACCOUNTS.values(accounts)],
  });
}

/** Why a slot has its target, one row per slot and batch. */
export type RatingRow = { slot: Slot; targetMinor: bigint; formula: string; inputs: Record<string, string> };

const RATINGS = columns<RatingRow>({
  slot_id: ['text', ({ slot }) => slot.id],
  seq: ['int', ({ slot }) => slot.ratingsCount],
  deal_version: ['int', ({ slot }) => slot.version.version],
  facts_count: ['int', ({ slot }) => slot.sums.factsCount],
  facts_hash: ['bigint', ({ slot }) => slot.sums.factsHash],
  target_minor: ['bigint', ({ targetMinor }) => targetMinor],
  formula: ['text', ({ formula }) => formula],
  inputs: ['json', ({ inputs }) => JSON.stringify(inputs)],
});

export async function writeRatings(
  db: Queryable,
  operatorId: string,
  batchId: string,
  ratings: readonly RatingRow[],
): Promise<void> {
  if (ratings.length === 0) return;
  await db.query({
    name: 'insert-ratings',
    text: `insert into ratings (operator_id, batch_id, ${RATINGS.names()}) select $1, $2, ${RATINGS.names()} from ${RATINGS.from(3, 'r')}`,
    values: [operatorId, batchId, ...RATINGS.values(ratings)],
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

const TRANSFERS = columns<TransferRow>({
  id: ['text', ({ id }) => id],
  currency: ['text', ({ slot }) => slot.version.terms.currency],
  debit_account: ['text', ({ debitAccount }) => debitAccount],
  credit_account: ['text', ({ creditAccount }) => creditAccount],
  amount_minor: ['bigint', ({ amountMinor }) => amountMinor],
  code: ['text', ({ code }) => code],
  affiliate_id: ['text', ({ slot }) => slot.affiliateId],
  slot_id: ['text', ({ slot }) => slot.id],
  slot_seq: ['int', ({ seq }) => seq],
  event_id: ['text', ({ cause }) => cause.id],
  occurred_at: ['timestamptz', ({ cause }) => new Date(cause.occurredAt)],
  period: ['text', ({ period }) => period],
  origin_period: ['text', ({ originPeriod }) => originPeriod],
});

export async function writeTransfers(
  db: Queryable,
  operatorId: string,
  batchId: string,
  postedAt: Date,
  transfers: readonly TransferRow[],
): Promise<void> {
  if (transfers.length === 0) return;
  await db.query({
    name: 'insert-transfers',
    text: `insert into transfers (operator_id, posting_group, posted_at, ${TRANSFERS.names()})
     select $1, $2, $3, ${TRANSFERS.names()} from ${TRANSFERS.from(4, 't')}`,
    values: [operatorId, batchId, postedAt, ...TRANSFERS.values(transfers)],
  });
}

/** How much an affiliate's balance in a currency moves. */
export type BalanceChange = BalanceMoney & { affiliateId: string; currency: string };

const BALANCES = columns<BalanceChange>({
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  currency: ['text', ({ currency }) => currency],
  pending_minor: ['bigint', ({ pendingMinor }) => pendingMinor],
  payable_minor: ['bigint', ({ payableMinor }) => payableMinor],
  in_payout_minor: ['bigint', ({ inPayoutMinor }) => inPayoutMinor],
  paid_minor: ['bigint', ({ paidMinor }) => paidMinor],
  debt_minor: ['bigint', ({ debtMinor }) => debtMinor],
});

/**
 * Moves balances, in the order of affiliates and currencies: the last locks that a posting takes. Throws ConflictError where debt was to be
 * cancelled that somebody recovered meanwhile: what is owed is read without a lock, so that the order of locks stays simple.
 */
export async function moveBalances(
  db: Queryable,
  operatorId: string,
  changes: readonly BalanceChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const { rowCount } = await db.query({
    name: 'move-balances',
    text: `insert into balances as b (operator_id, ${BALANCES.names()}) select $1, ${BALANCES.names()} from ${BALANCES.from(2, 'c')}
     order by affiliate_id, currency
     on conflict (operator_id, affiliate_id, currency) do update set pending_minor = b.pending_minor + excluded.pending_minor,
       payable_minor = b.payable_minor + excluded.payable_minor, in_payout_minor = b.in_payout_minor + excluded.in_payout_minor,
       paid_minor = b.paid_minor + excluded.paid_minor, debt_minor = b.debt_minor + excluded.debt_minor
       where b.debt_minor + excluded.debt_minor >= 0`,
    values: [operatorId, ...BALANCES.values(changes)],
  });
  if (rowCount !== changes.length) throw new ConflictError('debt was recovered meanwhile');
}

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
