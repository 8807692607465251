// Events set aside: their rule failed, or they lack data that the operator can still supply.
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { requestRetries } from '../agreements/retry-requests.ts';
import { lockReversals } from '../db/locks.ts';

export type Sample = { eventId: string; detail: string | null };

/** Result of an action: the reason the event was set aside for, or why nothing changed. */
export type SetAsideActionResult = { reason: string } | 'not_found' | 'not_set_aside';

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
    /**
     * Asks for the event to be settled again, together with all events set aside for the same
     * reason: the same remedy may help them.
     */
    async wantRetry(operatorId: string, eventId: string): Promise<SetAsideActionResult> {
      const { rows } = await pool.query<{ reason: string }>(
        `select reason from event_outcomes where operator_id = $1 and event_id = $2 and status = 'set_aside'`,
        [operatorId, eventId],
      );
      const reasons = rows.map(({ reason }) => reason);
      const [reason] = await requestRetries(pool, operatorId, reasons);
      return reason === undefined ? absent(operatorId, eventId) : { reason };
    },

    /**
     * Rejects the event for good; the reason stays. Its lock excludes settling, so that the event
     * cannot be settled after it was dismissed.
     */
    async dismiss(operatorId: string, eventId: string): Promise<SetAsideActionResult> {
      const dismissed = await withTransaction(pool, async (client) => {
        await lockReversals(client, operatorId, 'rerating');
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

/** Number of events set aside for a reason, and the first ten of them. */
export async function sampleSetAside(
  db: Queryable,
  operatorId: string,
  reason: string,
): Promise<{ count: number; samples: Sample[] }> {
  const { rows } = await db.query<{ count: number; samples: Sample[] }>(
    `select (select count(*)::int from event_outcomes where operator_id = $1 and status = 'set_aside'
      and reason = $2) as count,
       coalesce((select json_agg(s) from (
         select event_id as "eventId", detail from event_outcomes
         where operator_id = $1 and status = 'set_aside' and reason = $2
           order by event_id limit 10) s), '[]') as samples`,
    [operatorId, reason],
  );
  return rows[0]!;
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
