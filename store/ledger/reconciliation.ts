// What is kept of transactions that an operator lists, and of those that it does not.
import type { Kept } from '../../domain/ledger/reconciliation.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import type { Queryable } from '../db/pool.ts';

/** When something happened, the end not included. */
export type Range = { from: Date; to: Date };

const KEPT = `select e.id as "eventId", e.transaction_id as "transactionId", e.type, coalesce(m.amount_minor, e.amount_minor) as "amountMinor", coalesce(m.currency, e.currency) as currency,
    coalesce(o.status, 'accepted') as status, o.reason as "statusReason", o.affiliate_id as "affiliateId", o.payout_minor as "payoutMinor",
    o.payout_currency as "payoutCurrency", e.occurred_at as "occurredAt",
    exists (select from slot_facts f where f.operator_id = $1 and f.original_event_id = e.id
      and (f.event_id <> e.id or f.rating_version > 0)) as "isStruck"
  from events e left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id ${JOIN_AMENDMENT}
  where e.operator_id = $1 and e.key_kind = 'transaction'`;

export type Reconciling = ReturnType<typeof createReconciling>;

export function createReconciling(db: Queryable) {
  return {
    /** All events of these transactions. */
    async find(operatorId: string, transactionIds: readonly string[]): Promise<Kept[]> {
      const { rows } = await db.query<Kept>(`${KEPT} and e.key = any($2)`, [operatorId, transactionIds]);
      return rows;
    },

    /**
     * Events that happened in a range, of transactions that are not among these; the oldest `limit` of them. Nothing is accepted that happens
     * more than a day later, so by their ids, which begin with the time of their arrival, those before the range are passed over.
     */
    async findUnlisted(
      operatorId: string,
      transactionIds: readonly string[],
      { from, to }: Range,
      limit: number,
    ): Promise<Kept[]> {
      const { rows } = await db.query<Kept>(
        `${KEPT} and e.occurred_at >= $3 and e.occurred_at < $4 and e.id >= id_bound('evt', $3::timestamptz - interval '2 days')
           and not exists (select from unnest($2::text[]) as listed (key) where listed.key = e.key)
         order by e.id limit $5`,
        [operatorId, transactionIds, from, to, limit],
      );
      return rows;
    },
  };
}
