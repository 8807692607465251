// Updates the health of endpoints from finished attempts, and plans the notices that follow.
import { afterHealthEvents, isSameHealth, type HealthEvent } from '../../domain/delivery/breaker.ts';
import { lockHealth, writeHealth } from '../../store/delivery/endpoint-health.ts';
import { notifyHealth } from '../../store/delivery/notices.ts';
import type { Queryable } from '../../store/db/pool.ts';
import type { EndpointInput } from '../../workflows/contract.ts';

/** What an attempt says about its endpoint, and the URL that it called. */
export type EndpointHealthEvents = EndpointInput & { url: string; events: readonly HealthEvent[] };

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
  const endpoints = new Map(attempts.map((one) => [one.endpointId, one]));
  const now = Date.now();
  const changes = (await lockHealth(db, [...endpoints.values()])).flatMap((kept) => {
    // An attempt at a URL that was replaced meanwhile says nothing about the new one.
    const events = attempts
      .filter(({ endpointId, url }) => endpointId === kept.endpointId && url === kept.url)
      .flatMap((attempt) => attempt.events);
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
