// Payouts: all that is payable to an affiliate in a currency is reserved, then confirmed, failed or
// returned. The transfers, one per slot, say which commissions a payout pays.
import {
  buildPayout,
  stepFrom,
  transition,
  type PayoutState,
  type PayoutStep,
} from '../../domain/ledger/lifecycle.ts';
import { paidOf } from '../../domain/delivery/bodies.ts';
import { newId } from '../db/ids.ts';
import { announce } from './announcements.ts';
import { ConflictError } from '../db/conflict.ts';
import { isRefusal } from '../db/pg-errors.ts';
import type { Page } from '../db/page.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { inLedger, type Ledger } from './ledger-transaction.ts';
import { lockDebt, lockPayableSlots, lockSlotsById } from './locked-slots.ts';
import { post } from './post.ts';

/**
 * A payout, in minor units. `recoveredMinor`: debt that was recovered before the amount was
 * reserved.
 */
export type Payout = {
  id: string;
  affiliateId: string;
  affiliateName: string;
  currency: string;
  amountMinor: bigint;
  recoveredMinor: bigint;
  minimumMinor: bigint | null;
  state: PayoutState;
  externalReference: string | null;
  /** The payout run that made it; null: a request of its own. */
  runId: string | null;
  createdAt: Date;
};

/** A state that a payout entered. `actor` is the id of an API key. */
export type PayoutTransition = { state: PayoutState; actor: string; reason: string | null; at: Date };

/** `leastMinor` holds where no minimum is given: the operator's own. */
type NewPayout = {
  affiliateId: string;
  currency: string;
  minimumMinor: bigint | null;
  leastMinor?: bigint;
  idempotencyKey: string | null;
  actor: string;
};

/**
 * `reserved`: by this request or an earlier one with the same key. `other_request`: the key came
 * with another content.
 */
export type Reserved =
  | { kind: 'reserved'; payout: Payout }
  | { kind: 'other_request' }
  | { kind: 'suspended' }
  | { kind: 'nothing' | 'below_minimum'; amountMinor: bigint };

export type Stepped =
  | { kind: 'done'; payout: Payout; endpointsToWake: string[] }
  | { kind: 'not_found' }
  | { kind: 'not_possible'; state: PayoutState }
  | { kind: 'reference_taken' };

type Payee = { name: string; isSuspended: boolean };

type StepBy = { actor: string; reason: string | null; externalReference: string | null };

/** Filters of payouts, null where not set. */
type PayoutFilter = { affiliateId: string | null; state: PayoutState | null; currency: string | null };

const COLUMNS = `id, affiliate_id as "affiliateId",
  (select name from affiliates a where a.operator_id = payouts.operator_id and a.id = affiliate_id)
    as "affiliateName", currency, amount_minor as "amountMinor",
  recovered_minor as "recoveredMinor", minimum_minor as "minimumMinor", state,
  external_reference as "externalReference",
  (select run_id from payout_run_items i where i.operator_id = payouts.operator_id and i.payout_id = payouts.id)
    as "runId", created_at as "createdAt"`;

export function createPayouts(pool: Pool) {
  return {
    /**
     * Reserves all that is payable, after recovering debt. Of two concurrent requests the second
     * one waits for the slots of the first, and then finds nothing payable, or the payout of the
     * same key.
     */
    reserve: (operatorId: string, wanted: NewPayout): Promise<Reserved> =>
      inLedger(pool, operatorId, (ledger) => reservePayout(ledger, wanted)),

    /**
     * Takes a payout a step further. Repeating a step changes nothing; a step from another state is
     * not possible.
     */
    async step(operatorId: string, id: string, step: PayoutStep, by: StepBy): Promise<Stepped> {
      try {
        return await inLedger(pool, operatorId, (ledger) => takeStep(ledger, id, step, by));
      } catch (error) {
        if (isRefusal(error) && error.constraint === 'payouts_operator_id_external_reference_key')
          return { kind: 'reference_taken' };
        throw error;
      }
    },

    /** Null when there is no such payout. */
    async find(
      operatorId: string,
      id: string,
    ): Promise<(Payout & { transitions: PayoutTransition[] }) | null> {
      const payout = await find(pool, operatorId, id);
      if (payout === null) return null;
      const { rows: transitions } = await pool.query<PayoutTransition>(
        `select state, actor, reason, at from payout_states
         where operator_id = $1 and payout_id = $2 order by at`,
        [operatorId, id],
      );
      return { ...payout, transitions };
    },

    async list(operatorId: string, filter: PayoutFilter, page: Page): Promise<Payout[]> {
      const { rows } = await pool.query<Payout>(
        `select ${COLUMNS} from payouts
         where operator_id = $1
           and ($2::text is null or affiliate_id = $2) and ($3::text is null or state = $3)
           and ($4::text is null or currency = $4) and ($5::text is null or id < $5)
         order by id desc limit $6`,
        [operatorId, filter.affiliateId, filter.state, filter.currency, page.before, page.limit],
      );
      return rows;
    },
  };
}

async function find(db: Queryable, operatorId: string, id: string): Promise<Payout | null> {
  const { rows } = await db.query<Payout>(
    `select ${COLUMNS} from payouts where operator_id = $1 and id = $2`,
    [operatorId, id],
  );
  return rows[0] ?? null;
}

/** Reserves a payout in a transaction that may do more, and has taken no lock of the ledger yet. */
export async function reservePayout(ledger: Ledger, wanted: NewPayout): Promise<Reserved> {
  const { client, operatorId, now } = ledger;
  const { affiliateId, currency, minimumMinor, idempotencyKey, actor } = wanted;
  const slots = await lockPayableSlots(ledger, affiliateId, currency);
  const debtMinor = await lockDebt(ledger, affiliateId, currency);
  // Read after the locks, so that a repeated request which waited for the first one finds its
  // payout.
  const earlier = idempotencyKey === null ? null : await findByKey(ledger, idempotencyKey);
  if (earlier !== null)
    return isSame(earlier, wanted) ? { kind: 'reserved', payout: earlier } : { kind: 'other_request' };
  // After the earlier payout, so that a repeated request is answered as the first was.
  const { name, isSuspended } = await lockPayee(ledger, affiliateId);
  if (isSuspended) return { kind: 'suspended' };
  const built = buildPayout(slots, debtMinor, minimumMinor ?? wanted.leastMinor ?? 0n);
  if (built.kind !== 'payout') return built;
  const { amountMinor, recoveredMinor, moves } = built;
  const payout: Payout = {
    id: newId('pay'),
    affiliateId,
    affiliateName: name,
    currency,
    amountMinor,
    recoveredMinor,
    minimumMinor,
    state: 'reserved',
    externalReference: null,
    runId: null,
    createdAt: now,
  };
  const { rowCount } = await client.query(
    `insert into payouts (operator_id, id, affiliate_id, currency, amount_minor, recovered_minor,
       minimum_minor, idempotency_key, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (operator_id, idempotency_key) do nothing`,
    [
      operatorId,
      payout.id,
      affiliateId,
      currency,
      amountMinor,
      recoveredMinor,
      minimumMinor,
      idempotencyKey,
      now,
    ],
  );
  if (rowCount === 0) throw new ConflictError('the same key was used meanwhile');
  await insertState(ledger, payout.id, 'reserved', { actor, reason: null });
  const entries = moves.map(({ slot, money, legs }) => ({
    affiliateId,
    currency,
    legs,
    slot: { ...slot, money },
  }));
  await post(ledger, { group: payout.id, payoutId: payout.id, actor }, entries);
  return { kind: 'reserved', payout };
}

/** Locks the affiliate's state, so that no payout is reserved after a suspension was answered. */
async function lockPayee({ client, operatorId }: Ledger, affiliateId: string): Promise<Payee> {
  const { rows } = await client.query<Payee>(
    `select name, state = 'suspended' as "isSuspended" from affiliates
     where operator_id = $1 and id = $2 for share`,
    [operatorId, affiliateId],
  );
  return rows[0]!;
}

async function findByKey({ client, operatorId }: Ledger, key: string): Promise<Payout | null> {
  const { rows } = await client.query<Payout>(
    `select ${COLUMNS} from payouts where operator_id = $1 and idempotency_key = $2`,
    [operatorId, key],
  );
  return rows[0] ?? null;
}

function isSame(earlier: Payout, { affiliateId, currency, minimumMinor }: NewPayout): boolean {
  return (
    earlier.affiliateId === affiliateId &&
    earlier.currency === currency &&
    earlier.minimumMinor === minimumMinor
  );
}

async function takeStep(ledger: Ledger, id: string, step: PayoutStep, by: StepBy): Promise<Stepped> {
  const { client, operatorId, now } = ledger;
  const { rows } = await client.query<Payout>(
    `select ${COLUMNS} from payouts where operator_id = $1 and id = $2 for no key update`,
    [operatorId, id],
  );
  const payout = rows[0];
  if (payout === undefined) return { kind: 'not_found' };
  const state = stepFrom(payout.state, step);
  const saysOther = by.externalReference !== null && by.externalReference !== payout.externalReference;
  if (state === null || (state === 'repeated' && saysOther))
    return { kind: 'not_possible', state: payout.state };
  if (state === 'repeated') return { kind: 'done', payout, endpointsToWake: [] };

  const reserved = await readReserved(ledger, id);
  const slots = await lockSlotsById(ledger, [...reserved.keys()]);
  const { affiliateId, currency } = payout;
  const entries = slots.map((slot) => {
    const { money, legs } = transition(slot.money, step, reserved.get(slot.id)!);
    return { affiliateId, currency, legs, slot: { ...slot, money } };
  });
  const externalReference = by.externalReference ?? payout.externalReference;
  await client.query(
    `update payouts set state = $3, external_reference = $4 where operator_id = $1 and id = $2`,
    [operatorId, id, state, externalReference],
  );
  await insertState(ledger, id, state, by);
  await post(ledger, { group: id, payoutId: id, actor: by.actor, reason: by.reason }, entries);
  const done = { ...payout, state, externalReference };
  return {
    kind: 'done',
    payout: done,
    endpointsToWake: state === 'paid' ? await announce(ledger, id, [paidOf(done, now)]) : [],
  };
}

/** The amount that a payout reserved of each slot, in minor units. */
async function readReserved({ client, operatorId }: Ledger, payoutId: string): Promise<Map<string, bigint>> {
  const { rows } = await client.query<{ slotId: string; amountMinor: bigint }>(
    `select slot_id as "slotId", amount_minor as "amountMinor" from transfers
     where operator_id = $1 and payout_id = $2 and code = 'reserve'`,
    [operatorId, payoutId],
  );
  return new Map(rows.map(({ slotId, amountMinor }) => [slotId, amountMinor]));
}

async function insertState(
  { client, operatorId, now }: Ledger,
  payoutId: string,
  state: PayoutState,
  { actor, reason }: { actor: string; reason: string | null },
): Promise<void> {
  await client.query(
    `insert into payout_states (operator_id, payout_id, state, actor, reason, at)
     values ($1, $2, $3, $4, $5, $6)`,
    [operatorId, payoutId, state, actor, reason, now],
  );
}
