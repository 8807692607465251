// Transitions of a delivery by a person: retried, paused, resumed, given up, acknowledged.
import type { SendingOwner } from '../../../domain/delivery/deliveries.ts';
import type { Queryable } from '../../db/pool.ts';
import type { DeliveryRef } from '../deliveries.ts';
import { isIdleSql, SENDING_FROM_NOW } from '../in-flight.ts';

/**
 * Makes a delivery due now, for a person, unless it is being sent. One that was given up starts its
 * schedule from the beginning.
 */
export async function retryNow(
  db: Queryable,
  { operatorId, deliveryId }: DeliveryRef,
  owner: Exclude<SendingOwner, 'batch'>,
): Promise<void> {
  await db.query(
    `update deliveries
     set owner = $3, state = 'retrying', next_attempt_at = now(), next_cause = 'manual', finished_at = null,
       acknowledged_at = null, pause_reason = null, tries = case when state = 'gave_up' then 0 else tries end
     where operator_id = $1 and id = $2 and (owner in ('self', 'endpoint') or state = 'gave_up')
       and ${isIdleSql('deliveries')}`,
    [operatorId, deliveryId, owner],
  );
}

/**
 * Pauses a single delivery. Returns the reason, which stays that of the first pause; null where no
 * workflow owns it.
 */
export async function pauseSingle(
  db: Queryable,
  { operatorId, deliveryId }: DeliveryRef,
  reason: string,
): Promise<string | null> {
  const { rows } = await db.query<{ reason: string }>(
    `update deliveries set pause_reason = coalesce(pause_reason, $3)
     where operator_id = $1 and id = $2 and owner = 'self' returning pause_reason as reason`,
    [operatorId, deliveryId, reason],
  );
  return rows[0]?.reason ?? null;
}

/**
 * Ends the pause of a single delivery. Its next try keeps its time. False where no workflow owns
 * it.
 */
export async function resumeSingle(db: Queryable, { operatorId, deliveryId }: DeliveryRef): Promise<boolean> {
  const { rowCount } = await db.query(
    `update deliveries set pause_reason = null where operator_id = $1 and id = $2 and owner = 'self'`,
    [operatorId, deliveryId],
  );
  return rowCount === 1;
}

/**
 * Gives up those of these deliveries that are unfinished. The first try of one that its batch owns
 * may be under way, so that counts as being sent.
 */
export async function giveUp(
  db: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<void> {
  await db.query(
    `update deliveries set state = 'gave_up', owner = null, predecessor_id = null, finished_at = now(),
       pause_reason = null,
       sending_until = case when owner = 'batch' and tries = 0 then ${SENDING_FROM_NOW} else sending_until end
     where operator_id = $1 and id = any($2) and owner is not null`,
    [operatorId, deliveryIds],
  );
}

/**
 * Notes that a person has seen those of these deliveries that were given up. Returns their
 * endpoints, one for each of them.
 */
export async function acknowledge(
  db: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ endpointId: string }>(
    `update deliveries set acknowledged_at = coalesce(acknowledged_at, now())
     where operator_id = $1 and id = any($2) and state = 'gave_up' returning endpoint_id as "endpointId"`,
    [operatorId, deliveryIds],
  );
  return rows.map(({ endpointId }) => endpointId);
}
