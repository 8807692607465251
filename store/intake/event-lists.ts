// Reads events with their outcomes, for lists and details.
import type { Method } from '../../domain/attribution/attribution.ts';
import type { EventStatus, EventType, Subs } from '../../domain/types.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import { lookThrough, type Looked, type LookedPage } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
import { subArray } from '../db/subs.ts';
import { searchEvents, type EventFilter } from './event-search.ts';

/**
 * An event with its latest applied amendment and its outcome; without an outcome its status is
 * `accepted`.
 */
export type StoredEvent = {
  id: string;
  type: EventType;
  /** Alias of the event type that the operator sent; null where it sent the standard name. */
  sentAs: string | null;
  transactionId: string | null;
  clickId: string | null;
  customerId: string | null;
  subject: string | null;
  amountMinor: bigint | null;
  currency: string | null;
  volumeE4: bigint | null;
  symbol: string | null;
  symbolGroup: string | null;
  reference: string | null;
  referenceType: EventType | null;
  payoutMinor: bigint | null;
  payoutCurrency: string | null;
  subs: Subs;
  coupon: string | null;
  metadata: unknown;
  occurredAt: Date;
  receivedAt: Date;
  status: EventStatus;
  reason: string | null;
  detail: string | null;
  affiliateId: string | null;
  method: Method | null;
  attributedClickId: string | null;
  batchId: string | null;
  /** Id of the API key that assigned the orphan to an affiliate. */
  assignedBy: string | null;
  assignedAt: Date | null;
};

const COLUMNS = `
  e.id, e.type, e.sent_as as "sentAs", e.transaction_id as "transactionId", e.click_id as "clickId",
  e.customer_id as "customerId", e.subject, e.symbol, e.symbol_group as "symbolGroup", e.reference, e.reference_type as "referenceType",
  coalesce(m.amount_minor, e.amount_minor) as "amountMinor", coalesce(m.currency, e.currency) as currency,
  coalesce(m.volume_e4, e.volume_e4) as "volumeE4", coalesce(m.payout_minor, e.payout_minor) as "payoutMinor",
  coalesce(m.payout_currency, e.payout_currency) as "payoutCurrency",
  ${subArray('e')} as subs, e.coupon, coalesce(m.metadata, e.metadata) as metadata,
  e.occurred_at as "occurredAt", e.received_at as "receivedAt",
  coalesce(o.status, 'accepted') as status, o.reason, o.detail, o.affiliate_id as "affiliateId", o.method,
  o.click_id as "attributedClickId", o.batch_id as "batchId",
  g.actor as "assignedBy", g.assigned_at as "assignedAt"`;

const JOIN_ASSIGNMENT = `
  left join assignments g on g.operator_id = $1 and g.event_id = e.id
  ${JOIN_AMENDMENT}`;

export function createEventLists(db: Queryable) {
  async function readLooked(operatorId: string, { ids, reached }: Looked): Promise<LookedPage<StoredEvent>> {
    const { rows } = await db.query<StoredEvent>(
      `select ${COLUMNS}
       from ${itemsWithOperator(2)} join events e on e.operator_id = named.operator_id and e.id = item
       left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id ${JOIN_ASSIGNMENT}
       order by e.id desc`,
      [operatorId, ids],
    );
    return { rows, reached };
  }

  return {
    async find(operatorId: string, eventId: string): Promise<StoredEvent | null> {
      const { rows } = await db.query<StoredEvent>(
        `select ${COLUMNS}
         from events e
         left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id ${JOIN_ASSIGNMENT}
         where e.operator_id = $1 and e.id = $2`,
        [operatorId, eventId],
      );
      return rows[0] ?? null;
    },

    async list(operatorId: string, filter: EventFilter, page: Page): Promise<LookedPage<StoredEvent>> {
      return await readLooked(operatorId, await searchEvents(db, operatorId, filter, page));
    },

    /** Orphans: events without an affiliate. */
    async listOrphans(
      operatorId: string,
      reason: string | null,
      page: Page,
    ): Promise<LookedPage<StoredEvent>> {
      const look = {
        rows: [
          `select event_id as id, reason from event_outcomes where operator_id = $1 and status = 'orphaned'`,
        ],
        chosen: '$2::text is null or reason = $2',
        values: [operatorId, reason],
      };
      return await readLooked(operatorId, await lookThrough(db, look, page));
    },
  };
}
