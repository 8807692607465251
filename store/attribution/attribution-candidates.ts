// Reads the attribution candidates of an event (reassignment, binding, assignment, click, coupon),
// strongest first.
import type { AttributionCandidate } from '../../domain/attribution/evidence.ts';
import type { Queryable } from '../db/pool.ts';
import { COUPON_IS_VALID, isOpen, reachesEvent, wasThere } from './orphan-evidence.ts';

/** Returns none for an event without an outcome, which attribution has not judged yet. */
export async function readAttributionCandidates(
  db: Queryable,
  operatorId: string,
  eventId: string,
): Promise<AttributionCandidate[]> {
  const { rows } = await db.query<AttributionCandidate>(
    `with e as (
       select e.operator_id, e.id, e.customer_id, e.click_id, e.coupon, e.occurred_at, o.settled_at, o.reason,
         o.method
       from events e
       join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
       where e.operator_id = $1 and e.id = $2
     ), candidates as (
       (select 0 as rank, 'reassignment' as kind, r.id, r.affiliate_id, r.from_at as at, r.created_at as known_at,
         true as is_valid
        from e join reassignments r on r.operator_id = $1 and r.customer_id = e.customer_id
          and r.from_at <= e.occurred_at
        order by r.from_at desc, r.id desc limit 1)
       union all
       select 1, 'binding', b.event_id, b.affiliate_id, b.since, b.bound_at, true
       from e join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id
         and (b.event_id <> e.id or e.method = 'binding')
       union all
       select 2, 'assignment', g.actor, g.affiliate_id, coalesce(g.from_at, e.occurred_at), g.assigned_at, true
       from e join assignments g on g.operator_id = $1 and g.event_id = e.id
       union all
       select 3, 'click', e.click_id, c.affiliate_id, c.clicked_at, c.received_at, true
       from e left join clicks c on c.operator_id = $1 and c.id = e.click_id where e.click_id is not null
       union all
       select 4, 'coupon', e.coupon, k.affiliate_id, null, k.created_at, ${COUPON_IS_VALID}
       from e left join lateral (
         select * from coupons k where k.operator_id = $1 and upper(k.code) = upper(e.coupon collate "C")
           and (k.deleted_at is null or k.deleted_at > e.settled_at)
         order by k.created_at limit 1) k on true
       where e.coupon is not null
     )
     select p.kind, p.id, p.affiliate_id as "affiliateId", p.at,
       coalesce(p.known_at > e.settled_at, false) as "isLater",
       p.is_valid as "isValid", not coalesce(${reachesEvent('p.at')}, true) as "isAfterEvent",
       not ${isOpen('a')} as "isClosed",
       p.rank >= 3 and (s.existing_customers = 'ignore' or e.reason = 'existing_customer')
         and ${wasThere('coalesce(p.at, e.occurred_at)')} as "isKnownCustomer",
       coalesce(a.external_id = e.customer_id, false) as "isOwn"
     from e cross join candidates p
     join operators s on s.id = $1
     left join affiliates a on a.operator_id = $1 and a.id = p.affiliate_id
     order by p.rank`,
    [operatorId, eventId],
  );
  return rows;
}
