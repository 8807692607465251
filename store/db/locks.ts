// How a transaction that posts begins. Closing a month waits until every such transaction has ended, and keeps new ones waiting meanwhile, so
// that each posts either into a month that is open and will hold it, or sees that it is closed.
import type { Queryable } from './pool.ts';

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

/**
 * Keeps conversions and events against them apart while they are settled: many transactions may settle conversions of an operator side by side,
 * those that settle events against them run alone. So of a conversion and its clawback the later one always sees what the earlier one did.
 * What is agreed (a deal version, an exchange rate) is written and applied alone too, so that no settling under way misses it; so are amendments.
 * The first lock a settling transaction takes; held until it ends.
 */
export async function lockStrikes(db: Queryable, operatorId: string, side: Side): Promise<void> {
  const lock = side === 'conversions' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  await db.query(`select ${lock}(hashtextextended('strikes ' || $1, 0))`, [operatorId]);
}

/** Which half of a batch a transaction settles; or that it applies what was agreed, or amended, to conversions settled before. */
export type Side = 'conversions' | 'against' | 'agreed' | 'amended';
