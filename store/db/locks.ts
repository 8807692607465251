// Advisory locks of the ledger: the posting lock, which keeps months from being closed while a
// transaction posts, and the reversal lock.
import { isLockTimeout } from './pg-errors.ts';
import { withTransaction, type Pool, type PoolClient, type Queryable } from './pool.ts';

/**
 * Takes the operator's posting lock in shared mode until the transaction ends. Returns the last
 * closed month, or null, for `postingPeriod`. Closing a month takes the lock alone, so a
 * transaction posts into an open month or sees that it is closed. Call it before any other lock.
 */
export async function lockLedgerShared(db: Queryable, operatorId: string): Promise<string | null> {
  const { rows } = await db.query<{ closedThrough: string | null }>({
    name: 'begin-posting',
    text: `select begin_posting($1) as "closedThrough"`,
    values: [operatorId],
  });
  return rows[0]!.closedThrough;
}

/**
 * Takes an operator's reversal lock until the transaction ends: the first lock of a settling
 * transaction. Conversions are settled concurrently, in shared mode. Reversals are settled alone,
 * so of a conversion and its clawback the later one sees the result of the earlier one. Deal
 * versions, exchange rates, coupons and amendments are written alone too, so that no concurrent
 * settling misses them.
 */
export async function lockReversals(db: Queryable, operatorId: string, side: Side): Promise<void> {
  const lock = side === 'conversions' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  await db.query(`select ${lock}(hashtextextended('reversals ' || $1, 0))`, [operatorId]);
}

/** Times that `withoutSettling` waits for the lock, as long as a transaction waits for one. */
const WAITS = 3;

/**
 * Runs a change of agreements in a transaction that has an operator's reversal lock alone, as
 * `withTransaction`. Those who rate again hold the lock in turns, so a change that had none in time
 * asks again.
 */
export async function withoutSettling<T>(
  pool: Pool,
  operatorId: string,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  for (let waited = 1; ; waited += 1) {
    try {
      return await withTransaction(pool, async (client) => {
        await lockReversals(client, operatorId, 'rerating');
        return await work(client);
      });
    } catch (error) {
      if (waited === WAITS || !isLockTimeout(error)) throw error;
    }
  }
}

/**
 * The events that a transaction settles, or the change of agreements or events that it applies to
 * settled conversions.
 */
export type Side = 'conversions' | 'reversals' | 'rerating' | 'amendments';
