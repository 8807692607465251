// Puts the latest amendment of each event in force to be booked, or back among those that wait.
import type { EventType } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';

/**
 * The latest amendment of an event, to be booked. `status`, `outcomeReason`: of the event's
 * outcome, null before it has one. `before`: number of the amendment that was in force.
 */
export type DueAmendment = {
  eventId: string;
  type: EventType;
  number: number;
  before: number;
  status: string | null;
  outcomeReason: string | null;
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
     select l.event_id as "eventId", e.type, l.number, l.before, o.status, o.reason as "outcomeReason",
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
