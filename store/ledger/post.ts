// Posts to the ledger: transfers with their accounts, the money of their slots, and balances.
// Together with slot-writing.ts, accounts.ts and post-releases.ts the only code that writes these
// tables.
import {
  accountOf,
  addLeg,
  ZERO_BALANCE,
  type BalanceMoney,
  type Leg,
} from '../../domain/ledger/transfers.ts';
import { bulkColumns, type ColumnSpec } from '../db/bulk.ts';
import { ConflictError } from '../db/conflict.ts';
import { newId } from '../db/ids.ts';
import type { Queryable } from '../db/pool.ts';
import { accountsOf, ensureAccounts, type AccountRow } from './accounts.ts';
import type { Ledger } from './ledger-transaction.ts';
import type { LockedSlot } from './locked-slots.ts';
import { added, BALANCE_MONEY, moneySpec } from './money-columns.ts';
import { updateSlotMoney } from './slot-writing.ts';

/**
 * Common fields of the transfers of a posting. `group`: the id of the batch, decision or payout
 * that caused them.
 */
type PostingHeader = {
  operatorId: string;
  group: string;
  postedAt: Date;
  /** The month of the statement that will show it, as `YYYY-MM`. */
  period: string;
  /** Id of the API key of a manual posting, and the reason that was given. */
  actor?: string | null;
  reason?: string | null;
  payoutId?: string | null;
  /** Unique for ever: a second posting with the same key is refused. */
  idempotencyKey?: string | null;
};

/**
 * One transfer as it is written, in minor units; `slotSeq` is its place among the transfers of its
 * slot.
 */
export type TransferRow = Leg & {
  affiliateId: string;
  currency: string;
  slotId: string | null;
  slotSeq: number | null;
  eventId: string | null;
  occurredAt: Date;
  /** The month of what it is about, as `YYYY-MM`. */
  originPeriod: string;
};

/** The columns that transfers of one posting do not share. */
export const TRANSFER_SPEC = {
  id: ['text', () => newId('trf')],
  currency: ['text', ({ currency }) => currency],
  debit_account: ['text', ({ debit, affiliateId }) => accountOf(debit, affiliateId)],
  credit_account: ['text', ({ credit, affiliateId }) => accountOf(credit, affiliateId)],
  amount_minor: ['bigint', ({ amountMinor }) => amountMinor],
  code: ['text', ({ code }) => code],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  slot_id: ['text', ({ slotId }) => slotId],
  slot_seq: ['int', ({ slotSeq }) => slotSeq],
  event_id: ['text', ({ eventId }) => eventId],
  occurred_at: ['timestamptz', ({ occurredAt }) => occurredAt],
  origin_period: ['text', ({ originPeriod }) => originPeriod],
} as const satisfies ColumnSpec<TransferRow>;

const TRANSFERS = bulkColumns<TransferRow>(TRANSFER_SPEC);

/** Writes transfers, in the order given: the ids that they get rise. */
async function insertTransfers(
  db: Queryable,
  header: PostingHeader,
  transfers: readonly TransferRow[],
): Promise<void> {
  if (transfers.length === 0) return;
  const { operatorId, group, postedAt, period, actor, reason, payoutId, idempotencyKey } = header;
  const shared = [operatorId, group, postedAt, period, actor, reason, payoutId, idempotencyKey];
  await db.query({
    name: 'insert-transfers',
    text: `insert into transfers (operator_id, posting_group, posted_at, period, actor, reason, payout_id,
        idempotency_key, ${TRANSFERS.names()})
      select $1, $2, $3, $4, $5, $6, $7, $8, ${TRANSFERS.names()} from ${TRANSFERS.unnest(9, 't')}`,
    values: [...shared, ...TRANSFERS.values(transfers)],
  });
}

type BalanceChange = BalanceMoney & { affiliateId: string; currency: string };

const BALANCES = bulkColumns<BalanceChange>({
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  currency: ['text', ({ currency }) => currency],
  ...moneySpec(BALANCE_MONEY, (change: BalanceChange) => change),
});

/** By how much transfers change each balance. */
function balanceChanges(transfers: readonly TransferRow[]): BalanceChange[] {
  const changes = new Map<string, BalanceChange>();
  for (const transfer of transfers) {
    const { affiliateId, currency } = transfer;
    const key = `${affiliateId} ${currency}`;
    const change = changes.get(key) ?? { affiliateId, currency, ...ZERO_BALANCE };
    changes.set(key, change);
    addLeg(change, transfer);
  }
  return [...changes.values()];
}

/**
 * Adds to balances in the order of affiliates and currencies: the last locks that a posting takes.
 * Throws ConflictError where a concurrent transaction recovered a debt that this one cancels:
 * settling reads debts without a lock, so that the order of locks stays simple.
 */
async function addToBalances(
  db: Queryable,
  operatorId: string,
  changes: readonly BalanceChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const { rowCount } = await db.query({
    name: 'move-balances',
    text: `insert into balances as b (operator_id, ${BALANCES.names()})
      select $1, ${BALANCES.names()} from ${BALANCES.unnest(2, 'c')}
      order by affiliate_id, currency
      on conflict (operator_id, affiliate_id, currency) do update set ${added(Object.values(BALANCE_MONEY))}
        where b.debt_minor + excluded.debt_minor >= 0`,
    values: [operatorId, ...BALANCES.values(changes)],
  });
  if (rowCount !== changes.length) throw new ConflictError('debt was recovered meanwhile');
}

/**
 * Posts the transfers of a settled batch, whose slots the caller writes with their facts.
 * `accounts` are those of `accountsOf` that may not exist yet. Sends all statements at once, so
 * that no lock is held while an answer travels.
 */
export async function postBatch(
  db: Queryable,
  header: PostingHeader,
  transfers: readonly TransferRow[],
  accounts: readonly AccountRow[],
): Promise<void> {
  const { operatorId } = header;
  await Promise.all([
    ensureAccounts(db, operatorId, accounts),
    insertTransfers(db, header, transfers),
    addToBalances(db, operatorId, balanceChanges(transfers)),
  ]);
}

/**
 * Transfers of one affiliate in one currency. `slot`: the slot they belong to, with its money after
 * them.
 */
export type Entry = {
  affiliateId: string;
  currency: string;
  legs: readonly Leg[];
  slot: Pick<LockedSlot, 'id' | 'transfersCount' | 'money'> | null;
  eventId?: string | null;
};

/** Entries written by one statement; a payout may have many thousands. */
const ENTRIES_AT_ONCE = 2000;

/**
 * Posts entries whose slots the caller has locked: transfers and the money of the slots, and
 * balances last.
 */
export async function post(
  { client, operatorId, now, period }: Ledger,
  header: Omit<PostingHeader, 'operatorId' | 'postedAt' | 'period'>,
  entries: readonly Entry[],
): Promise<void> {
  const whole: PostingHeader = { ...header, operatorId, postedAt: now, period };
  const transfersOf = (some: readonly Entry[]): TransferRow[] =>
    some.flatMap(({ affiliateId, currency, legs, slot, eventId = null }) => {
      const slotId = slot?.id ?? null;
      return legs.map((leg, index): TransferRow => {
        const slotSeq = slot === null ? null : slot.transfersCount + index + 1;
        const times = { occurredAt: now, originPeriod: period };
        return { ...leg, affiliateId, currency, slotId, slotSeq, eventId, ...times };
      });
    });
  const all = transfersOf(entries);
  await ensureAccounts(client, operatorId, accountsOf(all));
  for (let from = 0; from < entries.length; from += ENTRIES_AT_ONCE) {
    const some = entries.slice(from, from + ENTRIES_AT_ONCE);
    await insertTransfers(client, whole, transfersOf(some));
    await updateSlotMoney(
      client,
      operatorId,
      some.flatMap(({ slot, legs }) =>
        slot === null ? [] : [{ ...slot, transfersCount: slot.transfersCount + legs.length }],
      ),
    );
  }
  await addToBalances(client, operatorId, balanceChanges(all));
}
