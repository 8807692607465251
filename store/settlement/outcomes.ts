// Writes the results of settling: outcomes of events, and bindings of customers to affiliates.
import type { Binding } from '../../domain/types.ts';
import { ConflictError } from '../db/conflict.ts';
import { bulkColumns, type ColumnSpec } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import { noteLate } from '../ledger/report-days.ts';
import type { Outcome } from '../../domain/settlement/outcomes.ts';

const BINDINGS = bulkColumns<Binding>({
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
  since: ['timestamptz', ({ since }) => new Date(since)],
  occurred_at: ['timestamptz', ({ occurredAt }) => new Date(occurredAt)],
});

/**
 * Writes the bindings of new customers, and those that replace the binding by a later event. Throws
 * ConflictError if a concurrent transaction bound one of them by an earlier event.
 */
export async function writeBindings(
  db: Queryable,
  operatorId: string,
  batchId: string,
  bindings: readonly Binding[],
): Promise<void> {
  if (bindings.length === 0) return;
  const { rowCount } = await db.query({
    name: 'insert-bindings',
    text: `insert into bindings as b (operator_id, batch_id, ${BINDINGS.names()})
     select $1, $2, ${BINDINGS.names()} from ${BINDINGS.unnest(3, 'n')} order by customer_id
     on conflict (operator_id, customer_id) do update set batch_id = excluded.batch_id, bound_at = now(),
       former_clicks = array_append(b.former_clicks, coalesce(b.click_id, '')),
       ${BINDINGS.assignments('excluded', ['customer_id'])}
     where (b.occurred_at, b.event_id) > (excluded.occurred_at, excluded.event_id)`,
    values: [operatorId, batchId, ...BINDINGS.values(bindings)],
  });
  if (rowCount !== bindings.length) throw new ConflictError('a customer was bound meanwhile');
}

/** An outcome with the reported amount so far. `before`: the status that the event had, if any. */
export type OutcomeRow = Outcome & {
  payoutMinor: bigint | null;
  payoutCurrency: string | null;
  before: Outcome['status'] | null;
};

const OUTCOME: ColumnSpec<OutcomeRow> = {
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
};
const OUTCOMES = bulkColumns(OUTCOME);
const CHANGES = bulkColumns<OutcomeRow>({ ...OUTCOME, status_before: ['text', ({ before }) => before] });

/**
 * Inserts outcomes of events that had none. Throws ConflictError if a concurrent transaction
 * settled one of them.
 */
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
     select $1, $2, ${OUTCOMES.names()} from ${OUTCOMES.unnest(3, 'o')} order by event_id
     on conflict do nothing`,
    values: [operatorId, batchId, ...OUTCOMES.values(outcomes)],
  });
  if (rowCount !== outcomes.length) throw new ConflictError('an event was settled meanwhile');
  await noteLate(
    db,
    operatorId,
    outcomes.map(({ eventId }) => eventId),
    Date.now(),
  );
}

/**
 * Updates outcomes of events that had one. An event that had an affiliate once, and has another one
 * now or none, keeps the amount reported to each. Throws ConflictError if a concurrent transaction
 * changed the status of one of them.
 */
export async function changeOutcomes(
  db: Queryable,
  operatorId: string,
  batchId: string,
  outcomes: readonly OutcomeRow[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const { rowCount } = await db.query({
    name: 'change-outcomes',
    text: `with n as materialized (select * from ${CHANGES.unnestWithOperator(3, 'n')}
     ), told as materialized (
       select n.operator_id, n.event_id, n.affiliate_id as now, o.affiliate_id as before, o.payout_minor,
         o.payout_currency
       from n join event_outcomes o on o.operator_id = n.operator_id and o.event_id = n.event_id
       where o.status = n.status_before
     ), former as (
       insert into reported_to_others (operator_id, event_id, affiliate_id, payout_minor, payout_currency)
       select operator_id, event_id, before, payout_minor, payout_currency from told
       where before is distinct from now and payout_minor is not null
       on conflict (operator_id, event_id, affiliate_id) do update
         set payout_minor = excluded.payout_minor, payout_currency = excluded.payout_currency
     ), present as (
       delete from reported_to_others t using told
       where t.operator_id = told.operator_id and t.event_id = told.event_id and t.affiliate_id = told.now
         and told.before is distinct from told.now
     )
     update event_outcomes o set batch_id = $2, settled_at = now(),
      ${CHANGES.assignments('n', ['event_id', 'status_before'])}
     from n
     where o.operator_id = n.operator_id and o.event_id = n.event_id and o.status = n.status_before`,
    values: [operatorId, batchId, ...CHANGES.values(outcomes)],
  });
  if (rowCount !== outcomes.length) throw new ConflictError('the outcome of an event changed meanwhile');
}
