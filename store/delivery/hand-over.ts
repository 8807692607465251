// Hands the unfinished deliveries of a batch to exactly one owner each.
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { lockSingles, type SingleLimits } from './single-limits.ts';
import { handOverTried, handOverUntried } from './transitions/hand-over.ts';

/**
 * Hands over what a batch could not deliver: a failed first try to a workflow of its own while its
 * endpoint otherwise works and there is room, everything else to the endpoint's queue. Returns the
 * deliveries and endpoints whose workflows must run now, the same ones on a second call.
 * `mayBeSending`: the batch was ended from outside, and its first tries may be under way.
 */
export async function handOverBatch(
  pool: Pool,
  operatorId: string,
  batchId: string,
  limits: SingleLimits,
  mayBeSending = false,
): Promise<{ deliveries: string[]; endpoints: string[] }> {
  return withTransaction(pool, async (client) => {
    if (await hasTried(client, operatorId, batchId)) {
      await lockSingles(client);
      await handOverTried(client, operatorId, batchId, limits);
    }
    // Deliveries that were not tried need no room, and so no lock: a busy worker leaves many of
    // them.
    await handOverUntried(client, operatorId, batchId, mayBeSending);
    const { rows } = await client.query<{ deliveries: string[]; endpoints: string[] }>(
      `select
         array(select id from deliveries
           where operator_id = $1 and batch_id = $2 and owner = 'self') as deliveries,
         array(select distinct endpoint_id from deliveries
           where operator_id = $1 and batch_id = $2 and owner = 'endpoint') as endpoints`,
      [operatorId, batchId],
    );
    return rows[0]!;
  });
}

async function hasTried(db: Queryable, operatorId: string, batchId: string): Promise<boolean> {
  const { rows } = await db.query<{ hasTried: boolean }>(
    `select exists (
       select from deliveries where operator_id = $1 and batch_id = $2 and owner = 'batch' and tries > 0
     ) as "hasTried"`,
    [operatorId, batchId],
  );
  return rows[0]!.hasTried;
}
