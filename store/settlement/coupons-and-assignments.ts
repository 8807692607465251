// Reads evidence that few events have: coupons, orphans assigned to an affiliate by hand, and since
// when customers are known.
import { isFirst, reaches } from '../../domain/attribution/attribution.ts';
import type { Assignment, Coupon } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';
import type { LoadedEvent } from './event-rows.ts';
import type { SettlingOperator } from './load-events.ts';

/**
 * Adds to events their coupons, the affiliates they were assigned to, and since when their customer
 * is known where the operator ignores existing customers. Sends no query if no event can have any.
 */
export async function addRareEvidence(
  db: Queryable,
  { id: operatorId, existingCustomers }: SettlingOperator,
  loaded: LoadedEvent[],
): Promise<LoadedEvent[]> {
  const codes = loaded.flatMap(({ event, outcome }) =>
    event.coupon !== null && outcome?.status !== 'settled' ? [event.coupon] : [],
  );
  // An assigned orphan may have been set aside since, for want of a rate.
  const orphans = loaded.flatMap(({ event, outcome }) =>
    outcome?.status === 'orphaned' || outcome?.status === 'set_aside' ? [event.id] : [],
  );
  const customers = existingCustomers === 'ignore' ? customersToKnow(loaded) : [];
  if (codes.length + orphans.length + customers.length === 0) return loaded;
  const coupons = codes.length === 0 ? new Map<string, Coupon>() : await readCoupons(db, operatorId, codes);
  const assignments =
    orphans.length === 0 ? new Map<string, Assignment>() : await readAssignments(db, operatorId, orphans);
  const known =
    customers.length === 0 ? new Map<string, number>() : await readKnownSince(db, operatorId, customers);
  return loaded.map((one) => {
    const coupon = coupons.get(one.event.coupon ?? '');
    const assignment = assignments.get(one.event.id);
    const knownSince = known.get(one.event.customerId ?? '');
    return {
      ...one,
      ...(coupon && { coupon }),
      ...(assignment && { assignment }),
      ...(knownSince !== undefined && { knownSince }),
    };
  });
}

/** Customers whom a click or coupon of an event may bind. */
function customersToKnow(loaded: readonly LoadedEvent[]): string[] {
  return loaded.flatMap(({ event, outcome, binding }) => {
    const { customerId, clickId, coupon } = event;
    if (customerId === null || outcome?.status === 'settled') return [];
    if (clickId === null && coupon === null) return [];
    return binding !== null && reaches(binding.since, event) && !isFirst(event, binding) ? [] : [customerId];
  });
}

/** When the earliest event of each customer occurred, whatever its outcome, but not voided. */
async function readKnownSince(
  db: Queryable,
  operatorId: string,
  customerIds: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await db.query<{ customerId: string; knownSince: Date }>(
    `select customer as "customerId", k.occurred_at as "knownSince"
     from unnest($2::text[]) as customer
     cross join lateral (select occurred_at from events e
       where e.operator_id = $1 and e.subject = 'customer ' || customer and not exists (
         select from event_outcomes o where o.operator_id = $1 and o.event_id = e.id and o.status = 'voided')
       order by occurred_at limit 1) k`,
    [operatorId, [...new Set(customerIds)]],
  );
  return new Map(rows.map(({ customerId, knownSince }) => [customerId, knownSince.getTime()]));
}

/** Coupons by the code as it was asked for. */
async function readCoupons(
  db: Queryable,
  operatorId: string,
  codes: readonly string[],
): Promise<Map<string, Coupon>> {
  const { rows } = await db.query<
    Pick<Coupon, 'affiliateId' | 'affiliateExternalId' | 'bindsCustomer'> & {
      asked: string;
      startsAt: Date | null;
      endsAt: Date | null;
      closedAt: Date | null;
    }
  >(
    `select asked, c.affiliate_id as "affiliateId", a.external_id as "affiliateExternalId",
      c.binds_customer as "bindsCustomer",
       c.starts_at as "startsAt", c.ends_at as "endsAt", a.closed_at as "closedAt"
     from unnest($2::text[]) as asked
     join coupons c on c.operator_id = $1 and upper(c.code) = upper(asked collate "C")
       and c.deleted_at is null
     join affiliates a on a.operator_id = $1 and a.id = c.affiliate_id`,
    [operatorId, [...new Set(codes)]],
  );
  return new Map(
    rows.map(({ asked, startsAt, endsAt, closedAt, ...coupon }) => [
      asked,
      {
        ...coupon,
        startsAt: startsAt?.getTime() ?? null,
        endsAt: endsAt?.getTime() ?? null,
        affiliateClosedAt: closedAt?.getTime() ?? null,
      },
    ]),
  );
}

async function readAssignments(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<Map<string, Assignment>> {
  const { rows } = await db.query<{
    eventId: string;
    affiliateId: string;
    affiliateExternalId: string | null;
    closedAt: Date | null;
    fromAt: Date | null;
  }>(
    `select s.event_id as "eventId", s.affiliate_id as "affiliateId", s.from_at as "fromAt",
       a.external_id as "affiliateExternalId", a.closed_at as "closedAt"
     from assignments s join affiliates a on a.operator_id = $1 and a.id = s.affiliate_id
     where s.operator_id = $1 and s.event_id = any($2)`,
    [operatorId, eventIds],
  );
  return new Map(
    rows.map(({ eventId, fromAt, closedAt, ...assignment }) => [
      eventId,
      {
        ...assignment,
        ...(fromAt !== null && { from: fromAt.getTime() }),
        affiliateClosedAt: closedAt?.getTime() ?? null,
      },
    ]),
  );
}
