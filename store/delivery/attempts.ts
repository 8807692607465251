// Attempts of deliveries: the record of each, and the statement that stores them.
import type { ATTEMPT_CAUSES, DeliveryState, Owner, SendingOwner } from '../../domain/delivery/deliveries.ts';
import { LATENCY_BOUNDS_MS, latencyBucket } from '../../domain/delivery/latency.ts';
import { bulkColumns, type ColumnSpec } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

/** A finished attempt, and the state in which it leaves its delivery. */
export type AttemptRecord = {
  operatorId: string;
  attemptId: string;
  deliveryId: string;
  endpointId: string;
  /** The owner and the tries that the delivery's row had when the attempt began. */
  expected: { owner: SendingOwner; tries: number };
  next: {
    state: DeliveryState;
    owner: Owner | null;
    tries: number;
    nextAttemptAt: Date | null;
    lastError: string | null;
  };
  number: number;
  cause: (typeof ATTEMPT_CAUSES)[number];
  startedAt: Date;
  durationMs: number;
  phases: object;
  dialled: string | undefined;
  sends: number;
  statusCode: number | null;
  errorClass: string | null;
  excerpt: string | null;
  nextReason: string | null;
};

const COLUMNS: ColumnSpec<AttemptRecord> = {
  operator_id: ['text', ({ operatorId }) => operatorId],
  id: ['text', ({ attemptId }) => attemptId],
  delivery_id: ['text', ({ deliveryId }) => deliveryId],
  number: ['int', ({ number }) => number],
  cause: ['text', ({ cause }) => cause],
  started_at: ['timestamptz', ({ startedAt }) => startedAt],
  duration_ms: ['int', ({ durationMs }) => durationMs],
  phases: ['json', ({ phases }) => JSON.stringify(phases)],
  dialled: ['text', ({ dialled }) => dialled],
  sends: ['int', ({ sends }) => sends],
  status_code: ['int', ({ statusCode }) => statusCode],
  error_class: ['text', ({ errorClass }) => errorClass],
  response_excerpt: ['text', ({ excerpt }) => excerpt],
  next_attempt_at: ['timestamptz', ({ next }) => next.nextAttemptAt],
  next_reason: ['text', ({ nextReason }) => nextReason],
};
const ATTEMPTS = bulkColumns(COLUMNS);

/** With what its endpoint's statistics count. */
const COUNTED = bulkColumns<AttemptRecord>({
  ...COLUMNS,
  endpoint_id: ['text', ({ endpointId }) => endpointId],
  is_delivered: ['bool', ({ next }) => next.state === 'delivered'],
  bucket: ['int', ({ durationMs }) => latencyBucket(durationMs)],
});

/** Rows that count for the same hour of an endpoint: one for each of so many connections. */
const COUNTERS = 8;
const BUCKETS = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, (_, bucket) => bucket);
const within = BUCKETS.map((bucket) => `count(*) filter (where bucket = ${bucket})`).join(', ');
const added = BUCKETS.map((bucket) => `h.within_ms[${bucket + 1}] + excluded.within_ms[${bucket + 1}]`);

/**
 * Stores attempts, also those whose delivery was moved on meanwhile, and counts them for their
 * endpoints. Returns the ids of those stored now. Not stored are those of a group that is written
 * again because the answer to its commit was lost, and those for `insertRepeated`.
 */
export async function insertAttempts(db: Queryable, records: readonly AttemptRecord[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>({
    name: 'insert-attempts',
    text: `with given as materialized (select * from ${COUNTED.unnest(1, 'r')}),
      stored as (
        insert into attempts (${ATTEMPTS.names()}) select ${ATTEMPTS.names()} from given
        on conflict do nothing returning id),
      counted as (
        insert into endpoint_hours as h
          (operator_id, endpoint_id, hour, counter, attempts, delivered, within_ms)
        select operator_id, endpoint_id, date_trunc('hour', started_at, 'UTC'), pg_backend_pid() % ${COUNTERS},
          count(*), count(*) filter (where is_delivered), array[${within}]::int[]
        from given where id in (select id from stored)
        group by 1, 2, 3 order by 1, 2, 3
        on conflict (operator_id, endpoint_id, hour, counter) do update
        set attempts = h.attempts + excluded.attempts, delivered = h.delivered + excluded.delivered,
          within_ms = array[${added.join(', ')}])
      select id from stored`,
    values: COUNTED.values(records),
  });
  return new Set(rows.map(({ id }) => id));
}

/**
 * Stores attempts whose numbers are taken by others: what two processes sent at the same time,
 * after one of them seemed dead. They get the next numbers.
 */
export async function insertRepeated(db: Queryable, records: readonly AttemptRecord[]): Promise<void> {
  await db.query(
    `insert into attempts (${ATTEMPTS.names()})
     select ${ATTEMPTS.names()} from (
       select r.*, (row_number() over (partition by r.delivery_id order by r.id) + (
           select max(a.number) from attempts a
           where a.operator_id = r.operator_id and a.delivery_id = r.delivery_id))::int as number
       from ${ATTEMPTS.unnest(1, 'r').replace(' number,', ' taken,')}
       where not exists (
         select from attempts a
         where a.operator_id = r.operator_id and a.delivery_id = r.delivery_id and a.id = r.id)) r
     on conflict do nothing`,
    ATTEMPTS.values(records),
  );
}
