// Schemas of answers about statements; `statements.views.ts` makes them.
import { z } from 'zod';
import * as field from '../http/answer-fields.ts';

const parts = z.object({
  pending: field.money,
  payable: field.money,
  in_payout: field.money,
  paid: field.money,
  debt: field.money,
  owed: field.money.meta({ description: 'pending, payable and in payout, less debt' }),
});

const head = {
  affiliate_id: field.affiliateId,
  currency: field.currency,
  period: field.month,
  opening: parts,
  closing: parts,
  lines_count: field.count,
};

export const statement = z.object({
  id: field.idOf('stm'),
  ...head,
  status: z.literal('final'),
  created_at: field.time,
});

export const wholeStatement = z.object({
  id: field.idOf('stm').nullable().meta({ description: 'null while the month is open' }),
  ...head,
  status: z.enum(['final', 'preliminary']),
  created_at: field.time.nullable(),
  lines: z.array(
    z.object({
      transfer_id: field.idOf('trf'),
      code: field.text,
      description: field.text,
      amount: field.money.meta({ description: 'by how much this changes what is owed' }),
      moved: field.money,
      from: field.text,
      to: field.text,
      event_id: field.text.nullable(),
      event: field.text.nullable(),
      transaction_id: field.text.nullable(),
      original_event_id: field.text.nullable(),
      original_transaction_id: field.text.nullable(),
      commission_id: field.text.nullable(),
      formula: field.text.nullable(),
      reason: field.text.nullable(),
      actor: field.text.nullable(),
      occurred_at: field.time,
      posted_at: field.time,
      period: field.month,
      origin_period: field.month,
      late: z.boolean(),
    }),
  ),
});
