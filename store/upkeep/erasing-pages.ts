// Further steps of an erasure: page by page of the customer's events, in the order of their time,
// what was made from them is emptied: amendments, conflicts, postbacks and the answers to them.
import { eraseAmendments } from '../agreements/amendments.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { eraseExcerpts, eraseDeliveries } from '../delivery/erased-deliveries.ts';
import { eraseConflicts } from '../intake/erased-events.ts';
import type { Erasure } from './erasures.ts';

const EVENTS_AT_ONCE = 100;

/** Who is erased, and the last event that was looked through. */
type Running = { customerId: string; erasedId: string; afterAt: string | null; afterId: string };

/** `isSending`: an emptied postback is being sent as it was, so the page is looked at once more. */
export type ErasedPage = Pick<Erasure, 'state' | 'events' | 'deliveries'> & { isSending: boolean };

/**
 * Looks through the next events. An unknown erasure is done: PostgreSQL was put back to a moment
 * before it, and whoever asked for it has to ask again.
 */
export async function stepErasure(pool: Pool, operatorId: string, erasureId: string): Promise<ErasedPage> {
  return withTransaction(pool, async (client) => {
    const { rows } = await client.query<ErasedPage & Running>(
      `select state, events, deliveries, customer_id as "customerId", erased_id as "erasedId",
         after_at::text as "afterAt", after_id as "afterId"
       from erasures where operator_id = $1 and id = $2 for update`,
      [operatorId, erasureId],
    );
    if (!rows[0]) return { state: 'done', events: 0, deliveries: 0, isSending: false };
    const { state, events, deliveries, ...running } = rows[0];
    if (state === 'done') return { state, events, deliveries, isSending: false };
    const erased = { operatorId, ...running };
    const page = await readPage(client, operatorId, running);
    const ids = page.map(({ id }) => id);
    await eraseAmendments(client, erased, ids);
    await eraseConflicts(client, erased, ids);
    const emptied = await eraseDeliveries(client, erased, ids);
    await eraseExcerpts(client, operatorId, emptied.all);
    const isEnd = page.length < EVENTS_AT_ONCE && !emptied.isSending;
    const { rows: after } = await client.query<Omit<ErasedPage, 'isSending'>>(
      `update erasures set deliveries = deliveries + $3, events = events + $4,
         after_at = coalesce($5::timestamptz, after_at), after_id = coalesce($6, after_id)
         ${isEnd ? `, state = 'done', customer_id = null, erased_id = null, finished_at = now()` : ''}
       where operator_id = $1 and id = $2 returning state, events, deliveries`,
      [
        operatorId,
        erasureId,
        emptied.changed,
        ...(emptied.isSending || page.length === 0
          ? [0, null, null]
          : [page.length, page.at(-1)!.occurredAt, page.at(-1)!.id]),
      ],
    );
    return { ...after[0]!, isSending: emptied.isSending };
  });
}

/** The next events of the customer, and of the clicks that bound it. */
async function readPage(
  db: Queryable,
  operatorId: string,
  { erasedId, afterAt, afterId }: Running,
): Promise<{ id: string; occurredAt: string }[]> {
  const { rows } = await db.query<{ id: string; occurredAt: string }>(
    `select e.id, e.occurred_at::text as "occurredAt"
     from (
       select 'customer ' || $2 as subject
       union
       select 'click ' || click_id from bindings
       where operator_id = $1 and customer_id = $2 and click_id is not null) s
     cross join lateral (
       select id, occurred_at from events
       where operator_id = $1 and subject = s.subject
         and (occurred_at, id) > (coalesce($3::timestamptz, '-infinity'), $4)
       order by occurred_at, id limit $5) e
     order by e.occurred_at, e.id limit $5`,
    [operatorId, erasedId, afterAt, afterId, EVENTS_AT_ONCE],
  );
  return rows;
}
