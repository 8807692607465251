// How the ledger is shown: the form that several answers share.
import { formatMoney } from '../domain/money.ts';
import type { Transfer } from '../store/traces.ts';

/** A row of the ledger as callers read it. */
export function transferView(transfer: Transfer) {
  return {
    id: transfer.id,
    code: transfer.code,
    amount: formatMoney(transfer.amountMinor, transfer.currency),
    currency: transfer.currency,
    debit_account: transfer.debitAccount,
    credit_account: transfer.creditAccount,
    affiliate_id: transfer.affiliateId,
    event_id: transfer.eventId,
    commission_id: transfer.slotId,
    reason: transfer.reason,
    actor: transfer.actor,
    occurred_at: transfer.occurredAt,
    posted_at: transfer.postedAt,
    period: transfer.period,
    origin_period: transfer.originPeriod,
  };
}
