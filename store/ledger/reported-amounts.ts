// Amounts reported to affiliates per conversion, as rows.

import { columns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

/** A sum told to an affiliate for a conversion so far: to whom it belongs, or to a parent. */
export type ToldRow = { eventId: string; affiliateId: string; payoutMinor: bigint; currency: string };

const TOLD = columns<ToldRow>({
  event_id: ['text', ({ eventId }) => eventId],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  payout_minor: ['bigint', ({ payoutMinor }) => payoutMinor],
  payout_currency: ['text', ({ currency }) => currency],
});

/** Writes sums told for conversions that earlier batches settled, and sums told to parents. */
export async function writeTold(db: Queryable, operatorId: string, told: readonly ToldRow[]): Promise<void> {
  if (told.length === 0) return;
  await db.query({
    name: 'write-told',
    text: `with told as materialized (
       select * from ${TOLD.ofOperator(2, 't')}
     ), own as (
       update event_outcomes o set payout_minor = t.payout_minor, payout_currency = t.payout_currency from told t
       where o.operator_id = t.operator_id and o.event_id = t.event_id and o.affiliate_id = t.affiliate_id
     )
     insert into told_to_parents (operator_id, event_id, affiliate_id, payout_minor, payout_currency)
     select operator_id, event_id, affiliate_id, payout_minor, payout_currency from told t
     where not exists (
       select from event_outcomes o where o.operator_id = t.operator_id and o.event_id = t.event_id and o.affiliate_id = t.affiliate_id)
     on conflict (operator_id, event_id, affiliate_id) do update set payout_minor = excluded.payout_minor,
       payout_currency = excluded.payout_currency`,
    values: [operatorId, ...TOLD.values(told)],
  });
}

/** Sums told for conversions, to whomever, kept from being changed by others until the transaction ends. A lock taken after those of slots. */
export async function lockTold(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<ToldRow[]> {
  const { rows } = await db.query<ToldRow>({
    name: 'lock-told',
    text: `select event_id as "eventId", affiliate_id as "affiliateId", payout_minor as "payoutMinor", payout_currency as currency
     from event_outcomes where operator_id = $1 and event_id = any($2) and payout_minor is not null order by event_id for no key update`,
    values: [operatorId, eventIds],
  });
  return [...rows, ...(await readToldToParents(db, operatorId, eventIds))];
}

/** Sums told to parents for these conversions. */
export async function readToldToParents(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<ToldRow[]> {
  const { rows } = await db.query<ToldRow>({
    name: 'read-told-to-parents',
    text: `select event_id as "eventId", affiliate_id as "affiliateId", payout_minor as "payoutMinor", payout_currency as currency
     from told_to_parents where operator_id = $1 and event_id = any($2)`,
    values: [operatorId, eventIds],
  });
  return rows;
}
