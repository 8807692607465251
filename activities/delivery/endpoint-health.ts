// Updates the health of endpoints from finished attempts, and plans the notices that follow.
import { afterHealthEvents, type HealthEvents } from '../../domain/delivery/breaker.ts';
import { lockHealth, writeHealth } from '../../store/delivery/endpoint-health.ts';
import { notifyHealth } from '../../store/delivery/notices.ts';
import type { Queryable } from '../../store/db/pool.ts';
import type { EndpointInput } from '../../workflows/contract.ts';

/** Events of one endpoint. */
export type EndpointHealthEvents = EndpointInput & HealthEvents;

/** An endpoint whose workflow must run again, and the endpoint whose attempts are the reason. */
export type EndpointToWake = EndpointInput & { about: string };

/**
 * Judges health events, writes the health of their endpoints and plans notices; healthy traffic has
 * no events. The rows are locked before they are judged, so that exactly one transaction sees each
 * change of state.
 */
export async function applyHealthEvents(
  db: Queryable,
  events: readonly EndpointHealthEvents[],
): Promise<EndpointToWake[]> {
  if (events.length === 0) return [];
  const byEndpoint = new Map(events.map((one) => [one.endpointId, one]));
  const now = Date.now();
  const changes = (await lockHealth(db, events)).map((kept) => {
    return { ...kept, ...afterHealthEvents(kept.health, byEndpoint.get(kept.endpointId)!, now) };
  });
  await writeHealth(db, changes);
  const changed = changes.filter(({ stateChanged }) => stateChanged);
  return [
    ...changed.map(({ operatorId, endpointId }) => ({ operatorId, endpointId, about: endpointId })),
    ...(await notifyHealth(db, changes)),
  ];
}
