// Events set aside: those whose rule failed, or that lack something the operator can still give.
import type { Queryable } from './pool.ts';

export type Sample = { eventId: string; detail: string | null };

/** How many there are for a reason, and the first ten. */
export async function sampleSetAside(
  db: Queryable,
  operatorId: string,
  reason: string,
): Promise<{ count: number; samples: Sample[] }> {
  const { rows } = await db.query<{ count: number; samples: Sample[] }>(
    `select (select count(*)::int from event_outcomes where operator_id = $1 and status = 'set_aside' and reason = $2) as count,
       coalesce((select json_agg(s) from (
         select event_id as "eventId", detail from event_outcomes
         where operator_id = $1 and status = 'set_aside' and reason = $2 order by event_id limit 10) s), '[]') as samples`,
    [operatorId, reason],
  );
  return rows[0]!;
}

/** The ids after `after`, in order. */
export async function readSetAside(
  db: Queryable,
  operatorId: string,
  reason: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select event_id as id from event_outcomes
     where operator_id = $1 and status = 'set_aside' and reason = $2 and event_id > $3 order by event_id limit $4`,
    [operatorId, reason, after, limit],
  );
  return rows.map(({ id }) => id);
}

/** Rejects them for good; the reason stays. */
export async function dismissSetAside(db: Queryable, operatorId: string, reason: string): Promise<number> {
  const { rowCount } = await db.query(
    `update event_outcomes set status = 'rejected' where operator_id = $1 and status = 'set_aside' and reason = $2`,
    [operatorId, reason],
  );
  return rowCount ?? 0;
}
