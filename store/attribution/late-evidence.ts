// Finds settled conversions that name a click or coupon which came after them, and by which they
// would have bound their customer.
import { requestChangesOf } from '../agreements/change-requests.ts';
import { withoutSettling } from '../db/locks.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { CLICK_REACHES, COUPON_IS_VALID } from './orphan-evidence.ts';

/** The events that name the click `c`, looked up by their index of clicks. */
const OF_CLICK = `from events e where e.operator_id = $1
    and hashtextextended(e.click_id, 0) = hashtextextended(c.id, 0) and e.click_id = c.id offset 0`;

/** Whether events name one of these clicks. */
const NAMED = `select from unnest($2::text[]) as c (id) where exists (select ${OF_CLICK}) limit 1`;

/** A customer whom an event that occurred later bound, so that this one binds it where it may. */
const BOUND_LATER = `join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id
    and (b.occurred_at, b.event_id) > (e.occurred_at, e.id)`;

const OF_CLICKS = `
  select e.id from clicks c
  join operators p on p.id = $1
  cross join lateral (select * ${OF_CLICK}) e
  ${BOUND_LATER}
  where c.operator_id = $1 and c.id = any($3) and ${CLICK_REACHES}`;

/**
 * Requests that conversions are judged anew which occurred before the event that bound their
 * customer, and name one of these clicks, which counts for them. Call after the commit of the
 * clicks: where an event names one of them, it waits for what is being settled, which may have been
 * read without the click. A click that no event names costs a look-up.
 */
export async function judgeByLateClicks(
  pool: Pool,
  operatorId: string,
  clickIds: readonly string[],
): Promise<void> {
  const { rowCount } = await pool.query(NAMED, [operatorId, clickIds]);
  if (rowCount === 0) return;
  await withoutSettling(pool, operatorId, (client) =>
    requestChangesOf(client, operatorId, 'unbound', OF_CLICKS, [clickIds]),
  );
}

const OF_COUPON = `
  select e.id from coupons k
  cross join lateral (select * from events e where e.operator_id = $1 and e.coupon is not null
    and hashtextextended(upper(e.coupon collate "C"), 0) = hashtextextended(upper(k.code), 0)
    and upper(e.coupon collate "C") = upper(k.code) offset 0) e
  ${BOUND_LATER}
  where k.operator_id = $1 and k.id = $3 and k.binds_customer and ${COUPON_IS_VALID}`;

/** The same for a coupon, in the transaction that adds it while nothing is settled. */
export async function judgeByLateCoupon(db: Queryable, operatorId: string, couponId: string): Promise<void> {
  await requestChangesOf(db, operatorId, 'unbound', OF_COUPON, [couponId]);
}
