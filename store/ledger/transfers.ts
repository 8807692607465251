// Columns of a transfer, for statements that list transfers.

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
  t.event_id as "eventId", t.slot_id as "slotId", t.reason, t.actor,
  t.occurred_at as "occurredAt", t.posted_at as "postedAt", t.period, t.origin_period as "originPeriod"`;
