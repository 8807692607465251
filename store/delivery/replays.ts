// Replays: delivers again by a filter. A replay visits every delivery of its operator once, in the
// order of their ids, and its row keeps the position, so that a step repeated after a crash
// continues where the last one was committed.
import type { Replayable } from '../../domain/delivery/deliveries.ts';
import type { Page } from '../db/page.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { replay as replayDeliveries } from './transitions.ts';

/** Null where a filter is not set; the times are those at which deliveries were planned. */
export type ReplayFilter = {
  endpointId: string | null;
  affiliateId: string | null;
  from: Date | null;
  to: Date | null;
  states: readonly Replayable[];
};

export const REPLAY_STATES = ['running', 'done', 'cancelled'] as const;

export type Replay = ReplayFilter & {
  id: string;
  ratePerSecond: number | null;
  isDryRun: boolean;
  state: (typeof REPLAY_STATES)[number];
  total: number;
  released: number;
  createdAt: Date;
  finishedAt: Date | null;
};

/** A replay with counts of the deliveries it released, by their state now. */
export type ReplayProgress = Replay & { delivered: number; waiting: number; gaveUp: number };

const COLUMNS = `id, endpoint_id as "endpointId", affiliate_id as "affiliateId", planned_from as "from",
  planned_to as "to", states,
  rate_per_second::float8 as "ratePerSecond", is_dry_run as "isDryRun", state, total, released,
    created_at as "createdAt",
  finished_at as "finishedAt"`;

/**
 * Condition for the deliveries `d` that a filter chooses: $1 is the operator, $2 to $6 the filter.
 * Deliveries that their batch sends now, or that follow another one, are left out.
 */
const CHOSEN = `d.operator_id = $1 and d.state = any($2) and ($3::text is null or d.endpoint_id = $3)
  and ($4::text is null or d.affiliate_id = $4)
  and ($5::timestamptz is null or (d.created_at >= $5 and d.id >= id_bound('dlv', $5 - interval '1 hour')))
  and ($6::timestamptz is null or (d.created_at < $6 and d.id < id_bound('dlv', $6 + interval '1 hour')))
  and (d.owner is null or d.owner in ('self', 'endpoint'))
  and exists (select from endpoints e where e.operator_id = $1 and e.id = d.endpoint_id
    and e.deleted_at is null)`;

const valuesOf = ({ states, endpointId, affiliateId, from, to }: ReplayFilter): unknown[] => [
  states,
  endpointId,
  affiliateId,
  from,
  to,
];

export function createReplays(pool: Pool) {
  return {
    /**
     * Stores a replay with the number of deliveries it chooses now. A dry run is done with that.
     */
    async insert(
      operatorId: string,
      id: string,
      filter: ReplayFilter,
      { ratePerSecond, isDryRun }: Pick<Replay, 'ratePerSecond' | 'isDryRun'>,
    ): Promise<Replay> {
      const { rows } = await pool.query<Replay>(
        `insert into replays (operator_id, id, states, endpoint_id, affiliate_id, planned_from,
          planned_to, rate_per_second, is_dry_run, state,
           finished_at, total, through_id)
         select $1, $7, $2, $3, $4, $5, $6, $8, $9, case when $9 then 'done' else 'running' end,
           case when $9 then now() end,
           count(*), coalesce(max(d.id), '')
         from deliveries d where ${CHOSEN} returning ${COLUMNS}`,
        [operatorId, ...valuesOf(filter), id, ratePerSecond, isDryRun],
      );
      return rows[0]!;
    },

    async find(operatorId: string, id: string): Promise<ReplayProgress | null> {
      const { rows } = await pool.query<ReplayProgress>(
        `select ${COLUMNS}, delivered, waiting, "gaveUp" from replays r cross join lateral (
           select (count(*) filter (where d.state = 'delivered'))::int as delivered,
             (count(*) filter (where d.owner is not null))::int as waiting,
             (count(*) filter (where d.state = 'gave_up'))::int as "gaveUp"
           from deliveries d where d.operator_id = $1 and d.replay_id = $2) as became
         where r.operator_id = $1 and r.id = $2`,
        [operatorId, id],
      );
      return rows[0] ?? null;
    },

    async list(operatorId: string, page: Page): Promise<Replay[]> {
      const { rows } = await pool.query<Replay>(
        `select ${COLUMNS} from replays where operator_id = $1 and ($2::text is null or id < $2)
          order by id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },
  };
}

/** Stops a running replay; deliveries that it has released go on. */
export async function cancelReplay(db: Queryable, operatorId: string, id: string): Promise<void> {
  await db.query(
    `update replays set state = 'cancelled', finished_at = now()
      where operator_id = $1 and id = $2 and state = 'running'`,
    [operatorId, id],
  );
}

/** Replays that are not done; over all operators, for the sweep. */
export async function findRunningReplays(
  db: Queryable,
  limit: number,
): Promise<{ operatorId: string; id: string }[]> {
  const { rows } = await db.query<{ operatorId: string; id: string }>(
    `select operator_id as "operatorId", id from replays where state = 'running' order by id limit $1`,
    [limit],
  );
  return rows;
}

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
        `select ${COLUMNS}, after_id as "afterId", through_id as "throughId",
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
      const page = await lockPage(client, operatorId, replay, limit);
      const ids = page.map(({ id }) => id);
      if (ids.length > 0) await replayDeliveries(client, operatorId, replayId, ids);
      const isDone = page.length < limit;
      const seconds = ratePerSecond === null || isDone ? 0 : page.length / ratePerSecond;
      const { rows: after } = await client.query<Pick<ReplayStep, 'state' | 'released' | 'waitMs'>>(
        `update replays set released = released + $3, after_id = $4,
          state = case when $5 then 'done' else state end,
           finished_at = case when $5 then now() end,
           next_step_at = make_interval(secs => $6)
             + greatest(next_step_at, clock_timestamp() - make_interval(secs => $7))
         where operator_id = $1 and id = $2
         returning state, released, greatest(0,
       extract(epoch from next_step_at - clock_timestamp()) * 1000)::float8 as "waitMs"`,
        [
          operatorId,
          replayId,
          page.length,
          page.at(-1)?.id ?? replay.throughId,
          isDone,
          seconds,
          CATCH_UP_SECONDS,
        ],
      );
      return {
        ...after[0]!,
        total,
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
 * of them finishes meanwhile.
 */
async function lockPage(
  db: Queryable,
  operatorId: string,
  replay: Replay & { afterId: string; throughId: string },
  limit: number,
): Promise<Chosen[]> {
  const { rows } = await db.query<Chosen>(
    `select d.id, d.endpoint_id as "endpointId", d.original_event_id as "conversionId", d.owner
      from deliveries d
     where ${CHOSEN} and d.id > $7 and d.id <= $8 order by d.id limit $9 for no key update of d`,
    [operatorId, ...valuesOf(replay), replay.afterId, replay.throughId, limit],
  );
  const conversionIds = [...new Set(rows.map(({ conversionId }) => conversionId))];
  await db.query(
    `select from deliveries where operator_id = $1 and original_event_id = any($2)
      and owner is not null order by id for share`,
    [operatorId, conversionIds],
  );
  return rows;
}
