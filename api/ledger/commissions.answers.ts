// Answers about commissions, decisions and released holds: schemas and views.
import { z } from 'zod';
import { COMMISSION_KINDS } from '../../domain/commission/slot-kinds.ts';
import { formatMoney } from '../../domain/ledger/money.ts';
import {
  type Commission,
  COMMISSION_STATES,
  type CommissionDecision,
  LATEST_TRANSFERS,
  type WholeCommission,
} from '../../store/ledger/commissions.ts';
import { VERDICTS } from '../../store/ledger/decision-rows.ts';
import * as field from '../http/answer-fields.ts';
import { transfer, transferView } from './balances.answers.ts';

const COVERED = z.int().min(0).meta({
  description:
    'the events that it is for: of a month all its conversions, of a customer’s bounty one; a decision about it is about all of them',
});

export const commission = z.object({
  id: field.text,
  affiliate_id: field.affiliateId,
  affiliate_name: field.text,
  component: field.text.meta({
    description: `the kind: ${COMMISSION_KINDS.map((kind) => `\`${kind}\``).join(', ')}`,
  }),
  label: field.text,
  deal_id: field.idOf('deal').nullable(),
  deal_version: z.int().nullable(),
  amount: field.money.meta({ description: 'what is left after all that was taken back' }),
  currency: field.currency,
  state: z.enum(COMMISSION_STATES),
  period: field.text.nullable().meta({ description: 'the month of a monthly one' }),
  hold_until: field.time,
  rejected_at: field.time.nullable(),
  created_at: field.time,
  events: COVERED,
  formula: field.text.nullable(),
  inputs: z.unknown(),
});

export const wholeCommission = commission.extend({
  money: z.object({
    pending: field.money,
    payable: field.money,
    in_payout: field.money,
    paid: field.money,
    taken_back: field.money,
  }),
  decisions: z.array(
    z.object({
      id: field.text,
      decision: z.enum(VERDICTS),
      amount: field.money.meta({
        description:
          'what became payable or was taken back; `0.00` of `reinstated`, which is booked afterwards',
      }),
      actor: field.text,
      reason: field.text.nullable(),
      decided_at: field.time,
    }),
  ),
  transfers: z.array(transfer).meta({
    description: `its latest ${LATEST_TRANSFERS}, the newest first, each with the event that caused it`,
  }),
});

export const decided = z.object({
  results: z.array(
    z.object({
      id: field.text,
      status: z.enum([...VERDICTS, 'unchanged', 'not_possible', 'not_found']),
      events: COVERED,
    }),
  ),
  more: z.boolean().meta({ description: 'the choice holds more than were decided; send it again' }),
});

export const released = z.object({
  released: field.count,
  more: z.boolean().meta({ description: 'more is due; send it again' }),
});

/**
 * A commission. Its amount is net of everything taken back; a monthly commission covers the whole
 * month.
 */
export function commissionView(row: Commission) {
  const { currency, grossMinor, voidMinor, clawedMinor, debtMinor } = row;
  return {
    id: row.id,
    affiliate_id: row.affiliateId,
    affiliate_name: row.affiliateName,
    component: row.kind,
    label: row.component,
    deal_id: row.dealId,
    deal_version: row.dealVersion,
    amount: formatMoney(grossMinor - voidMinor - clawedMinor - debtMinor, currency),
    currency,
    state: row.state,
    period: row.period,
    hold_until: row.holdUntil,
    rejected_at: row.rejectedAt,
    created_at: row.createdAt,
    events: row.events,
    formula: row.formula,
    inputs: row.inputs,
  };
}

/** A commission with its amount by state of the money, its decisions and its latest transfers. */
export function wholeCommissionView(row: WholeCommission) {
  const { currency, decisions, transfers } = row;
  const money = {
    pending: row.pendingMinor,
    payable: row.payableMinor,
    in_payout: row.inPayoutMinor,
    paid: row.paidMinor,
    taken_back: row.voidMinor + row.clawedMinor + row.debtMinor,
  };
  return {
    ...commissionView(row),
    money: Object.fromEntries(
      Object.entries(money).map(([place, minor]) => [place, formatMoney(minor, currency)]),
    ),
    decisions: decisions.map((decision) => decisionView(decision, currency)),
    transfers: transfers.map(transferView),
  };
}

function decisionView(
  { id, decision, amountMinor, actor, reason, decidedAt }: CommissionDecision,
  currency: string,
) {
  return { id, decision, amount: formatMoney(amountMinor, currency), actor, reason, decided_at: decidedAt };
}
