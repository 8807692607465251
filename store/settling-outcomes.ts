// What became of events when a batch was settled, and whose customers were bound. Rows travel as one JSON document: that costs the Node
// process half of what an array per column costs, and the column list stands once.
import type { Outcome } from '../domain/settlement.ts';
import type { Binding } from '../domain/types.ts';
import { LostRace } from './lost-race.ts';
import { namesOf, type Queryable } from './pool.ts';

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
  const { rowCount } = await db.query({
    name: 'insert-bindings',
    text: `insert into bindings (operator_id, batch_id, customer_id, affiliate_id, event_id, click_id, link_id, sub1, sub2, sub3, sub4, sub5, clicked_at)
     select $1, $2, customer_id, affiliate_id, event_id, click_id, link_id, sub1, sub2, sub3, sub4, sub5, clicked_at
     from json_to_recordset($3) as b (customer_id text, affiliate_id text, event_id text, click_id text, link_id text,
       sub1 text, sub2 text, sub3 text, sub4 text, sub5 text, clicked_at timestamptz)
     order by customer_id
     on conflict do nothing`,
    values: [operatorId, batchId, JSON.stringify(rows)],
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
    text: `insert into event_outcomes (operator_id, batch_id, ${OUTCOME_NAMES})
     select $1, $2, ${OUTCOME_NAMES} from json_to_recordset($3) as o (${OUTCOME_COLUMNS})
     order by event_id
     on conflict do nothing`,
    values: [operatorId, batchId, JSON.stringify(outcomes.map(outcomeRow))],
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
    text: `update event_outcomes o set batch_id = $2, settled_at = now(), ${OUTCOME_CHANGES}
     from json_to_recordset($3) as n (${OUTCOME_COLUMNS})
     where o.operator_id = $1 and o.event_id = n.event_id and o.status <> 'settled'`,
    values: [operatorId, batchId, JSON.stringify(outcomes.map(outcomeRow))],
  });
  if (rowCount !== outcomes.length) throw new LostRace('an event was settled meanwhile');
}

const OUTCOME_COLUMNS = `event_id text, status text, reason text, detail text, affiliate_id text, method text, click_id text, deal_id text,
  deal_version int, payout_minor bigint, payout_currency text`;
const OUTCOME_NAMES = namesOf(OUTCOME_COLUMNS).join(', ');
const OUTCOME_CHANGES = namesOf(OUTCOME_COLUMNS)
  .filter((name) => name !== 'event_id')
  .map((name) => `${name} = n.${name}`)
  .join(', ');

function outcomeRow(outcome: OutcomeRow): object {
  return {
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
  };
}

/** A sum told to an affiliate for a conversion so far: to whom it belongs, or to a parent. */
export type ToldRow = { eventId: string; affiliateId: string; payoutMinor: bigint; currency: string };

/** Writes sums told for conversions that earlier batches settled, and sums told to parents. */
export async function writeTold(db: Queryable, operatorId: string, told: readonly ToldRow[]): Promise<void> {
  if (told.length === 0) return;
  const rows = told.map(({ eventId, affiliateId, payoutMinor, currency }) => {
    return { event_id: eventId, affiliate_id: affiliateId, payout_minor: payoutMinor.toString(), payout_currency: currency };
  });
  await db.query({
    name: 'write-told',
    text: `with told as materialized (
       select * from json_to_recordset($2) as t (event_id text, affiliate_id text, payout_minor bigint, payout_currency text)
     ), own as (
       update event_outcomes o set payout_minor = t.payout_minor, payout_currency = t.payout_currency from told t
       where o.operator_id = $1 and o.event_id = t.event_id and o.affiliate_id = t.affiliate_id
       returning o.event_id, o.affiliate_id
     )
     insert into told_to_parents (operator_id, event_id, affiliate_id, payout_minor, payout_currency)
     select $1, event_id, affiliate_id, payout_minor, payout_currency from told t
     where not exists (select from own where own.event_id = t.event_id and own.affiliate_id = t.affiliate_id)
     on conflict (operator_id, event_id, affiliate_id) do update set payout_minor = excluded.payout_minor,
       payout_currency = excluded.payout_currency`,
    values: [operatorId, JSON.stringify(rows)],
  });
}

/** Sums told to parents for these conversions. */
export async function readToldToParents(db: Queryable, operatorId: string, eventIds: readonly string[]): Promise<ToldRow[]> {
  const { rows } = await db.query<ToldRow>({
    name: 'read-told-to-parents',
    text: `select event_id as "eventId", affiliate_id as "affiliateId", payout_minor as "payoutMinor", payout_currency as currency
     from told_to_parents where operator_id = $1 and event_id = any($2)`,
    values: [operatorId, eventIds],
  });
  return rows;
}
