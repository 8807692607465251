// Events and refused repeats of a customer who is erased: what says who it was goes, what was
// earned stays.
import type { ErasedCustomer } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';

/** Place of an event in the order of time; null: before the first. */
export type AfterEvent = { occurredAt: string; id: string } | null;

type Page = { subject: string; after: AfterEvent; limit: number };

/**
 * Erases the customer from events with this subject; returns them in the order of time. An event of
 * another customer who came by the same click is left alone, since its subject is another.
 */
export async function eraseEvents(
  db: Queryable,
  { operatorId, customerId, erasedId }: ErasedCustomer,
  { subject, after, limit }: Page,
): Promise<{ id: string; occurredAt: string; clickId: string | null }[]> {
  const { rows } = await db.query<{ id: string; occurredAt: string; clickId: string | null }>(
    `with page as (
       select id from events
       where operator_id = $1 and subject = $2 and (occurred_at, id) > (coalesce($3::timestamptz, '-infinity'), $4)
       order by occurred_at, id limit $5
     ), erased as (
       update events e set
         customer_id = case when customer_id is not null then $7 end,
         key = case when key = $6 then $7 else key end,
         transaction_id = case when transaction_id = $6 then $7 else transaction_id end,
         reference = case when reference = $6 then $7 else reference end,
         metadata = null, request_id = null, sub1 = null, sub2 = null, sub3 = null, sub4 = null, sub5 = null
       from page where e.operator_id = $1 and e.id = page.id
         and ($6 in (e.key, e.transaction_id, e.reference)
           or num_nonnulls(e.customer_id, e.metadata, e.request_id, e.sub1, e.sub2, e.sub3, e.sub4, e.sub5) > 0)
     )
     select e.id, e.occurred_at::text as "occurredAt", e.click_id as "clickId"
     from page join events e on e.operator_id = $1 and e.id = page.id
     order by e.occurred_at, e.id`,
    [operatorId, subject, after?.occurredAt ?? null, after?.id ?? '', limit, customerId, erasedId],
  );
  return rows;
}

/**
 * A reversal without a customer may name a one-off event by the customer's id, which was its key.
 */
export async function eraseReferences(
  db: Queryable,
  { operatorId, customerId, erasedId }: ErasedCustomer,
): Promise<void> {
  await db.query(
    `update events e set reference = $3
     where operator_id = $1 and reference = $2 and exists (
       select from events k
       where k.operator_id = $1 and k.key = $3 and k.type = coalesce(e.reference_type, k.type))`,
    [operatorId, customerId, erasedId],
  );
}

/** Empties what was refused because these events were there, or named the customer. */
export async function eraseConflicts(
  db: Queryable,
  { operatorId, customerId }: Pick<ErasedCustomer, 'operatorId' | 'customerId'>,
  eventIds: readonly string[],
): Promise<void> {
  await db.query(
    `update event_conflicts set sent = '{}'
     where operator_id = $1 and (event_id = any($2) or sent ->> 'customerId' = $3) and sent::text <> '{}'`,
    [operatorId, eventIds, customerId],
  );
}
