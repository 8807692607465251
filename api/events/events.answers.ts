// Schemas of answers about events: acceptance, the event, its trace, the result of a dry run.
import { z } from 'zod';
import { METHODS } from '../../domain/attribution/attribution.ts';
import { EVIDENCE_KINDS, VERDICTS } from '../../domain/attribution/evidence.ts';
import { bySub, EVENT_STATUSES, EVENT_TYPES } from '../../domain/types.ts';
import { AMENDMENT_STATES } from '../../store/agreements/amendments.ts';
import * as field from '../http/answer-fields.ts';
import { partError } from '../http/errors.answers.ts';
import { transfer } from '../ledger/balances.answers.ts';
import { commission } from '../ledger/commissions.answers.ts';

export const accepted = z.object({ id: field.idOf('evt'), status: z.literal('accepted') });
export const duplicate = z.object({ id: field.idOf('evt'), status: z.literal('duplicate') });

export const batchResults = z.object({
  results: z.array(
    z.object({
      index: field.count,
      status: z.enum(['accepted', 'duplicate', 'conflict', 'invalid']),
      id: field.idOf('evt').optional(),
      error: partError.optional(),
    }),
  ),
});

const REASONS =
  'why it has this status. A settled reversal that changed nothing has `nothing_to_reverse` (no conversion ' +
  'of the customer that earned, or none that earns less by it, such as one beyond a cap), `already_reversed`, `already_won` (won back since, or, of a win, before), `not_clawed_back` (the ' +
  'deal lets the affiliate keep it), `too_old` (outside the clawback window) or `not_charged_back` (a win ' +
  'without a chargeback before it). `customer_mismatch`: the reference is to another customer’s conversion';

/** The event as sent or amended. Fields that were not sent are absent. */
const sent = z.object({
  event: z.enum(EVENT_TYPES),
  sent_as: field.text
    .optional()
    .meta({ description: 'the operator’s own name, where it was sent under one' }),
  transaction_id: field.text.optional(),
  click_id: field.text.optional(),
  customer_id: field.text.optional(),
  amount: field.money.optional(),
  currency: field.currency.optional(),
  volume: field.text.optional(),
  symbol: field.text.optional(),
  symbol_group: field.text.optional(),
  reference: field.text.optional(),
  reference_event: z.enum(EVENT_TYPES).optional(),
  payout: field.money.optional(),
  payout_currency: field.currency.optional(),
  ...bySub(() => field.text.optional()),
  coupon: field.text.optional(),
  occurred_at: field.time,
  metadata: z.record(z.string(), z.unknown()).optional(),
});

const outcome = {
  status: z.enum(EVENT_STATUSES),
  reason: field.text.optional().meta({ description: REASONS }),
  detail: field.text.optional().meta({
    description:
      'of an event set aside, why its rule failed, or the exchange rate it lacks and the day by which one must ' +
      'hold: `GBP→USD on 2026-11-14`',
  }),
  received_at: field.time,
  event: sent,
  attribution: z
    .object({
      affiliate_id: field.affiliateId,
      method: z.enum(METHODS).nullable(),
      click_id: field.text.optional(),
      assigned_by: field.text.nullable().optional(),
      assigned_at: field.time.nullable().optional(),
    })
    .nullable(),
};

export const event = z.object({ id: field.idOf('evt'), ...outcome });

/** Candidates for attribution, strongest first. */
const candidates = z.array(
  z.object({
    evidence: z.enum(EVIDENCE_KINDS),
    id: field.text.meta({
      description:
        'the reassignment, the event that bound the customer, the API key that assigned it, ' +
        'the click’s id, or the coupon’s code',
    }),
    affiliate_id: field.affiliateId.nullable(),
    at: field.time.nullable().meta({
      description: 'since when it counts; an event that occurred more than an hour before is not its',
    }),
    verdict: z.enum(VERDICTS).meta({ description: 'whether it decided, or why it did not' }),
  }),
);

/** Exchange rates that converted the event's amount. */
const exchangeRates = z.array(
  z.object({
    id: field.text,
    base: field.currency,
    quote: field.currency,
    rate: field.text,
    source: field.text,
    as_of: field.time,
  }),
);

/** One version of an event's values: past, present or pending. */
const version = z.object({
  number: field.count.meta({ description: '0 as it was sent; then one for each amendment' }),
  state: z.enum(['sent', ...AMENDMENT_STATES]),
  waits_for: field.text.optional().meta({ description: 'what is missing, where it waits' }),
  since: field.time,
  applied_at: field.time.nullable(),
  amount: field.money.optional(),
  currency: field.currency.optional(),
  volume: field.text.optional(),
  payout: field.money.optional(),
  payout_currency: field.currency.optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  voided: z.literal(true).optional().meta({ description: 'taken out of the books' }),
  rejected: z.literal(true).optional().meta({ description: 'rejected by a person' }),
  amended_by: field.text.optional().meta({ description: 'the API key' }),
  reason: field.text.optional(),
});

const earned = { commissions: z.array(commission), transfers: z.array(transfer) };

/** The request that brought the event. */
const sentBy = z
  .object({
    request_id: field.text
      .nullable()
      .meta({ description: 'as its answer had it; null: the customer was erased' }),
    key_id: field.idOf('key'),
    key_name: field.text,
  })
  .nullable()
  .meta({ description: 'the request that brought it; null: it came in a file. Not for affiliates' });

export const trace = event.extend({
  sent_by: sentBy,
  considered: candidates,
  ...earned,
  deliveries: z.array(
    z.object({
      id: field.idOf('dlv'),
      endpoint_id: field.idOf('ep'),
      recipient_id: field.affiliateId
        .nullable()
        .meta({ description: 'whose endpoint it is; null: the operator’s own webhook' }),
      type: field.text,
      state: field.text,
      attempts: field.count,
      event_id: field.idOf('evt').nullable(),
    }),
  ),
  versions: z.array(version).optional().meta({ description: 'of an amended event, every version of it' }),
  exchange_rates: exchangeRates,
  workflow_id: field.text.nullable(),
  workflow_url: field.text.nullable().meta({ description: 'leads to the workflow in the Temporal UI' }),
});

const postbacks = z.array(
  z.object({ endpoint_id: field.idOf('ep'), type: field.text, body: z.record(z.string(), z.unknown()) }),
);
const wouldBe = z.enum(['accepted', 'duplicate', 'conflict', 'invalid']);

/** The dry run of an event. Only a duplicate has an `id`: that of the stored event. */
const dryRunFields = z.object({
  would_be: wouldBe,
  id: field.idOf('evt').optional(),
  status: outcome.status.optional(),
  reason: outcome.reason,
  detail: outcome.detail,
  received_at: field.time.optional(),
  event: sent.optional(),
  attribution: outcome.attribution.optional(),
  considered: candidates.optional(),
  commissions: earned.commissions.optional(),
  transfers: earned.transfers.optional(),
  versions: z.array(version).optional(),
  exchange_rates: exchangeRates.optional(),
  postbacks: postbacks.optional(),
});

export const dryRun = dryRunFields.extend({ dry_run: z.literal(true) });
export const dryRunBatch = z.object({
  dry_run: z.literal(true),
  results: z.array(dryRunFields.extend({ index: field.count, error: partError.optional() })),
});
