// Deliveries that a person wants tried again, as the rule about retries sees them.
import type { Retryable } from '../../domain/delivery/refusals.ts';
import type { Queryable } from '../db/pool.ts';
import { isIdleSql, isOpenSql } from './in-flight.ts';
import { lockConversions } from './succession.ts';

type RetryableRow = Retryable & { id: string; endpointId: string; hasRate: boolean };

/**
 * The rows of these deliveries, locked with all about the same conversions. `hasRate`: the endpoint
 * sends everything through its queue.
 */
export async function lockRetryable(
  db: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<RetryableRow[]> {
  await lockConversions(db, operatorId, deliveryIds);
  const { rows } = await db.query<RetryableRow>(
    `select d.id, d.state, d.owner, d.endpoint_id as "endpointId", not ${isIdleSql('d')} as "isBeingSent",
       json_build_object('state', e.state, 'isDeleted', e.deleted_at is not null) as endpoint,
       e.rate_per_second is not null as "hasRate",
       case when d.owner is null or d.owner = 'predecessor' then (
         select max(p.id) from deliveries p where p.operator_id = $1
           and p.original_event_id = d.original_event_id and p.endpoint_id = d.endpoint_id
           and p.id < d.id and ${isOpenSql('p')}) end as "waitsFor"
     from deliveries d join endpoints e on e.operator_id = $1 and e.id = d.endpoint_id
     where d.operator_id = $1 and d.id = any($2) order by d.id`,
    [operatorId, deliveryIds],
  );
  return rows;
}
