// Transitions of deliveries that are sent again by a filter, and of those that a cancelled replay
// takes back.
import type { UnscheduledCause } from '../../../domain/delivery/deliveries.ts';
import type { Queryable } from '../../db/pool.ts';
import { conditionSql } from '../endpoint-condition.ts';
import { isIdleSql, isOpenSql } from '../in-flight.ts';

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
             and (${isOpenSql('o')} or o.id = any($3))) as predecessor_id
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
