// Postbacks of one conversion to one endpoint follow each other. What happens here: one is finished, and the next goes on.
import { afterGivenUp } from '../../domain/delivery/messages.ts';
import { bulkColumns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

type Delivery = { operatorId: string; deliveryId: string };
type Successor = {
  operatorId: string;
  id: string;
  endpointId: string;
  predecessorId: string;
  isAfterGivenUp: boolean;
};

const FINISHED = bulkColumns<Delivery>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  delivery_id: ['text', ({ deliveryId }) => deliveryId],
});

/**
 * Lets those go on that waited for finished postbacks; gives the endpoints whose queues they joined. Must be a later statement than the one
 * that finished them, in the same transaction: a planner that locked the finished row meanwhile has then committed its successor. A postback
 * that is not finished after all, because somebody took it over meanwhile, releases nobody.
 */
export async function releaseSuccessors(
  db: Queryable,
  finished: readonly Delivery[],
): Promise<{ operatorId: string; endpointId: string }[]> {
  if (finished.length === 0) return [];
  const { rows } = await db.query<Successor>({
    name: 'release-successors',
    text: `update deliveries d set owner = 'endpoint', predecessor_id = null, next_attempt_at = now()
     from ${FINISHED.unnest(1, 'f')}
     where d.operator_id = f.operator_id and d.predecessor_id = f.delivery_id and d.owner = 'predecessor'
       and (select p.owner is null from deliveries p where p.operator_id = d.operator_id and p.id = d.predecessor_id)
     returning d.operator_id as "operatorId", d.id, d.endpoint_id as "endpointId", f.delivery_id as "predecessorId",
       (select p.state = 'gave_up' from deliveries p where p.operator_id = d.operator_id and p.id = f.delivery_id) as "isAfterGivenUp"`,
    values: FINISHED.values(finished),
  });
  await sayGivenUp(
    db,
    rows.filter(({ isAfterGivenUp }) => isAfterGivenUp),
  );
  return rows.map(({ operatorId, endpointId }) => ({ operatorId, endpointId }));
}

/**
 * Before a postback is given up that itself still waits: what waits for it follows the one before it from now on. The caller has locked both.
 * Nothing to do where the one before is finished; then `releaseSuccessors` lets them go on.
 */
export async function closeRanks(
  db: Queryable,
  { operatorId, deliveryId }: Delivery,
  predecessorId: string,
): Promise<void> {
  const { rows } = await db.query<{ id: string }>(
    `update deliveries d set predecessor_id = $3
     where d.operator_id = $1 and d.predecessor_id = $2 and d.owner = 'predecessor'
       and exists (select from deliveries p where p.operator_id = $1 and p.id = $3 and p.owner is not null)
     returning d.id`,
    [operatorId, deliveryId, predecessorId],
  );
  await sayGivenUp(
    db,
    rows.map(({ id }) => ({ operatorId, id, predecessorId: deliveryId })),
  );
}

/** Notes in the bodies of postbacks which one before them was given up. None of them was sent yet. */
async function sayGivenUp(
  db: Queryable,
  successors: readonly Pick<Successor, 'operatorId' | 'id' | 'predecessorId'>[],
): Promise<void> {
  if (successors.length === 0) return;
  const { rows } = await db.query<{
    operatorId: string;
    id: string;
    body: string;
    predecessor: { id: string; body: string };
  }>(
    `select d.operator_id as "operatorId", d.id, d.body, json_build_object('id', p.id, 'body', p.body) as predecessor
     from json_to_recordset($1) as s ("operatorId" text, id text, "predecessorId" text)
     join deliveries d on d.operator_id = s."operatorId" and d.id = s.id
     join deliveries p on p.operator_id = s."operatorId" and p.id = s."predecessorId"`,
    [JSON.stringify(successors)],
  );
  await db.query(
    `update deliveries d set body = b.body from json_to_recordset($1) as b ("operatorId" text, id text, body text)
     where d.operator_id = b."operatorId" and d.id = b.id`,
    [
      JSON.stringify(
        rows.map(({ predecessor, body, ...row }) => ({ ...row, body: afterGivenUp(body, predecessor) })),
      ),
    ],
  );
}

/** Postbacks that are finished and still have somebody waiting for them. */
export async function findUnfollowed(db: Queryable, limit: number): Promise<Delivery[]> {
  const { rows } = await db.query<Delivery>(
    `select distinct p.operator_id as "operatorId", p.id as "deliveryId" from deliveries d
     join deliveries p on p.operator_id = d.operator_id and p.id = d.predecessor_id and p.owner is null
     where d.owner = 'predecessor' limit $1`,
    [limit],
  );
  return rows;
}
