// Answers about endpoints: schemas and views.
import { z } from 'zod';
import {
  BODY_FORMATS,
  ENDPOINT_METHODS,
  ENDPOINT_STATES,
  SIGNING_KINDS,
} from '../../domain/delivery/endpoints.ts';
import { adviceForError } from '../../domain/delivery/advice.ts';
import { isTripped } from '../../domain/delivery/breaker.ts';
import type { NewSecret } from '../../store/delivery/endpoint-secrets.ts';
import { COUNTED_AT_MOST, type Endpoint } from '../../store/delivery/endpoints.ts';
import * as field from '../http/answer-fields.ts';
import { warnings } from './endpoint-check.ts';

export const endpoint = z.object({
  id: field.idOf('ep'),
  affiliate_id: field.affiliateId.nullable().meta({ description: 'null: the operator’s own webhook' }),
  name: field.text.nullable(),
  url: field.text,
  method: z.enum(ENDPOINT_METHODS),
  body: z.enum(BODY_FORMATS),
  form: z.record(z.string(), field.text).nullable(),
  events: z.array(field.text),
  headers: z.record(z.string(), field.text),
  schedule: z.array(z.int()).meta({ description: 'seconds before each try' }),
  max_in_flight: z.int(),
  rate_per_second: z.number().nullable(),
  signing: z.enum(SIGNING_KINDS),
  public_key: field.text.nullable(),
  overlap_ends_at: field.time.nullable(),
  share_customer_id: z.boolean(),
  api_version: field.text.meta({ description: 'version of what its postbacks say' }),
  state: z.enum(ENDPOINT_STATES),
  state_reason: field.text.nullable(),
  breaker: z.enum(['open', 'closed']),
  failing_since: field.time
    .nullable()
    .meta({ description: 'since when it is known to do nothing but fail; null: it does not' }),
  failures_in_a_row: field.count.meta({ description: 'what the breaker counts' }),
  last_error: field.text
    .nullable()
    .meta({ description: 'why the latest postback failed; null: none since the last delivery' }),
  advice: field.text.nullable().meta({ description: 'what its owner can do about `last_error`' }),
  waiting: field.count.meta({ description: `postbacks in its queue, counted up to ${COUNTED_AT_MOST}` }),
  created_at: field.time,
});

const shownSecret = field.text
  .nullable()
  .meta({ description: 'shown this once; null for `v1a`, whose public half is `public_key`' });

export const newEndpoint = endpoint.extend({ secret: shownSecret, warnings });
export const rotatedEndpoint = endpoint.extend({ secret: shownSecret });
/** A change of `signing` may come with a new secret. */
export const changedEndpoint = endpoint.extend({ secret: shownSecret.optional(), warnings });

export const enabledEndpoint = endpoint.extend({
  offer: z
    .object({
      held: field.count,
      missed: field.count,
      replay: z.object({ method: field.text, path: field.text, body: z.record(z.string(), z.unknown()) }),
    })
    .meta({ description: 'what waits is sent now; what was given up is sent by this replay' }),
});

/** A shared secret is shown once. A key pair shows none: receivers verify by `public_key`. */
export function shown({ secret, publicKey }: NewSecret): { secret: string | null } {
  return { secret: publicKey === null ? secret : null };
}

export function endpointView(row: Endpoint) {
  return {
    id: row.id,
    affiliate_id: row.affiliateId,
    name: row.name,
    url: row.url,
    method: row.method,
    body: row.body,
    form: row.form,
    events: row.events,
    headers: row.headers,
    schedule: row.schedule,
    max_in_flight: row.maxInFlight,
    rate_per_second: row.ratePerSecond,
    signing: row.signing,
    public_key: row.publicKey,
    overlap_ends_at: row.overlapEndsAt,
    share_customer_id: row.shareCustomerId,
    api_version: row.apiVersion,
    state: row.state,
    state_reason: row.stateReason,
    breaker: isTripped(row.failuresInARow) ? 'open' : 'closed',
    failing_since: row.failingSince,
    failures_in_a_row: row.failuresInARow,
    last_error: row.lastError,
    advice: adviceForError(row.lastError),
    waiting: row.waiting,
    created_at: row.createdAt,
  };
}
