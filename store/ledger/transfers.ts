// Reads transfers: the columns of one, for queries that list them, and one by its id, explained.
import type { Queryable } from '../db/pool.ts';
import { EXPLAINED, REASONS, type ExplainedTransfer } from './explained-transfers.ts';

/** A transfer as it is read. */
export type Transfer = {
  id: string;
  code: string;
  amountMinor: bigint;
  currency: string;
  debitAccount: string;
  creditAccount: string;
  affiliateId: string | null;
  eventId: string | null;
  slotId: string | null;
  payoutId: string | null;
  /** Null until its month is closed. */
  statementId: string | null;
  reason: string | null;
  actor: string | null;
  occurredAt: Date;
  postedAt: Date;
  period: string;
  originPeriod: string;
};

/** The columns of a transfer `t`. */
export const TRANSFER_COLUMNS = `t.id, t.code, t.amount_minor as "amountMinor", t.currency,
  t.debit_account as "debitAccount", t.credit_account as "creditAccount", t.affiliate_id as "affiliateId",
  t.event_id as "eventId", t.slot_id as "slotId", t.payout_id as "payoutId",
  (select l.statement_id from statement_lines l
   where l.operator_id = t.operator_id and l.transfer_id = t.id) as "statementId", t.reason, t.actor,
  t.occurred_at as "occurredAt", t.posted_at as "postedAt", t.period, t.origin_period as "originPeriod"`;

/** A transfer with what it is about. */
export type WholeTransfer = Transfer &
  Pick<
    ExplainedTransfer,
    'eventType' | 'transactionId' | 'originalEventId' | 'originalTransactionId' | 'formula'
  > & { affiliateName: string | null };

const EXPLANATION = `
  with t as materialized (select * from transfers where operator_id = $1 and id = $2), ${REASONS} ${EXPLAINED}`;

export function createTransfers(db: Queryable) {
  return {
    /** Null when there is no such transfer. */
    async find(operatorId: string, id: string): Promise<WholeTransfer | null> {
      const [{ rows: transfers }, { rows: explained }] = await Promise.all([
        db.query<Transfer & { affiliateName: string | null }>(
          `select ${TRANSFER_COLUMNS}, a.name as "affiliateName" from transfers t
           left join affiliates a on a.operator_id = $1 and a.id = t.affiliate_id
           where t.operator_id = $1 and t.id = $2`,
          [operatorId, id],
        ),
        db.query<ExplainedTransfer>(EXPLANATION, [operatorId, id]),
      ]);
      return transfers[0] === undefined ? null : { ...explained[0]!, ...transfers[0] };
    },
  };
}
