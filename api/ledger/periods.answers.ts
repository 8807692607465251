// Answers about the books: months, statements, reconciliations.
import { z } from 'zod';
import { affiliateId, count, currency, idOf, money, month, text, time } from '../http/answer-fields.ts';
import { issue } from '../http/errors.answers.ts';

export const period = z.object({
  period: month,
  status: z.enum(['open', 'closing', 'closed']),
  closed_at: time.nullable(),
  transfers: count.nullable(),
  statements: count.nullable(),
  seal: text.nullable().meta({ description: 'a digest of the month’s transfers in their order' }),
});

const parts = z.object({
  pending: money,
  payable: money,
  in_payout: money,
  paid: money,
  debt: money,
  owed: money.meta({ description: 'pending, payable and in payout, less debt' }),
});

const head = {
  affiliate_id: affiliateId,
  currency,
  period: month,
  opening: parts,
  closing: parts,
  lines_count: count,
};

export const statement = z.object({ id: idOf('stm'), ...head, status: z.literal('final'), created_at: time });

export const wholeStatement = z.object({
  id: idOf('stm').nullable().meta({ description: 'null while the month is open' }),
  ...head,
  status: z.enum(['final', 'preliminary']),
  created_at: time.nullable(),
  lines: z.array(
    z.object({
      transfer_id: idOf('trf'),
      code: text,
      description: text,
      amount: money.meta({ description: 'by how much this changes what is owed' }),
      moved: money,
      from: text,
      to: text,
      event_id: text.nullable(),
      event: text.nullable(),
      transaction_id: text.nullable(),
      original_event_id: text.nullable(),
      original_transaction_id: text.nullable(),
      commission_id: text.nullable(),
      formula: text.nullable(),
      reason: text.nullable(),
      actor: text.nullable(),
      occurred_at: time,
      posted_at: time,
      period: month,
      origin_period: month,
      late: z.boolean(),
    }),
  ),
});

const REASONS =
  `match missing_here missing_there duplicate_row not_settled orphaned rejected set_aside currency_differs amount_differs
  reversed commission_differs invalid_row`.split(/\s+/);

export const reconciliation = z.object({
  totals: z.array(
    z.object({
      reason: z.enum(REASONS),
      currency: text.nullable(),
      count,
      amount_here: money.optional(),
      amount_there: money.optional(),
    }),
  ),
  results: z.array(
    z.object({
      row: z
        .int()
        .min(1)
        .nullable()
        .meta({ description: 'counted from 1; null for an event that no row speaks of' }),
      transaction_id: text.nullable(),
      event: text.nullable(),
      reason: z.enum(REASONS),
      event_id: idOf('evt').nullable(),
      here: z
        .object({
          amount: money.nullable(),
          currency: currency.nullable(),
          commission: money.nullable(),
          commission_currency: currency.nullable(),
          status: text,
          status_reason: text.nullable(),
          affiliate_id: affiliateId.nullable(),
          occurred_at: time,
        })
        .nullable(),
      there: z
        .object({ amount: text.nullable(), currency: text.nullable(), commission: text.nullable() })
        .nullable(),
      duplicate_of_row: z.int().optional(),
      issues: z.array(issue).optional(),
    }),
  ),
  truncated: z.boolean().meta({ description: 'more events are missing in the list than are told' }),
});
