// What attempts that ended mean beyond their own postback: how their endpoints fare now, and what the operator is told of it.
import { afterNews, type HealthNews } from '../../domain/delivery/breaker.ts';
import { lockHealth, writeHealth } from '../../store/delivery/endpoint-health.ts';
import { notifyHealth } from '../../store/delivery/notices.ts';
import type { Queryable } from '../../store/db/pool.ts';
import type { EndpointInput } from '../../workflows/contract.ts';

/** News of one endpoint. */
export type EndpointNews = EndpointInput & HealthNews;

/** An endpoint whose workflow must look again, and the endpoint whose attempts are the reason. */
export type ToWake = EndpointInput & { about: string };

/**
 * Writes what is known of the endpoints now and plans the notices that follow; healthy traffic has no news. Each turn of an endpoint (its breaker
 * opens or closes, it is disabled) is seen by exactly one writer, since the rows are locked before they are judged.
 */
export async function applyNews(db: Queryable, news: readonly EndpointNews[]): Promise<ToWake[]> {
  if (news.length === 0) return [];
  const byEndpoint = new Map(news.map((one) => [one.endpointId, one]));
  const now = Date.now();
  const changes = (await lockHealth(db, news)).map((kept) => {
    return { ...kept, ...afterNews(kept.health, byEndpoint.get(kept.endpointId)!, now) };
  });
  await writeHealth(db, changes);
  const turned = changes.filter(({ isTurn }) => isTurn);
  return [
    ...turned.map(({ operatorId, endpointId }) => ({ operatorId, endpointId, about: endpointId })),
    ...(await notifyHealth(db, changes)),
  ];
}
