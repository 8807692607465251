// Every statement that updates `deliveries`: one function for each change in this table, which
// docs/ARCHITECTURE.md shows too. A test holds that no other file updates the table, and that every
// function moves rows from and to the owners and states of its lines, and no others.
//
//   Owner/state. sender: batch, self or endpoint. either: self or endpoint. unfinished: any owner.
//   none: finished. same: as before. tried: retrying or held. new: pending, or held if not up.
//
// function          from             to                 guard                 caller
// ----------------  ---------------  -----------------  --------------------  ----------------
// recordOutcomes    sender/any       none/delivered     owner, tries as read  recorder
// recordOutcomes    sender/any       none/gave_up       owner, tries as read  recorder
// recordOutcomes    sender/any       same/retrying      owner, tries as read  recorder
// recordOutcomes    sender/any       same/held          owner, tries as read  recorder
// recordOutcomes    sender/any       endpoint/held      owner, tries as read  recorder
// recordLate        unfinished/any   none/delivered     moved on meanwhile    recorder
// recordLate        none/gave_up     none/delivered     moved on meanwhile    recorder
// recordLate        none/cancelled   none/delivered     moved on meanwhile    recorder
// recordLate        unfinished/any   same/same          moved on meanwhile    recorder
// recordLate        none/gave_up     same/same          moved on meanwhile    recorder
// recordLate        none/cancelled   same/same          moved on meanwhile    recorder
// recordLate        none/delivered   same/same          moved on meanwhile    recorder
// takeFromQueue     endpoint/any     same/same          due, idle             drain
// putBack           endpoint/any     same/same          taken, not sent       drain
// beginAttempt      self/any         same/same          idle, as read         single-delivery
// handOverTried     batch/any        self/retrying      tried; up, room       hand-over
// handOverTried     batch/any        endpoint/retrying  tried; no direct way  hand-over
// handOverUntried   batch/any        endpoint/held      after handOverTried   hand-over
// returnToQueue     self/any         endpoint/same      no direct way         single-delivery
// pauseSingle       self/any         same/same          asked by a person     manual-actions
// resumeSingle      self/any         same/same          asked by a person     manual-actions
// queueSuccessors   predecessor/any  endpoint/same      predecessor finished  succession
// relinkSuccessors  predecessor/any  predecessor/same   earlier unfinished    succession
// amendBodies       endpoint/any     same/same          just queued           succession
// amendBodies       predecessor/any  same/same          just relinked         succession
// retryNow          either/any       either/retrying    idle, active          manual-actions
// retryNow          none/gave_up     either/retrying    idle, active          manual-actions
// giveUp            unfinished/any   none/gave_up       row locked            manual-actions
// hurry             either/any       endpoint/same      endpoint moved        endpoints
// replay            either/tried   endpoint/same  rows locked         replay-steps, bulk-effects
// replay            either/tried   predecessor/same  earlier unfinished  replay-steps, bulk-effects
// replay            none/gave_up   endpoint/new  rows locked         replay-steps, bulk-effects
// replay            none/gave_up   predecessor/new  earlier unfinished  replay-steps, bulk-effects
// replay            none/delivered  endpoint/new  rows locked         replay-steps, bulk-effects
// replay            none/delivered  predecessor/new  earlier unfinished  replay-steps, bulk-effects
// recall            endpoint/any     none/gave_up       released, idle        replay-steps
// recall            endpoint/any     none/delivered     released, idle        replay-steps
// recall            endpoint/any     same/tried         released, idle        replay-steps
// cancelAll         unfinished/any   none/cancelled     endpoint deleted      endpoints, drain
// cancelAll         none/gave_up     same/same          endpoint deleted      endpoints, drain
// acknowledge       none/gave_up     same/same      seen by a person  manual-actions, bulk-effects
// acknowledgeAll    none/gave_up     same/same          seen by a person      endpoint-standing
import type { Owner, SendingOwner, UnscheduledCause } from '../../domain/delivery/deliveries.ts';
import { bulkColumns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import type { AttemptRecord } from './attempts.ts';
import { DELIVERY, type Delivery } from './deliveries.ts';
import { conditionSql } from './endpoint-condition.ts';
import { isIdleSql, SENDING_AT_MOST_SECONDS } from './in-flight.ts';
import type { SingleLimits } from './single-limits.ts';

export type DeliveryRef = { operatorId: string; deliveryId: string };

const OUTCOMES = bulkColumns<AttemptRecord>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  id: ['text', ({ deliveryId }) => deliveryId],
  expected_owner: ['text', ({ expected }) => expected.owner],
  expected_tries: ['int', ({ expected }) => expected.tries],
  number: ['int', ({ number }) => number],
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
        next_cause = case when r.tries = r.expected_tries then d.next_cause end, pause_reason = null,
        attempts = greatest(d.attempts, r.number), sending_until = null
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
      set attempts = r.number, sending_until = null,
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

const SENDING_FROM_NOW = `now() + interval '${SENDING_AT_MOST_SECONDS} seconds'`;

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

/** Puts deliveries back that `takeFromQueue` claimed and nobody sent. */
export async function putBack(db: Queryable, operatorId: string, taken: readonly Delivery[]): Promise<void> {
  await db.query(
    `update deliveries set sending_until = null
     where operator_id = $1 and id = any($2) and owner = 'endpoint' and sending_until is not null`,
    [operatorId, taken.map(({ id }) => id)],
  );
}

/**
 * Claims a delivery for its own workflow. False where it moved on since it was read, or somebody
 * sends it.
 */
export async function beginAttempt(db: Queryable, { operatorId, id, attempts }: Delivery): Promise<boolean> {
  const { rowCount } = await db.query(
    `update deliveries set sending_until = ${SENDING_FROM_NOW}
     where operator_id = $1 and id = $2 and owner = 'self' and attempts = $3 and ${isIdleSql('deliveries')}`,
    [operatorId, id, attempts],
  );
  return rowCount === 1;
}

/**
 * Hands deliveries of a batch whose first try failed to a workflow of their own while their
 * endpoint takes direct attempts and there is room, otherwise to the endpoint's queue. The caller
 * holds `lockSingles`.
 */
export async function handOverTried(
  db: Queryable,
  operatorId: string,
  batchId: string,
  limits: SingleLimits,
): Promise<void> {
  // Materialized: statistics of healthy times say that nothing is left over, and the planner would
  // compute it again for each row.
  await db.query(
    `with mine as materialized (
       select id, endpoint_id from deliveries
       where operator_id = $1 and batch_id = $2 and owner = 'batch' and tries > 0
     ), concerned as materialized (
       select e.id,
         ${conditionSql('e')} in ('down', 'off') or e.rate_per_second is not null or exists (
           select from deliveries q
           where q.operator_id = $1 and q.endpoint_id = e.id and q.owner = 'endpoint') as queued,
         (select count(*) from deliveries s
           where s.operator_id = $1 and s.endpoint_id = e.id and s.owner = 'self') as singles
       from endpoints e where e.operator_id = $1 and e.id in (select endpoint_id from mine)
     ), left_over as materialized (
       select m.id, c.queued, c.singles + row_number() over (partition by c.id order by m.id) as rank,
         (select count(*) from deliveries s where s.owner = 'self')
           + row_number() over (partition by c.queued order by m.id) as rank_in_all
       from mine m join concerned c on c.id = m.endpoint_id
     )
     update deliveries d
     set state = 'retrying',
       owner = case when not l.queued and l.rank <= $3 and l.rank_in_all <= $4 then 'self' else 'endpoint' end
     from left_over l
     where d.operator_id = $1 and d.id = l.id and d.owner = 'batch'`,
    [operatorId, batchId, limits.perEndpoint, limits.inAll],
  );
}

/**
 * Hands the other deliveries of a batch, which were not tried in time, to the queues of their
 * endpoints.
 */
export async function handOverUntried(db: Queryable, operatorId: string, batchId: string): Promise<void> {
  await db.query(
    `update deliveries set owner = 'endpoint', state = 'held'
     where operator_id = $1 and batch_id = $2 and owner = 'batch'`,
    [operatorId, batchId],
  );
}

/**
 * Returns a single delivery to its endpoint's queue, where it is due now. Nothing unless its
 * workflow still owns it.
 */
export async function returnToQueue(
  db: Queryable,
  { operatorId, deliveryId }: DeliveryRef,
  nextCause: UnscheduledCause | null,
): Promise<void> {
  await db.query(
    `update deliveries set owner = 'endpoint', next_attempt_at = now(), next_cause = $3,
       pause_reason = null
     where operator_id = $1 and id = $2 and owner = 'self'`,
    [operatorId, deliveryId, nextCause],
  );
}

/**
 * Pauses a single delivery. Returns the reason, which stays that of the first pause; null where no
 * workflow owns it.
 */
export async function pauseSingle(
  db: Queryable,
  { operatorId, deliveryId }: DeliveryRef,
  reason: string,
): Promise<string | null> {
  const { rows } = await db.query<{ reason: string }>(
    `update deliveries set pause_reason = coalesce(pause_reason, $3)
     where operator_id = $1 and id = $2 and owner = 'self' returning pause_reason as reason`,
    [operatorId, deliveryId, reason],
  );
  return rows[0]?.reason ?? null;
}

/**
 * Ends the pause of a single delivery. Its next try keeps its time. False where no workflow owns
 * it.
 */
export async function resumeSingle(db: Queryable, { operatorId, deliveryId }: DeliveryRef): Promise<boolean> {
  const { rowCount } = await db.query(
    `update deliveries set pause_reason = null where operator_id = $1 and id = $2 and owner = 'self'`,
    [operatorId, deliveryId],
  );
  return rowCount === 1;
}

const FINISHED = bulkColumns<DeliveryRef>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  delivery_id: ['text', ({ deliveryId }) => deliveryId],
});

export type QueuedSuccessor = {
  operatorId: string;
  id: string;
  endpointId: string;
  predecessorId: string;
  isAfterGivenUp: boolean;
};

/** Queues deliveries that waited for these, unless a predecessor is not finished after all. */
export async function queueSuccessors(
  db: Queryable,
  finished: readonly DeliveryRef[],
): Promise<QueuedSuccessor[]> {
  const { rows } = await db.query<QueuedSuccessor>({
    name: 'queue-successors',
    text: `
      update deliveries d set owner = 'endpoint', predecessor_id = null, next_attempt_at = now()
      from ${FINISHED.unnest(1, 'f')}
      where d.operator_id = f.operator_id and d.predecessor_id = f.delivery_id and d.owner = 'predecessor'
        and (select p.owner is null from deliveries p
          where p.operator_id = d.operator_id and p.id = d.predecessor_id)
      returning d.operator_id as "operatorId", d.id, d.endpoint_id as "endpointId",
        f.delivery_id as "predecessorId",
        (select p.state = 'gave_up' from deliveries p
          where p.operator_id = d.operator_id and p.id = f.delivery_id) as "isAfterGivenUp"`,
    values: FINISHED.values(finished),
  });
  return rows;
}

/**
 * Links deliveries that wait for this one to an earlier one instead, where that is unfinished.
 * Returns their ids.
 */
export async function relinkSuccessors(
  db: Queryable,
  { operatorId, deliveryId }: DeliveryRef,
  earlierId: string,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `update deliveries d set predecessor_id = $3
     where d.operator_id = $1 and d.predecessor_id = $2 and d.owner = 'predecessor'
       and exists (select from deliveries p where p.operator_id = $1 and p.id = $3 and p.owner is not null)
     returning d.id`,
    [operatorId, deliveryId, earlierId],
  );
  return rows.map(({ id }) => id);
}

/** Replaces bodies of deliveries that were queued or relinked in this transaction. */
export async function amendBodies(
  db: Queryable,
  amended: readonly { operatorId: string; id: string; body: string }[],
): Promise<void> {
  await db.query(
    `update deliveries d set body = b.body
     from json_to_recordset($1) as b ("operatorId" text, id text, body text)
     where d.operator_id = b."operatorId" and d.id = b.id and d.owner in ('endpoint', 'predecessor')`,
    [JSON.stringify(amended)],
  );
}

/**
 * Makes a delivery due now, for a person, unless it is being sent. One that was given up starts its
 * schedule from the beginning.
 */
export async function retryNow(
  db: Queryable,
  { operatorId, deliveryId }: DeliveryRef,
  owner: Exclude<SendingOwner, 'batch'>,
): Promise<void> {
  await db.query(
    `update deliveries
     set owner = $3, state = 'retrying', next_attempt_at = now(), next_cause = 'manual', finished_at = null,
       acknowledged_at = null, pause_reason = null, tries = case when state = 'gave_up' then 0 else tries end
     where operator_id = $1 and id = $2 and (owner in ('self', 'endpoint') or state = 'gave_up')
       and ${isIdleSql('deliveries')}`,
    [operatorId, deliveryId, owner],
  );
}

/** Gives up those of these deliveries that are unfinished. */
export async function giveUp(
  db: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<void> {
  await db.query(
    `update deliveries set state = 'gave_up', owner = null, predecessor_id = null, finished_at = now(),
       pause_reason = null
     where operator_id = $1 and id = any($2) and owner is not null`,
    [operatorId, deliveryIds],
  );
}

/**
 * Makes everything that waits for an endpoint due now, in its queue. Returns the deliveries that
 * had a workflow of their own. What is due within a second is left alone, since it may be under
 * way, and what a person paused.
 */
export async function hurry(db: Queryable, operatorId: string, endpointId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string; owner: Owner }>(
    `update deliveries d set owner = 'endpoint', next_attempt_at = now()
     from (
       select id, owner from deliveries
       where operator_id = $1 and endpoint_id = $2 and owner in ('self', 'endpoint')
         and pause_reason is null and next_attempt_at > clock_timestamp() + interval '1 second'
       order by id for no key update
     ) w
     where d.operator_id = $1 and d.id = w.id
     returning d.id, w.owner`,
    [operatorId, endpointId],
  );
  return rows.filter(({ owner }) => owner === 'self').map(({ id }) => id);
}

/**
 * Gives deliveries that a bulk action chose to the queues of their endpoints, or to an earlier
 * delivery about the same conversion that is unfinished. Finished ones start their schedule again.
 * `replayId`: null where it is no replay.
 */
export async function replay(
  db: Queryable,
  operatorId: string,
  { cause, replayId }: { cause: UnscheduledCause; replayId: string | null },
  deliveryIds: readonly string[],
): Promise<void> {
  await db.query(
    `update deliveries d
     set owner = case when w.predecessor_id is null then 'endpoint' else 'predecessor' end,
       predecessor_id = w.predecessor_id, tries = case when d.owner is null then 0 else d.tries end,
       state = case when d.owner is not null then d.state
         when w.condition = 'up' then 'pending' else 'held' end,
       next_attempt_at = now(), next_cause = $4, replay_id = coalesce($2, d.replay_id),
       finished_at = null, acknowledged_at = null, pause_reason = null
     from (
       select p.id, ${conditionSql('e')} as condition,
         (select max(o.id) from deliveries o
           where o.operator_id = $1 and o.original_event_id = p.original_event_id
             and o.endpoint_id = p.endpoint_id and o.id < p.id
             and (o.owner is not null or o.id = any($3))) as predecessor_id
       from deliveries p join endpoints e on e.operator_id = $1 and e.id = p.endpoint_id
       where p.operator_id = $1 and p.id = any($3)
     ) w
     where d.operator_id = $1 and d.id = w.id and d.state not in ('pending', 'cancelled')
       and d.owner is distinct from 'batch' and d.owner is distinct from 'predecessor' and ${isIdleSql('d')}`,
    [operatorId, replayId, deliveryIds, cause],
  );
}

/**
 * Takes deliveries back that a replay released and that did not go out: each is again what it was.
 * Returns their ids.
 */
export async function recall(
  db: Queryable,
  operatorId: string,
  replayId: string,
  deliveryIds: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `update deliveries d
     set state = i.was_state, owner = case when i.was_finished_at is null then d.owner end,
       tries = i.was_tries, next_attempt_at = i.was_next_attempt_at, next_cause = i.was_next_cause,
       replay_id = i.was_replay_id, finished_at = i.was_finished_at, acknowledged_at = i.was_acknowledged_at
     from replay_items i
     where i.operator_id = $1 and i.replay_id = $2 and i.delivery_id = any($3) and i.was_state is not null
       and d.operator_id = $1 and d.id = i.delivery_id and d.owner = 'endpoint'
       and d.replay_id = $2 and d.next_cause = 'replay' and ${isIdleSql('d')}
     returning d.id`,
    [operatorId, replayId, deliveryIds],
  );
  return rows.map(({ id }) => id);
}

/**
 * Cancels up to `limit` unfinished deliveries to an endpoint. Returns whether those were all. Those
 * that were given up need not be seen any more: they can never be sent again.
 */
export async function cancelAll(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  limit: number,
): Promise<boolean> {
  // Owner by owner: each has an index of its own, and there is none of all unfinished ones.
  const { rowCount } = await db.query(
    `update deliveries
     set state = 'cancelled', owner = null, predecessor_id = null, finished_at = now(),
       last_error = 'endpoint_deleted', pause_reason = null
     where operator_id = $1 and owner is not null and id = any(array(
       select id from deliveries
       where operator_id = $1 and endpoint_id = $2
         and (owner = 'endpoint' or owner = 'self' or owner = 'batch' or owner = 'predecessor')
       limit $3))`,
    [operatorId, endpointId, limit],
  );
  await acknowledgeAll(db, operatorId, endpointId);
  return (rowCount ?? 0) < limit;
}

/**
 * Notes that a person has seen those of these deliveries that were given up. Returns their
 * endpoints, one for each of them.
 */
export async function acknowledge(
  db: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ endpointId: string }>(
    `update deliveries set acknowledged_at = coalesce(acknowledged_at, now())
     where operator_id = $1 and id = any($2) and state = 'gave_up' returning endpoint_id as "endpointId"`,
    [operatorId, deliveryIds],
  );
  return rows.map(({ endpointId }) => endpointId);
}

/** Notes the same of all deliveries to an endpoint that were given up. */
export async function acknowledgeAll(db: Queryable, operatorId: string, endpointId: string): Promise<void> {
  await db.query(
    `update deliveries set acknowledged_at = now()
     where operator_id = $1 and endpoint_id = $2 and state = 'gave_up' and acknowledged_at is null`,
    [operatorId, endpointId],
  );
}
