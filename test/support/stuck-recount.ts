// Counts of stuck deliveries in two ways: as they are kept, and anew from the deliveries.
import assert from 'node:assert/strict';
import type { Pool } from '../../store/db/pool.ts';
import { stuckSql } from '../../store/delivery/stuck-condition.ts';
import { chosenParts } from '../../store/delivery/stuck-counts.ts';

const PART = ['endpoint_id', 'affiliate_id', 'state', 'owner', 'last_error', 'payout_currency']
  .concat('pause_reason')
  .map((column) => `p.${column}`)
  .join(', ');
const IN_ORDER = `order by p.endpoint_id, stuck_part(p.affiliate_id, p.owner, p.last_error, p.payout_currency,
  p.pause_reason), p.state`;

/** Holds what is kept about an operator to its deliveries. Returns the number of stuck ones. */
export async function assertStuckCounted(pool: Pool, operatorId: string): Promise<number> {
  const none = [null, null, null, null, null];
  const { rows: kept } = await pool.query<{ count: number }>(
    `${chosenParts(`${PART}, p.count, p.minor::text, p.oldest_at`)} ${IN_ORDER}`,
    [operatorId, ...none],
  );
  const { rows: counted } = await pool.query(
    `select ${PART}, count(*)::int as count, coalesce(sum(p.payout_delta_minor), 0)::text as minor,
       min(p.created_at) as oldest_at
     from deliveries p where p.operator_id = $1 and ${stuckSql('p')} group by ${PART} ${IN_ORDER}`,
    [operatorId],
  );
  assert.deepEqual(kept, counted);
  return kept.reduce((sum, { count }) => sum + count, 0);
}
