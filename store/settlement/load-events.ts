// Reads events for settling: the batch's own, and conversions and reversals that refer to each
// other, with outcome, click and binding. Statements are prepared once per connection, since
// settling runs them many times a second.
import type { WireTerms } from '../../domain/commission/terms.ts';
import { NEGATIVE_EVENTS, REINSTATING_EVENT, type DealVersion } from '../../domain/types.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import { currenciesColumn, knowCurrencies, type CurrenciesColumn } from '../db/currencies.ts';
import { epochMs } from '../db/epoch-ms.ts';
import type { Queryable } from '../db/pool.ts';
import { sqlList } from '../db/sql-list.ts';
import { ZONES, zonesFrom, type StoredZones } from '../ledger/time-zones.ts';
import type { Side } from '../db/locks.ts';
import type { OperatorRules } from '../../domain/settlement/rating.ts';
import { loadedFrom, type LoadedEvent, type LoadedEventRow } from './event-rows.ts';
import { MOVES } from './moves.ts';

/** Longest reach of a clawback without a reference, in days, regardless of a deal's terms. */
export const LONGEST_CLAWBACK_DAYS = 730;

/** Settings of an operator by which events are loaded and settled. */
export type SettlingOperator = OperatorRules & { existingCustomers: 'bind' | 'ignore' };

/**
 * The operator's settings that rules read, or null for an unknown operator. Its added currencies
 * are known to this process from then on.
 */
export async function readOperatorRules(db: Queryable, operatorId: string): Promise<SettlingOperator | null> {
  const { rows } = await db.query<
    Omit<SettlingOperator, 'zones'> & { zones: StoredZones } & CurrenciesColumn
  >({
    name: 'read-operator-rules',
    text: `select o.id, o.currency, o.timezone, o.click_window_days as "clickWindowDays",
        o.existing_customers as "existingCustomers", ${ZONES} as zones, ${currenciesColumn('o.id')}
      from operators o where o.id = $1`,
    values: [operatorId],
  });
  if (rows[0] === undefined) return null;
  const { currencies, ...rules } = rows[0];
  knowCurrencies({ currencies });
  return { ...rules, zones: zonesFrom(rules.zones) };
}

/** Ids of reversals of these conversions, or of conversions that these reversals may reverse. */
export async function findOthers(
  db: Queryable,
  operatorId: string,
  side: Side,
  eventIds: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    side === 'reversals'
      ? {
          name: 'find-reversed',
          text: REVERSED_CONVERSIONS,
          values: [operatorId, eventIds, LONGEST_CLAWBACK_DAYS],
        }
      : { name: 'find-reversals', text: REVERSALS, values: [operatorId, eventIds] },
  );
  return rows.map(({ id }) => id);
}

/** Ids of the wins that reference these chargebacks by the chargebacks' own keys. */
export async function findWins(
  db: Queryable,
  operatorId: string,
  chargebackIds: readonly string[],
): Promise<string[]> {
  if (chargebackIds.length === 0) return [];
  const { rows } = await db.query<{ id: string }>({
    name: 'find-wins',
    text: `${BATCH}
      select n.id from batch b join events n on n.operator_id = b.operator_id and n.reference = b.key
        and n.reference is not null and n.type = '${REINSTATING_EVENT}'`,
    values: [operatorId, chargebackIds],
  });
  return rows.map(({ id }) => id);
}

/**
 * The events, and `subjects` with one row for each subject under which events of the same customer
 * were sent: the customer, and the click that bound the customer.
 */
const BATCH = `with batch as materialized (
    select e.operator_id, id, key, type, reference, occurred_at, subject,
      coalesce(customer_id, customer_of_click(e.operator_id, click_id)) as customer_id
    from ${itemsWithOperator(2)} join events e on e.operator_id = named.operator_id and id = item
  ), subjects as materialized (
    select operator_id, type, reference, occurred_at, subject from batch
    union
    select operator_id, type, reference, occurred_at, 'customer ' || customer_id from batch
    where customer_id is not null
    union
    select b.operator_id, b.type, b.reference, b.occurred_at, 'click ' || k.click_id
    from batch b join bindings k on k.operator_id = b.operator_id and k.customer_id = b.customer_id
    where k.click_id is not null
  )`;
/**
 * Inlined as text: with a parameter PostgreSQL would not use the partial index
 * `events_against_subject`.
 */
const NEGATIVE_TYPES = sqlList(NEGATIVE_EVENTS);

const REVERSALS = `${BATCH}
  select n.id from batch b join events n on n.operator_id = b.operator_id and n.reference = b.key
    and n.reference is not null
  union
  select n.id from subjects b join events n on n.operator_id = b.operator_id and n.subject = b.subject
    and n.reference is null and n.type in ${NEGATIVE_TYPES}`;

const REVERSED_CONVERSIONS = `${BATCH}
  select x.id from batch b join events x on x.operator_id = b.operator_id and x.key = b.reference
    where b.reference is not null
  union
  select x.id from subjects b join events x on x.operator_id = b.operator_id and x.subject = b.subject
    and x.occurred_at between b.occurred_at - make_interval(days => $3) and b.occurred_at
  where b.reference is null and b.type in ${NEGATIVE_TYPES}`;

/**
 * Loads events with their present values, outcome, click, and the binding and reassignments of
 * their customer. The rarer evidence comes from `addRareEvidence`.
 */
export async function loadEvents(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<LoadedEvent[]> {
  if (eventIds.length === 0) return [];
  const { rows } = await db.query<LoadedEventRow>({
    name: 'load-events',
    text: `select e.id, e.type, e.key_kind as "keyKind", e.key, e.transaction_id as "transactionId",
       e.click_id as "clickId",
       coalesce(e.customer_id, customer_of_click(e.operator_id, e.click_id)) as "customerId",
       e.customer_id is null as "isCustomerOfClick", coalesce(m.amount_minor, e.amount_minor) as "amountMinor",
       coalesce(m.currency, e.currency) as currency,
       coalesce(m.volume_e4, e.volume_e4) as "volumeE4", e.symbol, e.symbol_group as "symbolGroup", e.reference,
       e.reference_type as "referenceType",
       coalesce(m.payout_minor, e.payout_minor) as "operatorPayoutMinor",
       coalesce(m.payout_currency, e.payout_currency) as "operatorPayoutCurrency",
       e.sub1, e.sub2, e.sub3, e.sub4, e.sub5, e.coupon,
       ${epochMs('e.occurred_at')} as "occurredAt", ${epochMs('e.received_at')} as "receivedAt",
       coalesce(m.voided, false) as "isVoided", coalesce(m.rejected, false) as "isRejected",
       o.status, o.reason, o.affiliate_id as "affiliateId", o.deal_id as "dealId",
         o.deal_version as "dealVersion", o.payout_minor as "reportedMinor",
         o.payout_currency as "reportedCurrency",
       b.affiliate_id as "boundAffiliateId", b.event_id as "boundBy", b.click_id as "boundClickId",
         b.link_id as "boundLinkId",
       b.sub1 as "boundSub1", b.sub2 as "boundSub2",
       b.sub3 as "boundSub3", b.sub4 as "boundSub4", b.sub5 as "boundSub5", ${epochMs('b.clicked_at')} as "boundClickedAt",
       ${epochMs('b.since')} as "boundSince", ${epochMs('b.occurred_at')} as "boundOccurredAt",
       ba.external_id as "boundExternalId", ${epochMs('ba.closed_at')} as "boundClosedAt",
       c.affiliate_id as "clickAffiliateId", c.link_id as "clickLinkId",
       c.sub1 as "clickSub1", c.sub2 as "clickSub2", c.sub3 as "clickSub3", c.sub4 as "clickSub4",
       c.sub5 as "clickSub5", ${epochMs('c.clicked_at')} as "clickedAt",
       ca.external_id as "clickExternalId", ${epochMs('ca.closed_at')} as "clickClosedAt", ${MOVES} as moves
     from ${itemsWithOperator(2)} join events e on e.operator_id = named.operator_id and e.id = named.item
     ${JOIN_AMENDMENT}
     left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
     left join bindings b on b.operator_id = $1
       and b.customer_id = coalesce(e.customer_id, customer_of_click(e.operator_id, e.click_id))
     left join clicks c on c.operator_id = $1 and c.id = e.click_id
     left join affiliates ba on ba.operator_id = $1 and ba.id = b.affiliate_id
     left join affiliates ca on ca.operator_id = $1 and ca.id = c.affiliate_id`,
    values: [operatorId, [...new Set(eventIds)]],
  });
  return rows.map((row) => loadedFrom(row, operatorId));
}

/** A deal version as stored; the caller compiles its terms, once per version and process. */
export type StoredVersion = Omit<DealVersion, 'terms'> & { terms: WireTerms; lines: string[] | null };

/**
 * Affiliates in whose slots these conversions are or were: one that was moved away leaves its facts
 * in a slot of the deal that it was rated by.
 */
export async function readAffiliatesOfSlots(
  db: Queryable,
  operatorId: string,
  conversionIds: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ affiliateId: string }>({
    name: 'read-affiliates-of-slots',
    text: `select distinct s.affiliate_id as "affiliateId"
     from ${itemsWithOperator(2)} join slot_facts f
       on f.operator_id = named.operator_id and original_event_id = item
     join slots s on s.operator_id = f.operator_id and s.id = f.slot_id`,
    values: [operatorId, conversionIds],
  });
  return rows.map(({ affiliateId }) => affiliateId);
}

/** Every version of the deals of these affiliates and of the operator's default deals. */
export async function readVersions(
  db: Queryable,
  operatorId: string,
  affiliateIds: readonly string[],
): Promise<StoredVersion[]> {
  const { rows } = await db.query<
    Omit<StoredVersion, 'effectiveFrom' | 'endedAt'> & { effectiveFrom: Date; endedAt: Date | null }
  >({
    name: 'read-versions',
    text: `select v.deal_id as "dealId", v.version, d.affiliate_id as "affiliateId",
      v.effective_from as "effectiveFrom", v.applies_to as "appliesTo", d.ended_at as "endedAt", v.terms, v.lines
     from (
       select id, affiliate_id, ended_at from deals where operator_id = $1 and affiliate_id is null
       union all
       select id, affiliate_id, ended_at from ${itemsWithOperator(2)} join deals d
         on d.operator_id = named.operator_id and affiliate_id = item
     ) d
     join deal_versions v on v.operator_id = $1 and v.deal_id = d.id`,
    values: [operatorId, affiliateIds],
  });
  return rows.map((row) => ({
    ...row,
    effectiveFrom: row.effectiveFrom.getTime(),
    endedAt: row.endedAt?.getTime() ?? null,
  }));
}
