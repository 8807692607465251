// Transitions of deliveries by attempts: a claim before one is made, and its outcome. Each function
// of this folder is an update of `deliveries`, and no other file has one: docs/LOOKUP.md,
// Transitions of a delivery.
import { bulkColumns } from '../../db/bulk.ts';
import type { Queryable } from '../../db/pool.ts';
import type { AttemptRecord } from '../attempts.ts';
import { DELIVERY, type Delivery } from '../deliveries.ts';
import { claimLeftSql, isIdleSql, SENDING_FROM_NOW } from '../in-flight.ts';

const OUTCOMES = bulkColumns<AttemptRecord>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  id: ['text', ({ deliveryId }) => deliveryId],
  expected_owner: ['text', ({ expected }) => expected.owner],
  expected_tries: ['int', ({ expected }) => expected.tries],
  number: ['int', ({ number }) => number],
  started_at: ['timestamptz', ({ startedAt }) => startedAt],
  state: ['text', ({ next }) => next.state],
  owner: ['text', ({ next }) => next.owner],
  tries: ['int', ({ next }) => next.tries],
  next_attempt_at: ['timestamptz', ({ next }) => next.nextAttemptAt],
  last_error: ['text', ({ next }) => next.lastError],
});

/**
 * Moves deliveries on by the outcomes of attempts, where owner and tries are as they were when the
 * attempt began. Returns whether that is so for all of them.
 */
export async function recordOutcomes(db: Queryable, records: readonly AttemptRecord[]): Promise<boolean> {
  // "Not distinct" in place of "=": otherwise the planner reads every unfinished delivery,
  // expecting none.
  const { rowCount } = await db.query({
    name: 'record-outcomes',
    text: `
      update deliveries d
      set state = r.state, owner = r.owner, tries = r.tries,
        next_attempt_at = coalesce(r.next_attempt_at, d.next_attempt_at),
        last_error = r.last_error, finished_at = case when r.owner is null then now() end,
        next_cause = case when r.tries = r.expected_tries then d.next_cause end,
        pause_reason = case when r.owner = 'self' then d.pause_reason end,
        attempts = greatest(d.attempts, r.number), sending_until = ${claimLeftSql('d', 'r.started_at')}
      from ${OUTCOMES.unnest(1, 'r')}
      where d.operator_id = r.operator_id and d.id = r.id
        and d.owner is not distinct from r.expected_owner and d.tries = r.expected_tries`,
    values: OUTCOMES.values(records),
  });
  return rowCount === records.length;
}

/**
 * Counts attempts whose deliveries moved on meanwhile: given up, cancelled, or taken over. One that
 * arrived is delivered all the same. For those that `recordOutcomes` left out.
 */
export async function recordLate(db: Queryable, records: readonly AttemptRecord[]): Promise<void> {
  await db.query({
    name: 'record-late',
    text: `
      update deliveries d
      set attempts = r.number, sending_until = ${claimLeftSql('d', 'r.started_at')},
        tries = case when d.tries = r.expected_tries then r.tries else d.tries end,
        state = case when r.state = 'delivered' then r.state else d.state end,
        owner = case when r.state = 'delivered' then null else d.owner end,
        predecessor_id = case when r.state = 'delivered' then null else d.predecessor_id end,
        last_error = case when r.state = 'delivered' then null else d.last_error end,
        finished_at = case when r.state = 'delivered' then now() else d.finished_at end
      from ${OUTCOMES.unnest(1, 'r')}
      where d.operator_id = r.operator_id and d.id = r.id and d.attempts < r.number`,
    values: OUTCOMES.values(records),
  });
}

/**
 * Claims the next deliveries of an endpoint's queue that are due and that nobody sends. Each must
 * be sent or put back.
 */
export async function takeFromQueue(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  limit: number,
): Promise<Delivery[]> {
  const { rows } = await db.query<Delivery>({
    name: 'take-from-queue',
    text: `
      with due as materialized (
        select id from deliveries
        where operator_id = $1 and endpoint_id = $2 and owner = 'endpoint' and next_attempt_at <= now()
          and ${isIdleSql('deliveries')}
        order by next_attempt_at, id limit $3 for no key update skip locked
      ), taken as (
        update deliveries set sending_until = ${SENDING_FROM_NOW}
        where operator_id = $1 and id = any(array(select id from due)) returning *
      )
      select ${DELIVERY} from taken order by next_attempt_at, id`,
    values: [operatorId, endpointId, limit],
  });
  return rows;
}

/**
 * Puts deliveries back that `takeFromQueue` claimed and nobody sent. Those whose claim is over stay
 * as they are: another process may have claimed them since.
 */
export async function putBack(db: Queryable, operatorId: string, taken: readonly Delivery[]): Promise<void> {
  await db.query(
    `update deliveries d set sending_until = null
     from unnest($2::text[], $3::timestamptz[]) as taken (id, sending_until)
     where d.operator_id = $1 and d.id = taken.id and d.owner = 'endpoint'
       and date_trunc('milliseconds', d.sending_until) = taken.sending_until`,
    [operatorId, taken.map(({ id }) => id), taken.map(({ sendingUntil }) => sendingUntil)],
  );
}

/**
 * Claims a delivery for its own workflow, which ends a pause: the next one holds after the attempt.
 * False where it moved on since it was read, or somebody sends it.
 */
export async function beginAttempt(
  db: Queryable,
  { operatorId, id, attempts, pauseReason }: Delivery,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update deliveries set sending_until = ${SENDING_FROM_NOW}, pause_reason = null
     where operator_id = $1 and id = $2 and owner = 'self' and attempts = $3
       and pause_reason is not distinct from $4 and ${isIdleSql('deliveries')}`,
    [operatorId, id, attempts, pauseReason],
  );
  return rowCount === 1;
}
