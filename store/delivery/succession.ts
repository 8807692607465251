// The order of deliveries about one conversion to one endpoint: each waits for its predecessor, and
// the end of one lets the next one go on.
import { afterGivenUp } from '../../domain/delivery/bodies.ts';
import type { Queryable } from '../db/pool.ts';
import { isOpenSql } from './in-flight.ts';
import type { DeliveryRef } from './deliveries.ts';
import {
  amendBodies,
  queueSuccessors,
  relinkSuccessors,
  type QueuedSuccessor,
} from './transitions/successors.ts';

/**
 * Locks these deliveries with all others about the same conversions to the same endpoints, in the
 * order of their ids: until the transaction ends none of them finishes, is sent again, or gets one
 * that follows it. What each of them is now, a later statement reads. Finished ones too, since
 * somebody may want the one before another sent again.
 */
export async function lockConversions(
  db: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<void> {
  await db.query(
    `select from deliveries
     where operator_id = $1 and (original_event_id, endpoint_id) in (
       select original_event_id, endpoint_id from deliveries where operator_id = $1 and id = any($2))
     order by id for no key update`,
    [operatorId, deliveryIds],
  );
}

/**
 * Queues the deliveries that waited for finished ones, and returns the endpoints whose queues they
 * joined. Must be a later statement than the one that finished them, in the same transaction: a
 * planner that locked the finished row meanwhile has then committed its successor.
 */
export async function releaseSuccessors(
  db: Queryable,
  finished: readonly DeliveryRef[],
): Promise<{ operatorId: string; endpointId: string }[]> {
  if (finished.length === 0) return [];
  const queued = await queueSuccessors(db, finished);
  await noteSkippedPredecessors(
    db,
    queued.filter(({ isAfterGivenUp }) => isAfterGivenUp),
  );
  return queued.map(({ operatorId, endpointId }) => ({ operatorId, endpointId }));
}

/**
 * Before a delivery is given up that itself still waits: links its successors to its own
 * predecessor. The caller has locked both. Does nothing where the predecessor is finished;
 * `releaseSuccessors` follows.
 */
export async function relinkToPredecessor(
  db: Queryable,
  delivery: DeliveryRef,
  predecessorId: string,
): Promise<void> {
  const { operatorId, deliveryId } = delivery;
  const relinked = await relinkSuccessors(db, delivery, predecessorId);
  await noteSkippedPredecessors(
    db,
    relinked.map((id) => ({ operatorId, id, predecessorId: deliveryId })),
  );
}

/**
 * Notes in the bodies of deliveries which ones before them were given up. None of them was sent
 * yet.
 */
async function noteSkippedPredecessors(
  db: Queryable,
  successors: readonly Pick<QueuedSuccessor, 'operatorId' | 'id' | 'predecessorId'>[],
): Promise<void> {
  if (successors.length === 0) return;
  const { rows } = await db.query<{
    operatorId: string;
    id: string;
    body: string;
    predecessor: { id: string; body: string };
  }>(
    `select d.operator_id as "operatorId", d.id, d.body,
       json_build_object('id', p.id, 'body', p.body) as predecessor
     from json_to_recordset($1) as s ("operatorId" text, id text, "predecessorId" text)
     join deliveries d on d.operator_id = s."operatorId" and d.id = s.id
     join deliveries p on p.operator_id = s."operatorId" and p.id = s."predecessorId"`,
    [JSON.stringify(successors)],
  );
  await amendBodies(
    db,
    rows.map(({ predecessor, body, ...row }) => ({ ...row, body: afterGivenUp(body, predecessor) })),
  );
}

/**
 * Finished deliveries, no longer being sent, for which others still wait; over all operators, for
 * the sweep.
 */
export async function findUnfollowed(db: Queryable, limit: number): Promise<DeliveryRef[]> {
  const { rows } = await db.query<DeliveryRef>(
    `select distinct p.operator_id as "operatorId", p.id as "deliveryId"
     from deliveries d
     join deliveries p on p.operator_id = d.operator_id and p.id = d.predecessor_id
       and not ${isOpenSql('p')}
     where d.owner = 'predecessor' limit $1`,
    [limit],
  );
  return rows;
}
