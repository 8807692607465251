// Amendments: stores corrections of events, then puts the latest version of each event in force for
// booking.
import type { EventType } from '../../domain/types.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';

/**
 * All amendable values of an event, changed or not. `metadata` is JSON text. `voided`: the event is
 * out of the books. `rejected`: a person rejected the conversion.
 */
export type AmendableValues = {
  amountMinor: bigint | null;
  currency: string | null;
  volumeE4: bigint | null;
  payoutMinor: bigint | null;
  /** Null: that of the amount. */
  payoutCurrency: string | null;
  metadata: string | null;
  voided: boolean;
  rejected: boolean;
};

/** An event with the values of its latest amendment, booked or not. */
export type AmendableEvent = { type: EventType; status: string; values: AmendableValues };

/**
 * Result of an amendment. `number` counts the amendments of the event from 1; 0 means the values as
 * sent.
 */
type AmendmentResult = { kind: 'accepted' | 'duplicate'; number: number };

export const AMENDMENT_STATES = ['accepted', 'waiting', 'applied', 'superseded'] as const;

/**
 * A version of an event. `sent`: as received; `waiting`: a requirement named by `waitsFor` is
 * missing.
 */
export type EventVersion = AmendableValues & {
  number: number;
  state: 'sent' | (typeof AMENDMENT_STATES)[number];
  waitsFor: string | null;
  actor: string | null;
  reason: string | null;
  since: Date;
  appliedAt: Date | null;
};

const VALUES = (alias: string): string => `
  ${alias}.amount_minor as "amountMinor", ${alias}.currency, ${alias}.volume_e4 as "volumeE4",
  ${alias}.payout_minor as "payoutMinor", ${alias}.payout_currency as "payoutCurrency",
  ${alias}.metadata::text as metadata`;

/** Nothing is voided or rejected in the values that were sent. */
const AS_SENT = 'false as voided, false as rejected';

/**
 * Joins the amendment in force of an event `e` as `m`. Its values come first in `coalesce`, since
 * an amendment never clears a value.
 */
export const JOIN_AMENDMENT =
  'left join amendments m on m.operator_id = $1 and m.event_id = e.id and m.in_force';

export function createAmendments(pool: Pool) {
  return {
    /**
     * Stores the values that `amend` derives from the latest values of an event. Returns
     * `duplicate` when they are equal, null for an unknown event. Rethrows what `amend` throws, and
     * stores nothing. Amendments of one event run one after the other.
     */
    async insert(
      operatorId: string,
      eventId: string,
      by: { actor: string; reason: string | null },
      amend: (event: AmendableEvent) => AmendableValues,
    ): Promise<AmendmentResult | null> {
      return await withTransaction(pool, async (client) => {
        await client.query(`select pg_advisory_xact_lock(hashtextextended('amend ' || $1 || ' ' || $2, 0))`, [
          operatorId,
          eventId,
        ]);
        const latest = await findLatest(client, operatorId, eventId);
        if (latest === null) return null;
        const values = amend(latest);
        if (sameValues(latest.values, values)) return { kind: 'duplicate', number: latest.number };
        const number = latest.number + 1;
        await client.query(
          `insert into amendments (operator_id, event_id, number, amount_minor, currency, volume_e4,
             payout_minor, payout_currency, metadata, voided, rejected, actor, reason)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
          [
            operatorId,
            eventId,
            number,
            values.amountMinor,
            values.currency,
            values.volumeE4,
            values.payoutMinor,
            values.payoutCurrency,
            values.metadata,
            values.voided,
            values.rejected,
            by.actor,
            by.reason,
          ],
        );
        return { kind: 'accepted', number };
      });
    },

    /** Whether this amendment or a later one of the event was booked. */
    async isApplied(operatorId: string, eventId: string, number: number): Promise<boolean> {
      const { rowCount } = await pool.query(
        `select from amendments a
         left join event_outcomes o on o.operator_id = $1 and o.event_id = $2
         where a.operator_id = $1 and a.event_id = $2 and a.number >= $3 and a.state = 'applied'
           and o.reason is distinct from 'unvoided'
         limit 1`,
        [operatorId, eventId, number],
      );
      return rowCount === 1;
    },
  };
}

/** All versions of an amended event, the sent one first; none for an event without amendments. */
export async function listVersions(
  db: Queryable,
  operatorId: string,
  eventId: string,
): Promise<EventVersion[]> {
  const { rows } = await db.query<EventVersion>(
    `select number, ${VALUES('m')}, m.voided, m.rejected, state, waits_for as "waitsFor", actor, reason, amended_at as since,
       applied_at as "appliedAt"
     from amendments m where operator_id = $1 and event_id = $2
     union all
     select 0, ${VALUES('e')}, ${AS_SENT}, 'sent', null, null, null, e.received_at, null
     from events e where e.operator_id = $1 and e.id = $2
       and exists (select from amendments where operator_id = $1 and event_id = $2)
     order by number`,
    [operatorId, eventId],
  );
  return rows;
}

async function findLatest(
  db: Queryable,
  operatorId: string,
  eventId: string,
): Promise<(AmendableEvent & { number: number }) | null> {
  const { rows } = await db.query<AmendableValues & { type: EventType; status: string; number: number }>(
    `select 0 as number, e.type, coalesce(o.status, 'accepted') as status, ${VALUES('e')}, ${AS_SENT}
     from events e left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
     where e.operator_id = $1 and e.id = $2
     union all
     select m.number, e.type, coalesce(o.status, 'accepted'), ${VALUES('m')}, m.voided, m.rejected
     from amendments m join events e on e.operator_id = $1 and e.id = $2
     left join event_outcomes o on o.operator_id = $1 and o.event_id = $2
     where m.operator_id = $1 and m.event_id = $2
     order by number desc limit 1`,
    [operatorId, eventId],
  );
  const [row] = rows;
  if (!row) return null;
  const { number, type, status, ...values } = row;
  return { number, type, status, values };
}

function sameValues(a: AmendableValues, b: AmendableValues): boolean {
  return (
    a.amountMinor === b.amountMinor &&
    a.currency === b.currency &&
    a.volumeE4 === b.volumeE4 &&
    a.payoutMinor === b.payoutMinor &&
    a.payoutCurrency === b.payoutCurrency &&
    a.metadata === b.metadata &&
    a.voided === b.voided &&
    a.rejected === b.rejected
  );
}

/**
 * The latest amendment of an event, to be booked. `status`: of the event's outcome, null before it
 * has one. `before`: number of the amendment that was in force.
 */
export type DueAmendment = {
  eventId: string;
  type: EventType;
  number: number;
  before: number;
  status: string | null;
  isVoided: boolean;
  isRejected: boolean;
  wasRejected: boolean;
};

/**
 * Puts the latest amendments of up to `limit` events in force and returns them. Runs in a
 * transaction that excludes settling; `returnToWaiting` reverts amendments that cannot be booked.
 */
export async function putDueInForce(
  db: Queryable,
  operatorId: string,
  batchId: string,
  limit: number,
): Promise<DueAmendment[]> {
  const { rows } = await db.query<DueAmendment>(
    `with due as materialized (
       select event_id, min(amended_at) as since
       from amendments
       where operator_id = $1 and state = 'accepted'
       group by 1
       order by 2 limit $2
     ), last as materialized (
       select d.event_id, max(a.number) as number,
         coalesce(max(a.number) filter (where a.in_force), 0) as before
       from due d join amendments a on a.operator_id = $1 and a.event_id = d.event_id group by 1
     )
     select l.event_id as "eventId", e.type, l.number, l.before, o.status,
       a.voided as "isVoided", a.rejected as "isRejected", coalesce(b.rejected, false) as "wasRejected"
     from last l join events e on e.operator_id = $1 and e.id = l.event_id
     join amendments a on a.operator_id = $1 and a.event_id = l.event_id and a.number = l.number
     left join amendments b on b.operator_id = $1 and b.event_id = l.event_id and b.number = l.before
     left join event_outcomes o on o.operator_id = $1 and o.event_id = l.event_id
     order by l.event_id`,
    [operatorId, limit],
  );
  if (rows.length === 0) return rows;
  await putInForce(
    db,
    operatorId,
    rows.map(({ eventId, number }) => ({ eventId, number })),
    batchId,
  );
  return rows;
}

/**
 * Only one version of an event is in force at any time, so the old one leaves first. Skipped
 * versions become superseded.
 */
async function putInForce(
  db: Queryable,
  operatorId: string,
  chosen: readonly { eventId: string; number: number }[],
  batchId: string,
): Promise<void> {
  const values = [operatorId, JSON.stringify(chosen)];
  const chosenRows = `from json_to_recordset($2) as c ("eventId" text, number int)
    where a.operator_id = $1 and a.event_id = c."eventId"`;
  await db.query(`update amendments a set in_force = false ${chosenRows} and a.in_force`, values);
  await db.query(
    `update amendments a set state = 'superseded', waits_for = null ${chosenRows} and a.number < c.number
       and a.state in ('accepted', 'waiting')`,
    values,
  );
  await db.query(
    `update amendments a set state = 'applied', waits_for = null, in_force = true, applied_at = now(),
       batch_id = $3 ${chosenRows}
       and a.number = c.number`,
    [...values, batchId],
  );
}

/**
 * Reverts amendments to waiting within the same transaction, because a requirement is missing; the
 * version in force before returns.
 */
export async function returnToWaiting(
  db: Queryable,
  operatorId: string,
  waiting: readonly (Pick<DueAmendment, 'eventId' | 'number' | 'before'> & { reason: string })[],
): Promise<void> {
  if (waiting.length === 0) return;
  const values = [operatorId, JSON.stringify(waiting)];
  const chosenRows = `from json_to_recordset($2) as c ("eventId" text, number int, before int, reason text)
    where a.operator_id = $1 and a.event_id = c."eventId"`;
  await db.query(
    `update amendments a set state = 'waiting', waits_for = c.reason, in_force = false,
       applied_at = null, batch_id = null ${chosenRows}
       and a.number = c.number`,
    values,
  );
  await db.query(`update amendments a set in_force = true ${chosenRows} and a.number = c.before`, values);
}

/**
 * Marks waiting amendments and requests for another try, since their requirement may exist now.
 * Returns whether there are any.
 */
export async function retryWaitingAmendments(db: Queryable, operatorId: string): Promise<boolean> {
  const { rows } = await db.query<{ some: boolean }>(
    `with amended as (
       update amendments set state = 'accepted', waits_for = null
       where operator_id = $1 and state = 'waiting' returning 1
     ), requested as (
       update change_requests set waits_for = null
       where operator_id = $1 and waits_for is not null returning 1
     )
     select exists (select from amended) or exists (select from requested) as some`,
    [operatorId],
  );
  return rows[0]!.some;
}

/** Operators with amendments to book or conversions to rate again. */
export async function findDueAmendments(db: Queryable, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select operator_id as id from amendments
     where state = 'accepted' and amended_at < now() - interval '2 seconds'
     union select operator_id from change_requests where waits_for is null and requested_at < now() - interval '2 seconds'
     limit $1`,
    [limit],
  );
  return rows.map(({ id }) => id);
}
