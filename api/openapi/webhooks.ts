// Webhooks as the OpenAPI document shows them: the messages that endpoints receive.
import { z } from 'zod';
import { fieldsOf, type Field, type MessageKind, type Presence } from '../../domain/delivery/fields.ts';
import { ENDPOINT_STATES } from '../../domain/delivery/endpoints.ts';
import { currency, money, text, time } from '../http/answer-fields.ts';

/** Added to a postback that follows given-up ones, of whatever kind. */
const previous_gave_up = z
  .array(text)
  .optional()
  .meta({ description: 'postbacks before this one that never arrived' });

const SCHEMAS = { text, currency, amount: money, time };

function schemaOf({ kind, description }: Field, presence: Presence): z.ZodType {
  let schema: z.ZodType = SCHEMAS[kind];
  if (presence.endsWith('or null')) schema = schema.nullable();
  if (presence.startsWith('maybe')) schema = schema.optional();
  return description === undefined ? schema : schema.meta({ description });
}

/** The fields that a message of a kind carries. */
function shapeOf(kind: MessageKind): Record<string, z.ZodType> {
  return Object.fromEntries(fieldsOf(kind).map(([name, field]) => [name, schemaOf(field, field[kind]![0])]));
}

/** An event was settled: about its conversion. */
const conversion = z.object({
  ...shapeOf('conversion'),
  status: z.enum(['pending', 'reversed']),
  previous_gave_up,
});

/** Data of messages about an amendment or a decision; a monthly commission has no conversion. */
const commission = z.object({
  ...conversion.partial().shape,
  ...shapeOf('commission'),
  status: z.enum(['pending', 'payable', 'rejected', 'reversed']),
});

const payout = z.object({ ...shapeOf('payout'), status: z.literal('paid'), previous_gave_up });

const health = z.object({
  endpoint_id: text,
  affiliate_id: text.nullable(),
  state: z.enum(ENDPOINT_STATES),
  reason: text.nullable(),
  failing_since: time.nullable(),
  failures_in_a_row: z.int(),
  last_error: text.nullable(),
  advice: text.nullable(),
  previous_gave_up,
});

const givenUp = z.object({
  delivery_id: text,
  type: text,
  endpoint_id: text,
  affiliate_id: text.nullable(),
  event_id: text.nullable(),
  tries: z.int(),
  last_error: text.nullable(),
  previous_gave_up,
});

const payoutRun = z.object({
  payout_run_id: text,
  currency,
  amount: money.meta({ description: 'what its payouts come to' }),
  payouts: z.int(),
  affiliates: z.int().meta({ description: 'looked at: with or without a payout' }),
  previous_gave_up,
});

const api_version = text.meta({ description: 'version of `data`, which the endpoint is pinned to' });
const message = (type: string, data: z.ZodType) =>
  z.object({ type: z.literal(type), timestamp: time, api_version, data });
const webhook = (type: string, summary: string, data: z.ZodType) =>
  [type, { summary, body: message(type, data) }] as const;

/** Every type of message, by its name. */
export const webhooks = Object.fromEntries([
  webhook('conversion.created', 'An event was attributed to the affiliate', conversion),
  webhook('conversion.adjusted', 'What a conversion pays has changed', commission),
  webhook('conversion.reversed', 'A conversion was taken back, in whole or in part', conversion),
  webhook('conversion.reinstated', 'What was taken back is given again', commission),
  webhook(
    'conversion.released',
    'A commission became payable; only for endpoints that name this type',
    commission,
  ),
  webhook('payout.paid', 'A payout arrived; only for endpoints that name this type', payout),
  webhook('endpoint.test', 'A test, which means nothing', z.looseObject({ status: z.literal('test') })),
  webhook('endpoint.failing', 'To the operator’s own webhook: an endpoint does nothing but fail', health),
  webhook('endpoint.disabled', 'To the operator’s own webhook: an endpoint is called no more', health),
  webhook('payout_run.done', 'To the operator’s own webhook: a payout run is done', payoutRun),
  webhook('delivery.gave_up', 'To the operator’s own webhook: a postback was given up', givenUp),
]);

/** The headers of each, by name. */
export const WEBHOOK_HEADERS: Record<string, string> = {
  'webhook-id': 'the delivery’s id, the same on every try',
  'webhook-timestamp': 'when this try was signed, in seconds since 1970',
  'webhook-signature': 'Standard Webhooks: `v1` or `v1a`; none where the endpoint does not sign',
  'webhook-attempt': 'which try this is; the same one may come twice where a connection broke',
};
