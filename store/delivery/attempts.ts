// Attempts of deliveries: the record of each, and the statement that stores them.
import type { ATTEMPT_CAUSES, DeliveryState, Owner, SendingOwner } from '../../domain/delivery/deliveries.ts';
import { bulkColumns, type ColumnSpec } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import { addHoursSql, countAttempts, hourValues } from './endpoint-hours.ts';

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

const COLUMN_COUNT = Object.keys(COLUMNS).length;

/**
 * Stores attempts, also those whose delivery was moved on meanwhile, and counts them for their
 * endpoints. Returns the ids of those stored now. Not stored are those of a group that is written
 * again because the answer to its commit was lost, and those for `insertRepeated`.
 */
export async function insertAttempts(db: Queryable, records: readonly AttemptRecord[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>({
    name: 'insert-attempts',
    text: `with stored as (
        insert into attempts (${ATTEMPTS.names()}) select ${ATTEMPTS.names()}
        from ${ATTEMPTS.unnest(1, 'r')} on conflict do nothing returning id),
      counted as (
        ${addHoursSql(COLUMN_COUNT + 2, `(select count(*) from stored) = $${COLUMN_COUNT + 1}`)})
      select id from stored`,
    values: [...ATTEMPTS.values(records), records.length, ...hourValues(records)],
  });
  const stored = new Set(rows.map(({ id }) => id));
  // As a rule all were stored, or none.
  if (stored.size > 0 && stored.size < records.length)
    await countAttempts(
      db,
      records.filter(({ attemptId }) => stored.has(attemptId)),
    );
  return stored;
}

/**
 * Stores attempts whose numbers are taken by others: what two processes sent at the same time,
 * after one of them seemed dead. They get the next numbers. Returns those stored now, with theirs.
 */
export async function insertRepeated(
  db: Queryable,
  records: readonly AttemptRecord[],
): Promise<AttemptRecord[]> {
  const { rows } = await db.query<{ id: string; number: number }>(
    `insert into attempts (${ATTEMPTS.names()})
     select ${ATTEMPTS.names()} from (
       select r.*, (row_number() over (partition by r.delivery_id order by r.id) + (
           select max(a.number) from attempts a
           where a.operator_id = r.operator_id and a.delivery_id = r.delivery_id))::int as number
       from ${ATTEMPTS.unnest(1, 'r').replace(' number,', ' taken,')}
       where not exists (
         select from attempts a
         where a.operator_id = r.operator_id and a.delivery_id = r.delivery_id and a.id = r.id)) r
     on conflict do nothing returning id, number`,
    ATTEMPTS.values(records),
  );
  const numbers = new Map(rows.map(({ id, number }) => [id, number]));
  return records.flatMap((record) => {
    const number = numbers.get(record.attemptId);
    return number === undefined ? [] : [{ ...record, number }];
  });
}
