// Ends of deals: from its end on, an affiliate of a deal falls back to the operator's default deal.
import type { Queryable } from '../db/pool.ts';

/** A deal with its end, null: none, and its versions. */
type Ending = { id: string; endedAt: Date | null; versions: readonly { effectiveFrom: Date }[] };

/** `before_first_version`: the deal would never have been. `ended`: it has, at another moment. */
export type EndRefusal = 'before_first_version' | 'ended';

/**
 * Ends a deal at a moment, null: now; returns its end. An end that is still to come may be moved;
 * one that has come stays, and a request without a moment is answered with it. The caller holds the
 * reversal lock, which versions are added under too.
 */
export async function endDeal(
  db: Queryable,
  operatorId: string,
  { id, endedAt, versions }: Ending,
  at: Date | null,
): Promise<Date | EndRefusal> {
  const now = new Date();
  const isOver = endedAt !== null && endedAt <= now;
  if (isOver && at === null) return endedAt;
  const end = at ?? now;
  if (endedAt?.getTime() === end.getTime()) return endedAt;
  if (isOver) return 'ended';
  const first = Math.min(...versions.map(({ effectiveFrom }) => effectiveFrom.getTime()));
  if (end.getTime() < first) return 'before_first_version';
  await db.query(`update deals set ended_at = $3 where operator_id = $1 and id = $2`, [operatorId, id, end]);
  // rates again
  await markEnded(db, operatorId, id, endedAt === null || end < endedAt ? end : endedAt);
  return end;
}

/**
 * Called in the transaction that ends a deal or moves its end. `from`: conversions that occurred
 * from then on may have another version in force. Returns the deal's id.
 */
export function markEnded(_db: Queryable, _operatorId: string, dealId: string, _from: Date): Promise<string> {
  return Promise.resolve(dealId);
}
