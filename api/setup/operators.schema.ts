// Requests of operators: a new one, and changes of settings.
import { z } from 'zod';
import { CLICK_CHOICES, EXISTING_CUSTOMERS, WITHOUT_TRANSACTION_ID } from '../../store/setup/operators.ts';
import { POSTBACK_FIELDS } from '../events/postback.schema.ts';
import { isRange } from '../http/addresses.ts';
import { SCOPES } from '../http/admission.ts';
import { currency, decimal, name, record, search, text, time, timezone } from '../http/fields.ts';
import { page } from '../http/lists.ts';
import { problem } from '../http/read.ts';

export const newOperator = z.strictObject({ name, currency, timezone: timezone.default('UTC') });

export const operatorFilter = z.strictObject({
  ...page,
  q: search.optional().meta({ description: 'a part of the name in any case, or the id' }),
});

/** A key that the administrator makes for an operator, by default with every scope. */
export const administratorKey = z.strictObject({
  name: name.default('made by the administrator'),
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .default([...SCOPES])
    .transform((scopes) => [...new Set(scopes)]),
  expires_at: time.optional(),
});

export const ratePerSecond = z.int().min(1).max(100_000);

const allowedIps = z
  .array(
    z.string().refine(isRange, {
      params: { code: 'invalid_range' },
      error: 'is not an address or range such as 203.0.113.0/24',
    }),
  )
  .max(200);

/** A parameter's name in a query or form. Our own names cannot be aliases. */
const aliasName = text(64).refine(
  (value) => value !== 'key' && !(POSTBACK_FIELDS as readonly string[]).includes(value),
  {
    params: { code: 'own_name' },
    error: 'is a name of our own',
  },
);
const postbackAliases = record(aliasName, z.enum(POSTBACK_FIELDS).nullable()).superRefine(
  (value, context) => {
    if (Object.keys(value).length > 100)
      context.addIssue(problem('too_large', 'must have at most 100 names'));
  },
);

/** Of plain HTTP only one's own machine. The form leaves no room for other parts of a policy. */
const ORIGIN = /^(https:\/\/[a-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1))(:\d{1,5})?$/;
const portalOrigins = z
  .array(
    z
      .string()
      .max(300)
      .refine((value) => ORIGIN.test(value), {
        params: { code: 'invalid_origin' },
        error: 'is not an origin such as https://partners.example: no path, lower case',
      }),
  )
  .max(20);

export const operatorChange = z.strictObject({
  name: name.optional(),
  timezone: timezone.optional(),
  click_window_days: z.int().min(1).max(3650).optional(),
  click_choice: z.enum(CLICK_CHOICES).optional(),
  existing_customers: z
    .enum(EXISTING_CUSTOMERS)
    .optional()
    .meta({
      description:
        'ignore: a click or coupon attributes no event of a customer of whom an event is known that ' +
        'occurred more than an hour before it (orphaned, existing_customer)',
    }),
  without_transaction_id: z.enum(WITHOUT_TRANSACTION_ID).nullable().optional(),
  repeat_window_hours: z.int().min(1).max(8760).optional(),
  allowed_ips: allowedIps.optional(),
  require_signature: z.boolean().optional(),
  rate_per_second: ratePerSecond.nullable().optional(),
  postback_aliases: postbackAliases.optional(),
  minimum_payouts: record(currency, decimal)
    .optional()
    .meta({
      description:
        'by currency, what a payout must come to: a payout run never pays less, a single payout only where its ' +
        'own `minimum` says so. Replaces all of them',
      examples: [{ USD: '50.00', EUR: '50.00' }],
    }),
  share_customer_ids: z
    .boolean()
    .optional()
    .meta({ description: 'whether affiliates see the ids of their customers; false at first' }),
  portal_origins: portalOrigins.optional().meta({
    description: 'sites that may show the portal in a frame, such as https://partners.example',
  }),
});
