// Release of deliveries by a replay: into the queues of endpoints that have room, and back where
// that is gone or the replay is cancelled.
import { conditionSql } from './endpoint-condition.ts';
import { isIdleSql, isOpenSql } from './in-flight.ts';
import type { Step } from './replay-items.ts';
import { lockConversions, releaseSuccessors } from './succession.ts';
import { recall, replay as replayDeliveries } from './transitions/replays.ts';

/**
 * Deliveries released to one endpoint that have not gone out. More could only wait in its queue,
 * before whatever is planned next. A few show whether one that fails is down.
 */
const ROOM = { up: 200, failing: 10, down: 1, off: 0 } as const;
const TAKEN_BACK_AT_ONCE = 10_000;

type Released = { id: string; endpointId: string; owner: string | null; isDown: boolean };

/**
 * Releases waiting deliveries into the queues of endpoints that have room, in turn. One that must
 * follow an unfinished delivery about the same conversion goes on waiting; one that is no longer
 * what the filter chose, or is being sent, is dropped.
 */
export async function release(step: Step, limit: number): Promise<Released[]> {
  const { db, operatorId, replay } = step;
  const candidates = await findRoom(step, limit);
  if (candidates.length === 0) return [];
  await lockConversions(db, operatorId, candidates);
  const { rows } = await db.query<Released & { isChosen: boolean; mustFollow: boolean }>(
    `select d.id, d.endpoint_id as "endpointId", d.owner, ${conditionSql('e')} = 'down' as "isDown",
       d.state = any($3) and (d.owner is null or d.owner in ('self', 'endpoint')) and ${isIdleSql('d')}
         and (d.owner is null or d.next_cause is distinct from 'replay') as "isChosen",
       d.owner is null and ${mustFollowSql('d')} as "mustFollow"
     from deliveries d join endpoints e on e.operator_id = $1 and e.id = d.endpoint_id
     where d.operator_id = $1 and d.id = any($4)`,
    [operatorId, replay.id, replay.states, candidates],
  );
  const dropped = rows.filter(({ isChosen }) => !isChosen).map(({ id }) => id);
  await db.query(
    `delete from replay_items where operator_id = $1 and replay_id = $2 and delivery_id = any($3)`,
    [operatorId, replay.id, dropped],
  );
  step.skipped += dropped.length;
  const released = rows.filter(({ isChosen, mustFollow }) => isChosen && !mustFollow);
  const chosen = released.map(({ id }) => id);
  await db.query(
    `update replay_items i
     set was_state = d.state, was_tries = d.tries, was_attempts = d.attempts, was_next_attempt_at = d.next_attempt_at,
       was_next_cause = d.next_cause, was_replay_id = d.replay_id, was_finished_at = d.finished_at,
       was_acknowledged_at = d.acknowledged_at
     from deliveries d
     where i.operator_id = $1 and i.replay_id = $2 and i.delivery_id = any($3)
       and d.operator_id = $1 and d.id = i.delivery_id`,
    [operatorId, replay.id, chosen],
  );
  await replayDeliveries(db, operatorId, { cause: 'replay', replayId: replay.id }, chosen);
  return released;
}

/**
 * A condition: an earlier delivery about the same conversion is unfinished, or waits in the replay,
 * which is $2.
 */
function mustFollowSql(delivery: string): string {
  return `exists (
    select from deliveries p
    where p.operator_id = $1 and p.original_event_id = ${delivery}.original_event_id
      and p.endpoint_id = ${delivery}.endpoint_id and p.id < ${delivery}.id
      and (${isOpenSql('p')} or exists (
        select from replay_items w where w.operator_id = $1 and w.replay_id = $2 and w.delivery_id = p.id)))`;
}

async function findRoom({ db, operatorId, replay }: Step, limit: number): Promise<string[]> {
  const room = Object.entries(ROOM).map(([condition, count]) => `when '${condition}' then ${count}`);
  const { rows } = await db.query<{ id: string }>(
    `select i.id from (
       select e.id, least($4::int, case ${conditionSql('e')} ${room.join(' ')} end) - coalesce(q.queued, 0) as room
       from endpoints e left join (
         select endpoint_id, count(*)::int as queued from replay_items
         where operator_id = $1 and replay_id = $2 and was_state is not null group by 1
       ) q on q.endpoint_id = e.id
       where e.operator_id = $1 and exists (select from replay_items w
         where w.operator_id = $1 and w.replay_id = $2 and w.endpoint_id = e.id and w.was_state is null)
     ) e cross join lateral (
       select d.id, row_number() over (order by d.id) as rank
       from replay_items w join deliveries d on d.operator_id = $1 and d.id = w.delivery_id
       where w.operator_id = $1 and w.replay_id = $2 and w.endpoint_id = e.id and w.was_state is null
         and (d.owner is not null or not ${mustFollowSql('d')})
       order by w.delivery_id limit greatest(e.room, 0)
     ) i order by i.rank, i.id limit $3`,
    [
      operatorId,
      replay.id,
      limit,
      replay.ratePerSecond === null ? ROOM.up : Math.max(1, Math.floor(replay.ratePerSecond)),
    ],
  );
  return rows.map(({ id }) => id);
}

/**
 * Takes deliveries back that nobody sends yet: `surplus` only those beyond the room of an endpoint
 * that is down or off, which wait in the replay again; otherwise all. Returns their number.
 */
export async function takeBack({ db, operatorId, replay }: Step, surplus: boolean): Promise<number> {
  const { rows } = await db.query<{ id: string }>(
    `select d.id from deliveries d join (
       select i.delivery_id, ${conditionSql('e')} as condition,
         row_number() over (partition by i.endpoint_id order by i.delivery_id) as rank
       from replay_items i join endpoints e on e.operator_id = $1 and e.id = i.endpoint_id
       where i.operator_id = $1 and i.replay_id = $2 and i.was_state is not null
     ) i on d.id = i.delivery_id
     where d.operator_id = $1 and ${isIdleSql('d')}
       and (not $3 or (i.condition = 'off' or (i.condition = 'down' and i.rank > ${ROOM.down})))
     order by d.id limit $4 for no key update of d`,
    [operatorId, replay.id, surplus, TAKEN_BACK_AT_ONCE],
  );
  if (rows.length === 0) return 0;
  const recalled = await recall(
    db,
    operatorId,
    replay.id,
    rows.map(({ id }) => id),
  );
  if (recalled.length === 0) return 0;
  await releaseSuccessors(
    db,
    recalled.map((deliveryId) => ({ operatorId, deliveryId })),
  );
  await db.query(
    surplus
      ? `update replay_items set was_state = null where operator_id = $1 and replay_id = $2 and delivery_id = any($3)`
      : `delete from replay_items where operator_id = $1 and replay_id = $2 and delivery_id = any($3)`,
    [operatorId, replay.id, recalled],
  );
  return recalled.length;
}
