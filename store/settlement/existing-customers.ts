// Finds bindings of customers who turned out to have been there before, where the operator pays for
// no such customer.
import { wasThere } from '../attribution/orphan-evidence.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

/**
 * The events that bound customers by a click or coupon although an older event of the customer is
 * known: of the bindings that this batch made, and those of the customers of its events. Bindings
 * of the time when the operator did not ignore such customers stay.
 */
export async function findExistingBound(
  db: Queryable,
  operatorId: string,
  batchId: string,
  eventIds: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find-existing-bound',
    text: `with near as materialized (
       select operator_id, customer_id from bindings where operator_id = $1 and batch_id = $2
       union
       select e.operator_id, e.customer_id from ${itemsWithOperator(3)}
       join events e on e.operator_id = named.operator_id and e.id = item and e.customer_id is not null
     )
     select e.event_id as id from near
     join bindings e on e.operator_id = near.operator_id and e.customer_id = near.customer_id
     join operators p on p.id = $1 and e.bound_at >= p.existing_ignored_since
     where ${wasThere('e.since')} and not exists (select from assignments s
       where s.operator_id = $1 and s.event_id = e.event_id and s.affiliate_id = e.affiliate_id)`,
    values: [operatorId, batchId, eventIds],
  });
  return rows.map(({ id }) => id);
}
