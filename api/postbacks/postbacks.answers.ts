// Answers about the way out: endpoints, deliveries, replays.
import { z } from 'zod';
import {
  BODY_FORMATS,
  ENDPOINT_METHODS,
  ENDPOINT_STATES,
  SIGNING_KINDS,
} from '../../domain/delivery/endpoints.ts';
import { DELIVERY_STATES, REPLAYABLE } from '../../domain/delivery/deliveries.ts';
import { affiliateId, count, idOf, text, time } from '../http/answer-fields.ts';

export const endpoint = z.object({
  id: idOf('ep'),
  affiliate_id: affiliateId.nullable().meta({ description: 'null: the operator’s own webhook' }),
  url: text,
  method: z.enum(ENDPOINT_METHODS),
  body: z.enum(BODY_FORMATS),
  form: z.record(z.string(), text).nullable(),
  events: z.array(text),
  headers: z.record(z.string(), text),
  schedule: z.array(z.int()).meta({ description: 'seconds before each try' }),
  max_in_flight: z.int(),
  rate_per_second: z.number().nullable(),
  signing: z.enum(SIGNING_KINDS),
  public_key: text.nullable(),
  overlap_ends_at: time.nullable(),
  share_customer_id: z.boolean(),
  state: z.enum(ENDPOINT_STATES),
  state_reason: text.nullable(),
  breaker: z.enum(['open', 'closed']),
  failing_since: time.nullable(),
  failures_in_a_row: count,
  waiting: count,
  created_at: time,
});

const secret = text
  .nullable()
  .meta({ description: 'shown this once; null for `v1a`, whose public half is `public_key`' });

export const newEndpoint = endpoint.extend({ secret });
/** A change of `signing` may come with a new secret. */
export const changedEndpoint = endpoint.extend({ secret: secret.optional() });

export const enabledEndpoint = endpoint.extend({
  offer: z
    .object({
      held: count,
      missed: count,
      replay: z.object({ method: text, path: text, body: z.record(z.string(), z.unknown()) }),
    })
    .meta({ description: 'what waits is sent now; what was given up is sent by this replay' }),
});

export const importedUrl = z.object({
  dialect: text,
  url: text,
  unmapped: z.array(z.object({ macro: text, where: text, note: text })),
  notes: z.array(text),
  method: z.literal('GET'),
});

const milliseconds = z.number().nullable();

export const trial = z.object({
  verdict: text.meta({ description: '`delivered`, or the error class an attempt would get' }),
  advice: text.nullable(),
  resolved: z.object({ host: text, addresses: z.array(text) }),
  dialled: text.nullable(),
  tls: z.object({ protocol: text.nullable(), issuer: text, valid_to: text.nullable() }).nullable(),
  sent: z
    .object({ url: text, method: text, headers: z.record(z.string(), text), body: text.nullable() })
    .nullable(),
  received: z
    .object({ status: z.int(), headers: z.record(z.string(), text), excerpt: text.nullable() })
    .nullable(),
  phases: z.object({
    dns_ms: milliseconds,
    connect_ms: milliseconds,
    tls_ms: milliseconds,
    first_byte_ms: milliseconds,
    total_ms: z.number(),
  }),
});

export const delivery = z.object({
  id: idOf('dlv').meta({ description: 'the `webhook-id`' }),
  endpoint_id: idOf('ep'),
  affiliate_id: affiliateId.nullable(),
  event_id: idOf('evt').nullable(),
  original_event_id: idOf('evt').nullable(),
  type: text,
  state: z.enum(DELIVERY_STATES),
  owner: text.nullable(),
  next_cause: text.nullable(),
  replay_id: idOf('rpl').nullable(),
  predecessor_id: idOf('dlv').nullable(),
  tries: count,
  next_attempt_at: time.nullable(),
  last_error: text.nullable(),
  created_at: time,
  finished_at: time.nullable(),
  acknowledged_at: time.nullable(),
});

export const wholeDelivery = delivery.extend({
  body: z.record(z.string(), z.unknown()).meta({ description: 'as it is sent: see the webhooks' }),
  attempts: z.array(
    z.object({
      number: z.int().min(1),
      cause: text,
      started_at: time,
      duration_ms: z.number(),
      phases: z.unknown(),
      dialled: text.nullable(),
      status_code: z.int().nullable(),
      error_class: text.nullable(),
      response_excerpt: text.nullable(),
      next_attempt_at: time.nullable(),
      next_reason: text.nullable().meta({
        description:
          'what happened, and why the next try is when it is: the step of the schedule, `Retry-After`, a probe',
      }),
    }),
  ),
});

export const replay = z.object({
  id: idOf('rpl'),
  state: z.enum(['running', 'done', 'cancelled']),
  total: count,
  released: count,
  endpoint_id: idOf('ep').nullable(),
  affiliate_id: affiliateId.nullable(),
  from: time.nullable(),
  to: time.nullable(),
  states: z.array(z.enum(REPLAYABLE)),
  rate_per_second: z.number().nullable(),
  dry_run: z.boolean(),
  created_at: time,
  finished_at: time.nullable(),
});

export const replayProgress = replay.extend({ delivered: count, waiting: count, gave_up: count });
