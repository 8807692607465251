// How a transaction that posts begins. Closing a month waits until every such transaction has ended, and keeps new ones waiting meanwhile, so
// that each posts either into a month that is open and will hold it, or sees that it is closed.
import type { Queryable } from '../db/pool.ts';

/**
 * Takes the shared side of the operator's posting lock until the transaction ends; gives the last month that is closed, or null, which
 * `postingPeriod` needs. To be called inside a transaction, before its first lock and before anything is posted.
 */
export async function beginPosting(db: Queryable, operatorId: string): Promise<string | null> {
  const { rows } = await db.query<{ closedThrough: string | null }>({
    name: 'begin-posting',
    text: `select begin_posting($1) as "closedThrough"`,
    values: [operatorId],
  });
  return rows[0]!.closedThrough;
}
