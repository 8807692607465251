// Updates the health of endpoints from finished attempts, and plans the notices that follow.
import { afterHealthEvents, isSameHealth, type HealthEvent } from '../../domain/delivery/breaker.ts';
import { lockHealth, writeHealth } from '../../store/delivery/endpoint-health.ts';
import { notifyHealth } from '../../store/delivery/notices.ts';
import type { Queryable } from '../../store/db/pool.ts';
import type { EndpointInput } from '../../workflows/contract.ts';

/** Events of one endpoint, in their order. */
export type EndpointHealthEvents = EndpointInput & { events: readonly HealthEvent[] };

/** An endpoint whose workflow must run again, and the endpoint whose attempts are the reason. */
export type EndpointToWake = EndpointInput & { about: string };

/**
 * Judges health events, writes the health that changed and plans notices; healthy traffic has no
 * events. The rows are locked before they are judged, so that exactly one transaction sees each
 * change of state.
 */
export async function applyHealthEvents(
  db: Queryable,
  attempts: readonly EndpointHealthEvents[],
): Promise<EndpointToWake[]> {
  if (attempts.length === 0) return [];
  const byEndpoint = new Map<string, EndpointHealthEvents>();
  for (const one of attempts) {
    const events = [...(byEndpoint.get(one.endpointId)?.events ?? []), ...one.events];
    byEndpoint.set(one.endpointId, { ...one, events });
  }
  const now = Date.now();
  const changes = (await lockHealth(db, [...byEndpoint.values()])).flatMap((kept) => {
    const { events } = byEndpoint.get(kept.endpointId)!;
    const change = afterHealthEvents(kept.health, events, now);
    return isSameHealth(change.health, kept.health) ? [] : [{ ...kept, ...change }];
  });
  if (changes.length === 0) return [];
  await writeHealth(db, changes);
  const changed = changes.filter(({ stateChanged }) => stateChanged);
  return [
    ...changed.map(({ operatorId, endpointId }) => ({ operatorId, endpointId, about: endpointId })),
    ...(await notifyHealth(db, changes)),
  ];
}
