// Reads with an event the reassignments of its customer: moves to another affiliate by hand.
import type { Reassignment } from '../../domain/types.ts';
import { epochMs } from '../db/epoch-ms.ts';

/** A reassignment as JSON; times are milliseconds since 1970. */
export type StoredMove = {
  affiliateId: string;
  externalId: string | null;
  closedAt: number | null;
  from: number;
};

/**
 * The reassignments of the customer of the event `e`, oldest first; null without any. `$1`: the
 * operator. The inner `exists` runs once per statement, so an operator without reassignments pays
 * nothing for each event.
 */
export const MOVES = `case when (select exists (select from reassignments where operator_id = $1)) then (
    select json_agg(json_build_object('affiliateId', r.affiliate_id, 'externalId', f.external_id,
      'closedAt', ${epochMs('f.closed_at')}, 'from', ${epochMs('r.from_at')}) order by r.from_at, r.id)
    from reassignments r join affiliates f on f.operator_id = $1 and f.id = r.affiliate_id
    where r.operator_id = $1 and r.customer_id = coalesce(e.customer_id, customer_of_click(e.operator_id, e.click_id))) end`;

export function reassignmentFrom({ externalId, closedAt, ...move }: StoredMove): Reassignment {
  return { ...move, affiliateExternalId: externalId, affiliateClosedAt: closedAt };
}
