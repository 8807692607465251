// Transitions of deliveries to another owner: from a batch to a workflow or a queue, and from a
// workflow of their own to the queue.
import type { UnscheduledCause } from '../../../domain/delivery/deliveries.ts';
import type { Queryable } from '../../db/pool.ts';
import type { DeliveryRef } from '../deliveries.ts';
import { conditionSql, FAILING_IN_ALL } from '../endpoint-condition.ts';
import { SENDING_FROM_NOW } from '../in-flight.ts';
import type { SingleLimits } from '../single-limits.ts';

/**
 * Hands deliveries of a batch whose first try failed to a workflow of their own while their
 * endpoint takes direct attempts and there is room, otherwise to the endpoint's queue, as where its
 * name fails, since one look-up answers for all that waits. The caller holds `lockSingles`.
 */
export async function handOverTried(
  db: Queryable,
  operatorId: string,
  batchId: string,
  limits: SingleLimits,
): Promise<void> {
  // Materialized: statistics of healthy times say that nothing is left over, and the planner would
  // compute it again for each row.
  await db.query(
    `with mine as materialized (
       select id, endpoint_id from deliveries
       where operator_id = $1 and batch_id = $2 and owner = 'batch' and tries > 0
     ), concerned as materialized (
       select e.id,
         case when stands.condition = 'failing'
           then greatest(1, least($5::int, $6::int / ${FAILING_IN_ALL})) else $3::int end as room,
         stands.condition in ('down', 'off') or e.rate_per_second is not null
           or (stands.condition = 'failing' and e.last_error = 'dns_error') or exists (
           select from deliveries q
           where q.operator_id = $1 and q.endpoint_id = e.id and q.owner = 'endpoint') as queued,
         (select count(*) from deliveries s
           where s.operator_id = $1 and s.endpoint_id = e.id and s.owner = 'self') as singles
       from endpoints e cross join lateral (select ${conditionSql('e')} as condition) stands
       where e.operator_id = $1 and e.id in (select endpoint_id from mine)
     ), left_over as materialized (
       select m.id, c.queued, c.room, c.singles + row_number() over (partition by c.id order by m.id) as rank,
         (select count(*) from deliveries s where s.owner = 'self')
           + row_number() over (partition by c.queued order by m.id) as rank_in_all
       from mine m join concerned c on c.id = m.endpoint_id
     )
     update deliveries d
     set state = 'retrying',
       owner = case when not l.queued and l.rank <= l.room and l.rank_in_all <= $4 then 'self' else 'endpoint' end
     from left_over l
     where d.operator_id = $1 and d.id = l.id and d.owner = 'batch'`,
    [operatorId, batchId, limits.perEndpoint, limits.inAll, limits.perFailing, limits.allFailing],
  );
}

/**
 * Hands the other deliveries of a batch, which were not tried in time, to the queues of their
 * endpoints. `mayBeSending`: their first tries may be under way, so they count as being sent.
 */
export async function handOverUntried(
  db: Queryable,
  operatorId: string,
  batchId: string,
  mayBeSending: boolean,
): Promise<void> {
  const sendingUntil = mayBeSending ? `, sending_until = ${SENDING_FROM_NOW}` : '';
  await db.query(
    `update deliveries set owner = 'endpoint', state = 'held'${sendingUntil}
     where operator_id = $1 and batch_id = $2 and owner = 'batch'`,
    [operatorId, batchId],
  );
}

/**
 * Returns a single delivery to its endpoint's queue, where it is due now. Nothing unless its
 * workflow still owns it.
 */
export async function returnToQueue(
  db: Queryable,
  { operatorId, deliveryId }: DeliveryRef,
  nextCause: UnscheduledCause | null,
): Promise<void> {
  await db.query(
    `update deliveries set owner = 'endpoint', next_attempt_at = now(), next_cause = $3,
       pause_reason = null
     where operator_id = $1 and id = $2 and owner = 'self'`,
    [operatorId, deliveryId, nextCause],
  );
}
