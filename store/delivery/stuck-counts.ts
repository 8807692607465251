// Counts of stuck deliveries in parts, kept in `stuck_counts` by a trigger of `deliveries`: read by
// a filter, and added up by the sweep. So what is stuck is known without reading it.
import type { StuckState } from '../../domain/delivery/stuck.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { filterSql, stuckReasonSql, stuckSql } from './stuck-condition.ts';

/** What deliveries of a part have in common. */
const PART = ['operator_id', 'endpoint_id', 'affiliate_id', 'state', 'owner', 'last_error']
  .concat('payout_currency', 'pause_reason')
  .join(', ');

const partSql = (row: string): string =>
  `stuck_part(${row}.affiliate_id, ${row}.owner, ${row}.last_error, ${row}.payout_currency, ${row}.pause_reason)`;

/**
 * An expression for the oldest of a part, in a SELECT that adds up its rows `p`. It is looked up
 * only where one as old as the oldest row says has left.
 */
const OLDEST_AT = `case when coalesce(
    min(p.oldest_at) filter (where count < 0) <= min(p.oldest_at) filter (where count > 0),
    bool_and(p.oldest_at is null or count < 0))
  then (select d.created_at from deliveries d
    where d.operator_id = p.operator_id and d.endpoint_id = p.endpoint_id and d.state = p.state
      and ${partSql('d')} = ${partSql('p')} and ${stuckSql('d')}
    order by d.created_at limit 1)
  else min(p.oldest_at) filter (where count > 0) end`;

/**
 * A SELECT of the parts that a filter chooses, each with its reason and its endpoint's row `e`: $1
 * is the operator, $2 to $6 the filter (`stuckValues`).
 */
export function chosenParts(columns: string): string {
  return `select ${columns}
    from (
      select ${PART}, sum(count)::int as count, sum(minor) as minor, ${OLDEST_AT} as oldest_at
      from stuck_counts p where operator_id = $1 and ${filterSql('p')}
      group by ${PART} having sum(count) <> 0
    ) p join endpoints e on e.operator_id = p.operator_id and e.id = p.endpoint_id
    where $6::text is null or $6 = ${stuckReasonSql('p', 'e')}`;
}

/**
 * Counts and ages of what is stuck, of all operators, by state. `oldestSeconds` is 0 where none is
 * stuck.
 */
export async function readStuckByState(
  db: Queryable,
): Promise<Record<StuckState, { count: number; oldestSeconds: number }>> {
  const { rows } = await db.query<{ state: StuckState; count: number; oldestSeconds: number }>(
    `select state, sum(count)::int as count,
       greatest(extract(epoch from now() - min(oldest_at)), 0)::float8 as "oldestSeconds"
     from (
       select state, sum(count) as count, ${OLDEST_AT} as oldest_at
       from stuck_counts p group by ${PART} having sum(count) <> 0
     ) p group by state`,
  );
  const none = { count: 0, oldestSeconds: 0 };
  const found = new Map(rows.map(({ state, ...rest }) => [state, rest]));
  const of = (state: StuckState) => found.get(state) ?? none;
  return { retrying: of('retrying'), held: of('held'), gave_up: of('gave_up') };
}

/** The key of the advisory lock; no other lock of the project uses it. */
const ADDING_LOCK = 5_410_051;

/**
 * Adds up rows that are no sums yet, up to `limit`, with the sums of their parts. Returns their
 * number. One run at a time: one that misses a sum which another is about to write would take what
 * is left for nothing, and forget its amount and its oldest.
 */
export function addUpStuckCounts(pool: Pool, limit: number): Promise<number> {
  return withTransaction(pool, async (db) => {
    await db.query('select pg_advisory_xact_lock($1)', [ADDING_LOCK]);
    return await addUp(db, limit);
  });
}

async function addUp(db: Queryable, limit: number): Promise<number> {
  // In the order in which they were written: a delivery leaves its part after it came into it.
  const { rows } = await db.query<{ taken: number }>(
    `with taken as (
       delete from stuck_counts where ctid = any(array(
         select ctid from stuck_counts where not is_sum order by id limit $1))
       returning *
     ), sums as (
       delete from stuck_counts s using (select distinct ${PART} from taken) t
       where s.is_sum and s.operator_id = t.operator_id and s.endpoint_id = t.endpoint_id
         and s.state = t.state and ${partSql('s')} = ${partSql('t')}
       returning s.*
     ), added as (
       insert into stuck_counts (${PART}, count, minor, oldest_at, is_sum)
       select ${PART}, sum(count), sum(minor), ${OLDEST_AT}, true
       from (select * from taken union all select * from sums) p
       group by ${PART} having sum(count) <> 0
     )
     select count(*)::int as taken from taken`,
    [limit],
  );
  return rows[0]!.taken;
}
