// Reads stored events for reconciliation with an operator's own list of transactions.
import type { StoredTransaction } from '../../domain/ledger/reconciliation.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { lookThrough } from '../db/look-through.ts';
import type { Queryable } from '../db/pool.ts';

/** A range of times of events, `to` not included. */
type Range = { from: Date; to: Date };

const EVENTS = `select e.id as "eventId", e.transaction_id as "transactionId", e.type,
    coalesce(m.amount_minor, e.amount_minor) as "amountMinor", coalesce(m.currency, e.currency) as currency,
    coalesce(o.status, 'accepted') as status, o.reason as "statusReason", o.affiliate_id as "affiliateId",
    o.payout_minor as "reportedMinor", o.payout_currency as "reportedCurrency", e.occurred_at as "occurredAt",
    exists (
      select from slot_facts f
      where f.operator_id = $1 and f.original_event_id = e.id and (f.event_id <> e.id or f.revision > 0)
    ) as "isReversed"
  from events e left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id ${JOIN_AMENDMENT}
  where e.operator_id = $1 and e.key_kind = 'transaction'`;

/** Most are in the caller's list as a rule. */
const LOOKED_AT = 20_000;

export function createReconciling(db: Queryable) {
  return {
    /** Finds all events of these transactions. */
    async find(operatorId: string, transactionIds: readonly string[]): Promise<StoredTransaction[]> {
      const { rows } = await db.query<StoredTransaction>(`${EVENTS} and e.key = any($2)`, [
        operatorId,
        transactionIds,
      ]);
      return rows;
    },

    /**
     * Finds the oldest `limit` events of a range whose transactions are not among these. Ids begin
     * with the time of arrival: events of a range arrived since a day before it, and until soon
     * after it, or were late. `isWhole`: no more events would have to be looked at.
     */
    async findUnlisted(
      operatorId: string,
      transactionIds: readonly string[],
      { from, to }: Range,
      limit: number,
    ): Promise<{ events: StoredTransaction[]; isWhole: boolean }> {
      const events = `select id, key, key_kind, occurred_at from events where operator_id = $1`;
      const soon = `id_bound('evt', $4::timestamptz + interval '3 days')`;
      const look = {
        rows: [
          `${events} and id >= id_bound('evt', $3::timestamptz - interval '2 days') and id < ${soon}`,
          `${events} and received_at - occurred_at > interval '2 days' and id >= ${soon}`,
        ],
        chosen: `key_kind = 'transaction' and occurred_at >= $3 and occurred_at < $4 and not (key = any($2))`,
        values: [operatorId, transactionIds, from, to],
      };
      const { ids, reached } = await lookThrough(
        db,
        look,
        { limit, before: null },
        { order: 'oldest', lookedAt: LOOKED_AT },
      );
      const { rows } = await db.query<StoredTransaction>(`${EVENTS} and e.id = any($2) order by e.id`, [
        operatorId,
        ids,
      ]);
      return { events: rows, isWhole: reached === null && ids.length < limit };
    },
  };
}
