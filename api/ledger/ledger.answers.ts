// Answers about money: balances, the ledger, commissions, payouts, what was moved by hand.
import { z } from 'zod';
import { COMMISSION_KINDS } from '../../domain/commission/slot-kinds.ts';
import { COMMISSION_STATES } from '../../store/ledger/commissions.ts';
import { affiliateId, count, currency, idOf, money, month, text, time } from '../http/answer-fields.ts';

export const balances = z.object({
  balances: z.array(
    z.object({ currency, pending: money, payable: money, in_payout: money, paid: money, debt: money }),
  ),
});

export const transfer = z.object({
  id: idOf('trf'),
  code: text,
  amount: money,
  currency,
  debit_account: text,
  credit_account: text,
  affiliate_id: affiliateId.nullable(),
  event_id: idOf('evt').nullable(),
  commission_id: text.nullable(),
  reason: text.nullable(),
  actor: text.nullable(),
  occurred_at: time,
  posted_at: time,
  period: month,
  origin_period: month,
});

export const commission = z.object({
  id: text,
  affiliate_id: affiliateId,
  component: text.meta({
    description: `the kind: ${COMMISSION_KINDS.map((kind) => `\`${kind}\``).join(', ')}`,
  }),
  label: text,
  deal_id: idOf('deal').nullable(),
  deal_version: z.int().nullable(),
  amount: money.meta({ description: 'what is left after all that was taken back' }),
  currency,
  state: z.enum(COMMISSION_STATES),
  period: text.nullable().meta({ description: 'the month of a monthly one' }),
  hold_until: time,
  rejected_at: time.nullable(),
  created_at: time,
  formula: text.nullable(),
  inputs: z.unknown(),
});

export const wholeCommission = commission.extend({
  money: z.object({ pending: money, payable: money, in_payout: money, paid: money, taken_back: money }),
  decisions: z.array(
    z.object({
      id: text,
      decision: z.enum(['approved', 'rejected']),
      amount: money,
      actor: text,
      reason: text.nullable(),
      decided_at: time,
    }),
  ),
});

export const decided = z.object({
  results: z.array(
    z.object({
      id: text,
      status: z.enum(['approved', 'rejected', 'unchanged', 'not_possible', 'not_found']),
    }),
  ),
  more: z.boolean().meta({ description: 'the choice holds more than were decided; send it again' }),
});

export const released = z.object({
  released: count,
  more: z.boolean().meta({ description: 'more is due; send it again' }),
});

const PAYOUT_STATE = z.enum(['reserved', 'paid', 'failed', 'returned']);

export const payout = z.object({
  id: idOf('pay'),
  affiliate_id: affiliateId,
  amount: money,
  currency,
  recovered: money.meta({ description: 'debt that was recovered before the amount was reserved' }),
  state: PAYOUT_STATE,
  external_reference: text.nullable(),
  created_at: time,
});

export const wholePayout = payout.extend({
  history: z.array(z.object({ state: PAYOUT_STATE, actor: text, reason: text.nullable(), at: time })),
});

export const byHand = z.object({
  id: text,
  commission_id: text.optional(),
  affiliate_id: affiliateId,
  amount: money,
  currency,
  reason: text,
  actor: text,
  posted_at: time,
});

const previewed = { events: count, would_pay: money, paid: money, difference: money };
const amounts = { currency, amount: money };

export const preview = z.object({
  deal_id: idOf('deal'),
  from: time,
  to: time,
  currency,
  ...previewed,
  left_out: z
    .record(z.string(), count)
    .meta({ description: 'events that could not be worked out, by reason' }),
  affiliates: z.array(
    z.object({
      affiliate_id: affiliateId,
      ...previewed,
      months: z.array(
        z.object({
          month,
          ...previewed,
          components: z.array(z.object({ component: text, amount: money })),
          paid_in_other_currencies: z.array(z.object(amounts)),
        }),
      ),
    }),
  ),
});
