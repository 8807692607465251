// Answers about payouts: schemas and views.
import { z } from 'zod';
import { PAYOUT_STATES } from '../../domain/ledger/lifecycle.ts';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { Payout, PayoutTransition } from '../../store/ledger/payouts.ts';
import * as field from '../http/answer-fields.ts';

const PAYOUT_STATE = z.enum(PAYOUT_STATES);

export const payout = z.object({
  id: field.idOf('pay'),
  affiliate_id: field.affiliateId,
  affiliate_name: field.text,
  amount: field.money,
  currency: field.currency,
  recovered: field.money.meta({ description: 'debt that was recovered before the amount was reserved' }),
  state: PAYOUT_STATE,
  external_reference: field.text.nullable(),
  run_id: field.idOf('run').nullable().meta({ description: 'the payout run that made it; null: none did' }),
  created_at: field.time,
});

export const wholePayout = payout.extend({
  history: z.array(
    z.object({ state: PAYOUT_STATE, actor: field.text, reason: field.text.nullable(), at: field.time }),
  ),
});

export function payoutView(row: Payout) {
  const { currency } = row;
  return {
    id: row.id,
    affiliate_id: row.affiliateId,
    affiliate_name: row.affiliateName,
    amount: formatMoney(row.amountMinor, currency),
    currency,
    recovered: formatMoney(row.recoveredMinor, currency),
    state: row.state,
    external_reference: row.externalReference,
    run_id: row.runId,
    created_at: row.createdAt,
  };
}

export function transitionView({ state, actor, reason, at }: PayoutTransition) {
  return { state, actor, reason, at };
}
