// What became of events when a batch was settled, and whose customers were bound. Rows travel as one JSON document: that costs the Node process half of what
// an array per column costs, and the column list stands once.
import type { Outcome } from '../domain/settlement.ts';
import type { Binding } from '../domain/types.ts';
import { LostRace } from './lost-race.ts';
import type { Queryable } from './pool.ts';

/** Writes the bindings of newly bound customers. Throws LostRace if somebody else bound one of them meanwhile. */
export async function writeBindings(
  db: Queryable,
  operatorId: string,
  batchId: string,
  bindings: readonly Binding[],
): Promise<void> {
  if (bindings.length === 0) return;
  const rows = bindings.map(({ customerId, affiliateId, eventId, click }) => ({
    customer_id: customerId,
    affiliate_id: affiliateId,
    event_id: eventId,
    click_id: click?.id,
    link_id: click?.linkId,
    sub1: click?.subs[0],
    sub2: click?.subs[1],
    sub3: click?.subs[2],
    sub4: click?.subs[3],
    sub5: click?.subs[4],
    clicked_at: click === null ? null : new Date(click.clickedAt),
  }));
  const { rowCount } = await db.query(
    `insert into bindings (operator_id, batch_id, customer_id, affiliate_id, event_id, click_id, link_id, sub1, sub2, sub3, sub4, sub5, clicked_at)
     select $1, $2, customer_id, affiliate_id, event_id, click_id, link_id, sub1, sub2, sub3, sub4, sub5, clicked_at
     from json_to_recordset($3) as b (customer_id text, affiliate_id text, event_id text, click_id text, link_id text,
       sub1 text, sub2 text, sub3 text, sub4 text, sub5 text, clicked_at timestamptz)
     order by customer_id
     on conflict do nothing`,
    [operatorId, batchId, JSON.stringify(rows)],
  );
  if (rowCount !== bindings.length) throw new LostRace('a customer was bound meanwhile');
}

/** An outcome with what was told for the event so far, and in words what went wrong. */
export type OutcomeRow = Outcome & { payoutMinor: bigint | null; payoutCurrency: string | null; detail?: string };

/** Writes what became of events; an event settled before (an orphan, say) gets its new outcome. */
export async function writeOutcomes(
  db: Queryable,
  operatorId: string,
  batchId: string,
  outcomes: readonly OutcomeRow[],
): Promise<void> {
  const rows = outcomes.map((outcome) => ({
    event_id: outcome.eventId,
    status: outcome.status,
    reason: outcome.reason,
    detail: outcome.detail,
    affiliate_id: outcome.affiliateId,
    method: outcome.method,
    click_id: outcome.clickId,
    deal_id: outcome.version?.dealId,
    deal_version: outcome.version?.version,
    payout_minor: outcome.payoutMinor?.toString(),
    payout_currency: outcome.payoutCurrency,
  }));
  await db.query(
    `insert into event_outcomes (operator_id, event_id, status, reason, detail, batch_id, affiliate_id, method, click_id, deal_id,
       deal_version, payout_minor, payout_currency)
     select $1, event_id, status, reason, detail, $2, affiliate_id, method, click_id, deal_id, deal_version, payout_minor, payout_currency
     from json_to_recordset($3) as o (event_id text, status text, reason text, detail text, affiliate_id text, method text, click_id text,
       deal_id text, deal_version int, payout_minor bigint, payout_currency text)
     on conflict (operator_id, event_id) do update set status = excluded.status, reason = excluded.reason, detail = excluded.detail,
       batch_id = excluded.batch_id, affiliate_id = excluded.affiliate_id, method = excluded.method, click_id = excluded.click_id,
       deal_id = excluded.deal_id, deal_version = excluded.deal_version, payout_minor = excluded.payout_minor,
       payout_currency = excluded.payout_currency, settled_at = now()`,
    [operatorId, batchId, JSON.stringify(rows)],
  );
}

/** Writes the sum told so far for conversions that earlier batches settled. */
export async function writeTold(
  db: Queryable,
  operatorId: string,
  told: readonly { eventId: string; payoutMinor: bigint }[],
): Promise<void> {
  if (told.length === 0) return;
  await db.query(
    `update event_outcomes o set payout_minor = t.payout_minor
     from json_to_recordset($2) as t (event_id text, payout_minor bigint)
     where o.operator_id = $1 and o.event_id = t.event_id`,
    [
      operatorId,
      JSON.stringify(told.map(({ eventId, payoutMinor }) => ({ event_id: eventId, payout_minor: payoutMinor.toString() }))),
    ],
  );
}
