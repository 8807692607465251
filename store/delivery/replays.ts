// Replays: deliveries sent again by a filter, each as a row with its progress.
import type { Condition } from '../../domain/delivery/breaker.ts';
import type { Replayable } from '../../domain/delivery/deliveries.ts';
import { countThrough, type Look } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import { allOf, parametersOf } from '../db/parameters.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { affiliateOf, rowsAlong } from './delivery-search.ts';
import { conditionSql } from './endpoint-condition.ts';

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
  /** False: at least so many, until it is done. */
  totalIsExact: boolean;
  /** In the queues of their endpoints or out, and not taken back. */
  released: number;
  /** Out: their next attempt was made. */
  sent: number;
  /** Taken back by a cancel before anybody sent them. */
  recalled: number;
  /** Left as they were: no longer what the filter chose, or of a cancelled replay. */
  skipped: number;
  createdAt: Date;
  finishedAt: Date | null;
};

/** An endpoint with deliveries that wait in the replay, or in its queue (`queued`). */
type ReplayedEndpoint = {
  id: string;
  state: 'paused' | 'disabled';
  condition: Condition;
  waiting: number;
  queued: number;
};

/**
 * A replay with counts of the deliveries it sent, by their state now (`counted`: of how many), and
 * the endpoints that have not got all, those with the most first.
 */
export type ReplayProgress = Replay & {
  counted: number;
  delivered: number;
  retrying: number;
  gaveUp: number;
  endpoints: ReplayedEndpoint[];
};

const ENDPOINTS_AT_MOST = 100;
/** Counts of deliveries stop here, so that none takes long. */
const COUNTED_AT_MOST = 20_000;

export const REPLAY_COLUMNS = `id, endpoint_id as "endpointId", affiliate_id as "affiliateId", planned_from as "from",
  planned_to as "to", states,
  rate_per_second::float8 as "ratePerSecond", is_dry_run as "isDryRun", state, total, total_is_exact as "totalIsExact", released,
    sent, recalled, skipped,
    created_at as "createdAt",
  finished_at as "finishedAt"`;

/**
 * What to look through for the deliveries that a filter chooses. Those that their batch sends now,
 * or that follow another one, are left out.
 */
export async function lookFor(
  db: Queryable,
  operatorId: string,
  { states, endpointId, affiliateId, from, to, through }: ReplayFilter & { through: string | null },
): Promise<Look> {
  const { values, parameter } = parametersOf(operatorId);
  const recipient = affiliateId ?? (await affiliateOf(db, operatorId, endpointId));
  const since = from && parameter(from);
  const until = to && parameter(to);
  const inTime = [
    ...(since ? [`id >= id_bound('dlv', ${since}::timestamptz - interval '1 hour')`] : []),
    ...(until ? [`id < id_bound('dlv', ${until}::timestamptz + interval '1 hour')`] : []),
    ...(through === null ? [] : [`id <= ${parameter(through)}`]),
  ];
  const rows = rowsAlong(states, recipient, parameter);
  const chosen = [
    `r.state = any(${parameter(states)})`,
    `(r.owner is null or r.owner in ('self', 'endpoint'))`,
    `r.endpoint_id not in (select id from endpoints where operator_id = $1 and deleted_at is not null)`,
    ...(endpointId === null ? [] : [`r.endpoint_id = ${parameter(endpointId)}`]),
    ...(affiliateId === null ? [] : [`r.affiliate_id = ${parameter(affiliateId)}`]),
    ...(since ? [`r.created_at >= ${since}`] : []),
    ...(until ? [`r.created_at < ${until}`] : []),
  ];
  return { rows: rows.map((one) => [one, ...inTime].join(' and ')), chosen: allOf(chosen), values };
}

export function createReplays(pool: Pool) {
  return {
    /**
     * Stores a replay with the number of deliveries it chooses now, counted among the newest
     * `COUNTED_AT_MOST` that it looks at. A dry run is done with that.
     */
    async insert(
      operatorId: string,
      id: string,
      filter: ReplayFilter,
      { ratePerSecond, isDryRun }: Pick<Replay, 'ratePerSecond' | 'isDryRun'>,
    ): Promise<Replay> {
      const { states, endpointId, affiliateId, from, to } = filter;
      const through = await newestId(pool, operatorId);
      const look = await lookFor(pool, operatorId, { ...filter, through });
      const { count, isWhole } = await countThrough(pool, look, COUNTED_AT_MOST);
      const { rows } = await pool.query<Replay>(
        `insert into replays (operator_id, id, states, endpoint_id, affiliate_id, planned_from,
           planned_to, rate_per_second, is_dry_run, state, finished_at, total, total_is_exact, through_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $9 then 'done' else 'running' end,
           case when $9 then now() end, $10, $11, $12)
         returning ${REPLAY_COLUMNS}`,
        [
          operatorId,
          id,
          states,
          endpointId,
          affiliateId,
          from,
          to,
          ratePerSecond,
          isDryRun,
          count,
          isWhole,
          through,
        ],
      );
      return rows[0]!;
    },

    async find(operatorId: string, id: string): Promise<ReplayProgress | null> {
      const { rows } = await pool.query<Omit<ReplayProgress, 'endpoints'>>(
        `select ${REPLAY_COLUMNS}, counted, delivered, retrying, "gaveUp" from replays r cross join lateral (
           select count(*)::int as counted,
             (count(*) filter (where d.state = 'delivered'))::int as delivered,
             (count(*) filter (where d.owner is not null
               and d.next_cause is distinct from 'replay'))::int as retrying,
             (count(*) filter (where d.state = 'gave_up'))::int as "gaveUp"
           from (select state, owner, next_cause from deliveries
             where operator_id = $1 and replay_id = $2 limit ${COUNTED_AT_MOST}) d) as became
         where r.operator_id = $1 and r.id = $2`,
        [operatorId, id],
      );
      if (rows[0] === undefined) return null;
      const { rows: endpoints } = await pool.query<ReplayedEndpoint>(
        `select e.id, e.state, ${conditionSql('e')} as condition, waiting, queued
         from (
           select endpoint_id, (count(*) filter (where was_state is null))::int as waiting,
             (count(*) filter (where was_state is not null))::int as queued
           from replay_items where operator_id = $1 and replay_id = $2 group by 1
         ) i join endpoints e on e.operator_id = $1 and e.id = i.endpoint_id
         order by waiting desc, e.id limit ${ENDPOINTS_AT_MOST}`,
        [operatorId, id],
      );
      return { ...rows[0], endpoints };
    },

    /** Newest first; null: of any endpoint, and dry runs too. */
    async list(
      operatorId: string,
      { endpointId, isDryRun }: { endpointId: string | null; isDryRun: boolean | null },
      page: Page,
    ): Promise<Replay[]> {
      const { rows } = await pool.query<Replay>(
        `select ${REPLAY_COLUMNS} from replays
         where operator_id = $1 and ($2::text is null or endpoint_id = $2)
           and ($3::boolean is null or is_dry_run = $3) and ($4::text is null or id < $4)
         order by id desc limit $5`,
        [operatorId, endpointId, isDryRun, page.before, page.limit],
      );
      return rows;
    },
  };
}

/** The newest delivery, chosen or not; later ones are not sent again. */
async function newestId(db: Queryable, operatorId: string): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `select id from deliveries where operator_id = $1 order by id desc limit 1`,
    [operatorId],
  );
  return rows[0]?.id ?? '';
}
