// Columns of a transfer, for queries that list or explain transfers.

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

/** Those of the row `t` itself. */
export const ROW_COLUMNS = `t.id, t.code, t.amount_minor as "amountMinor", t.currency,
  t.debit_account as "debitAccount", t.credit_account as "creditAccount", t.affiliate_id as "affiliateId",
  t.event_id as "eventId", t.slot_id as "slotId", t.payout_id as "payoutId", t.reason, t.actor,
  t.occurred_at as "occurredAt", t.posted_at as "postedAt", t.period, t.origin_period as "originPeriod"`;

/** The statement that lists it. */
export const STATEMENT = `(select l.statement_id from statement_lines l
   where l.operator_id = t.operator_id and l.transfer_id = t.id) as "statementId"`;

/** The columns of a transfer `t`. */
export const TRANSFER_COLUMNS = `${ROW_COLUMNS}, ${STATEMENT}`;
