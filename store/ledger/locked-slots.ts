// Locks slots and debts that a transaction of the ledger is about to move, and reads them as they
// are then.
import type { SlotMoney } from '../../domain/ledger/transfers.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import type { Ledger } from './ledger-transaction.ts';
import { selected, SLOT_MONEY, slotMoneyOf } from './money-columns.ts';

/** A slot under its lock. */
export type LockedSlot = {
  id: string;
  kind: string;
  affiliateId: string;
  currency: string;
  period: string | null;
  /** The slot that a parent's part is a part of. */
  sourceId: string | null;
  transfersCount: number;
  rejectedAt: Date | null;
  money: SlotMoney;
};

const COLUMNS = `id, kind, affiliate_id as "affiliateId", currency, period, source_id as "sourceId",
  transfers_count as "transfersCount", rejected_at as "rejectedAt", ${selected(SLOT_MONEY)}`;

/** The slots whose ids are `$2`, as `s`, for a FROM clause. */
export const NAMED_SLOTS = `${itemsWithOperator(2)}
  join slots s on s.operator_id = named.operator_id and s.id = named.item`;

/** Locks slots in the order of their ids and returns them as their last writer left them. */
export function lockSlotsById(ledger: Ledger, ids: readonly string[]): Promise<LockedSlot[]> {
  return lockFrom(ledger, NAMED_SLOTS, [ids]);
}

/**
 * Locks all slots payable to an affiliate in a currency; leaves out those that a concurrent payout
 * took.
 */
export function lockPayableSlots(
  ledger: Ledger,
  affiliateId: string,
  currency: string,
): Promise<LockedSlot[]> {
  const payable = `slots s
    where s.operator_id = $1 and s.affiliate_id = $2 and s.currency = $3 and s.payable_minor > 0`;
  return lockFrom(ledger, payable, [affiliateId, currency]);
}

async function lockFrom(
  { client, operatorId }: Ledger,
  from: string,
  values: unknown[],
): Promise<LockedSlot[]> {
  const { rows } = await client.query<Omit<LockedSlot, 'money'> & SlotMoney>(
    `select ${COLUMNS} from ${from} order by s.id for no key update of s`,
    [operatorId, ...values],
  );
  return rows.map((row) => {
    const { id, kind, affiliateId, currency, period, sourceId, transfersCount, rejectedAt } = row;
    const money = slotMoneyOf(row);
    return { id, kind, affiliateId, currency, period, sourceId, transfersCount, rejectedAt, money };
  });
}

/**
 * Locks an affiliate's debt in a currency and returns it in minor units; 0 where the affiliate has
 * no balance.
 */
export async function lockDebt(
  { client, operatorId }: Ledger,
  affiliateId: string,
  currency: string,
): Promise<bigint> {
  const { rows } = await client.query<{ debtMinor: bigint }>(
    `select debt_minor as "debtMinor" from balances
     where operator_id = $1 and affiliate_id = $2 and currency = $3 for no key update`,
    [operatorId, affiliateId, currency],
  );
  return rows[0]?.debtMinor ?? 0n;
}

/**
 * Reads the debts of affiliates without a lock, in minor units by affiliate and currency
 * (`debtKey`).
 */
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
