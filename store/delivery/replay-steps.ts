// Steps of a replay. A step looks at what went out, releases as much again as its endpoints take,
// and reads on. Deliveries that nobody sends yet wait in the replay, not in a queue: each is an
// item, from when it was read until it went out.
import { lookThrough } from '../db/look-through.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { conditionSql } from './endpoint-condition.ts';
import { isIdleSql } from './in-flight.ts';
import { lookFor, REPLAY_COLUMNS, type Replay } from './replays.ts';
import { lockUnfinishedAbout, releaseSuccessors } from './succession.ts';
import { recall, replay as replayDeliveries } from './transitions.ts';

/**
 * State of a replay after a step. `waitMs`: until the next one. `isOver`: no further step has
 * anything to do. `singles`: single deliveries that the queues have now.
 */
export type ReplayStep = Pick<Replay, 'state' | 'total' | 'released' | 'sent'> & {
  isOver: boolean;
  waitMs: number;
  endpoints: { id: string; isDown: boolean }[];
  singles: string[];
};

/**
 * Deliveries released to one endpoint that have not gone out. More could only wait in its queue,
 * before whatever is planned next. A few show whether one that fails is down.
 */
const ROOM = { up: 200, failing: 10, down: 1, off: 0 } as const;
const RELEASED_AT_ONCE = 500;
const READ_AT_ONCE = 2000;
/** Deliveries that a step looks through at most, for a filter that chooses few of them. */
const LOOKED_AT = 50_000;
const CLEARED_AT_ONCE = 10_000;
/**
 * After a delay of its own a replay with a rate catches up on no more than this, so that there is
 * no burst.
 */
const CATCH_UP_SECONDS = 1;
/** Waits between steps: each that changes nothing doubles the next, up to the longest. */
const SHORTEST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 15_000;
const LIMITS = { statementTimeoutMs: 30_000, lockTimeoutMs: 5000 };

type Progress = Replay & { afterId: string; throughId: string; idleSteps: number; waitMs: number };
/** `skipped`: items dropped in this step, since they need not be sent. */
type Step = { db: Queryable; operatorId: string; replay: Progress; skipped: number };

/** Makes the next step. Concurrent steps run one after the other. */
export async function stepReplay(pool: Pool, operatorId: string, replayId: string): Promise<ReplayStep> {
  return withTransaction(
    pool,
    async (db) => {
      const replay = await lockReplay(db, operatorId, replayId);
      if (replay === null) return { ...NOTHING, state: 'cancelled', total: 0, released: 0, sent: 0 };
      if (replay.state !== 'running') return clear({ db, operatorId, replay, skipped: 0 });
      if (replay.waitMs > 0) return { ...NOTHING, ...replay, isOver: false };
      return advance({ db, operatorId, replay, skipped: 0 });
    },
    LIMITS,
  );
}

/**
 * Cancels a running replay. What it released and nobody sends yet goes back to what it was;
 * what is left of it is cleared by its steps.
 */
export async function cancelReplay(pool: Pool, operatorId: string, replayId: string): Promise<void> {
  await withTransaction(
    pool,
    async (db) => {
      const replay = await lockReplay(db, operatorId, replayId);
      if (replay?.state !== 'running') return;
      await db.query(
        `update replays set state = 'cancelled', finished_at = now() where operator_id = $1 and id = $2`,
        [operatorId, replayId],
      );
      await clear({ db, operatorId, replay: { ...replay, state: 'cancelled' }, skipped: 0 });
    },
    LIMITS,
  );
}

const NOTHING = { isOver: true, waitMs: 0, endpoints: [], singles: [] };

async function lockReplay(db: Queryable, operatorId: string, id: string): Promise<Progress | null> {
  const { rows } = await db.query<Progress>(
    `select ${REPLAY_COLUMNS}, after_id as "afterId", through_id as "throughId", idle_steps as "idleSteps",
       greatest(0, extract(epoch from next_step_at - clock_timestamp()) * 1000)::float8 as "waitMs"
     from replays where operator_id = $1 and id = $2 for update`,
    [operatorId, id],
  );
  return rows[0] ?? null;
}

async function advance(step: Step): Promise<ReplayStep> {
  const { db, operatorId, replay } = step;
  const { ratePerSecond } = replay;
  const out = await dropOut(step);
  await dropDeleted(step);
  await takeBack(step, true);
  const perSecond = ratePerSecond === null ? Infinity : Math.max(1, Math.floor(ratePerSecond));
  const limit = Math.min(perSecond, RELEASED_AT_ONCE);
  let released = await release(step, limit);
  // Only where what is known leaves room: a long replay is read as it goes out.
  const read = released.length < limit ? await readOn(step) : null;
  if (read !== null && read.count > 0)
    released = [...released, ...(await release(step, limit - released.length))];
  const isRead = read?.last === null;
  const hasChanged = released.length > 0 || out > 0 || (read !== null && !isRead);
  const idleSteps = hasChanged ? 0 : replay.idleSteps + 1;
  const { rows } = await db.query<Pick<ReplayStep, 'state' | 'total' | 'released' | 'sent' | 'waitMs'>>(
    `update replays r
     set sent = sent + $3, released = sent + $3 + i.queued, after_id = coalesce($4, after_id),
       total = t.total, total_is_exact = total_is_exact or $6, chosen = chosen + $10,
       idle_steps = $5, state = case when i.isDone then 'done' else state end,
       finished_at = case when i.isDone then now() end,
       skipped = case when i.isDone then greatest(0, t.total - sent - $3) else skipped + $9 end,
       next_step_at = make_interval(secs => $7)
         + greatest(next_step_at, clock_timestamp() - make_interval(secs => $8))
     from (
       select count(*)::int as queued, $6 and not exists (
         select from replay_items where operator_id = $1 and replay_id = $2) as isDone
       from replay_items where operator_id = $1 and replay_id = $2 and was_state is not null) i, (
       select case when total_is_exact then total else greatest(total, chosen + $10) end as total
       from replays where operator_id = $1 and id = $2) t
     where operator_id = $1 and id = $2
     returning state, r.total, released, sent, greatest(0,
       extract(epoch from next_step_at - clock_timestamp()) * 1000)::float8 as "waitMs"`,
    [
      operatorId,
      replay.id,
      out,
      read === null ? null : (read.last ?? replay.throughId),
      idleSteps,
      isRead,
      ratePerSecond === null ? 0 : released.length / ratePerSecond,
      CATCH_UP_SECONDS,
      step.skipped,
      read?.count ?? 0,
    ],
  );
  const after = rows[0]!;
  const paceMs = read !== null && !isRead ? 0 : Math.min(SHORTEST_WAIT_MS * 2 ** idleSteps, LONGEST_WAIT_MS);
  const endpoints = new Map(released.map(({ endpointId, isDown }) => [endpointId, isDown]));
  return {
    ...after,
    isOver: after.state !== 'running',
    waitMs: Math.max(after.waitMs, paceMs),
    endpoints: [...endpoints].map(([id, isDown]) => ({ id, isDown })),
    singles: released.flatMap(({ id, owner }) => (owner === 'self' ? [id] : [])),
  };
}

/**
 * Drops the items that went out: their next attempt was made, or somebody else decided about them.
 * Returns their number.
 */
async function dropOut({ db, operatorId, replay }: Step): Promise<number> {
  const { rowCount } = await db.query(
    `delete from replay_items i using deliveries d
     where i.operator_id = $1 and i.replay_id = $2 and i.was_state is not null
       and d.operator_id = $1 and d.id = i.delivery_id
       and (d.owner is null or d.replay_id is distinct from $2 or d.next_cause is distinct from 'replay')`,
    [operatorId, replay.id],
  );
  return rowCount ?? 0;
}

/** Drops the items that wait for an endpoint that was deleted meanwhile. */
async function dropDeleted(step: Step): Promise<void> {
  const { db, operatorId, replay } = step;
  const { rowCount } = await db.query(
    `delete from replay_items i using endpoints e
     where i.operator_id = $1 and i.replay_id = $2 and i.was_state is null
       and e.operator_id = $1 and e.id = i.endpoint_id and e.deleted_at is not null`,
    [operatorId, replay.id],
  );
  step.skipped += rowCount ?? 0;
}

/**
 * Takes deliveries back that nobody sends yet: `surplus` only those beyond the room of an endpoint
 * that is down or off, which wait in the replay again; otherwise all. Returns their number.
 */
async function takeBack({ db, operatorId, replay }: Step, surplus: boolean): Promise<number> {
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
    [operatorId, replay.id, surplus, CLEARED_AT_ONCE],
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

type Released = { id: string; endpointId: string; owner: string | null; isDown: boolean };

/**
 * Releases waiting deliveries into the queues of endpoints that have room, in turn. One that must
 * follow an unfinished delivery about the same conversion goes on waiting; one that is no longer
 * what the filter chose, or is being sent, is dropped.
 */
async function release(step: Step, limit: number): Promise<Released[]> {
  const { db, operatorId, replay } = step;
  const candidates = await findRoom(step, limit);
  if (candidates.length === 0) return [];
  const ids = await lockCandidates(step, candidates);
  // A later statement, which sees what finished while the locks were waited for.
  const { rows } = await db.query<Released & { isChosen: boolean; mustFollow: boolean }>(
    `select d.id, d.endpoint_id as "endpointId", d.owner, ${conditionSql('e')} = 'down' as "isDown",
       d.state = any($3) and (d.owner is null or d.owner in ('self', 'endpoint')) and ${isIdleSql('d')}
         and (d.owner is null or d.next_cause is distinct from 'replay') as "isChosen",
       d.owner is null and ${mustFollowSql('d')} as "mustFollow"
     from deliveries d join endpoints e on e.operator_id = $1 and e.id = d.endpoint_id
     where d.operator_id = $1 and d.id = any($4)`,
    [operatorId, replay.id, replay.states, ids],
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
     set was_state = d.state, was_tries = d.tries, was_next_attempt_at = d.next_attempt_at,
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
      and (p.owner is not null or exists (
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
 * Locks deliveries, and all unfinished ones about the same conversions, so that none of them
 * finishes meanwhile.
 */
async function lockCandidates({ db, operatorId }: Step, candidates: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string; conversionId: string }>(
    `select id, original_event_id as "conversionId" from deliveries
     where operator_id = $1 and id = any($2) order by id for no key update`,
    [operatorId, candidates],
  );
  await lockUnfinishedAbout(
    db,
    operatorId,
    rows.map(({ conversionId }) => conversionId),
  );
  return rows.map(({ id }) => id);
}

/**
 * Reads the next deliveries that the filter chooses; each becomes an item. `last`: how far it
 * looked; null: to the end.
 */
async function readOn({ db, operatorId, replay }: Step): Promise<{ count: number; last: string | null }> {
  const look = await lookFor(db, operatorId, { ...replay, through: replay.throughId });
  const { ids, reached } = await lookThrough(
    db,
    look,
    { limit: READ_AT_ONCE, before: replay.afterId },
    { order: 'oldest', lookedAt: LOOKED_AT },
  );
  await db.query(
    `insert into replay_items (operator_id, replay_id, delivery_id, endpoint_id)
     select $1, $2, id, endpoint_id from deliveries where operator_id = $1 and id = any($3)`,
    [operatorId, replay.id, ids],
  );
  return { count: ids.length, last: ids.length === READ_AT_ONCE ? ids.at(-1)! : reached };
}

/** A part of what is left of a cancelled replay; nothing where it is done. */
async function clear(step: Step): Promise<ReplayStep> {
  const { db, operatorId, replay } = step;
  const { state, total } = replay;
  if (state === 'done') return { ...NOTHING, ...replay, waitMs: 0 };
  const out = await dropOut(step);
  const recalled = await takeBack(step, false);
  await db.query(
    `delete from replay_items where (operator_id, replay_id, delivery_id) in (
       select operator_id, replay_id, delivery_id from replay_items
       where operator_id = $1 and replay_id = $2 and was_state is null limit ${CLEARED_AT_ONCE})`,
    [operatorId, replay.id],
  );
  const { rows } = await db.query<{ released: number; sent: number; left: number; waiting: number }>(
    `update replays
     set sent = sent + $3, recalled = recalled + $4, released = sent + $3 + i.queued,
       skipped = greatest(0, total - sent - $3 - recalled - $4 - i.queued)
     from (select count(*)::int as left, (count(*) filter (where was_state is not null))::int as queued
       from replay_items where operator_id = $1 and replay_id = $2) i
     where operator_id = $1 and id = $2
     returning released, sent, i.left, i.left - i.queued as waiting`,
    [operatorId, replay.id, out, recalled],
  );
  const { released, sent, left, waiting } = rows[0]!;
  // What is being sent is over soon; of the rest there is another part.
  const waitMs = left > 0 && waiting === 0 ? 1000 : 0;
  return { ...NOTHING, state, total, released, sent, isOver: left === 0, waitMs };
}
