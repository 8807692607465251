// What became of events when a batch was settled, and whose customers were bound.
import type { Outcome } from '../../domain/settlement/settlement.ts';
import type { Binding } from '../../domain/types.ts';
import { LostRace } from '../db/conflict.ts';
import { columns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

const BINDINGS = columns<Binding>({
  customer_id: ['text', ({ customerId }) => customerId],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  event_id: ['text', ({ eventId }) => eventId],
  click_id: ['text', ({ click }) => click?.id],
  link_id: ['text', ({ click }) => click?.linkId],
  sub1: ['text', ({ click }) => click?.subs[0]],
  sub2: ['text', ({ click }) => click?.subs[1]],
  sub3: ['text', ({ click }) => click?.subs[2]],
  sub4: ['text', ({ click }) => click?.subs[3]],
  sub5: ['text', ({ click }) => click?.subs[4]],
  clicked_at: ['timestamptz', ({ click }) => click && new Date(click.clickedAt)],
});

/** Writes the bindings of newly bound customers. Throws LostRace if somebody else bound one of them meanwhile. */
export async function writeBindings(
  db: Queryable,
  operatorId: string,
  batchId: string,
  bindings: readonly Binding[],
): Promise<void> {
  if (bindings.length === 0) return;
  const { rowCount } = await db.query({
    name: 'insert-bindings',
    text: `insert into bindings (operator_id, batch_id, ${BINDINGS.names()})
     select $1, $2, ${BINDINGS.names()} from ${BINDINGS.from(3, 'b')} order by customer_id
     on conflict do nothing`,
    values: [operatorId, batchId, ...BINDINGS.values(bindings)],
  });
  if (rowCount !== bindings.length) throw new LostRace('a customer was bound meanwhile');
}

/** An outcome with what was told for the event so far, and in words what went wrong. `isFirst`: the event had none before. */
export type OutcomeRow = Outcome & {
  payoutMinor: bigint | null;
  payoutCurrency: string | null;
  detail?: string;
  isFirst: boolean;
};

const OUTCOMES = columns<OutcomeRow>({
  event_id: ['text', ({ eventId }) => eventId],
  status: ['text', ({ status }) => status],
  reason: ['text', ({ reason }) => reason],
  detail: ['text', ({ detail }) => detail],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  method: ['text', ({ method }) => method],
  click_id: ['text', ({ clickId }) => clickId],
  deal_id: ['text', ({ version }) => version?.dealId],
  deal_version: ['int', ({ version }) => version?.version],
  payout_minor: ['bigint', ({ payoutMinor }) => payoutMinor],
  payout_currency: ['text', ({ payoutCurrency }) => payoutCurrency],
});

/** Writes what became of events that nobody settled before. Throws LostRace if somebody else did meanwhile. */
export async function insertOutcomes(
  db: Queryable,
  operatorId: string,
  batchId: string,
  outcomes: readonly OutcomeRow[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const { rowCount } = await db.query({
    name: 'insert-outcomes',
    text: `insert into event_outcomes (operator_id, batch_id, ${OUTCOMES.names()})
     select $1, $2, ${OUTCOMES.names()} from ${OUTCOMES.from(3, 'o')} order by event_id
     on conflict do nothing`,
    values: [operatorId, batchId, ...OUTCOMES.values(outcomes)],
  });
  if (rowCount !== outcomes.length) throw new LostRace('an event was settled meanwhile');
}

/** Writes what became of events that waited, as orphans or set aside. Throws LostRace if somebody else settled one meanwhile. */
export async function changeOutcomes(
  db: Queryable,
  operatorId: string,
  batchId: string,
  outcomes: readonly OutcomeRow[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const { rowCount } = await db.query({
    name: 'change-outcomes',
    text: `update event_outcomes o set batch_id = $2, settled_at = now(), ${OUTCOMES.changes('n', ['event_id'])}
     from ${OUTCOMES.ofOperator(3, 'n')}
     where o.operator_id = n.operator_id and o.event_id = n.event_id and o.status <> 'settled'`,
    values: [operatorId, batchId, ...OUTCOMES.values(outcomes)],
  });
  if (rowCount !== outcomes.length) throw new LostRace('an event was settled meanwhile');
}

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
