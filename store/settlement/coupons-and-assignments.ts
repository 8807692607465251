// Reads evidence that few events have: coupons, and orphans assigned to an affiliate by hand.
import type { Assignment, Coupon } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';
import type { LoadedEvent } from './load-events.ts';

/**
 * Adds to events their coupons and the affiliates they were assigned to. Sends no query if no event
 * can have either.
 */
export async function addRareEvidence(
  db: Queryable,
  operatorId: string,
  loaded: LoadedEvent[],
): Promise<LoadedEvent[]> {
  const codes = loaded.flatMap(({ event, outcome }) =>
    event.coupon !== null && outcome?.status !== 'settled' ? [event.coupon] : [],
  );
  const orphans = loaded.flatMap(({ event, outcome }) => (outcome?.status === 'orphaned' ? [event.id] : []));
  if (codes.length === 0 && orphans.length === 0) return loaded;
  const coupons = codes.length === 0 ? new Map<string, Coupon>() : await readCoupons(db, operatorId, codes);
  const assignments =
    orphans.length === 0 ? new Map<string, Assignment>() : await readAssignments(db, operatorId, orphans);
  return loaded.map((one) => {
    const coupon = coupons.get(one.event.coupon ?? '');
    const assignment = assignments.get(one.event.id);
    return { ...one, ...(coupon && { coupon }), ...(assignment && { assignment }) };
  });
}

/** Coupons by the code as it was asked for. */
async function readCoupons(
  db: Queryable,
  operatorId: string,
  codes: readonly string[],
): Promise<Map<string, Coupon>> {
  const { rows } = await db.query<
    Omit<Coupon, 'startsAt' | 'endsAt'> & { asked: string; startsAt: Date | null; endsAt: Date | null }
  >(
    `select asked, c.affiliate_id as "affiliateId", a.external_id as "affiliateExternalId",
      c.binds_customer as "bindsCustomer",
       c.starts_at as "startsAt", c.ends_at as "endsAt"
     from unnest($2::text[]) as asked
     join coupons c on c.operator_id = $1 and upper(c.code) = upper(asked collate "C")
       and c.deleted_at is null
     join affiliates a on a.operator_id = $1 and a.id = c.affiliate_id`,
    [operatorId, [...new Set(codes)]],
  );
  return new Map(
    rows.map(({ asked, startsAt, endsAt, ...coupon }) => [
      asked,
      { ...coupon, startsAt: startsAt?.getTime() ?? null, endsAt: endsAt?.getTime() ?? null },
    ]),
  );
}

async function readAssignments(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<Map<string, Assignment>> {
  const { rows } = await db.query<Assignment & { eventId: string }>(
    `select s.event_id as "eventId", s.affiliate_id as "affiliateId", a.external_id as "affiliateExternalId"
     from assignments s join affiliates a on a.operator_id = $1 and a.id = s.affiliate_id
     where s.operator_id = $1 and s.event_id = any($2)`,
    [operatorId, eventIds],
  );
  return new Map(rows.map(({ eventId, ...assignment }) => [eventId, assignment]));
}
