// By when the workflow of an endpoint reads its queue, as a promise in the endpoint's row: whoever
// fills the queue wakes the workflow only where the promise is not soon enough.
import type { EndpointState } from '../../domain/delivery/endpoints.ts';
import type { Queryable } from '../db/pool.ts';
import { FAILING_IN_ALL } from './endpoint-condition.ts';

/**
 * `readBy` in the past: the workflow is about to look. Null: nobody promises anything.
 * `failingInAll`: how many endpoints of the operator are failing.
 */
export type QueueLook = {
  endpointId: string;
  state: EndpointState;
  failuresInARow: number;
  failingSince: Date | null;
  failingInAll: number;
  readBy: Date | null;
};

/** A promise so late that it is none to wait for: where only a signal brings the next look. */
const NEVER_MS = 365 * 24 * 3_600_000;

/** The promise of a look at a time (milliseconds since 1970); null: after a signal alone. */
export function readByOf(at: number | null): Date {
  return new Date(at ?? Date.now() + NEVER_MS);
}

/**
 * To be read after the commit that filled the queues: a look that began earlier may have missed it.
 */
export async function readQueueLooks(
  db: Queryable,
  operatorId: string,
  endpointIds: readonly string[],
): Promise<QueueLook[]> {
  const { rows } = await db.query<QueueLook>(
    `select id as "endpointId", state, failures_in_a_row as "failuresInARow",
       failing_since as "failingSince", queue_read_by as "readBy",
       ${FAILING_IN_ALL} as "failingInAll"
     from endpoints where operator_id = $1 and id = any($2)`,
    [operatorId, endpointIds],
  );
  return rows;
}

/** Before a look: until it is over, whoever fills the queue must not rely on it. */
export async function forgetQueueLook(db: Queryable, operatorId: string, endpointId: string): Promise<void> {
  await db.query(
    `update endpoints set queue_read_by = null
     where operator_id = $1 and id = $2 and queue_read_by is not null`,
    [operatorId, endpointId],
  );
}

/** After a look, or while a turn goes on, at whose end there is one. */
export async function promiseQueueLook(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  readBy: Date,
): Promise<void> {
  await db.query(`update endpoints set queue_read_by = $3 where operator_id = $1 and id = $2`, [
    operatorId,
    endpointId,
    readBy,
  ]);
}

/** After a signal that hastens a look, unless there was another look since `from` was read. */
export async function hastenQueueLook(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  from: Date,
  to: Date,
): Promise<void> {
  await db.query(
    `update endpoints set queue_read_by = $4 where operator_id = $1 and id = $2 and queue_read_by = $3`,
    [operatorId, endpointId, from, to],
  );
}

/**
 * After a turn: when the next one is, for people, where that is later than at once; and the
 * promise. Both null: nothing waits.
 */
export async function writeNextTurn(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  { turnAt, readBy }: { turnAt: Date | null; readBy: Date | null },
): Promise<void> {
  await db.query(
    `update endpoints set next_turn_at = $3, queue_read_by = $4
     where operator_id = $1 and id = $2 and (next_turn_at, queue_read_by) is distinct from ($3, $4)`,
    [operatorId, endpointId, turnAt, readBy],
  );
}
