// Finds settled conversions that name a click which came after them, and by which they would have
// bound their customer.
import { requestChangesOf } from '../agreements/change-requests.ts';
import type { Queryable } from '../db/pool.ts';
import { reachesEvent } from './orphan-evidence.ts';

/**
 * Requests that these conversions are judged anew: they occurred before the event that bound their
 * customer, and the click counts for them.
 */
export async function requestForClick(db: Queryable, operatorId: string, clickId: string): Promise<void> {
  await requestChangesOf(db, operatorId, 'unbound', OVERTAKING, [clickId]);
}

const OVERTAKING = `
  select e.id from clicks c
  join operators p on p.id = $1
  join events e on e.operator_id = $1 and hashtextextended(e.click_id, 0) = hashtextextended($3, 0)
    and e.click_id = $3 and ${reachesEvent('c.clicked_at')}
    and e.occurred_at <= c.clicked_at + make_interval(days => p.click_window_days)
  join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id
    and (b.occurred_at, b.event_id) > (e.occurred_at, e.id)
  where c.operator_id = $1 and c.id = $3`;
