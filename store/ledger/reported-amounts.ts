// Writes and reads the amounts reported to affiliates per conversion: with its outcome for its
// affiliate, in `reported_to_others` for parents and former affiliates.
import { bulkColumns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

/**
 * The amount reported so far for a conversion, in minor units, to its affiliate or a parent of that
 * one.
 */
export type ReportedAmountRow = {
  eventId: string;
  affiliateId: string;
  amountMinor: bigint;
  currency: string;
};

const REPORTED = bulkColumns<ReportedAmountRow>({
  event_id: ['text', ({ eventId }) => eventId],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  payout_minor: ['bigint', ({ amountMinor }) => amountMinor],
  payout_currency: ['text', ({ currency }) => currency],
});

const SELECTED = `event_id as "eventId", affiliate_id as "affiliateId", payout_minor as "amountMinor",
  payout_currency as currency`;

/**
 * Writes amounts reported for conversions that earlier batches settled, and amounts reported to
 * parents.
 */
export async function writeReportedAmounts(
  db: Queryable,
  operatorId: string,
  amounts: readonly ReportedAmountRow[],
): Promise<void> {
  if (amounts.length === 0) return;
  await db.query({
    name: 'write-reported-amounts',
    text: `with reported as materialized (
        select * from ${REPORTED.unnestWithOperator(2, 't')}
      ), own as (
        update event_outcomes o set payout_minor = r.payout_minor, payout_currency = r.payout_currency
        from reported r
        where o.operator_id = r.operator_id and o.event_id = r.event_id and o.affiliate_id = r.affiliate_id
      )
      insert into reported_to_others (operator_id, event_id, affiliate_id, payout_minor, payout_currency)
      select operator_id, event_id, affiliate_id, payout_minor, payout_currency from reported r
      where not exists (
        select from event_outcomes o
        where o.operator_id = r.operator_id and o.event_id = r.event_id and o.affiliate_id = r.affiliate_id)
      on conflict (operator_id, event_id, affiliate_id) do update
        set payout_minor = excluded.payout_minor, payout_currency = excluded.payout_currency`,
    values: [operatorId, ...REPORTED.values(amounts)],
  });
}

/**
 * Locks the amounts reported for conversions until the transaction ends. The caller has locked the
 * slots.
 */
export async function lockReportedAmounts(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<ReportedAmountRow[]> {
  const { rows } = await db.query<ReportedAmountRow>({
    name: 'lock-reported-amounts',
    text: `select ${SELECTED} from event_outcomes
      where operator_id = $1 and event_id = any($2) and payout_minor is not null
      order by event_id for no key update`,
    values: [operatorId, eventIds],
  });
  return [...rows, ...(await readAmountsOfOthers(db, operatorId, eventIds))];
}

/** Reads the amounts reported to parents and former affiliates for these conversions. */
export async function readAmountsOfOthers(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<ReportedAmountRow[]> {
  const { rows } = await db.query<ReportedAmountRow>({
    name: 'read-amounts-of-others',
    text: `select ${SELECTED} from reported_to_others where operator_id = $1 and event_id = any($2)`,
    values: [operatorId, eventIds],
  });
  return rows;
}
