// Holds that end: commission that was pending becomes payable, by itself when its time has come. In chunks, each by a handful of statements
// however many slots it holds, so that a month's worth takes seconds.
import { releasedOf } from '../../domain/delivery/bodies.ts';
import { newId } from '../db/ids.ts';
import { announce, hasListeners, toldCommissions } from './announcements.ts';
import type { Pool } from '../db/pool.ts';
import { inLedger, NAMED_SLOTS, type Ledger } from './post.ts';

/** How many commissions were released, whether more are due, and the endpoints whose queues must be woken. */
export type Released = { released: number; more: boolean; endpointsToWake: string[] };

/** Slots of one transaction: few enough that whoever waits for one of them waits a fraction of a second. */
const CHUNK = 2000;

/** Transactions side by side. Each has affiliates of its own, since all of a chunk wait for each other's balances. A power of two. */
const LANES = 2;

export type Holds = ReturnType<typeof createHolds>;

export function createHolds(pool: Pool) {
  /** Releases chunk after chunk of a lane's affiliates; the second run of a chunk finds nothing pending in it. */
  async function releaseLane(
    operatorId: string,
    lane: number,
    before: Date | null,
    deadline: number,
  ): Promise<Released> {
    const endpoints = new Set<string>();
    let released = 0;
    for (;;) {
      const chunk = await inLedger(pool, operatorId, (ledger) => releaseChunk(ledger, lane, before));
      released += chunk.released;
      for (const endpoint of chunk.endpointsToWake) endpoints.add(endpoint);
      if (!chunk.more || Date.now() >= deadline)
        return { released, more: chunk.more, endpointsToWake: [...endpoints] };
    }
  }

  return {
    /** Releases what is due now, and where `before` is given only that whose hold ended by then. Stops at the deadline (milliseconds since 1970). */
    async release(operatorId: string, before: Date | null, deadline: number): Promise<Released> {
      const lanes = await Promise.all(
        Array.from({ length: LANES }, (_, lane) => releaseLane(operatorId, lane, before, deadline)),
      );
      return {
        released: lanes.reduce((sum, { released }) => sum + released, 0),
        more: lanes.some(({ more }) => more),
        endpointsToWake: [...new Set(lanes.flatMap(({ endpointsToWake }) => endpointsToWake))],
      };
    },
  };
}

type ReleasedSlot = {
  id: string;
  affiliateId: string;
  currency: string;
  period: string | null;
  releasedMinor: bigint;
};

async function releaseChunk(ledger: Ledger, lane: number, before: Date | null): Promise<Released> {
  const { client, operatorId, now } = ledger;
  const due = before !== null && before < now ? before : now;
  const found = await findDue(ledger, lane, due);
  const { rows: locked } = await client.query<{ id: string }>(
    `select s.id from ${NAMED_SLOTS} order by s.id for no key update of s`,
    [operatorId, found],
  );
  if (locked.length === 0) return { released: 0, more: false, endpointsToWake: [] };
  const group = newId('bat');
  const slots = await releaseLocked(ledger, group, due, locked);
  return {
    released: slots.length,
    more: locked.length === CHUNK,
    endpointsToWake: await announceReleased(ledger, group, slots),
  };
}

/**
 * The first slots that are due, from the index of what is held and nothing else: sorting looks as good to a planner that takes every tenant for
 * a small one, and would read all of the tenant's slots for each chunk.
 */
async function findDue({ client, operatorId }: Ledger, lane: number, due: Date): Promise<string[]> {
  await client.query(`set local enable_sort = off; set local enable_bitmapscan = off`);
  const { rows } = await client.query<{ id: string }>(
    `select id from slots where operator_id = $1 and pending_minor > 0 and hold_until <= $2 and hashtext(affiliate_id) & ${LANES - 1} = $3
     order by hold_until limit ${CHUNK}`,
    [operatorId, due, lane],
  );
  await client.query(`set local enable_sort = on; set local enable_bitmapscan = on`);
  return rows.map(({ id }) => id);
}

/** Tells those who listen that commission became payable; gives the endpoints to wake after the commit. */
export async function announceReleased(
  ledger: Ledger,
  group: string,
  slots: readonly ReleasedSlot[],
): Promise<string[]> {
  if (slots.length === 0 || !(await hasListeners(ledger, ['conversion.released']))) return [];
  const told = await toldCommissions(ledger, slots);
  return announce(
    ledger,
    group,
    slots.map(({ id, releasedMinor }) => releasedOf(told.get(id)!, releasedMinor)),
  );
}

/**
 * Rule 2 for many slots at once, in SQL: the same as `transition(money, 'release', money.pendingMinor)`, which a test holds it to. A statement
 * after the one that locked them. "Not zero" keeps it from the index of what is held, which it would read whole.
 */
async function releaseLocked(
  { client, operatorId, now, period }: Ledger,
  group: string,
  due: Date,
  locked: readonly { id: string }[],
): Promise<ReleasedSlot[]> {
  const { rows } = await client.query<ReleasedSlot>(
    `with due as materialized (
       select s.id, s.affiliate_id, s.currency, s.period, s.pending_minor, s.transfers_count + 1 as seq, t.id as transfer_id
       from unnest($2::text[], $3::text[]) as t (slot_id, id)
       join slots s on s.operator_id = $1 and s.id = t.slot_id and s.pending_minor <> 0 and s.hold_until <= $4
     ), moved as (
       update slots s set payable_minor = s.payable_minor + d.pending_minor, pending_minor = 0, transfers_count = d.seq
       from due d where s.operator_id = $1 and s.id = d.id
     ), posted as (
       insert into transfers (operator_id, id, posting_group, currency, debit_account, credit_account, amount_minor, code, affiliate_id,
         slot_id, slot_seq, occurred_at, posted_at, period, origin_period)
       select $1, transfer_id, $5, currency, 'pending/' || affiliate_id, 'payable/' || affiliate_id, pending_minor, 'release', affiliate_id,
         id, seq, $6, $6, $7, $7 from due
     ), balanced as (
       insert into balances as b (operator_id, affiliate_id, currency, pending_minor, payable_minor)
       select $1, affiliate_id, currency, -sum(pending_minor), sum(pending_minor) from due group by affiliate_id, currency
       order by affiliate_id, currency
       on conflict (operator_id, affiliate_id, currency) do update
         set pending_minor = b.pending_minor + excluded.pending_minor, payable_minor = b.payable_minor + excluded.payable_minor
     )
     select id, affiliate_id as "affiliateId", currency, period, pending_minor as "releasedMinor" from due order by id`,
    [operatorId, locked.map(({ id }) => id), locked.map(() => newId('trf')), due, group, now, period],
  );
  return rows;
}
