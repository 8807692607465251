// What people do to a delivery by hand: push it, or give it up.
import type { EndpointState } from '../../domain/delivery/endpoints.ts';
import { isRoomForSingle, lockSingles, SINGLE_LIMITS } from './hand-over.ts';
import { tellGivenUp } from './notices.ts';
import type { Owner } from '../../domain/delivery/deliveries.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { closeRanks, releaseSuccessors } from './succession.ts';

type Impossible = 'not_found' | 'not_possible';

/**
 * Makes a postback due now and gives it to a workflow of its own, or to its endpoint's queue where that keeps a rate or has enough such
 * workflows; one that was given up starts its schedule from the beginning. Not possible when it was delivered or cancelled, is just being sent
 * by its batch, must follow another one, or its endpoint is off.
 */
export async function takeForPush(
  pool: Pool,
  operatorId: string,
  deliveryId: string,
  limits = SINGLE_LIMITS,
): Promise<{ owner: 'self' | 'endpoint'; endpointId: string } | Impossible> {
  return withTransaction(pool, async (client) => {
    await lockSingles(client);
    const found = await lockForPush(client, operatorId, deliveryId);
    if (found === null) return 'not_found';
    const { state, owner, endpointId } = found;
    const isTakeable = owner === 'self' || owner === 'endpoint' || (state === 'gave_up' && !found.mustFollow);
    if (!isTakeable || found.endpointState !== 'active') return 'not_possible';
    const isRoom = owner === 'self' || (await isRoomForSingle(client, operatorId, endpointId, limits));
    const newOwner = found.hasRate || !isRoom ? 'endpoint' : 'self';
    await client.query(
      `update deliveries set owner = $3, state = 'retrying', next_attempt_at = now(), next_cause = 'manual', finished_at = null,
         acknowledged_at = null, tries = case when state = 'gave_up' then 0 else tries end
       where operator_id = $1 and id = $2`,
      [operatorId, deliveryId, newOwner],
    );
    return { owner: newOwner, endpointId };
  });
}

type Pushable = {
  state: string;
  owner: Owner | null;
  endpointId: string;
  endpointState: EndpointState;
  hasRate: boolean;
  mustFollow: boolean;
};

/** The row, locked, and whether an earlier postback of its conversion is still on its way to the same endpoint. */
async function lockForPush(db: Queryable, operatorId: string, deliveryId: string): Promise<Pushable | null> {
  const { rows } = await db.query<Pushable>(
    `select d.state, d.owner, d.endpoint_id as "endpointId", e.state as "endpointState", e.rate_per_second is not null as "hasRate",
       exists (select from deliveries p where p.operator_id = $1 and p.original_event_id = d.original_event_id
         and p.endpoint_id = d.endpoint_id and p.id < d.id and p.owner is not null) as "mustFollow"
     from deliveries d join endpoints e on e.operator_id = $1 and e.id = d.endpoint_id
     where d.operator_id = $1 and d.id = $2 for no key update of d`,
    [operatorId, deliveryId],
  );
  return rows[0] ?? null;
}

/** Gives an unfinished postback up, tells the operator, and lets those go on that waited for it. */
export async function giveUpDelivery(
  pool: Pool,
  operatorId: string,
  deliveryId: string,
): Promise<{ wasOwner: Owner; endpointsToWake: { operatorId: string; endpointId: string }[] } | Impossible> {
  return withTransaction(pool, async (client) => {
    const it = { operatorId, deliveryId };
    // First the one it follows, then itself: the order in which finishing the first one locks them.
    await client.query(
      `select from deliveries where operator_id = $1 and id = (select predecessor_id from deliveries where operator_id = $1 and id = $2) for share`,
      [operatorId, deliveryId],
    );
    const { rows } = await client.query<{ owner: Owner; predecessorId: string | null }>(
      `select owner, predecessor_id as "predecessorId" from deliveries
       where operator_id = $1 and id = $2 and owner is not null for no key update`,
      [operatorId, deliveryId],
    );
    if (!rows[0]) return whyNot(client, operatorId, deliveryId);
    const { owner, predecessorId } = rows[0];
    await client.query(
      `update deliveries set state = 'gave_up', owner = null, predecessor_id = null, finished_at = now() where operator_id = $1 and id = $2`,
      [operatorId, deliveryId],
    );
    if (predecessorId !== null) await closeRanks(client, it, predecessorId);
    const released = await releaseSuccessors(client, [it]);
    const told = await tellGivenUp(client, [it]);
    return {
      wasOwner: owner,
      endpointsToWake: [...released, ...told.map(({ endpointId }) => ({ operatorId, endpointId }))],
    };
  });
}

async function whyNot(db: Queryable, operatorId: string, deliveryId: string): Promise<Impossible> {
  const { rowCount } = await db.query(`select from deliveries where operator_id = $1 and id = $2`, [
    operatorId,
    deliveryId,
  ]);
  return rowCount === 0 ? 'not_found' : 'not_possible';
}
