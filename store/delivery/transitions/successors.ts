// Transitions of deliveries that wait for an earlier one about the same conversion: into a queue,
// or behind another one.
import { bulkColumns } from '../../db/bulk.ts';
import type { Queryable } from '../../db/pool.ts';
import type { DeliveryRef } from '../deliveries.ts';
import { isOpenSql } from '../in-flight.ts';

const FINISHED = bulkColumns<DeliveryRef>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  delivery_id: ['text', ({ deliveryId }) => deliveryId],
});

export type QueuedSuccessor = {
  operatorId: string;
  id: string;
  endpointId: string;
  predecessorId: string;
  isAfterGivenUp: boolean;
};

/**
 * Queues deliveries that waited for these, unless a predecessor is not finished after all, or still
 * being sent.
 */
export async function queueSuccessors(
  db: Queryable,
  finished: readonly DeliveryRef[],
): Promise<QueuedSuccessor[]> {
  const { rows } = await db.query<QueuedSuccessor>({
    name: 'queue-successors',
    text: `
      update deliveries d set owner = 'endpoint', predecessor_id = null, next_attempt_at = now()
      from ${FINISHED.unnest(1, 'f')}
      where d.operator_id = f.operator_id and d.predecessor_id = f.delivery_id and d.owner = 'predecessor'
        and (select not ${isOpenSql('p')} from deliveries p
          where p.operator_id = d.operator_id and p.id = d.predecessor_id)
      returning d.operator_id as "operatorId", d.id, d.endpoint_id as "endpointId",
        f.delivery_id as "predecessorId",
        (select p.state = 'gave_up' from deliveries p
          where p.operator_id = d.operator_id and p.id = f.delivery_id) as "isAfterGivenUp"`,
    values: FINISHED.values(finished),
  });
  return rows;
}

/**
 * Links deliveries that wait for this one to an earlier one instead, where that is unfinished.
 * Returns their ids.
 */
export async function relinkSuccessors(
  db: Queryable,
  { operatorId, deliveryId }: DeliveryRef,
  earlierId: string,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `update deliveries d set predecessor_id = $3
     where d.operator_id = $1 and d.predecessor_id = $2 and d.owner = 'predecessor'
       and exists (select from deliveries p where p.operator_id = $1 and p.id = $3 and ${isOpenSql('p')})
     returning d.id`,
    [operatorId, deliveryId, earlierId],
  );
  return rows.map(({ id }) => id);
}

/** Replaces bodies of deliveries that were queued or relinked in this transaction. */
export async function amendBodies(
  db: Queryable,
  amended: readonly { operatorId: string; id: string; body: string }[],
): Promise<void> {
  await db.query(
    `update deliveries d set body = b.body
     from json_to_recordset($1) as b ("operatorId" text, id text, body text)
     where d.operator_id = b."operatorId" and d.id = b.id and d.owner in ('endpoint', 'predecessor')`,
    [JSON.stringify(amended)],
  );
}
