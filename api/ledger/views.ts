// How the ledger is shown: the form that several answers share.
import { formatMoney } from '../../domain/ledger/money.ts';
import type { Commission } from '../../store/ledger/commissions.ts';
import type { Transfer } from '../../store/ledger/traces.ts';

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

/** A commission as callers read it: the amount is what is left of it after everything that was taken back; a monthly one is the whole month's. */
export function commissionView(commission: Commission) {
  const { currency, grossMinor, voidMinor, clawedMinor, debtMinor } = commission;
  return {
    id: commission.id,
    affiliate_id: commission.affiliateId,
    component: commission.kind,
    label: commission.component,
    deal_id: commission.dealId,
    deal_version: commission.dealVersion,
    amount: formatMoney(grossMinor - voidMinor - clawedMinor - debtMinor, currency),
    currency,
    state: commission.state,
    period: commission.period,
    hold_until: commission.holdUntil,
    rejected_at: commission.rejectedAt,
    created_at: commission.createdAt,
    formula: commission.formula,
    inputs: commission.inputs,
  };
}
