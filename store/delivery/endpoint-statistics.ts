// Statistics of an endpoint: its attempts by hour and by day, and the latest ones.
import { LATENCY_BOUNDS_MS } from '../../domain/delivery/latency.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import { searchDeliveries } from './delivery-search.ts';

/** Attempts that began in a stretch of time; `withinMs`: one count for each bucket of latency. */
export type AttemptCounts = { attempts: number; delivered: number; withinMs: number[] };
export type CountedStretch = AttemptCounts & { at: Date };

export type LatestAttempt = {
  deliveryId: string;
  number: number;
  startedAt: Date;
  durationMs: number;
  statusCode: number | null;
  errorClass: string | null;
};

/** Hours and days without attempts are there too, the earliest first. */
export type EndpointStatistics = {
  hours: CountedStretch[];
  days: CountedStretch[];
  latest: LatestAttempt[];
};

type Listed = { id: string; affiliateId: string | null };
export type EndpointHours = Listed & { hours: CountedStretch[] };

const HOURS = 24;
const DAYS = 30;
/** Attempts that are shown one by one. */
const LATEST = 60;

const BUCKETS = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, (_, bucket) => bucket + 1);
const SUMS = BUCKETS.map((bucket) => `coalesce(sum(within_ms[${bucket}]), 0)::int`).join(', ');
const BUCKETS_OF_HOUR = BUCKETS.map((bucket) => `coalesce(h.within_ms[${bucket}], 0)`).join(', ');

export function createEndpointStatistics(db: Queryable) {
  return {
    async read(operatorId: string, endpointId: string): Promise<EndpointStatistics> {
      const [hours, days, latest] = await Promise.all([
        readStretches(db, operatorId, endpointId, 'hour', HOURS),
        readStretches(db, operatorId, endpointId, 'day', DAYS),
        readLatest(db, operatorId, endpointId),
      ]);
      return { hours, days, latest };
    },

    /** The last 24 hours of each of these endpoints, in their order. */
    async readHours(operatorId: string, endpoints: readonly Listed[]): Promise<EndpointHours[]> {
      const { rows } = await db.query<CountedStretch & { id: string }>(
        `select named.item as id, at, coalesce(h.attempts, 0) as attempts,
           coalesce(h.delivered, 0) as delivered, array[${BUCKETS_OF_HOUR}] as "withinMs"
         from ${itemsWithOperator(2)}
         cross join generate_series(date_trunc('hour', now(), 'UTC') - interval '${HOURS - 1} hour',
           now(), interval '1 hour') as at
         left join endpoint_hours h on h.operator_id = named.operator_id
           and h.endpoint_id = named.item and h.hour = at
         order by at`,
        [operatorId, endpoints.map(({ id }) => id)],
      );
      const hours = new Map(endpoints.map(({ id }): [string, CountedStretch[]] => [id, []]));
      for (const { id, ...hour } of rows) hours.get(id)!.push(hour);
      return endpoints.map(({ id, affiliateId }) => ({ id, affiliateId, hours: hours.get(id)! }));
    },
  };
}

/** The present stretch and those before it. Days are those of UTC. */
async function readStretches(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  unit: 'hour' | 'day',
  count: number,
): Promise<CountedStretch[]> {
  const { rows } = await db.query<CountedStretch>(
    `select at, coalesce(sum(attempts), 0)::int as attempts, coalesce(sum(delivered), 0)::int as delivered,
       array[${SUMS}] as "withinMs"
     from generate_series(date_trunc('${unit}', now(), 'UTC') - interval '${count - 1} ${unit}',
       now(), interval '1 ${unit}') as at
     left join endpoint_hours h on h.operator_id = $1 and h.endpoint_id = $2
       and h.hour >= date_trunc('${unit}', now(), 'UTC') - interval '${count - 1} ${unit}'
       and date_trunc('${unit}', h.hour, 'UTC') = at
     group by at order by at`,
    [operatorId, endpointId],
  );
  return rows;
}

/** Attempts of the latest postbacks to an endpoint, the newest attempt first. */
async function readLatest(db: Queryable, operatorId: string, endpointId: string): Promise<LatestAttempt[]> {
  const filter = {
    state: null,
    endpointId,
    affiliateId: null,
    recipientId: null,
    eventId: null,
    lastError: null,
  };
  const { ids } = await searchDeliveries(db, operatorId, filter, { limit: LATEST, before: null }, 'newest');
  const { rows } = await db.query<LatestAttempt>(
    `select a.delivery_id as "deliveryId", a.number, a.started_at as "startedAt",
       a.duration_ms as "durationMs", a.status_code as "statusCode", a.error_class as "errorClass"
     from ${itemsWithOperator(2)}
     join attempts a on a.operator_id = named.operator_id and a.delivery_id = named.item
     order by a.started_at desc, a.id desc limit ${LATEST}`,
    [operatorId, ids],
  );
  return rows;
}
