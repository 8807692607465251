// Requests of deals: the form of terms, whose meaning is checked by the domain, which also fills in
// every default; and the end of a deal.
import { z } from 'zod';
import type { FieldForm } from '../../domain/commission/component-form.ts';
import { WIRE_FIELDS, WIRE_KINDS } from '../../domain/commission/components/index.ts';
import {
  compileTerms,
  DEFAULT_CLAWBACK,
  MAX_OVERRIDE_LEVELS,
  type WireTerms,
} from '../../domain/commission/terms.ts';
import { NEGATIVE_EVENTS, type NegativeEvent } from '../../domain/types.ts';
import { APPLIES_TO } from '../../store/agreements/deals.ts';
import { LONGEST_CLAWBACK_DAYS } from '../../store/settlement/load-events.ts';
import { currency, id, name, text, time } from '../http/fields.ts';
import { invalid } from '../http/read.ts';

const decimal = z.string().max(64);
const policy = z.enum(['full', 'proportional', 'none']);

const tiers = z.strictObject({
  metric: z.enum(['revenue', 'volume', 'ftd_count']),
  mode: z.enum(['marginal', 'retroactive']),
  period: z.literal('month').optional(),
  steps: z
    .array(z.strictObject({ from: decimal, percent: decimal.optional(), amount: decimal.optional() }))
    .min(1)
    .max(50),
});

/** The fields of every kind of component together. The domain checks which of them a kind has. */
const componentFields = Object.fromEntries(
  Object.entries(WIRE_FIELDS).map(([field, form]) => [field, schemaOf(form).optional()]),
);

function schemaOf(form: FieldForm): z.ZodType<string | number | string[]> {
  switch (form.type) {
    case 'decimal':
      return decimal;
    case 'text':
      return text(form.most);
    case 'texts':
      return z.array(text(form.most)).min(1).max(form.items);
    case 'integer':
      return z.int().min(form.min).max(form.max);
    case 'option':
      return z.enum(form.options);
  }
}

const component = z.strictObject({
  kind: z.enum(WIRE_KINDS),
  on: z.union([z.string(), z.array(z.string()).max(50)]).optional(),
  ...componentFields,
  tiers: tiers.optional(),
  cap: z
    .strictObject({ count: z.int().min(1).max(1_000_000).optional(), amount: decimal.optional() })
    .optional(),
});

const clawbackPolicies = Object.fromEntries(
  NEGATIVE_EVENTS.map((type) => [type, policy.default(DEFAULT_CLAWBACK[type])]),
) as Record<NegativeEvent, z.ZodDefault<typeof policy>>;

export const terms = z.strictObject({
  currency: currency.optional(),
  components: z.array(component).min(1).max(50),
  hold_days: z.int().min(0).max(3650).default(30),
  rounding: z.enum(['half_even', 'half_up', 'down']).default('half_even'),
  clawback: z
    .strictObject({
      days: z.int().min(0).max(LONGEST_CLAWBACK_DAYS).default(DEFAULT_CLAWBACK.days),
      ...clawbackPolicies,
    })
    .prefault({}),
  tiers: tiers.optional(),
  payout: z.enum(['ignore', 'accept', 'require']).optional(),
  overrides: z
    .array(z.strictObject({ percent: decimal }))
    .max(MAX_OVERRIDE_LEVELS)
    .optional(),
});

export const appliesTo = z.enum(APPLIES_TO).default('events').meta({
  description:
    'new_customers: only customers who are the affiliate’s since `effective_from` or later, counted from their click',
});

export const newDeal = z.strictObject({
  name,
  affiliate_id: id.optional(),
  effective_from: time.optional(),
  applies_to: appliesTo,
  terms,
});
export const newDealVersion = z.strictObject({
  effective_from: time.optional(),
  applies_to: appliesTo,
  terms,
});
export const dealEnd = z.strictObject({ at: time.optional() });

/**
 * The terms as stored, with the operator's currency and the domain's defaults filled in. Throws
 * `invalid_request` with every problem of their meaning, at paths that begin with `terms`.
 */
export function completeTerms(form: z.output<typeof terms>, operatorCurrency: string): WireTerms {
  const { currency: own, components, ...rest } = form;
  // The domain checks that these are names of events.
  const wire: WireTerms = {
    ...rest,
    currency: own ?? operatorCurrency,
    components: components as WireTerms['components'],
  };
  const compiled = compileTerms(wire);
  if (compiled.kind === 'invalid') {
    throw invalid(
      compiled.problems.map(({ path, code, message }) => ({
        path: ['terms', ...path].join('.'),
        code,
        message,
      })),
    );
  }
  const heard = compiled.terms.components.map(({ on }) => [...on]);
  return { ...wire, components: wire.components.map((part, index) => ({ ...part, on: heard[index] })) };
}
