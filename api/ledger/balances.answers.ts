// Answers about affiliates' money: balances and transfers, schemas and views.
import { z } from 'zod';
import { formatMoney } from '../../domain/ledger/money.ts';
import { inWords } from '../../domain/ledger/statements.ts';
import type { AffiliateBalance, Balance, BalanceTotal } from '../../store/ledger/balances.ts';
import type { Transfer } from '../../store/ledger/transfers.ts';
import { AFFILIATE_STATES } from '../../store/attribution/affiliates.ts';
import * as field from '../http/answer-fields.ts';

const balance = z.object({
  currency: field.currency,
  pending: field.money,
  payable: field.money,
  in_payout: field.money,
  paid: field.money,
  debt: field.money,
});

export const balances = z.object({ balances: z.array(balance) });

export const affiliateBalance = z.object({
  affiliate_id: field.affiliateId,
  affiliate_name: field.text,
  external_id: field.text.nullable(),
  affiliate_state: z.enum(AFFILIATE_STATES),
  ...balance.shape,
  due: field.money.meta({ description: 'what a payout would reserve now: payable, less what is owed' }),
});

export const balanceTotal = z.object({ ...balance.shape, affiliates: field.count });

export const transfer = z.object({
  id: field.idOf('trf'),
  code: field.text,
  description: field.text,
  amount: field.money,
  currency: field.currency,
  debit_account: field.text,
  credit_account: field.text,
  affiliate_id: field.affiliateId.nullable(),
  event_id: field.idOf('evt').nullable(),
  commission_id: field.text.nullable(),
  payout_id: field.idOf('pay').nullable(),
  statement_id: field.idOf('stm').nullable().meta({ description: 'null until its month is closed' }),
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
    description: inWords(row.code),
    amount: formatMoney(row.amountMinor, row.currency),
    currency: row.currency,
    debit_account: row.debitAccount,
    credit_account: row.creditAccount,
    affiliate_id: row.affiliateId,
    event_id: row.eventId,
    commission_id: row.slotId,
    payout_id: row.payoutId,
    statement_id: row.statementId,
    reason: row.reason,
    actor: row.actor,
    occurred_at: row.occurredAt,
    posted_at: row.postedAt,
    period: row.period,
    origin_period: row.originPeriod,
  };
}

export function balanceView({ currency, ...money }: Balance) {
  return {
    currency,
    pending: formatMoney(money.pendingMinor, currency),
    payable: formatMoney(money.payableMinor, currency),
    in_payout: formatMoney(money.inPayoutMinor, currency),
    paid: formatMoney(money.paidMinor, currency),
    debt: formatMoney(money.debtMinor, currency),
  };
}

/** A balance of the list of all. */
export function affiliateBalanceView(row: AffiliateBalance) {
  return {
    affiliate_id: row.affiliateId,
    affiliate_name: row.name,
    external_id: row.externalId,
    affiliate_state: row.state,
    ...balanceView(row),
    due: dueOf(row),
  };
}

/** What a payout would reserve now. */
export function dueOf({
  payableMinor,
  debtMinor,
  currency,
}: Pick<Balance, 'payableMinor' | 'debtMinor' | 'currency'>): string {
  return formatMoney(payableMinor > debtMinor ? payableMinor - debtMinor : 0n, currency);
}

export function totalView(row: BalanceTotal) {
  return { ...balanceView(row), affiliates: row.affiliates };
}
