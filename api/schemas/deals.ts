// What a deal takes. The terms are checked for their form here and for their meaning by the domain; what is kept has every default filled in.
import { z } from 'zod';
import { compileTerms, DEFAULT_CLAWBACK, type WireTerms } from '../../domain/terms.ts';
import { LONGEST_CLAWBACK_DAYS } from '../../store/settling-events.ts';
import { currency, id, name, time } from './fields.ts';
import { invalid, problem } from './read.ts';

const decimal = z.string().max(64);
const policy = z.enum(['full', 'proportional', 'none']);
const unsupported = { params: { code: 'not_supported' }, error: 'is not supported yet' };

const component = z.strictObject({
  kind: z.enum(['cpa', 'percent', 'revshare', 'per_lot']),
  on: z.union([z.string(), z.array(z.string()).max(50)]).optional(),
  amount: decimal.optional(),
  min_amount: decimal.optional(),
  percent: decimal.optional(),
  negative: z
    .enum(['reset', 'carry'])
    .refine((value) => value === 'reset', unsupported)
    .optional(),
  qualify: z
    .enum(['first', 'cumulative'])
    .refine((value) => value === 'first', unsupported)
    .optional(),
});

const terms = z
  .strictObject({
    currency: currency.optional(),
    components: z.array(component).min(1).max(50),
    hold_days: z.int().min(0).max(3650).default(30),
    rounding: z.enum(['half_even', 'half_up', 'down']).default('half_even'),
    clawback: z
      .strictObject({
        days: z.int().min(0).max(LONGEST_CLAWBACK_DAYS).default(DEFAULT_CLAWBACK.days),
        chargeback: policy.default(DEFAULT_CLAWBACK.chargeback),
        refund: policy.default(DEFAULT_CLAWBACK.refund),
        bonus_abuse: policy.default(DEFAULT_CLAWBACK.bonus_abuse),
        fraud: policy.default(DEFAULT_CLAWBACK.fraud),
        account_closure: policy.default(DEFAULT_CLAWBACK.account_closure),
      })
      .prefault({}),
    payout: z
      .enum(['ignore', 'accept', 'require'])
      .refine((value) => value === 'ignore', unsupported)
      .optional(),
    tiers: z.unknown().optional(),
    overrides: z.unknown().optional(),
  })
  .superRefine((value, context) => {
    for (const field of ['tiers', 'overrides'] as const)
      if (value[field] !== undefined) context.addIssue(problem('not_supported', 'is not supported yet', [field]));
  });

export const newDeal = z.strictObject({ name, affiliate_id: id.optional(), effective_from: time.optional(), terms });
export const newDealVersion = z.strictObject({ effective_from: time.optional(), terms });

/**
 * The terms in the form that is kept: the operator's currency and the domain's defaults filled in. Throws with every problem of their
 * meaning; their form was good before. Paths begin with `terms`.
 */
export function completeTerms(form: z.output<typeof terms>, operatorCurrency: string): WireTerms {
  const { currency: own, components, hold_days, rounding, clawback } = form;
  // Whether these are names of events is for the domain to say.
  const named = components.map(({ kind, on, amount, min_amount, percent, negative }) => {
    return { kind, on, amount, min_amount, percent, negative };
  }) as WireTerms['components'];
  const wire: WireTerms = { currency: own ?? operatorCurrency, components: named, hold_days, rounding, clawback };
  const compiled = compileTerms(wire);
  if (compiled.kind === 'invalid') {
    throw invalid(compiled.problems.map(({ path, code, message }) => ({ path: ['terms', ...path].join('.'), code, message })));
  }
  const heard = compiled.terms.components.map(({ on }) => [...on]);
  return { ...wire, components: named.map((part, index) => ({ ...part, on: heard[index] })) };
}
