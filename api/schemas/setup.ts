// What setting up takes: operators, their keys, affiliates, links, clicks.
import { z } from 'zod';
import { SCOPES } from '../auth.ts';
import { currency, externalId, id, name, pastTime, sub, text, time, timezone, webUrl } from './fields.ts';
import { problem } from './read.ts';

export const newOperator = z.strictObject({ name, currency, timezone: timezone.default('UTC') });

const withoutTransactionId = z
  .enum(['refuse', 'accept_each', 'same_content_is_repeat'])
  .refine((value) => value !== 'same_content_is_repeat', {
    params: { code: 'not_supported' },
    error: 'is not supported yet',
  });

export const operatorChange = z.strictObject({
  name: name.optional(),
  timezone: timezone.optional(),
  click_window_days: z.int().min(1).max(3650).optional(),
  click_choice: z.enum(['first', 'last']).optional(),
  without_transaction_id: withoutTransactionId.optional(),
  repeat_window_hours: z.int().min(1).max(8760).optional(),
});

export const newKey = z.strictObject({
  name,
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .transform((scopes) => [...new Set(scopes)]),
  expires_at: time.optional(),
});

export const newAffiliate = z.strictObject({ name, external_id: externalId.optional(), parent_id: id.optional() });

/** The parent is given once and stays, so that no affiliate can become its own ancestor. */
export const affiliateChange = z.strictObject({ name: name.optional(), external_id: externalId.nullable().optional() });

const paramName = /^[A-Za-z0-9_.-]{1,64}$/;
const params = z.record(z.string(), text(500)).superRefine((value, context) => {
  const names = Object.keys(value);
  if (names.length > 20) context.addIssue(problem('too_large', 'must have at most 20 parameters'));
  for (const key of names.filter((each) => !paramName.test(each)))
    context.addIssue(problem('invalid_format', 'is not a name of a parameter', [key]));
});

export const newLink = z.strictObject({ affiliate_id: id, landing_url: webUrl, params: params.default({}) });

const subs = { sub1: sub.optional(), sub2: sub.optional(), sub3: sub.optional(), sub4: sub.optional(), sub5: sub.optional() };

export const newClick = z
  .strictObject({ link_id: id.optional(), affiliate_id: id.optional(), clicked_at: pastTime.optional(), ...subs })
  .refine((click) => (click.link_id === undefined) !== (click.affiliate_id === undefined), {
    params: { code: 'link_or_affiliate_required' },
    error: 'give link_id or affiliate_id, not both',
    path: ['link_id'],
  });
