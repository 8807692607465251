// What we send to endpoints, as their owners read it.
import { z } from 'zod';
import { ENDPOINT_STATES } from '../../domain/delivery/endpoints.ts';
import { currency, money, text, time } from '../http/answer-fields.ts';

const subs = {
  sub1: text.optional(),
  sub2: text.optional(),
  sub3: text.optional(),
  sub4: text.optional(),
  sub5: text.optional(),
};

const conversion = z.object({
  event: text,
  event_id: text.optional().meta({ description: 'missing where no event caused this' }),
  transaction_id: text.nullable(),
  click_id: text.nullable(),
  affiliate_id: text,
  customer_id: text
    .nullable()
    .optional()
    .meta({ description: 'only for endpoints with `share_customer_id`' }),
  original_event_id: text.optional().meta({ description: 'the conversion that this is about' }),
  reason: text.optional().meta({
    description:
      'the type of the event against the conversion; without an event `deal_changed` (another agreement), `amended` (by its operator), or `recomputed` (another conversion took its place, or left it one)',
  }),
  via: text.optional().meta({ description: 'the sub-affiliate of whose commission this is a part' }),
  amount: money.nullable(),
  currency: currency.nullable(),
  payout: money.meta({ description: 'the sum told for the conversion so far' }),
  payout_delta: money.meta({ description: 'what this changed; all of them add up to the books' }),
  payout_currency: currency,
  status: z.enum(['pending', 'reversed']),
  occurred_at: time,
  previous_gave_up: z
    .array(text)
    .optional()
    .meta({ description: 'postbacks before this one that never arrived' }),
  ...subs,
});

/** What was decided about a commission; a monthly one has no conversion. */
const commission = conversion.partial().extend({
  commission_id: text.optional(),
  commission: money.optional().meta({ description: 'how much became payable now' }),
  period: text.optional(),
  status: z.enum(['pending', 'payable', 'rejected', 'reversed']),
  affiliate_id: text,
  payout_currency: currency,
});

const payout = z.object({
  payout_id: text,
  affiliate_id: text,
  amount: money,
  currency,
  external_reference: text.nullable(),
  status: z.literal('paid'),
  occurred_at: time,
  previous_gave_up: z.array(text).optional(),
});

const health = z.object({
  endpoint_id: text,
  affiliate_id: text.nullable(),
  state: z.enum(ENDPOINT_STATES),
  reason: text.nullable(),
  failing_since: time.nullable(),
  failures_in_a_row: z.int(),
  previous_gave_up: z.array(text).optional(),
});

const givenUp = z.object({
  delivery_id: text,
  type: text,
  endpoint_id: text,
  affiliate_id: text.nullable(),
  event_id: text.nullable(),
  tries: z.int(),
  last_error: text.nullable(),
  previous_gave_up: z.array(text).optional(),
});

const message = (type: string, data: z.ZodType) => z.object({ type: z.literal(type), timestamp: time, data });
const told = (type: string, summary: string, data: z.ZodType) =>
  [type, { summary, body: message(type, data) }] as const;

/** Every type of message, by its name. */
export const webhooks = Object.fromEntries([
  told('conversion.created', 'An event was attributed to the affiliate', conversion),
  told('conversion.adjusted', 'What a conversion pays has changed', commission),
  told('conversion.reversed', 'A conversion was taken back, in whole or in part', conversion),
  told('conversion.reinstated', 'What was taken back is given again', conversion),
  told(
    'conversion.released',
    'A commission became payable; only for endpoints that name this type',
    commission,
  ),
  told('payout.paid', 'A payout arrived; only for endpoints that name this type', payout),
  told('endpoint.test', 'A test, which means nothing', z.looseObject({ status: z.literal('test') })),
  told('endpoint.failing', 'To the operator’s own webhook: an endpoint does nothing but fail', health),
  told('endpoint.disabled', 'To the operator’s own webhook: an endpoint is called no more', health),
  told('delivery.gave_up', 'To the operator’s own webhook: a postback was given up', givenUp),
]);

/** The headers of each, by name. */
export const WEBHOOK_HEADERS: Record<string, string> = {
  'webhook-id': 'the delivery’s id, the same on every try',
  'webhook-timestamp': 'when this try was signed, in seconds since 1970',
  'webhook-signature': 'Standard Webhooks: `v1` or `v1a`; none where the endpoint does not sign',
  'webhook-attempt': 'which try this is',
};
