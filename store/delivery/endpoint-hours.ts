// Counts of attempts by endpoint and hour, from which an endpoint's statistics are made.
import type { DeliveryState } from '../../domain/delivery/deliveries.ts';
import { LATENCY_BOUNDS_MS, latencyBucket } from '../../domain/delivery/latency.ts';
import { bulkColumns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

/** The part of an attempt that is counted. */
type CountedAttempt = {
  operatorId: string;
  endpointId: string;
  startedAt: Date;
  durationMs: number;
  next: { state: DeliveryState };
};

type EndpointHour = {
  operatorId: string;
  endpointId: string;
  hour: Date;
  attempts: number;
  delivered: number;
  withinMs: number[];
};

const HOUR_MS = 3_600_000;
/** Rows that count for the same hour of an endpoint: one for each of so many connections. */
const COUNTERS = 8;

const HOURS = bulkColumns<EndpointHour>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  endpoint_id: ['text', ({ endpointId }) => endpointId],
  hour: ['timestamptz', ({ hour }) => hour],
  attempts: ['int', ({ attempts }) => attempts],
  delivered: ['int', ({ delivered }) => delivered],
  within_ms: ['text', ({ withinMs }) => `{${withinMs.join(',')}}`],
});

const SUMS = [...LATENCY_BOUNDS_MS, null].map(
  (_, index) => `h.within_ms[${index + 1}] + excluded.within_ms[${index + 1}]`,
);

/** A statement that adds the counts of `hourValues`, its parameters from this number on. */
export function addHoursSql(firstParameter: number, condition = 'true'): string {
  return `insert into endpoint_hours as h
      (operator_id, endpoint_id, hour, counter, attempts, delivered, within_ms)
    select operator_id, endpoint_id, hour, pg_backend_pid() % ${COUNTERS}, attempts, delivered,
      within_ms::int[]
    from ${HOURS.unnest(firstParameter, 'c')} where ${condition}
    on conflict (operator_id, endpoint_id, hour, counter) do update
    set attempts = h.attempts + excluded.attempts, delivered = h.delivered + excluded.delivered,
      within_ms = array[${SUMS.join(', ')}]`;
}

/** Counted here: PostgreSQL needs three times as long as for the attempts themselves. */
export function hourValues(attempts: readonly CountedAttempt[]): string[] {
  const hours = new Map<string, EndpointHour>();
  for (const { operatorId, endpointId, startedAt, durationMs, next } of attempts) {
    const hour = Math.floor(startedAt.getTime() / HOUR_MS) * HOUR_MS;
    const key = `${operatorId} ${endpointId} ${hour}`;
    let counted = hours.get(key);
    if (counted === undefined) {
      const withinMs = Array.from(SUMS, () => 0);
      counted = { operatorId, endpointId, hour: new Date(hour), attempts: 0, delivered: 0, withinMs };
      hours.set(key, counted);
    }
    counted.attempts += 1;
    if (next.state === 'delivered') counted.delivered += 1;
    counted.withinMs[latencyBucket(durationMs)]! += 1;
  }
  // In one order, so that two processes do not wait for each other in a circle.
  return HOURS.values([...hours].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counted]) => counted));
}

export async function countAttempts(db: Queryable, attempts: readonly CountedAttempt[]): Promise<void> {
  await db.query(addHoursSql(1), hourValues(attempts));
}
