// Ends of deals: from its end on, an affiliate of a deal falls back to the operator's default deal.
import type { Queryable } from '../db/pool.ts';
import { requestChangesOf } from './change-requests.ts';

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
  await requestEnded(db, operatorId, id, endedAt === null || end < endedAt ? end : endedAt);
  return end;
}

/** Conversions that occurred from a moment on and that the deal rates, or would if it went on. */
async function requestEnded(db: Queryable, operatorId: string, dealId: string, from: Date): Promise<void> {
  await requestChangesOf(
    db,
    operatorId,
    'deal_changed',
    `select o.event_id as id from deals d
     join event_outcomes o on o.operator_id = $1 and o.affiliate_id = coalesce(d.affiliate_id, o.affiliate_id)
     join events e on e.operator_id = $1 and e.id = o.event_id and e.occurred_at >= $4
     where d.operator_id = $1 and d.id = $3`,
    [dealId, from],
  );
}
