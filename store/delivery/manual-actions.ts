// Actions of a person on one delivery: retry it now, pause and resume it, give it up, acknowledge
// that it was given up.
import { judgeRetry, type Refusal, type Refused } from '../../domain/delivery/refusals.ts';
import { isRoomForSingle, lockSingles, SINGLE_LIMITS } from './single-limits.ts';
import { notifyGivenUp } from './notices.ts';
import type { DeliveryState, Owner } from '../../domain/delivery/deliveries.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { lockRetryable } from './retryable.ts';
import { lockConversions, relinkToPredecessor, releaseSuccessors } from './succession.ts';
import { acknowledge, giveUp, pauseSingle, resumeSingle, retryNow } from './transitions/actions.ts';

export type { Refused };

/**
 * Makes a delivery due now and gives it to a workflow of its own, or to its endpoint's queue where
 * that keeps a rate or has no room for another such workflow. Leaves one alone that is being sent.
 */
export async function takeForRetry(
  pool: Pool,
  operatorId: string,
  deliveryId: string,
  limits: Parameters<typeof isRoomForSingle>[3] = SINGLE_LIMITS,
): Promise<
  | { kind: 'taken'; owner: 'self' | 'endpoint'; endpointId: string; wasGivenUp: boolean }
  | { kind: 'under_way' }
  | Refused
> {
  return withTransaction(pool, async (client) => {
    await lockSingles(client);
    const [found] = await lockRetryable(client, operatorId, [deliveryId]);
    if (found === undefined) return { kind: 'refused', refusal: 'not_found' };
    const judged = judgeRetry(found);
    if (judged === 'under_way') return { kind: judged };
    if (judged !== 'possible') return judged;
    const { owner, endpointId } = found;
    const isRoom = owner === 'self' || (await isRoomForSingle(client, operatorId, endpointId, limits));
    const newOwner = found.hasRate || !isRoom ? 'endpoint' : 'self';
    await retryNow(client, { operatorId, deliveryId }, newOwner);
    return { kind: 'taken', owner: newOwner, endpointId, wasGivenUp: found.state === 'gave_up' };
  });
}

/**
 * Pauses a delivery that has a workflow of its own. Not possible for others: their endpoint can be
 * paused.
 */
export async function pauseDelivery(
  pool: Pool,
  operatorId: string,
  deliveryId: string,
  reason: string,
): Promise<{ kind: 'done' } | Refused> {
  const paused = await pauseSingle(pool, { operatorId, deliveryId }, reason);
  return paused === null ? whyNot(pool, operatorId, deliveryId, 'without_workflow') : { kind: 'done' };
}

/** Ends the pause of a delivery; its next try keeps its time. */
export async function resumeDelivery(
  pool: Pool,
  operatorId: string,
  deliveryId: string,
): Promise<{ kind: 'done' } | Refused> {
  const isSingle = await resumeSingle(pool, { operatorId, deliveryId });
  return isSingle ? { kind: 'done' } : whyNot(pool, operatorId, deliveryId, 'without_workflow');
}

/**
 * Notes that a person has seen a delivery that was given up. The workflow of its endpoint, which is
 * to be woken, need not show it any more.
 */
export async function acknowledgeDelivery(
  pool: Pool,
  operatorId: string,
  deliveryId: string,
): Promise<{ kind: 'done'; endpointId: string } | Refused> {
  const [endpointId] = await acknowledge(pool, operatorId, [deliveryId]);
  if (endpointId !== undefined) return { kind: 'done', endpointId };
  const why = await whyNot(pool, operatorId, deliveryId, 'not_given_up');
  return why.refusal === 'not_found' ? why : { ...why, refusal: 'not_given_up' };
}

/**
 * Gives up an unfinished delivery, notifies the operator and releases the deliveries that waited
 * for it. The workflow of its endpoint, which is to be woken too, keeps it in sight.
 */
export async function giveUpDelivery(
  pool: Pool,
  operatorId: string,
  deliveryId: string,
): Promise<
  | { kind: 'given_up'; wasOwner: Owner; endpointsToWake: { operatorId: string; endpointId: string }[] }
  | Refused
> {
  return withTransaction(pool, async (client) => {
    await lockConversions(client, operatorId, [deliveryId]);
    const { given, endpointsToWake } = await giveUpLocked(client, operatorId, [deliveryId]);
    const [one] = given;
    if (one === undefined) return whyNot(client, operatorId, deliveryId, 'not_found');
    return { kind: 'given_up', wasOwner: one.owner, endpointsToWake };
  });
}

type GivenUp = { id: string; owner: Owner; predecessorId: string | null; endpointId: string };

/**
 * Gives up those of these deliveries that are unfinished; the caller has locked their conversions.
 * One that follows another of them comes after it, so that its body says so. The workflows
 * of their endpoints, which are to be woken too, keep them in sight.
 */
export async function giveUpLocked(
  client: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<{ given: GivenUp[]; endpointsToWake: { operatorId: string; endpointId: string }[] }> {
  const given: GivenUp[] = [];
  const endpointsToWake: { operatorId: string; endpointId: string }[] = [];
  for (let left = deliveryIds; left.length > 0;) {
    const unfinished = await readUnfinished(client, operatorId, left);
    const ids = new Set(unfinished.map(({ id }) => id));
    const next = unfinished.filter(({ predecessorId }) => predecessorId === null || !ids.has(predecessorId));
    await giveUp(
      client,
      operatorId,
      next.map(({ id }) => id),
    );
    const refs = next.map(({ id }) => ({ operatorId, deliveryId: id }));
    for (const { id, predecessorId } of next)
      if (predecessorId !== null)
        await relinkToPredecessor(client, { operatorId, deliveryId: id }, predecessorId);
    endpointsToWake.push(...(await releaseSuccessors(client, refs)));
    given.push(...next);
    for (const { id } of next) ids.delete(id);
    left = [...ids];
  }
  const refs = given.map(({ id }) => ({ operatorId, deliveryId: id }));
  const told = await notifyGivenUp(client, refs);
  const woken = new Set([...given, ...told].map(({ endpointId }) => endpointId));
  endpointsToWake.push(...[...woken].map((endpointId) => ({ operatorId, endpointId })));
  return { given, endpointsToWake };
}

async function readUnfinished(
  db: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<GivenUp[]> {
  const { rows } = await db.query<GivenUp>(
    `select id, owner, predecessor_id as "predecessorId", endpoint_id as "endpointId" from deliveries
     where operator_id = $1 and id = any($2) and owner is not null order by id`,
    [operatorId, deliveryIds],
  );
  return rows;
}

/** Why nothing was changed; `otherwise`: the delivery is not finished. */
async function whyNot(
  db: Queryable,
  operatorId: string,
  deliveryId: string,
  otherwise: Refusal,
): Promise<Refused> {
  const { rows } = await db.query<{ state: DeliveryState }>(
    `select state from deliveries where operator_id = $1 and id = $2`,
    [operatorId, deliveryId],
  );
  const refusal = rows[0] === undefined ? 'not_found' : (FINISHED[rows[0].state] ?? otherwise);
  return { kind: 'refused', refusal };
}

const FINISHED: Partial<Record<DeliveryState, Refusal>> = {
  delivered: 'already_delivered',
  gave_up: 'already_given_up',
  cancelled: 'cancelled',
};
