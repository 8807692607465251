// Events set aside: their rule failed, or they lack data that the operator can still supply.
import {
  SET_ASIDE_REASONS,
  type SetAsideGroup,
  type SetAsideReason,
} from '../../domain/settlement/set-aside.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { requestRetries } from '../agreements/retry-requests.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { withoutSettling } from '../db/locks.ts';

export type Sample = { eventId: string; detail: string | null };

/**
 * Result of an action: the reason the event was set aside for and the event as a group of its own,
 * or why nothing changed.
 */
export type SetAsideActionResult<Done = { reason: string }> = Done | 'not_found' | 'not_set_aside';
type Retried = { reason: string; group: SetAsideGroup };

/**
 * Actions on one event set aside. The functions below serve the workflow that handles all events of
 * one reason.
 */
export function createSetAside(pool: Pool) {
  /** Why no row was found. */
  async function absent(operatorId: string, eventId: string): Promise<'not_found' | 'not_set_aside'> {
    const { rowCount } = await pool.query(`select from events where operator_id = $1 and id = $2`, [
      operatorId,
      eventId,
    ]);
    return rowCount === 0 ? 'not_found' : 'not_set_aside';
  }

  return {
    /** The largest groups of the first 2,000 events of each reason. */
    async groups(operatorId: string): Promise<(SetAsideGroup & { reason: SetAsideReason })[]> {
      const ofReasons = await Promise.all(
        SET_ASIDE_REASONS.map(async (reason) => {
          const eventIds = await readSetAside(pool, operatorId, reason, '', LISTED_AT_MOST);
          if (eventIds.length === 0) return [];
          const groups = await readGroups(pool, operatorId, reason, eventIds);
          return groups.map((group) => ({ ...group, reason }));
        }),
      );
      return ofReasons.flat();
    },

    /**
     * Asks for the event to be settled again, together with all events set aside for the same
     * reason: the same remedy may help them.
     */
    async wantRetry(operatorId: string, eventId: string): Promise<SetAsideActionResult<Retried>> {
      const { rows } = await pool.query<{ reason: string }>(
        `select reason from event_outcomes where operator_id = $1 and event_id = $2 and status = 'set_aside'`,
        [operatorId, eventId],
      );
      const reasons = rows.map(({ reason }) => reason);
      const [reason] = await requestRetries(pool, operatorId, reasons);
      if (reason === undefined) return absent(operatorId, eventId);
      const [group] = await readGroups(pool, operatorId, reason, [eventId]);
      return group ? { reason, group } : 'not_set_aside';
    },

    /**
     * Rejects the event for good; the reason stays. Its lock excludes settling, so that the event
     * cannot be settled after it was dismissed.
     */
    async dismiss(operatorId: string, eventId: string): Promise<SetAsideActionResult> {
      const dismissed = await withoutSettling(pool, operatorId, async (client) => {
        const { rows } = await client.query<{ reason: string }>(
          `update event_outcomes set status = 'rejected'
           where operator_id = $1 and event_id = $2 and status = 'set_aside' returning reason`,
          [operatorId, eventId],
        );
        return rows[0];
      });
      return dismissed ?? (await absent(operatorId, eventId));
    },
  };
}

/** Events of a reason that are read for the groups, and groups and samples of them. */
const GROUPED_AT_MOST = 10_000;
/** The same for a request, which somebody waits for. */
export const LISTED_AT_MOST = 2000;
const GROUPS = 10;
const SAMPLES = 10;

/** Which events a reason has: differs as soon as one more or less, or another one, is set aside. */
const DIGEST = `count(*) || ' ' || bit_xor(hashtextextended(event_id, 0))`;

/** `since`: when the oldest of the events was received. */
type Summary = { count: number; since: Date | null; samples: Sample[]; digest: string };

/**
 * Number of events set aside for a reason, the largest groups of the first 10,000 of them, and
 * samples. `digest` was read before the rest, and is noted by `noteShown` once it is shown.
 */
export async function summarizeSetAside(
  db: Queryable,
  operatorId: string,
  reason: string,
): Promise<Summary & { groups: SetAsideGroup[] }> {
  const { rows } = await db.query<Summary>(
    `select count(*)::int as count, ${DIGEST} as digest,
       (select e.received_at from events e where e.operator_id = $1 and e.id = min(event_id)) as since,
       coalesce((select json_agg(s) from (
         select event_id as "eventId", detail from event_outcomes
         where operator_id = $1 and status = 'set_aside' and reason = $2
         order by event_id limit $3) s), '[]') as samples
     from event_outcomes where operator_id = $1 and status = 'set_aside' and reason = $2`,
    [operatorId, reason, SAMPLES],
  );
  const eventIds = await readSetAside(db, operatorId, reason, '', GROUPED_AT_MOST);
  return { ...rows[0]!, groups: await readGroups(db, operatorId, reason, eventIds) };
}

/**
 * Groups of set-aside events with the same currency and, for lack of an exchange rate, of the same
 * missing rate; its dates are then the group's, and the sum is of what it would exchange.
 */
async function readGroups(
  db: Queryable,
  operatorId: string,
  reason: string,
  eventIds: readonly string[],
): Promise<SetAsideGroup[]> {
  const lacksRate: SetAsideReason = 'no_exchange_rate';
  type Row = Omit<SetAsideGroup, 'sum'> & { minor: bigint | null; currency: string | null };
  const { rows } = await db.query<Row>(
    `select count(*)::int as count, v.lacks, v.currency, sum(v.minor)::bigint as minor,
       min(v.day) as "firstDay", max(v.day) as "lastDay"
     from event_outcomes o
     join events e on e.operator_id = $1 and e.id = o.event_id ${JOIN_AMENDMENT}
     cross join lateral (select
       coalesce(m.amount_minor, e.amount_minor) as amount, coalesce(m.currency, e.currency) as currency,
       coalesce(m.payout_minor, e.payout_minor) as payout,
       coalesce(m.payout_currency, e.payout_currency) as payout_currency,
       case when $2 = $3 then o.detail end as detail) s
     cross join lateral (select s.payout_currency <> s.currency
       and starts_with(s.detail, s.payout_currency || '→') as is_payout) p
     cross join lateral (select
       split_part(s.detail, ' on ', 1) as lacks,
       case when p.is_payout then s.payout_currency else s.currency end as currency,
       case when p.is_payout then s.payout else s.amount end as minor,
       coalesce(nullif(split_part(s.detail, ' on ', 2), ''),
         to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD')) as day) v
     where o.operator_id = $1 and o.event_id = any($4) and o.status = 'set_aside' and o.reason = $2
     group by v.lacks, v.currency
     order by count desc, v.lacks, v.currency limit $5`,
    [operatorId, reason, lacksRate, eventIds, GROUPS],
  );
  return rows.map(({ minor, currency, ...group }) => ({
    ...group,
    sum: minor === null || currency === null ? null : { minor, currency },
  }));
}

/** Notes which events of a reason its workflow shows; without events there is nothing to note. */
export async function noteShown(
  db: Queryable,
  operatorId: string,
  reason: string,
  { count, digest }: { count: number; digest: string },
): Promise<void> {
  if (count === 0)
    await db.query(`delete from set_aside_shown where operator_id = $1 and reason = $2`, [
      operatorId,
      reason,
    ]);
  else
    await db.query(
      `insert into set_aside_shown (operator_id, reason, digest) values ($1, $2, $3)
       on conflict (operator_id, reason) do update set digest = excluded.digest`,
      [operatorId, reason, digest],
    );
}

/**
 * Operators and reasons with events set aside, or whose workflow still shows some. `isChanged`:
 * other events than the workflow shows.
 */
export async function findSetAsideReasons(
  db: Queryable,
  limit: number,
): Promise<{ operatorId: string; reason: string; isChanged: boolean }[]> {
  const { rows } = await db.query<{ operatorId: string; reason: string; isChanged: boolean }>(
    `select operator_id as "operatorId", reason, c.digest is distinct from s.digest as "isChanged"
     from (select operator_id, reason, ${DIGEST} as digest from event_outcomes
       where status = 'set_aside' group by operator_id, reason) c
     full join set_aside_shown s using (operator_id, reason)
     order by "isChanged" desc, random() limit $1`,
    [limit],
  );
  return rows;
}

/** Ids of events set aside after the cursor `after`, in order. */
export async function readSetAside(
  db: Queryable,
  operatorId: string,
  reason: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select event_id as id from event_outcomes
     where operator_id = $1 and status = 'set_aside' and reason = $2 and event_id > $3
       order by event_id limit $4`,
    [operatorId, reason, after, limit],
  );
  return rows.map(({ id }) => id);
}

/** Rejects events set aside for good; the reason stays. */
export async function dismissSetAside(db: Queryable, operatorId: string, reason: string): Promise<number> {
  const { rowCount } = await db.query(
    `update event_outcomes set status = 'rejected' where operator_id = $1 and status = 'set_aside'
      and reason = $2`,
    [operatorId, reason],
  );
  return rowCount ?? 0;
}
