// Answers about an affiliate's money: balances and transfers, schemas and views.
import { z } from 'zod';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { Balance } from '../../store/ledger/balances.ts';
import type { Transfer } from '../../store/ledger/transfers.ts';
import * as field from '../http/answer-fields.ts';

export const balances = z.object({
  balances: z.array(
    z.object({
      currency: field.currency,
      pending: field.money,
      payable: field.money,
      in_payout: field.money,
      paid: field.money,
      debt: field.money,
    }),
  ),
});

export const transfer = z.object({
  id: field.idOf('trf'),
  code: field.text,
  amount: field.money,
  currency: field.currency,
  debit_account: field.text,
  credit_account: field.text,
  affiliate_id: field.affiliateId.nullable(),
  event_id: field.idOf('evt').nullable(),
  commission_id: field.text.nullable(),
  reason: field.text.nullable(),
  actor: field.text.nullable(),
  occurred_at: field.time,
  posted_at: field.time,
  period: field.month,
  origin_period: field.month,
});

/** A transfer of the ledger. */
export function transferView(row: Transfer) {
  return {
    id: row.id,
    code: row.code,
    amount: formatMoney(row.amountMinor, row.currency),
    currency: row.currency,
    debit_account: row.debitAccount,
    credit_account: row.creditAccount,
    affiliate_id: row.affiliateId,
    event_id: row.eventId,
    commission_id: row.slotId,
    reason: row.reason,
    actor: row.actor,
    occurred_at: row.occurredAt,
    posted_at: row.postedAt,
    period: row.period,
    origin_period: row.originPeriod,
  };
}

export function balanceView({ currency, ...balance }: Balance) {
  return {
    currency,
    pending: formatMoney(balance.pendingMinor, currency),
    payable: formatMoney(balance.payableMinor, currency),
    in_payout: formatMoney(balance.inPayoutMinor, currency),
    paid: formatMoney(balance.paidMinor, currency),
    debt: formatMoney(balance.debtMinor, currency),
  };
}
