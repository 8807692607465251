// Orphans: counts events without an affiliate, assigns them by hand, and finds evidence that
// arrived later, also of events whose click was too old.
import { CLICK_EXPIRED } from '../../domain/attribution/attribution.ts';
import type { Queryable } from '../db/pool.ts';
import { JOIN_EVIDENCE, MAY_CHANGE } from './orphan-evidence.ts';

/**
 * Result of an assignment. `conflict`: the event was assigned otherwise before. `too_late`: `from`
 * is later than the event, so that the assignment would not count for it.
 */
type AssignmentResult = 'assigned' | 'not_found' | 'not_orphaned' | 'conflict' | 'too_late';

/** An orphan given to an affiliate; `from`: since when the customer is the affiliate's. */
type NewAssignment = { eventId: string; affiliateId: string; from: Date | null; actor: string };

export const COUNTED_AT_MOST = 100_000;

export function createOrphans(db: Queryable) {
  return {
    /** Number of orphans by reason, among the newest `COUNTED_AT_MOST`. */
    async count(operatorId: string): Promise<Record<string, number>> {
      const { rows } = await db.query<{ reason: string; count: number }>(
        `select reason, count(*)::int as count
         from (
           select reason from event_outcomes
           where operator_id = $1 and status = 'orphaned'
           order by event_id desc limit (select ${COUNTED_AT_MOST})) newest
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
      { eventId, affiliateId, from, actor }: NewAssignment,
    ): Promise<AssignmentResult> {
      const { rows } = await db.query<{ isOrphaned: boolean; isTooLate: boolean; isSame: boolean | null }>(
        `select coalesce(o.status = 'orphaned' and o.reason <> 'no_conversion', false) as "isOrphaned",
           coalesce($4 > e.occurred_at, false) as "isTooLate", ${IS_SAME} as "isSame"
         from events e
         left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
         left join assignments a on a.operator_id = $1 and a.event_id = e.id
         where e.operator_id = $1 and e.id = $2`,
        [operatorId, eventId, affiliateId, from],
      );
      const [known] = rows;
      if (known === undefined) return 'not_found';
      if (known.isSame !== null) return known.isSame ? 'assigned' : 'conflict';
      if (!known.isOrphaned) return 'not_orphaned';
      if (known.isTooLate) return 'too_late';
      const { rowCount } = await db.query(
        `insert into assignments (operator_id, event_id, affiliate_id, from_at, actor)
         values ($1, $2, $3, $4, $5)
         on conflict do nothing`,
        [operatorId, eventId, affiliateId, from, actor],
      );
      if (rowCount === 1) return 'assigned';
      const { rows: winner } = await db.query<{ isSame: boolean }>(
        `select ${IS_SAME} as "isSame" from assignments a where operator_id = $1 and event_id = $2`,
        [operatorId, eventId, affiliateId, from],
      );
      return winner[0]?.isSame ? 'assigned' : 'conflict';
    },
  };
}

/** Whether the assignment `a` says the same as the request; null where there is none. */
const IS_SAME = `case when a.event_id is not null
  then a.affiliate_id = $3 and a.from_at is not distinct from $4::timestamptz end`;

const ORPHANED = `status = 'orphaned' and reason <> 'no_conversion'`;
const EXPIRED = `status = 'rejected' and reason = '${CLICK_EXPIRED}'`;

/** A page of outcomes, each state from the index of its own. */
const pageOf = (state: string): string => `(select operator_id, event_id, reason from event_outcomes
       where ${state} and (operator_id, event_id) > ($2, $3) and (operator_id = $1 or $1 is null)
       order by operator_id, event_id limit $4)`;

type OrphanPosition = { operatorId: string; eventId: string };

/**
 * Next orphans, and events whose click was too old, after a position, and whether settling them
 * again may change their outcome: evidence that counts for them exists now. `operatorId` null scans
 * all operators.
 */
export async function scanOrphans(
  db: Queryable,
  operatorId: string | null,
  after: OrphanPosition | null,
  limit: number,
): Promise<(OrphanPosition & { hasEvidence: boolean })[]> {
  const { rows } = await db.query<OrphanPosition & { hasEvidence: boolean }>(
    `select o.operator_id as "operatorId", o.event_id as "eventId", ${MAY_CHANGE} as "hasEvidence"
     from (${[ORPHANED, EXPIRED].map(pageOf).join(' union all ')} order by 1, 2 limit $4) o
     join events e on e.operator_id = o.operator_id and e.id = o.event_id
     ${JOIN_EVIDENCE}
     order by 1, 2`,
    [operatorId, after?.operatorId ?? operatorId ?? '', after?.eventId ?? '', limit],
  );
  return rows;
}
