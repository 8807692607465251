// What operators amended in events they sent wrong: kept first, then booked by a workflow, one version after the other.
import { POSITIVE_EVENTS, type EventType } from '../../domain/types.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';

/** The values an event has, or is to have: whole, whatever was amended. `metadata` is JSON text. */
export type AmendableValues = {
  amountMinor: bigint | null;
  currency: string | null;
  volumeE4: bigint | null;
  payoutMinor: bigint | null;
  metadata: string | null;
};

/** An event as amending sees it: with the values its last amendment gives it, booked or not. */
export type AmendableEvent = { type: EventType; status: string; values: AmendableValues };

/** `number`: which amendment of the event it is, from 1; 0 for the values it was sent with. */
export type AmendmentResult = { kind: 'accepted' | 'duplicate'; number: number };

/** A version of an event. `sent`: as it came in; `waiting`: what `waitsFor` names is missing. */
export type EventVersion = AmendableValues & {
  number: number;
  state: 'sent' | 'accepted' | 'waiting' | 'applied' | 'superseded';
  waitsFor: string | null;
  actor: string | null;
  reason: string | null;
  since: Date;
  appliedAt: Date | null;
};

export type Amendments = ReturnType<typeof createAmendments>;

const VALUES = (alias: string): string =>
  `${alias}.amount_minor as "amountMinor", ${alias}.currency, ${alias}.volume_e4 as "volumeE4", ${alias}.payout_minor as "payoutMinor",
   ${alias}.metadata::text as metadata`;

/** The amendment in force of an event `e`, as `m`; its values come first in `coalesce`, since amending takes none away. */
export const JOIN_AMENDMENT =
  'left join amendments m on m.operator_id = $1 and m.event_id = e.id and m.in_force';

export function createAmendments(pool: Pool) {
  return {
    /**
     * Keeps what `amend` makes of an event's latest values; `duplicate` where these are what they are already. `amend` may throw what the
     * caller is to be told, and then nothing is kept. Null when there is no such event. One after the other for each event.
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
          `insert into amendments (operator_id, event_id, number, amount_minor, currency, volume_e4, payout_minor, metadata, actor, reason)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
          [
            operatorId,
            eventId,
            number,
            values.amountMinor,
            values.currency,
            values.volumeE4,
            values.payoutMinor,
            values.metadata,
            by.actor,
            by.reason,
          ],
        );
        return { kind: 'accepted', number };
      });
    },

    /** Whether an amendment of this number or a later one was booked. */
    async isApplied(operatorId: string, eventId: string, number: number): Promise<boolean> {
      const { rowCount } = await pool.query(
        `select from amendments where operator_id = $1 and event_id = $2 and number >= $3 and state = 'applied' limit 1`,
        [operatorId, eventId, number],
      );
      return rowCount === 1;
    },
  };
}

/** Every version of an amended event, the first as it was sent; none of an event that was never amended. */
export async function listVersions(
  db: Queryable,
  operatorId: string,
  eventId: string,
): Promise<EventVersion[]> {
  const { rows } = await db.query<EventVersion>(
    `select number, ${VALUES('m')}, state, waits_for as "waitsFor", actor, reason, amended_at as since, applied_at as "appliedAt"
     from amendments m where operator_id = $1 and event_id = $2
     union all
     select 0, ${VALUES('e')}, 'sent', null, null, null, e.received_at, null
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
    `select 0 as number, e.type, coalesce(o.status, 'accepted') as status, ${VALUES('e')}
     from events e left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
     where e.operator_id = $1 and e.id = $2
     union all
     select m.number, e.type, coalesce(o.status, 'accepted'), ${VALUES('m')}
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
    a.metadata === b.metadata
  );
}

/** An amendment that is to be booked: the last one of its event. `isSettled`: its event was, so that the books may move. */
export type DueAmendment = {
  eventId: string;
  number: number;
  before: number;
  isSettled: boolean;
  status: string | null;
};

/**
 * Puts the last amendments of so many events in force, in a transaction that keeps settling out, and gives them. What is not booked after all goes
 * back by `keepWaiting`.
 */
export async function putDueInForce(
  db: Queryable,
  operatorId: string,
  batchId: string,
  limit: number,
): Promise<DueAmendment[]> {
  const { rows } = await db.query<DueAmendment>(
    `with due as materialized (
       select event_id, min(amended_at) as since from amendments where operator_id = $1 and state = 'accepted' group by 1 order by 2 limit $2
     ), last as materialized (
       select d.event_id, max(a.number) as number, coalesce(max(a.number) filter (where a.in_force), 0) as before
       from due d join amendments a on a.operator_id = $1 and a.event_id = d.event_id group by 1
     )
     select l.event_id as "eventId", l.number, l.before, o.status, o.status = 'settled' and e.type = any($3) as "isSettled"
     from last l join events e on e.operator_id = $1 and e.id = l.event_id
     left join event_outcomes o on o.operator_id = $1 and o.event_id = l.event_id
     order by l.event_id`,
    [operatorId, limit, POSITIVE_EVENTS],
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

/** What was in force goes first, since one version of an event is at any time. Those passed over are superseded. */
async function putInForce(
  db: Queryable,
  operatorId: string,
  chosen: readonly { eventId: string; number: number }[],
  batchId: string,
): Promise<void> {
  const values = [operatorId, JSON.stringify(chosen)];
  const named = `from json_to_recordset($2) as c ("eventId" text, number int) where a.operator_id = $1 and a.event_id = c."eventId"`;
  await db.query(`update amendments a set in_force = false ${named} and a.in_force`, values);
  await db.query(
    `update amendments a set state = 'superseded', waits_for = null ${named} and a.number < c.number and a.state in ('accepted', 'waiting')`,
    values,
  );
  await db.query(
    `update amendments a set state = 'applied', waits_for = null, in_force = true, applied_at = now(), batch_id = $3 ${named}
       and a.number = c.number`,
    [...values, batchId],
  );
}

/** Takes amendments out of force again, in the same transaction, because what they need is missing; what was in force before is again. */
export async function returnToWaiting(
  db: Queryable,
  operatorId: string,
  waiting: readonly (Pick<DueAmendment, 'eventId' | 'number' | 'before'> & { reason: string })[],
): Promise<void> {
  if (waiting.length === 0) return;
  const values = [operatorId, JSON.stringify(waiting)];
  const named = `from json_to_recordset($2) as c ("eventId" text, number int, before int, reason text)
    where a.operator_id = $1 and a.event_id = c."eventId"`;
  await db.query(
    `update amendments a set state = 'waiting', waits_for = c.reason, in_force = false, applied_at = null, batch_id = null ${named}
       and a.number = c.number`,
    values,
  );
  await db.query(`update amendments a set in_force = true ${named} and a.number = c.before`, values);
}

/** Has amendments that wait tried again, since what they need may be there now; whether there are any. */
export async function retryWaitingAmendments(db: Queryable, operatorId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update amendments set state = 'accepted', waits_for = null where operator_id = $1 and state = 'waiting'`,
    [operatorId],
  );
  return (rowCount ?? 0) > 0;
}

/** Operators with amendments that are to be booked. */
export async function findDueAmendments(db: Queryable, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct operator_id as id from amendments where state = 'accepted' and amended_at < now() - interval '2 seconds' limit $1`,
    [limit],
  );
  return rows.map(({ id }) => id);
}
