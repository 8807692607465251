// What settling a batch reads: first which events it touches, then, under their locks, everything the rules need. A statement never reads
// what it itself locks, and every lock is taken in the order of ids, so that two batches can wait for each other but never in a circle.
import type { Told } from '../domain/books.ts';
import type { KnownOutcome, Loaded, OperatorRules } from '../domain/settlement.ts';
import type { WireTerms } from '../domain/terms.ts';
import type { Binding, Click, ConversionEvent, DealVersion, Subs } from '../domain/types.ts';
import type { Queryable } from './pool.ts';

/** No clawback without a reference reaches further back than this, whatever a deal says. */
export const LONGEST_CLAWBACK_DAYS = 730;

/** The operator's settings that rules read, or null for an unknown operator. */
export async function readOperatorRules(db: Queryable, operatorId: string): Promise<OperatorRules | null> {
  const { rows } = await db.query<OperatorRules>(
    `select id, currency, timezone, click_window_days as "clickWindowDays" from operators where id = $1`,
    [operatorId],
  );
  return rows[0] ?? null;
}

/**
 * The ids of the events given, of the events that may strike them, and of those they may strike. Whoever settles one side of such a pair
 * locks the other as well, so that of two batches that hold one side each the later one sees what the earlier one did.
 */
export async function findClosure(db: Queryable, operatorId: string, eventIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `with batch as materialized (
       select id, key, type, subject, reference, occurred_at from events where operator_id = $1 and id = any($2)
     )
     select id from batch
     union
     select n.id from batch b join events n on n.operator_id = $1 and n.reference = b.key and n.reference is not null
     union
     select n.id from batch b join events n on n.operator_id = $1 and n.subject = b.subject and n.reference is null
       and n.type in ('chargeback', 'refund', 'bonus_abuse', 'fraud', 'account_closure')
     union
     select x.id from batch b join events x on x.operator_id = $1 and x.key = b.reference where b.reference is not null
     union
     select x.id from batch b join events x on x.operator_id = $1 and x.subject = b.subject
       and x.occurred_at between b.occurred_at - make_interval(days => $3) and b.occurred_at
     where b.reference is null and b.type in ('chargeback', 'refund', 'bonus_abuse', 'fraud', 'account_closure')`,
    [operatorId, eventIds, LONGEST_CLAWBACK_DAYS],
  );
  return rows.map(({ id }) => id);
}

export async function lockEvents(db: Queryable, operatorId: string, eventIds: readonly string[]): Promise<void> {
  await db.query(`select from events where operator_id = $1 and id = any($2) order by id for no key update`, [
    operatorId,
    eventIds,
  ]);
}

/** An event as loaded, with what was told of it so far. */
export type LoadedEvent = Loaded & { told: Told | null };

type EventRow = Omit<ConversionEvent, 'key' | 'subs' | 'occurredAt' | 'receivedAt' | 'operatorId'> & {
  keyKind: ConversionEvent['key']['kind'];
  key: string;
  subs: Subs;
  occurredAt: Date;
  receivedAt: Date;
  status: KnownOutcome['status'] | null;
  reason: string | null;
  affiliateId: string | null;
  /** What the operator sent; `payoutMinor` is what was told of the event. */
  payoutSent: bigint | null;
  payoutMinor: bigint | null;
  payoutCurrency: string | null;
  boundAffiliateId: string | null;
  boundBy: string;
  boundClickId: string | null;
  boundLinkId: string | null;
  boundSubs: Subs;
  boundClickedAt: Date | null;
  clickAffiliateId: string | null;
  clickLinkId: string | null;
  clickSubs: Subs;
  clickedAt: Date;
  affiliateExternalId: string | null;
};

/** Events with their outcome, the click they name, their customer's binding, and their affiliate's own id at the operator. */
export async function loadEvents(db: Queryable, operatorId: string, eventIds: readonly string[]): Promise<LoadedEvent[]> {
  const { rows } = await db.query<EventRow>(
    `select e.id, e.type, e.key_kind as "keyKind", e.key, e.transaction_id as "transactionId", e.click_id as "clickId",
       e.customer_id as "customerId", e.amount_minor as "amountMinor", e.currency, e.volume_e4 as "volumeE4", e.reference,
       e.reference_type as "referenceType", e.payout_minor as "payoutSent", array[e.sub1, e.sub2, e.sub3, e.sub4, e.sub5] as subs, e.coupon,
       e.occurred_at as "occurredAt", e.received_at as "receivedAt",
       o.status, o.reason, o.affiliate_id as "affiliateId", o.payout_minor as "payoutMinor", o.payout_currency as "payoutCurrency",
       b.affiliate_id as "boundAffiliateId", b.event_id as "boundBy", b.click_id as "boundClickId", b.link_id as "boundLinkId",
       array[b.sub1, b.sub2, b.sub3, b.sub4, b.sub5] as "boundSubs", b.clicked_at as "boundClickedAt",
       c.affiliate_id as "clickAffiliateId", c.link_id as "clickLinkId",
       array[c.sub1, c.sub2, c.sub3, c.sub4, c.sub5] as "clickSubs", c.clicked_at as "clickedAt",
       a.external_id as "affiliateExternalId"
     from events e
     left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
     left join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id
     left join clicks c on c.operator_id = $1 and c.id = e.click_id
     left join affiliates a on a.operator_id = $1 and a.id = coalesce(b.affiliate_id, c.affiliate_id)
     where e.operator_id = $1 and e.id = any($2)`,
    [operatorId, eventIds],
  );
  return rows.map((row) => ({
    event: eventFrom(row, operatorId),
    outcome: row.status === null ? null : { status: row.status, reason: row.reason, affiliateId: row.affiliateId },
    click: clickFrom(row),
    binding: bindingFrom(row),
    affiliateExternalId: row.affiliateExternalId,
    told: row.payoutMinor === null ? null : { payoutMinor: row.payoutMinor, currency: row.payoutCurrency! },
  }));
}

function eventFrom(row: EventRow, operatorId: string): ConversionEvent {
  return {
    operatorId,
    id: row.id,
    type: row.type,
    key: { kind: row.keyKind, value: row.key },
    transactionId: row.transactionId,
    clickId: row.clickId,
    customerId: row.customerId,
    amountMinor: row.amountMinor,
    currency: row.currency,
    volumeE4: row.volumeE4,
    reference: row.reference,
    referenceType: row.referenceType,
    payoutMinor: row.payoutSent,
    subs: row.subs,
    coupon: row.coupon,
    occurredAt: row.occurredAt.getTime(),
    receivedAt: row.receivedAt.getTime(),
  };
}

function clickFrom(row: EventRow): Click | null {
  if (row.clickAffiliateId === null || row.clickId === null) return null;
  return {
    id: row.clickId,
    affiliateId: row.clickAffiliateId,
    linkId: row.clickLinkId,
    subs: row.clickSubs,
    clickedAt: row.clickedAt.getTime(),
  };
}

function bindingFrom(row: EventRow): Binding | null {
  if (row.boundAffiliateId === null) return null;
  const {
    boundAffiliateId: affiliateId,
    boundClickId: id,
    boundLinkId: linkId,
    boundSubs: subs,
    boundClickedAt: clickedAt,
  } = row;
  const click = id === null || clickedAt === null ? null : { id, affiliateId, linkId, subs, clickedAt: clickedAt.getTime() };
  return { customerId: row.customerId!, affiliateId, eventId: row.boundBy, click };
}

/** A deal version as stored; its terms are compiled by the caller, once per version and process. */
export type StoredVersion = Omit<DealVersion, 'terms'> & { terms: WireTerms };

/** Every version of the deals of these affiliates and of the operator's default deals. */
export async function readVersions(db: Queryable, operatorId: string, affiliateIds: readonly string[]): Promise<StoredVersion[]> {
  const { rows } = await db.query<Omit<StoredVersion, 'effectiveFrom'> & { effectiveFrom: Date }>(
    `select v.deal_id as "dealId", v.version, d.affiliate_id as "affiliateId", v.effective_from as "effectiveFrom", v.terms
     from deals d join deal_versions v on v.operator_id = $1 and v.deal_id = d.id
     where d.operator_id = $1 and (d.affiliate_id is null or d.affiliate_id = any($2))`,
    [operatorId, affiliateIds],
  );
  return rows.map((row) => ({ ...row, effectiveFrom: row.effectiveFrom.getTime() }));
}
