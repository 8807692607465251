// Limits on single deliveries, those with a workflow of their own. A transaction that adds one
// holds one advisory lock while it counts and writes, so that concurrent transactions keep the
// limits together.
import type { Queryable } from '../db/pool.ts';

/**
 * The most workflows of single deliveries; above them a retry waits as a row in its endpoint's
 * queue. `perFailing`: for an endpoint that does nothing but fail, where a further workflow would
 * say nothing new, and would cost as much as a hundred rows. `allFailing`: for all such endpoints
 * of an operator together, of which each may have one.
 */
export type SingleLimits = { perEndpoint: number; perFailing: number; allFailing: number; inAll: number };

export const SINGLE_LIMITS: SingleLimits = { perEndpoint: 50, perFailing: 5, allFailing: 100, inAll: 2000 };

/** The key of the advisory lock; no other lock of the project uses it. */
const SINGLES_LOCK = 5_410_050;

/**
 * Until the transaction ends no other one adds a single delivery. Count them in a later statement.
 */
export async function lockSingles(db: Queryable): Promise<void> {
  await db.query(`select pg_advisory_xact_lock($1)`, [SINGLES_LOCK]);
}

/**
 * Whether the limits leave room for one more single delivery to an endpoint. Only under the lock.
 */
export async function isRoomForSingle(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  limits: Pick<SingleLimits, 'perEndpoint' | 'inAll'>,
): Promise<boolean> {
  const { rows } = await db.query<{ here: number; all: number }>(
    `select count(*)::int as "all",
       (count(*) filter (where operator_id = $1 and endpoint_id = $2))::int as here
     from deliveries where owner = 'self'`,
    [operatorId, endpointId],
  );
  return rows[0]!.here < limits.perEndpoint && rows[0]!.all < limits.inAll;
}
