// Orphans: counts events without an affiliate, assigns them by hand, and finds evidence that
// arrived later.
import type { Queryable } from '../db/pool.ts';

/** Result of an assignment. `conflict`: the event was assigned to another affiliate before. */
type AssignmentResult = 'assigned' | 'not_found' | 'not_orphaned' | 'conflict';

export function createOrphans(db: Queryable) {
  return {
    /** Number of orphans by reason. */
    async count(operatorId: string): Promise<Record<string, number>> {
      const { rows } = await db.query<{ reason: string; count: number }>(
        `select reason, count(*)::int as count
         from event_outcomes
         where operator_id = $1 and status = 'orphaned'
         group by reason
         order by reason`,
        [operatorId],
      );
      return Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
    },

    /**
     * Assigns an orphan to an affiliate; settling reads the assignment as evidence. Repeating it
     * changes nothing.
     */
    async assign(
      operatorId: string,
      { eventId, affiliateId, actor }: { eventId: string; affiliateId: string; actor: string },
    ): Promise<AssignmentResult> {
      const { rows } = await db.query<{ isOrphaned: boolean; assignedTo: string | null }>(
        `select coalesce(o.status = 'orphaned' and o.reason <> 'no_conversion', false) as "isOrphaned",
           a.affiliate_id as "assignedTo"
         from events e
         left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
         left join assignments a on a.operator_id = $1 and a.event_id = e.id
         where e.operator_id = $1 and e.id = $2`,
        [operatorId, eventId],
      );
      const [known] = rows;
      if (known === undefined) return 'not_found';
      if (known.assignedTo !== null) return known.assignedTo === affiliateId ? 'assigned' : 'conflict';
      if (!known.isOrphaned) return 'not_orphaned';
      const { rowCount } = await db.query(
        `insert into assignments (operator_id, event_id, affiliate_id, actor)
         values ($1, $2, $3, $4)
         on conflict do nothing`,
        [operatorId, eventId, affiliateId, actor],
      );
      if (rowCount === 1) return 'assigned';
      const { rows: winner } = await db.query<{ same: boolean }>(
        `select affiliate_id = $3 as same from assignments where operator_id = $1 and event_id = $2`,
        [operatorId, eventId, affiliateId],
      );
      return winner[0]?.same ? 'assigned' : 'conflict';
    },
  };
}

type OrphanPosition = { operatorId: string; eventId: string };

/**
 * Next orphans after a position that may still be attributed, and whether evidence exists now: the
 * click, a binding of the customer, a valid coupon, or an assignment. `operatorId` null scans all
 * operators.
 */
export async function scanOrphans(
  db: Queryable,
  operatorId: string | null,
  after: OrphanPosition | null,
  limit: number,
): Promise<(OrphanPosition & { hasEvidence: boolean })[]> {
  const { rows } = await db.query<OrphanPosition & { hasEvidence: boolean }>(
    `select o.operator_id as "operatorId", o.event_id as "eventId",
       (exists (select from clicks c where c.operator_id = o.operator_id and c.id = e.click_id)
        or exists (select from bindings b where b.operator_id = o.operator_id
          and b.customer_id = e.customer_id)
        or exists (select from assignments a where a.operator_id = o.operator_id and a.event_id = o.event_id)
        or exists (select from coupons k where k.operator_id = o.operator_id
          and upper(k.code) = upper(e.coupon collate "C")
          and k.deleted_at is null and (k.starts_at <= e.occurred_at or k.starts_at is null)
          and (k.ends_at > e.occurred_at or k.ends_at is null))) as "hasEvidence"
     from (select operator_id, event_id from event_outcomes
       where status = 'orphaned' and reason <> 'no_conversion'
         and (operator_id, event_id) > ($2, $3) and (operator_id = $1 or $1 is null)
       order by operator_id, event_id limit $4) o
     join events e on e.operator_id = o.operator_id and e.id = o.event_id
     order by 1, 2`,
    [operatorId, after?.operatorId ?? operatorId ?? '', after?.eventId ?? '', limit],
  );
  return rows;
}
