// Writes the outcomes of conversions that were rated again or taken out of the books.
import type { NewOutcome } from '../../domain/settlement/rate-again.ts';
import type { Queryable } from '../db/pool.ts';

const NEW_OUTCOMES = `json_to_recordset($2) as n
  ("eventId" text, status text, reason text, "affiliateId" text, "dealId" text, version int)`;

/**
 * Writes outcomes of settled conversions. A conversion that came to another affiliate keeps the
 * amounts reported to each of the two. Runs under the exclusive reversal lock.
 */
export async function writeRatedAgain(
  db: Queryable,
  operatorId: string,
  outcomes: readonly NewOutcome[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const rows = outcomes.map(({ version, ...outcome }) => ({
    ...outcome,
    dealId: version?.dealId ?? null,
    version: version?.version ?? null,
  }));
  const values = [operatorId, JSON.stringify(rows)];
  await db.query(
    `insert into reported_to_others (operator_id, event_id, affiliate_id, payout_minor, payout_currency)
     select $1, o.event_id, o.affiliate_id, o.payout_minor, o.payout_currency
     from ${NEW_OUTCOMES} join event_outcomes o on o.operator_id = $1 and o.event_id = n."eventId"
     where o.affiliate_id <> n."affiliateId" and o.payout_minor is not null
     on conflict (operator_id, event_id, affiliate_id) do update
       set payout_minor = excluded.payout_minor, payout_currency = excluded.payout_currency`,
    values,
  );
  await db.query(
    `with moved as (
       delete from reported_to_others t using ${NEW_OUTCOMES}, event_outcomes o
       where t.operator_id = $1 and t.event_id = n."eventId" and t.affiliate_id = n."affiliateId"
         and o.operator_id = $1 and o.event_id = n."eventId" and o.affiliate_id <> n."affiliateId"
       returning t.event_id, t.payout_minor, t.payout_currency
     )
     update event_outcomes o set status = n.status, reason = n.reason, affiliate_id = n."affiliateId",
       method = case when o.affiliate_id = n."affiliateId" then o.method else 'reassigned' end,
       deal_id = n."dealId", deal_version = n.version,
       payout_minor = case when o.affiliate_id = n."affiliateId" then o.payout_minor else moved.payout_minor end,
       payout_currency = case when o.affiliate_id = n."affiliateId" then o.payout_currency
         else moved.payout_currency end
     from ${NEW_OUTCOMES} left join moved on moved.event_id = n."eventId"
     where o.operator_id = $1 and o.event_id = n."eventId" and o.status = 'settled'`,
    values,
  );
}

/**
 * Writes the outcomes of events that a person took out of the books or put back, and that are not
 * in slots. An event that was put back waits until it is settled anew.
 */
export async function writeStanding(
  db: Queryable,
  operatorId: string,
  events: readonly { eventId: string; isVoided: boolean }[],
): Promise<void> {
  if (events.length === 0) return;
  await db.query(
    `update event_outcomes o set status = case when n."isVoided" then 'voided' else 'orphaned' end,
       reason = case when n."isVoided" then null else 'unvoided' end, detail = null
     from json_to_recordset($2) as n ("eventId" text, "isVoided" boolean)
     where o.operator_id = $1 and o.event_id = n."eventId"`,
    [operatorId, JSON.stringify(events)],
  );
}

/** Writes that settled reversals wait for their conversion again. */
export async function writeWaitingAgain(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<void> {
  if (eventIds.length === 0) return;
  await db.query(
    `update event_outcomes set status = 'orphaned', reason = 'no_conversion', affiliate_id = null
     where operator_id = $1 and event_id = any($2) and status = 'settled'`,
    [operatorId, eventIds],
  );
}

/**
 * Events of customers who lost their binding. `orphaned`: those that are in no books, also those
 * that were set aside: one of them may bind the customer now.
 */
export type Unbound = { settled: string[]; orphaned: string[] };

/**
 * Removes the bindings that these events made, and those of events known by click only whose
 * customer these events named: without them nobody may know whose the click is. Returns the events
 * of their customers, without those of `voided`, whose attribution is to be decided anew: settled
 * conversions, which leave the books first, orphans, which the binding may have kept from other
 * evidence, and those set aside. A customer moved by a person stays where it was moved to.
 */
export async function unbind(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
  voided: readonly string[] = [],
): Promise<Unbound> {
  if (eventIds.length === 0) return { settled: [], orphaned: [] };
  const { rows } = await db.query<{ id: string; status: 'settled' | 'orphaned' | 'set_aside' }>(
    `with lost as (
       select customer_id from bindings where operator_id = $1 and event_id = any($2)
       union select b.customer_id from events e
         join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id and b.click_id = e.click_id
         join events by_click on by_click.operator_id = $1 and by_click.id = b.event_id
           and by_click.customer_id is null
         where e.operator_id = $1 and e.id = any($2)
     ), unbound as (
       delete from bindings b using lost l where b.operator_id = $1 and b.customer_id = l.customer_id
       returning b.customer_id, b.click_id
     ), theirs as materialized (
       select e.id, o.status from unbound u
       join events e on e.operator_id = $1
         and e.subject in ('customer ' || u.customer_id, 'click ' || u.click_id)
       join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
       where e.id <> all($3) and (o.status = 'settled' and o.method <> 'reassigned'
         or o.status = 'orphaned' and o.reason <> 'no_conversion' or o.status = 'set_aside')
     ), waiting as (
       update event_outcomes o set reason = 'unbound' from theirs t
       where o.operator_id = $1 and o.event_id = t.id and t.status = 'orphaned'
     )
     select id, status from theirs`,
    [operatorId, eventIds, voided],
  );
  const having = (status: string): string[] => rows.flatMap((row) => (row.status === status ? row.id : []));
  return { settled: having('settled'), orphaned: [...having('orphaned'), ...having('set_aside')] };
}

/** Orphans whose customers may be new ones, now that these older events of theirs are voided. */
export async function findNewCustomers(
  db: Queryable,
  operatorId: string,
  voided: readonly string[],
): Promise<string[]> {
  if (voided.length === 0) return [];
  const { rows } = await db.query<{ id: string }>(
    `select distinct e.id from events v
     join events e on e.operator_id = $1 and e.subject = v.subject
     join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
       and o.status = 'orphaned' and o.reason = 'existing_customer'
     where v.operator_id = $1 and v.id = any($2)`,
    [operatorId, voided],
  );
  return rows.map(({ id }) => id);
}
