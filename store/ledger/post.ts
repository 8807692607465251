// Postings outside settling: one transaction per operator, and the rows of the ledger that moves of slots and balances come to. Locks are taken
// in the order in which settling takes them: strikes, slots by id, outcomes, balances by affiliate, deliveries.
import type { AffiliatePurpose, OperatorPurpose } from '../../domain/keys.ts';
import {
  accountOf,
  addLeg,
  isOfOperator,
  NO_CHANGE,
  type Leg,
  type SlotMoney,
} from '../../domain/ledger/transfers.ts';
import { exponentOf } from '../../domain/ledger/money.ts';
import { postingPeriod } from '../../domain/ledger/periods.ts';
import { newId } from '../db/ids.ts';
import { columns, named } from '../db/bulk.ts';
import { LostRace } from '../db/conflict.ts';
import { isDeadlock, isRefusal, isSerializationFailure } from '../db/pg-errors.ts';
import { beginPosting } from '../db/locks.ts';
import { withTransaction, type Pool, type PoolClient, type Queryable } from '../db/pool.ts';
import { ensureAccounts, moveBalances, type BalanceChange } from './batch-posting.ts';

/** A transaction that posts: whose, when, and the month of the statement it will be on. */
export type Ledger = { client: PoolClient; operatorId: string; now: Date; period: string };

/** How often a transaction begins again after losing a race; each time somebody else won, so work was done. */
const RACES_AT_MOST = 8;

/** Runs `work` in a transaction that may post. It may run again from the beginning, so it must do nothing but SQL. */
export async function inLedger<T>(
  pool: Pool,
  operatorId: string,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  for (let races = 0; ;) {
    try {
      return await withTransaction(pool, async (client) => work(await open(client, operatorId)), {
        forceIndexLookups: true,
      });
    } catch (error) {
      if (!isLostRace(error) || ++races > RACES_AT_MOST) throw error;
    }
  }
}

async function open(client: PoolClient, operatorId: string): Promise<Ledger> {
  const closedThrough = await beginPosting(client, operatorId);
  const { rows } = await client.query<{ timezone: string }>(`select timezone from operators where id = $1`, [
    operatorId,
  ]);
  if (rows[0] === undefined) throw new Error(`there is no operator ${operatorId}`);
  const now = new Date();
  return { client, operatorId, now, period: postingPeriod(now.getTime(), rows[0].timezone, closedThrough) };
}

/** Somebody else was quicker: with a row, with locks, or with a key that names one posting for ever. The next run sees what they wrote. */
function isLostRace(error: unknown): boolean {
  const isKeyTaken = isRefusal(error) && error.constraint === 'transfers_idempotency';
  return error instanceof LostRace || isDeadlock(error) || isSerializationFailure(error) || isKeyTaken;
}

/** A slot as these postings see it, locked. */
export type HeldSlot = {
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

const HELD = `id, kind, affiliate_id as "affiliateId", currency, period, source_id as "sourceId", transfers_count as "transfersCount", rejected_at as "rejectedAt",
  gross_minor as "grossMinor", void_minor as "voidMinor", pending_minor as "pendingMinor", payable_minor as "payableMinor",
  clawed_minor as "clawedMinor", in_payout_minor as "inPayoutMinor", paid_minor as "paidMinor", debt_minor as "debtMinor"`;

/** The slots that are named by `$2`. */
export const NAMED_SLOTS = `${named(2)} join slots s on s.operator_id = named.operator_id and s.id = named.item`;

/** Locks slots in the order of their ids and gives them as their last writer left them. */
export function lockSlots(ledger: Ledger, ids: readonly string[]): Promise<HeldSlot[]> {
  return lockFrom(ledger, NAMED_SLOTS, [ids]);
}

/** The same for all that is payable to an affiliate in a currency; what was paid while it was waited for is left out. */
export function lockPayableSlots(ledger: Ledger, affiliateId: string, currency: string): Promise<HeldSlot[]> {
  const payable = `slots s where s.operator_id = $1 and s.affiliate_id = $2 and s.currency = $3 and s.payable_minor > 0`;
  return lockFrom(ledger, payable, [affiliateId, currency]);
}

async function lockFrom(
  { client, operatorId }: Ledger,
  from: string,
  values: unknown[],
): Promise<HeldSlot[]> {
  const { rows } = await client.query<Omit<HeldSlot, 'money'> & SlotMoney>(
    `select ${HELD} from ${from} order by s.id for no key update of s`,
    [operatorId, ...values],
  );
  return rows.map(
    ({ id, kind, affiliateId, currency, period, sourceId, transfersCount, rejectedAt, ...money }) => {
      return { id, kind, affiliateId, currency, period, sourceId, transfersCount, rejectedAt, money };
    },
  );
}

/** Transfers of one affiliate in one currency; `slot` is whose they are and what it holds after them, if they are a slot's. */
export type Entry = {
  affiliateId: string;
  currency: string;
  legs: readonly Leg[];
  slot: Pick<HeldSlot, 'id' | 'transfersCount' | 'money'> | null;
  eventId?: string | null;
};

/** What all transfers of a posting have in common. `group` is the id of what caused them. */
export type Cause = {
  group: string;
  actor?: string | null;
  reason?: string | null;
  payoutId?: string | null;
  idempotencyKey?: string | null;
};

/** Slots written by one statement; a payout may have many thousands. */
const AT_ONCE = 2000;

/** Writes what moves come to: transfers, slots that the caller has locked, and balances last. */
export async function post(ledger: Ledger, cause: Cause, entries: readonly Entry[]): Promise<void> {
  const { client, operatorId } = ledger;
  await ensureAccounts(client, operatorId, accountsOf(entries));
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const some = entries.slice(from, from + AT_ONCE);
    await insertTransfers(ledger, cause, some);
    await writeMoney(client, operatorId, some);
  }
  await moveBalances(client, operatorId, balanceChanges(entries));
}

function accountsOf(entries: readonly Entry[]): Parameters<typeof ensureAccounts>[2] {
  const accounts = new Map<string, Parameters<typeof ensureAccounts>[2][number]>();
  const add = (purpose: OperatorPurpose | AffiliatePurpose, owner: string, currency: string): void => {
    const id = accountOf(purpose, owner);
    const affiliateId = isOfOperator(purpose) ? null : owner;
    accounts.set(`${id} ${currency}`, {
      id,
      purpose,
      affiliateId,
      currency,
      exponent: exponentOf(currency)!,
    });
  };
  for (const { affiliateId, currency, legs } of entries) {
    for (const { debit, credit } of legs)
      for (const purpose of [debit, credit]) add(purpose, affiliateId, currency);
  }
  return [...accounts.values()];
}

type TransferRow = Leg & {
  id: string;
  entry: Entry;
  /** Its place among the transfers of its slot. */
  slotSeq: number | null;
  idempotencyKey: string | null | undefined;
};

const TRANSFERS = columns<TransferRow>({
  id: ['text', ({ id }) => id],
  currency: ['text', ({ entry }) => entry.currency],
  debit_account: ['text', ({ debit, entry }) => accountOf(debit, entry.affiliateId)],
  credit_account: ['text', ({ credit, entry }) => accountOf(credit, entry.affiliateId)],
  amount_minor: ['bigint', ({ amountMinor }) => amountMinor],
  code: ['text', ({ code }) => code],
  affiliate_id: ['text', ({ entry }) => entry.affiliateId],
  slot_id: ['text', ({ entry }) => entry.slot?.id],
  slot_seq: ['int', ({ slotSeq }) => slotSeq],
  event_id: ['text', ({ entry }) => entry.eventId],
  idempotency_key: ['text', ({ idempotencyKey }) => idempotencyKey],
});

async function insertTransfers(
  { client, operatorId, now, period }: Ledger,
  cause: Cause,
  entries: readonly Entry[],
): Promise<void> {
  const rows = entries.flatMap((entry) =>
    entry.legs.map((leg, index): TransferRow => {
      const slotSeq = entry.slot === null ? null : entry.slot.transfersCount + index + 1;
      return { ...leg, id: newId('trf'), entry, slotSeq, idempotencyKey: cause.idempotencyKey };
    }),
  );
  await client.query(
    `insert into transfers (operator_id, posting_group, actor, reason, payout_id, occurred_at, posted_at, period, origin_period,
       ${TRANSFERS.names()})
     select $1, $2, $3, $4, $5, $6, $6, $7, $7, ${TRANSFERS.names()} from ${TRANSFERS.from(8, 't')}`,
    [
      operatorId,
      cause.group,
      cause.actor,
      cause.reason,
      cause.payoutId,
      now,
      period,
      ...TRANSFERS.values(rows),
    ],
  );
}

type MoneyRow = NonNullable<Entry['slot']> & { transfers: number };

const MONEY = columns<MoneyRow>({
  id: ['text', ({ id }) => id],
  gross_minor: ['bigint', ({ money }) => money.grossMinor],
  void_minor: ['bigint', ({ money }) => money.voidMinor],
  pending_minor: ['bigint', ({ money }) => money.pendingMinor],
  payable_minor: ['bigint', ({ money }) => money.payableMinor],
  clawed_minor: ['bigint', ({ money }) => money.clawedMinor],
  in_payout_minor: ['bigint', ({ money }) => money.inPayoutMinor],
  paid_minor: ['bigint', ({ money }) => money.paidMinor],
  debt_minor: ['bigint', ({ money }) => money.debtMinor],
  transfers_count: ['int', ({ transfersCount, transfers }) => transfersCount + transfers],
});

async function writeMoney(db: Queryable, operatorId: string, entries: readonly Entry[]): Promise<void> {
  const rows = entries.flatMap(({ slot, legs }) =>
    slot === null ? [] : [{ ...slot, transfers: legs.length }],
  );
  if (rows.length === 0) return;
  await db.query(
    `update slots s set ${MONEY.changes('n', ['id'])} from ${MONEY.ofOperator(2, 'n')}
     where s.operator_id = n.operator_id and s.id = n.id`,
    [operatorId, ...MONEY.values(rows)],
  );
}

function balanceChanges(entries: readonly Entry[]): BalanceChange[] {
  const changes = new Map<string, BalanceChange>();
  for (const { affiliateId, currency, legs } of entries) {
    const key = `${affiliateId} ${currency}`;
    const change = changes.get(key) ?? { affiliateId, currency, ...NO_CHANGE };
    changes.set(key, change);
    for (const leg of legs) addLeg(change, leg);
  }
  return [...changes.values()];
}

/** Locks what an affiliate owes in a currency against being recovered or written off by somebody else; 0 where it never had a balance. */
export async function lockDebt(
  { client, operatorId }: Ledger,
  affiliateId: string,
  currency: string,
): Promise<bigint> {
  const { rows } = await client.query<{ debtMinor: bigint }>(
    `select debt_minor as "debtMinor" from balances where operator_id = $1 and affiliate_id = $2 and currency = $3 for no key update`,
    [operatorId, affiliateId, currency],
  );
  return rows[0]?.debtMinor ?? 0n;
}
