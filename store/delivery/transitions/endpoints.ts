// Transitions of all deliveries to an endpoint: hurried when it moved or goes on, cancelled when it
// is deleted, acknowledged.
import type { Owner } from '../../../domain/delivery/deliveries.ts';
import type { Queryable } from '../../db/pool.ts';

/**
 * Makes everything that waits for an endpoint due now, in its queue. Returns the deliveries that
 * had a workflow of their own. What is due within a second is left alone, since it may be under
 * way, and what a person paused.
 */
export async function hurry(db: Queryable, operatorId: string, endpointId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string; owner: Owner }>(
    `update deliveries d set owner = 'endpoint', next_attempt_at = now()
     from (
       select id, owner from deliveries
       where operator_id = $1 and endpoint_id = $2 and owner in ('self', 'endpoint')
         and pause_reason is null and next_attempt_at > clock_timestamp() + interval '1 second'
       order by id for no key update
     ) w
     where d.operator_id = $1 and d.id = w.id
     returning d.id, w.owner`,
    [operatorId, endpointId],
  );
  return rows.filter(({ owner }) => owner === 'self').map(({ id }) => id);
}

/**
 * Cancels up to `limit` unfinished deliveries to an endpoint. Returns whether those were all. Those
 * that were given up need not be seen any more: they can never be sent again.
 */
export async function cancelAll(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  limit: number,
): Promise<boolean> {
  // Owner by owner: each has an index of its own, and there is none of all unfinished ones.
  const { rowCount } = await db.query(
    `update deliveries
     set state = 'cancelled', owner = null, predecessor_id = null, finished_at = now(),
       last_error = 'endpoint_deleted', pause_reason = null
     where operator_id = $1 and owner is not null and id = any(array(
       select id from deliveries
       where operator_id = $1 and endpoint_id = $2
         and (owner = 'endpoint' or owner = 'self' or owner = 'batch' or owner = 'predecessor')
       limit $3))`,
    [operatorId, endpointId, limit],
  );
  await acknowledgeAll(db, operatorId, endpointId);
  return (rowCount ?? 0) < limit;
}

/** Notes that a person has seen all deliveries to an endpoint that were given up. */
export async function acknowledgeAll(db: Queryable, operatorId: string, endpointId: string): Promise<void> {
  await db.query(
    `update deliveries set acknowledged_at = now()
     where operator_id = $1 and endpoint_id = $2 and state = 'gave_up' and acknowledged_at is null`,
    [operatorId, endpointId],
  );
}
