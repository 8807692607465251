// Steps of replays. A replay visits every delivery of its operator once, in the order of their
// ids, and its row keeps the position, so that a step repeated after a crash continues where the
// last one was committed.
import { lookThrough } from '../db/look-through.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { lookFor, REPLAY_COLUMNS, type Replay } from './replays.ts';
import { replay as replayDeliveries } from './transitions.ts';

/**
 * State of a replay after a step. `waitMs`: until its rate allows the next one. `singles`: single
 * deliveries whose workflows must run.
 */
export type ReplayStep = {
  state: Replay['state'];
  total: number;
  released: number;
  waitMs: number;
  endpoints: string[];
  singles: string[];
};

const RELEASED_AT_ONCE = 500;
/** Deliveries that a step looks through at most, for a filter that chooses few of them. */
const LOOKED_AT = 50_000;
/**
 * After a delay of its own a replay with a rate catches up on no more than this, so that there is
 * no burst.
 */
const CATCH_UP_SECONDS = 1;
const LIMITS = { statementTimeoutMs: 30_000, lockTimeoutMs: 5000 };

/**
 * Releases the next deliveries of a replay, unless it is over or its rate says later. Concurrent
 * steps run one after the other.
 */
export async function stepReplay(pool: Pool, operatorId: string, replayId: string): Promise<ReplayStep> {
  return withTransaction(
    pool,
    async (client) => {
      const { rows } = await client.query<Replay & { afterId: string; throughId: string; waitMs: number }>(
        `select ${REPLAY_COLUMNS}, after_id as "afterId", through_id as "throughId",
           greatest(0, extract(epoch from next_step_at - clock_timestamp()) * 1000)::float8 as "waitMs"
         from replays where operator_id = $1 and id = $2 for update`,
        [operatorId, replayId],
      );
      const replay = rows[0];
      if (replay === undefined)
        return { state: 'cancelled', total: 0, released: 0, waitMs: 0, endpoints: [], singles: [] };
      const { state, total, released, ratePerSecond, waitMs } = replay;
      const nothing = { state, total, released, waitMs, endpoints: [], singles: [] };
      if (state !== 'running' || waitMs > 0) return nothing;

      const limit =
        ratePerSecond === null
          ? RELEASED_AT_ONCE
          : Math.min(Math.max(1, Math.floor(ratePerSecond)), RELEASED_AT_ONCE);
      const { page, last } = await lockPage(client, operatorId, replay, limit);
      const ids = page.map(({ id }) => id);
      if (ids.length > 0) await replayDeliveries(client, operatorId, { cause: 'replay', replayId }, ids);
      const isDone = last === null;
      const seconds = ratePerSecond === null || isDone ? 0 : page.length / ratePerSecond;
      const { rows: after } = await client.query<Pick<ReplayStep, 'state' | 'total' | 'released' | 'waitMs'>>(
        `update replays set released = released + $3, after_id = $4,
          total = case when total_is_exact then total else greatest(total, released + $3) end,
          total_is_exact = total_is_exact or $5,
          state = case when $5 then 'done' else state end,
           finished_at = case when $5 then now() end,
           next_step_at = make_interval(secs => $6)
             + greatest(next_step_at, clock_timestamp() - make_interval(secs => $7))
         where operator_id = $1 and id = $2
         returning state, total, released, greatest(0,
       extract(epoch from next_step_at - clock_timestamp()) * 1000)::float8 as "waitMs"`,
        [operatorId, replayId, page.length, last ?? replay.throughId, isDone, seconds, CATCH_UP_SECONDS],
      );
      return {
        ...after[0]!,
        endpoints: [...new Set(page.map(({ endpointId }) => endpointId))],
        singles: page.flatMap(({ id, owner }) => (owner === 'self' ? [id] : [])),
      };
    },
    LIMITS,
  );
}

type Chosen = { id: string; endpointId: string; conversionId: string; owner: string | null };

/**
 * Locks the next chosen deliveries and all unfinished ones about the same conversions, so that none
 * of them finishes meanwhile. `last`: how far it looked; null: to the end.
 */
async function lockPage(
  db: Queryable,
  operatorId: string,
  replay: Replay & { afterId: string; throughId: string },
  limit: number,
): Promise<{ page: Chosen[]; last: string | null }> {
  const look = await lookFor(db, operatorId, { ...replay, through: replay.throughId });
  const { ids, reached } = await lookThrough(
    db,
    look,
    { limit, before: replay.afterId },
    { order: 'oldest', lookedAt: LOOKED_AT },
  );
  // Again, since one that was chosen may have been moved on until it was locked.
  const { rows } = await db.query<Chosen>(
    `select id, endpoint_id as "endpointId", original_event_id as "conversionId", owner from deliveries
     where operator_id = $1 and id = any($2) and state = any($3) and (owner is null or owner in ('self', 'endpoint'))
     order by id for no key update`,
    [operatorId, ids, replay.states],
  );
  const conversionIds = [...new Set(rows.map(({ conversionId }) => conversionId))];
  await db.query(
    `select from deliveries where operator_id = $1 and original_event_id = any($2)
      and owner is not null order by id for share`,
    [operatorId, conversionIds],
  );
  return { page: rows, last: ids.length === limit ? ids.at(-1)! : reached };
}
