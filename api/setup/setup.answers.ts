// Answers about what is set up: operators, keys, affiliates, deals, links, clicks, coupons, and the state of this process.
import { z } from 'zod';
import { EVENT_CLASSES, EVENT_TYPES } from '../../domain/types.ts';
import { SCOPES } from '../http/admission.ts';
import { affiliateId, count, currency, idOf, listOf, text, time } from '../http/answer-fields.ts';

export const newOperator = z.object({
  id: idOf('opr'),
  name: text,
  currency,
  timezone: text,
  api_key: text.meta({ description: 'shown this once' }),
});

export const operator = z.object({
  id: idOf('opr'),
  name: text,
  currency,
  timezone: text,
  click_window_days: z.int(),
  click_choice: z.enum(['first', 'last']),
  without_transaction_id: z.enum(['refuse', 'accept_each', 'same_content_is_repeat']).nullable(),
  repeat_window_hours: z.int(),
  allowed_ips: z.array(text),
  require_signature: z.boolean(),
  rate_per_second: z.int().nullable(),
  postback_aliases: z.record(z.string(), text.nullable()),
  created_at: time,
});

export const apiKey = z.object({
  id: idOf('key'),
  name: text,
  hint: text,
  scopes: z.array(z.enum(SCOPES)),
  rate_per_second: z.int().nullable(),
  created_at: time,
  expires_at: time.nullable(),
  last_used_at: time.nullable(),
});
export const newApiKey = apiKey.extend({ api_key: text.meta({ description: 'shown this once' }) });

export const inboundSecret = z.object({
  id: idOf('sec'),
  secret: text.meta({ description: 'shown this once' }),
});

const counted = { count };

export const refusals = listOf(
  z.object({
    id: text,
    refused_at: time,
    reason: text,
    issue: z.object({ path: text.nullable(), code: text }).nullable(),
    address: text,
    method: text,
    path: text,
    request_id: text,
    api_key_id: text,
  }),
).extend({
  counts: z.object({
    from: time,
    to: time,
    total: count,
    by_reason: z.array(z.object({ reason: text, ...counted })),
    by_address: z.array(z.object({ address: text, ...counted })),
  }),
});

export const egress = z.object({ addresses: z.array(text) });

export const eventType = z.object({
  id: idOf('typ'),
  name: text,
  standard: z.enum(EVENT_TYPES),
  class: z.enum(EVENT_CLASSES),
  created_at: time,
});

export const affiliate = z.object({
  id: affiliateId,
  name: text,
  external_id: text.nullable(),
  parent_id: affiliateId.nullable(),
  created_at: time,
});

const terms = z
  .record(z.string(), z.unknown())
  .meta({ description: 'as given, with every default filled in' });
const version = { version: z.int().min(1), effective_from: time, terms, created_at: time };

export const deal = z
  .object({
    id: idOf('deal'),
    name: text,
    affiliate_id: affiliateId.nullable(),
    ...version,
    versions: z.array(z.object(version)),
  })
  .meta({ description: 'shown by its newest version' });
export const dealVersion = z.object({ id: idOf('deal'), ...version });

export const fxRate = z.object({
  id: text,
  base: currency,
  quote: currency,
  rate: text.meta({ description: 'how much of `quote` one of `base` is' }),
  source: text,
  as_of: time,
  added_by: text.nullable(),
  created_at: time,
});

export const link = z.object({
  id: idOf('link'),
  url: text,
  affiliate_id: affiliateId,
  landing_url: text,
  params: z.record(z.string(), text),
  deep_link_hosts: z.array(text),
  created_at: time,
});

const sub = text.nullable();
export const newClick = z.object({ click_id: text });
export const click = z.object({
  id: text,
  link_id: idOf('link').nullable(),
  affiliate_id: affiliateId,
  sub1: sub,
  sub2: sub,
  sub3: sub,
  sub4: sub,
  sub5: sub,
  clicked_at: time,
  received_at: time,
  bot: z.boolean(),
  seen_at: time.nullable(),
});

export const coupon = z.object({
  id: idOf('cpn'),
  code: text,
  affiliate_id: affiliateId,
  binds_customer: z.boolean(),
  starts_at: time.nullable(),
  ends_at: time.nullable(),
  created_at: time,
});

/** Each check has facts of its own. */
const check = z.looseObject({ check: text, state: z.enum(['ok', 'missing', 'attention']), todo: text });
export const onboarding = z.object({ capture_script: text, checks: z.array(check) });

export const health = z.object({ status: z.literal('ok') });
const upOrDown = z.enum(['up', 'down']);
export const readiness = z.object({
  status: z.enum(['ready', 'degraded', 'unavailable']),
  postgres: upOrDown,
  temporal: upOrDown,
});
