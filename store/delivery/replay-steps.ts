// Steps of a replay. A step looks at what went out, releases as much again as its endpoints take,
// and reads on. A cancelled replay is cleared by steps too.
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { dropDeleted, dropOut, dropWaiting, readOn, type Progress, type Step } from './replay-items.ts';
import { release, takeBack } from './replay-release.ts';
import { REPLAY_COLUMNS, type Replay } from './replays.ts';

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

const RELEASED_AT_ONCE = 500;
/**
 * After a delay of its own a replay with a rate catches up on no more than this, so that there is
 * no burst.
 */
const CATCH_UP_SECONDS = 1;
/** Waits between steps: each that changes nothing doubles the next, up to the longest. */
const SHORTEST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 15_000;
const LIMITS = { statementTimeoutMs: 30_000, lockTimeoutMs: 5000 };

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
       select greatest(total, chosen + $10) as total
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

/** A part of what is left of a cancelled replay; nothing where it is done. */
async function clear(step: Step): Promise<ReplayStep> {
  const { db, operatorId, replay } = step;
  const { state, total } = replay;
  if (state === 'done') return { ...NOTHING, ...replay, waitMs: 0 };
  const out = await dropOut(step);
  const recalled = await takeBack(step, false);
  await dropWaiting(step);
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
