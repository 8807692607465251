// Answers about events: whether they were kept, their whole story, what would happen to them.
import { z } from 'zod';
import { EVIDENCE_KINDS, VERDICTS } from '../../domain/attribution/evidence.ts';
import { EVENT_TYPES } from '../../domain/types.ts';
import { partError } from '../http/errors.answers.ts';
import { affiliateId, count, currency, idOf, listOf, money, text, time } from '../http/answer-fields.ts';
import { commission, transfer } from '../ledger/ledger.answers.ts';

export const accepted = z.object({ id: idOf('evt'), status: z.literal('accepted') });
export const duplicate = z.object({ id: idOf('evt'), status: z.literal('duplicate') });

const amendmentOf = {
  id: idOf('evt'),
  version: z.int().min(0).meta({ description: 'the amendment’s number' }),
};
export const amending = z.object({ ...amendmentOf, status: z.literal('accepted') });
export const alreadyAmended = z.object({ ...amendmentOf, status: z.literal('duplicate') });

export const batchResults = z.object({
  results: z.array(
    z.object({
      index: count,
      status: z.enum(['accepted', 'duplicate', 'conflict', 'invalid']),
      id: idOf('evt').optional(),
      error: partError.optional(),
    }),
  ),
});

/** As it was sent, or amended since; what was not sent is left out. */
const sent = z.object({
  event: z.enum(EVENT_TYPES),
  sent_as: text.optional().meta({ description: 'the operator’s own name, where it was sent under one' }),
  transaction_id: text.optional(),
  click_id: text.optional(),
  customer_id: text.optional(),
  amount: money.optional(),
  currency: currency.optional(),
  volume: text.optional(),
  reference: text.optional(),
  reference_event: z.enum(EVENT_TYPES).optional(),
  payout: money.optional(),
  sub1: text.optional(),
  sub2: text.optional(),
  sub3: text.optional(),
  sub4: text.optional(),
  sub5: text.optional(),
  coupon: text.optional(),
  occurred_at: time,
  metadata: z.record(z.string(), z.unknown()).optional(),
});

const fate = {
  status: z.enum(['accepted', 'settled', 'orphaned', 'rejected', 'set_aside']),
  reason: text.optional(),
  detail: text.optional(),
  received_at: time,
  event: sent,
  attribution: z
    .object({
      affiliate_id: affiliateId,
      method: z.enum(['click', 'binding', 'coupon', 'manual']).nullable(),
      click_id: text.optional(),
      assigned_by: text.nullable().optional(),
      assigned_at: time.nullable().optional(),
    })
    .nullable(),
};

export const event = z.object({ id: idOf('evt'), ...fate });

/** What there was to tell whose it is, strongest first. */
const considered = z.array(
  z.object({
    evidence: z.enum(EVIDENCE_KINDS),
    id: text.meta({
      description:
        'the event that bound the customer, the API key that assigned it, the click’s id, or the coupon’s code',
    }),
    affiliate_id: affiliateId.nullable(),
    at: time.nullable().meta({ description: 'when it was bound, assigned or clicked' }),
    verdict: z.enum(VERDICTS).meta({ description: 'whether it decided, or why it did not' }),
  }),
);

/** Those by which its amount was converted. */
const exchangeRates = z.array(
  z.object({ id: text, base: currency, quote: currency, rate: text, source: text, as_of: time }),
);

/** What an event's values were, are, or are to be. */
const version = z.object({
  number: count.meta({ description: '0 as it was sent; then one for each amendment' }),
  state: z.enum(['sent', 'accepted', 'waiting', 'applied', 'superseded']),
  waits_for: text.optional().meta({ description: 'what is missing, where it waits' }),
  since: time,
  applied_at: time.nullable(),
  amount: money.optional(),
  currency: currency.optional(),
  volume: text.optional(),
  payout: money.optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  amended_by: text.optional().meta({ description: 'the API key' }),
  reason: text.optional(),
});

const earned = { commissions: z.array(commission), transfers: z.array(transfer) };

export const trace = event.extend({
  considered,
  ...earned,
  deliveries: z.array(
    z.object({
      id: idOf('dlv'),
      endpoint_id: idOf('ep'),
      type: text,
      state: text,
      attempts: count,
      event_id: idOf('evt').nullable(),
    }),
  ),
  versions: z.array(version).optional().meta({ description: 'of an amended event, every version of it' }),
  exchange_rates: exchangeRates,
  workflow_id: text.nullable(),
  workflow_url: text.nullable().meta({ description: 'leads to the workflow in the Temporal UI' }),
});

const postbacks = z.array(
  z.object({ endpoint_id: idOf('ep'), type: text, body: z.record(z.string(), z.unknown()) }),
);
const wouldBe = z.enum(['accepted', 'duplicate', 'conflict', 'invalid']);

/** What would become of an event; `id` only where there is one already. */
const rehearsal = z.object({
  would_be: wouldBe,
  id: idOf('evt').optional(),
  status: fate.status.optional(),
  reason: fate.reason,
  detail: fate.detail,
  received_at: time.optional(),
  event: sent.optional(),
  attribution: fate.attribution.optional(),
  considered: considered.optional(),
  commissions: earned.commissions.optional(),
  transfers: earned.transfers.optional(),
  versions: z.array(version).optional(),
  exchange_rates: exchangeRates.optional(),
  postbacks: postbacks.optional(),
});

export const rehearsed = rehearsal.extend({ dry_run: z.literal(true) });
export const rehearsedBatch = z.object({
  dry_run: z.literal(true),
  results: z.array(rehearsal.extend({ index: count, error: partError.optional() })),
});

export const repeat = z.object({
  event_id: idOf('evt'),
  times: z.int().min(1),
  first_at: time,
  last_at: time,
});

export const orphans = listOf(event).extend({
  counts: z.record(z.string(), count).meta({ description: 'orphans by reason' }),
});

export const assigned = z.object({
  id: idOf('evt'),
  status: z.literal('assigned'),
  affiliate_id: affiliateId,
});

/** What a button did with an event that was set aside for this reason. */
export const retrying = z.object({ id: idOf('evt'), status: z.literal('retrying'), reason: text });
export const dismissed = z.object({ id: idOf('evt'), status: z.literal('rejected'), reason: text });
