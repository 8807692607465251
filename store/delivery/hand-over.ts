// Handing unfinished postbacks to exactly one owner, within the bounds on workflows of single postbacks. Whoever gives a postback a workflow of
// its own holds one lock while it counts and writes, so that the bounds hold however many do it at once.
import { conditionSql } from './endpoint-condition.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';

/** Bounds on workflows of single postbacks; above them a retry waits as a row in its endpoint's queue. */
export type SingleLimits = { perEndpoint: number; inAll: number };

export const SINGLE_LIMITS: SingleLimits = { perEndpoint: 50, inAll: 2000 };

/** Any number that no other advisory lock of ours uses. */
const SINGLES_LOCK = 5_410_050;

/** Until the end of the transaction nobody else gives a postback a workflow of its own. Counts must be read in a later statement. */
export async function lockSingles(db: Queryable): Promise<void> {
  await db.query(`select pg_advisory_xact_lock($1)`, [SINGLES_LOCK]);
}

/**
 * Hands what a batch could not deliver to exactly one owner: a workflow of its own for a failed first try of an endpoint that otherwise
 * works, while there is room; the endpoint's queue for everything else. Gives the deliveries and endpoints whose workflows must run now,
 * which on a second call are the same.
 */
export async function handOverBatch(
  pool: Pool,
  operatorId: string,
  batchId: string,
  limits: SingleLimits,
): Promise<{ deliveries: string[]; endpoints: string[] }> {
  return withTransaction(pool, async (client) => {
    await handOverTried(client, operatorId, batchId, limits);
    // What was not reached in time needs no place among the workflows, and so no lock: many batches may have such when we are too busy.
    await client.query(
      `update deliveries set owner = 'endpoint', state = 'held' where operator_id = $1 and batch_id = $2 and owner = 'batch'`,
      [operatorId, batchId],
    );
    const { rows } = await client.query<{ deliveries: string[]; endpoints: string[] }>(
      `select array(select id from deliveries where operator_id = $1 and batch_id = $2 and owner = 'self') as deliveries,
         array(select distinct endpoint_id from deliveries where operator_id = $1 and batch_id = $2 and owner = 'endpoint') as endpoints`,
      [operatorId, batchId],
    );
    return rows[0]!;
  });
}

/** The same for those of the batch whose first try failed. */
async function handOverTried(
  client: Queryable,
  operatorId: string,
  batchId: string,
  limits: SingleLimits,
): Promise<void> {
  const { rows } = await client.query<{ isAny: boolean }>(
    `select exists (select from deliveries where operator_id = $1 and batch_id = $2 and owner = 'batch' and tries > 0) as "isAny"`,
    [operatorId, batchId],
  );
  if (!rows[0]!.isAny) return;
  await lockSingles(client);
  // Materialized, since statistics of healthy times say that nothing is left over, and the planner would work it out again for each row.
  await client.query(
    `with mine as materialized (
       select id, endpoint_id from deliveries where operator_id = $1 and batch_id = $2 and owner = 'batch' and tries > 0
     ), concerned as materialized (
       select e.id, ${conditionSql('e')} in ('down', 'off') or e.rate_per_second is not null
           or exists (select from deliveries q where q.operator_id = $1 and q.endpoint_id = e.id and q.owner = 'endpoint') as queued,
         (select count(*) from deliveries s where s.operator_id = $1 and s.endpoint_id = e.id and s.owner = 'self') as singles
       from endpoints e where e.operator_id = $1 and e.id in (select endpoint_id from mine)
     ), left_over as materialized (
       select m.id, c.queued, c.singles + row_number() over (partition by c.id order by m.id) as rank,
         (select count(*) from deliveries s where s.owner = 'self') + row_number() over (partition by c.queued order by m.id) as rank_in_all
       from mine m join concerned c on c.id = m.endpoint_id
     )
     update deliveries d set owner = case when not l.queued and l.rank <= $3 and l.rank_in_all <= $4 then 'self' else 'endpoint' end,
       state = 'retrying'
     from left_over l
     where d.operator_id = $1 and d.id = l.id and d.owner = 'batch'`,
    [operatorId, batchId, limits.perEndpoint, limits.inAll],
  );
}

/** Whether there is room for one more workflow of a single postback of this endpoint. Only under the lock. */
export async function isRoomForSingle(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  limits: SingleLimits,
): Promise<boolean> {
  const { rows } = await db.query<{ here: number; all: number }>(
    `select count(*)::int as "all", (count(*) filter (where operator_id = $1 and endpoint_id = $2))::int as here
     from deliveries where owner = 'self'`,
    [operatorId, endpointId],
  );
  return rows[0]!.here < limits.perEndpoint && rows[0]!.all < limits.inAll;
}

/** Gives a postback back from its own workflow to its endpoint's queue, where it is due now. Nothing if it is not its workflow's any more. */
export async function queueSingle(
  db: Queryable,
  operatorId: string,
  deliveryId: string,
  nextCause: 'manual' | 'replay' | null,
): Promise<void> {
  await db.query(
    `update deliveries set owner = 'endpoint', next_attempt_at = now(), next_cause = $3
     where operator_id = $1 and id = $2 and owner = 'self'`,
    [operatorId, deliveryId, nextCause],
  );
}
