// SQL that says whether settling an orphan, or an event whose click was too old, again may change
// its outcome: the same rule as `attribute` in domain/attribution, for statements that look through
// many of them.
import { ANEW_REASONS, CLICK_EXPIRED, CLOCK_TOLERANCE_MS } from '../../domain/attribution/attribution.ts';
import { sqlList } from '../db/sql-list.ts';

const TOLERANCE = `interval '${CLOCK_TOLERANCE_MS} milliseconds'`;

/** Whether the outcome `o` is of a conversion that evidence may still attribute. */
export const WAITS_FOR_EVIDENCE = `(o.status = 'orphaned' and o.reason <> 'no_conversion'
  or o.status = 'rejected' and o.reason = '${CLICK_EXPIRED}')`;

/** The customer of the event `e`; of one that names only a click, the customer whom it bound. */
export const CUSTOMER = `coalesce(e.customer_id, customer_of_click(e.operator_id, e.click_id))`;

/** Whether evidence that began at a moment counts for the event `e`. */
export function reachesEvent(since: string): string {
  return `e.occurred_at >= ${since} - ${TOLERANCE}`;
}

/** Whether the click `c` counts for the event `e` of the operator `p` by its time. */
export const CLICK_REACHES = `(${reachesEvent('c.clicked_at')}
    and e.occurred_at <= c.clicked_at + make_interval(days => p.click_window_days))`;

/** Whether the coupon `k` is valid when the event `e` occurs. */
export const COUPON_IS_VALID = `(coalesce(k.starts_at <= e.occurred_at, true)
    and coalesce(k.ends_at > e.occurred_at, true))`;

/**
 * Whether an affiliate, by its alias, is open when the event `e` occurs. Settling reads times to
 * the millisecond.
 */
export function isOpen(affiliate: string): string {
  return `coalesce(date_trunc('milliseconds', ${affiliate}.closed_at) > e.occurred_at, true)`;
}

/**
 * Whether evidence of an affiliate changes the outcome of the orphan `o`: of a closed affiliate it
 * only makes the reason `affiliate_closed`, once. `affiliate`: its alias.
 */
export function changesOrphan(affiliate: string): string {
  return `(${isOpen(affiliate)} or o.reason <> 'affiliate_closed')`;
}

/**
 * The same for a click or coupon that began at a moment, which counts for nothing where the
 * operator `p` ignores existing customers, and the customer was there before.
 */
function changesUnlessKnown(affiliate: string, since: string): string {
  return `(${changesOrphan(affiliate)} and (p.existing_customers = 'bind'
      or o.reason not in ('existing_customer', 'affiliate_closed')
      or not ${wasThere(since)}))`;
}

/** Whether the customer of the event `e` was known before evidence that began at a moment. */
export function wasThere(since: string): string {
  return `exists (select from events k where k.operator_id = e.operator_id
      and k.subject = 'customer ' || e.customer_id and k.occurred_at < ${since} - ${TOLERANCE}
      and not exists (select from event_outcomes v where v.operator_id = k.operator_id
        and v.event_id = k.id and v.status = 'voided'))`;
}

/** Joins the operator, the affiliate whose customer it was, and the click with its affiliate. */
export const JOIN_EVIDENCE = `
     join operators p on p.id = o.operator_id
     cross join lateral (select ${CUSTOMER} as id offset 0) who
     left join bindings b on b.operator_id = o.operator_id and b.customer_id = who.id
     left join lateral (select affiliate_id from reassignments r
       where r.operator_id = o.operator_id and r.customer_id = who.id and r.from_at <= e.occurred_at
       order by r.from_at desc, r.id desc limit 1) r on true
     left join affiliates owner on owner.operator_id = o.operator_id
       and owner.id = coalesce(r.affiliate_id, case when ${reachesEvent('b.since')} then b.affiliate_id end)
     left join clicks c on c.operator_id = o.operator_id and c.id = e.click_id
     left join affiliates ca on ca.operator_id = o.operator_id and ca.id = c.affiliate_id`;

const ASSIGNED = `exists (select from assignments s
    join affiliates f on f.operator_id = s.operator_id and f.id = s.affiliate_id
    where s.operator_id = o.operator_id and s.event_id = o.event_id and ${changesOrphan('f')})`;

const CLICKED = `c.id is not null and (o.reason = 'unknown_click'
    or ${CLICK_REACHES} and ${changesUnlessKnown('ca', 'c.clicked_at')})`;

const COUPON = `exists (select from coupons k
    join affiliates f on f.operator_id = k.operator_id and f.id = k.affiliate_id
    where k.operator_id = o.operator_id and upper(k.code) = upper(e.coupon collate "C")
      and k.deleted_at is null and ${COUPON_IS_VALID} and ${changesUnlessKnown('f', 'e.occurred_at')})`;

/**
 * Whether settling the orphan `o` again may change its outcome. One that waits to be judged anew is
 * settled in any case, should the step be lost that was to do so. Its customer may be an
 * affiliate's; else its own evidence counts. A binding that is later than the event only makes the
 * reason `before_click`, once.
 */
export const MAY_CHANGE = `case
    when o.reason in ${sqlList(ANEW_REASONS)} then true
    when ${ASSIGNED} then true
    when owner.id is not null then ${changesOrphan('owner')}
    else (${CLICKED}) or ${COUPON} or (o.reason = 'no_evidence' and b.customer_id is not null) end`;
