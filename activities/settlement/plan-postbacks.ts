// Turns what affiliates are to be told into planned postbacks: one per listening endpoint, each with exactly one owner.
import { newId } from '../../store/db/ids.ts';
import type { Owner } from '../../domain/delivery/deliveries.ts';
import { bodyOf, listens, type Message } from '../../domain/delivery/messages.ts';
import type { Queryable } from '../../store/db/pool.ts';
import {
  insertDeliveries,
  lastUnfinished,
  lockUnfinished,
  type PlannedDelivery,
  type PlannedEndpoint,
} from '../../store/delivery/outbox.ts';

/** Where the postbacks of one operator's events went: how many the batch sends itself, and whose queues must be woken after the commit. */
export type Planned = { forBatch: number; endpointsToWake: string[] };

/**
 * Plans the postbacks of messages, which are in the order they must be told, to those who listen. `owner` is who sends those that nothing holds up: the batch
 * for events that just came in, the endpoint's queue for events matched or retried later.
 */
export async function planDeliveries(
  db: Queryable,
  at: { operatorId: string; batchId: string; now: Date; owner: 'batch' | 'endpoint' },
  listeners: readonly PlannedEndpoint[],
  messages: readonly Message[],
): Promise<Planned> {
  if (messages.length === 0 || listeners.length === 0) return { forBatch: 0, endpointsToWake: [] };
  const last = await unfinishedBefore(db, at.operatorId, messages);
  const deliveries: PlannedDelivery[] = [];
  for (const message of messages) {
    for (const endpoint of listeners) {
      if (!listens(endpoint, message)) continue;
      const key = `${message.conversion.id} ${endpoint.id}`;
      const predecessorId = last.get(key) ?? null;
      const owner = predecessorId !== null ? 'predecessor' : ownerFor(endpoint, at.owner);
      const id = newId('dlv');
      last.set(key, id);
      deliveries.push({
        id,
        endpointId: endpoint.id,
        affiliateId: message.affiliateId,
        eventId: message.event?.id ?? null,
        conversionId: message.conversion.id,
        type: message.type,
        body: bodyOf(message, endpoint, at.now),
        state: owner === 'endpoint' && endpoint.condition !== 'up' ? 'held' : 'pending',
        owner,
        predecessorId,
      });
    }
  }
  await insertDeliveries(db, at.operatorId, at.batchId, deliveries);
  const queued = deliveries.filter(({ owner }) => owner === 'endpoint').map(({ endpointId }) => endpointId);
  return {
    forBatch: deliveries.filter(({ owner }) => owner === 'batch').length,
    endpointsToWake: [...new Set(queued)],
  };
}

/** Only conversions told of before can have something unfinished; those of this batch were never told of. */
async function unfinishedBefore(
  db: Queryable,
  operatorId: string,
  messages: readonly Message[],
): Promise<Map<string, string>> {
  const earlier = new Set(
    messages
      .filter(({ event, conversion }) => event?.id !== conversion.id)
      .map(({ conversion }) => conversion.id),
  );
  for (const { type, conversion } of messages)
    if (type === 'conversion.created') earlier.delete(conversion.id);
  if (earlier.size === 0) return new Map();
  await lockUnfinished(db, operatorId, [...earlier]);
  return lastUnfinished(db, operatorId, [...earlier]);
}

function ownerFor(endpoint: PlannedEndpoint, usual: 'batch' | 'endpoint'): Owner {
  return endpoint.isQueued || endpoint.condition === 'off' ? 'endpoint' : usual;
}
