// What people do to a delivery by hand: push it, or give it up.
import { releaseSuccessors } from './deliveries.ts';
import type { Owner } from './planning.ts';
import { withTransaction, type Pool, type Queryable } from './pool.ts';

type Impossible = 'not_found' | 'not_possible';

/**
 * Gives a postback to a workflow of its own, due now; one that was given up starts its schedule from the beginning. Not possible when it was
 * delivered or cancelled, is just being sent by its batch, follows another one, or its endpoint is off.
 */
export async function takeForPush(db: Queryable, operatorId: string, deliveryId: string): Promise<'taken' | Impossible> {
  const { rowCount } = await db.query(
    `update deliveries d set owner = 'self', state = 'retrying', next_attempt_at = now(), finished_at = null, acknowledged_at = null,
       tries = case when d.state = 'gave_up' then 0 else d.tries end
     from endpoints e
     where d.operator_id = $1 and d.id = $2 and (d.owner in ('self', 'endpoint') or d.state = 'gave_up')
       and e.operator_id = $1 and e.id = d.endpoint_id and e.state = 'active' and e.deleted_at is null`,
    [operatorId, deliveryId],
  );
  return rowCount === 1 ? 'taken' : whyNot(db, operatorId, deliveryId);
}

/** Gives an unfinished postback up and lets those go on that waited for it. */
export async function giveUpDelivery(
  pool: Pool,
  operatorId: string,
  deliveryId: string,
): Promise<{ wasOwner: Owner; endpointsToWake: { operatorId: string; endpointId: string }[] } | Impossible> {
  return withTransaction(pool, async (client) => {
    const { rows } = await client.query<{ owner: Owner }>(
      `with before as (select owner from deliveries where operator_id = $1 and id = $2 and owner is not null for update)
       update deliveries set state = 'gave_up', owner = null, predecessor_id = null, finished_at = now()
       from before where operator_id = $1 and id = $2 returning before.owner`,
      [operatorId, deliveryId],
    );
    if (!rows[0]) return whyNot(client, operatorId, deliveryId);
    return { wasOwner: rows[0].owner, endpointsToWake: await releaseSuccessors(client, [{ operatorId, deliveryId }]) };
  });
}

async function whyNot(db: Queryable, operatorId: string, deliveryId: string): Promise<Impossible> {
  const { rowCount } = await db.query(`select from deliveries where operator_id = $1 and id = $2`, [operatorId, deliveryId]);
  return rowCount === 0 ? 'not_found' : 'not_possible';
}
