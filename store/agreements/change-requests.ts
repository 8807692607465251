// Requests to rate settled conversions again, since something about them changed.
import type { Unprompted } from '../../domain/delivery/messages.ts';
import { POSITIVE_EVENTS } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';
import { sqlList } from '../db/sql-list.ts';

const CONVERSION_TYPES = sqlList(POSITIVE_EVENTS);

/** A conversion to rate again, and what changed. */
export type ChangeRequest = { eventId: string; reason: Unprompted };

/**
 * Requests that conversions are rated again. A conversion has one request for each reason. Call in
 * the transaction of the change, and `applyAmendments` of the workflows after its commit.
 */
export async function requestChanges(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
  reason: Unprompted,
): Promise<void> {
  if (eventIds.length === 0) return;
  await db.query(
    `insert into change_requests (operator_id, event_id, reason)
     select $1, id, $3 from unnest($2::text[]) as id order by id
     on conflict (operator_id, event_id, reason) do update set waits_for = null`,
    [operatorId, eventIds, reason],
  );
}

/**
 * Requests that the conversions that a query selects are rated again. `selection` returns a column
 * `id` of events, with the operator as `$1` and these values from `$3` on.
 */
export async function requestChangesOf(
  db: Queryable,
  operatorId: string,
  reason: Unprompted,
  selection: string,
  values: readonly unknown[],
): Promise<void> {
  await db.query(
    `with chosen as (${selection})
     insert into change_requests (operator_id, event_id, reason)
     select $1, o.event_id, $2 from chosen
     join event_outcomes o on o.operator_id = $1 and o.event_id = chosen.id and o.status = 'settled'
     join events e on e.operator_id = $1 and e.id = o.event_id and e.type in ${CONVERSION_TYPES}
     order by o.event_id
     on conflict (operator_id, event_id, reason) do update set waits_for = null`,
    [operatorId, reason, ...values],
  );
}

/**
 * Takes up to `limit` requests of an operator, the oldest first, and all for one reason: it decides
 * by which deal version conversions are rated. They are done once the transaction commits, unless
 * `returnChanges` puts them back.
 */
export async function takeChanges(
  db: Queryable,
  operatorId: string,
  limit: number,
): Promise<ChangeRequest[]> {
  if (limit <= 0) return [];
  const { rows } = await db.query<ChangeRequest>(
    `delete from change_requests where ctid = any(array(
       select ctid from change_requests where operator_id = $1 and waits_for is null
         and reason = (select reason from change_requests where operator_id = $1 and waits_for is null
           order by requested_at, event_id, reason limit 1)
       order by requested_at, event_id limit $2
       for update skip locked))
     returning event_id as "eventId", reason`,
    [operatorId, limit],
  );
  return rows;
}

/** Puts requests back, with the reason for which their conversions cannot be rated again. */
export async function returnChanges(
  db: Queryable,
  operatorId: string,
  requests: readonly (ChangeRequest & { waitsFor: string })[],
): Promise<void> {
  if (requests.length === 0) return;
  await db.query(
    `insert into change_requests (operator_id, event_id, reason, waits_for)
     select $1, "eventId", reason, "waitsFor"
     from json_to_recordset($2) as r ("eventId" text, reason text, "waitsFor" text)
     on conflict (operator_id, event_id, reason) do update set waits_for = excluded.waits_for`,
    [operatorId, JSON.stringify(requests)],
  );
}

/** Tries waiting requests of these events again, since their amended values may help. */
export async function retryChanges(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<void> {
  if (eventIds.length === 0) return;
  await db.query(
    `update change_requests set waits_for = null
     where operator_id = $1 and event_id = any($2) and waits_for is not null`,
    [operatorId, eventIds],
  );
}
