// What setting up takes: operators, their keys, affiliates.
import { z } from 'zod';
import { SCOPES } from '../auth.ts';
import { currency, externalId, id, name, time, timezone } from './fields.ts';

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
