// Requests of events: the form of an event, the filter of the list, the options of sending.
import { z } from 'zod';
import { bySub, EVENT_STATUSES, EVENT_TYPES } from '../../domain/types.ts';
import type { Issue } from '../http/errors.ts';
import { externalId, sub, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';
import { issuesFrom } from '../http/read.ts';

/** Protects recursive readers of metadata from exhausting the stack. */
const METADATA_DEPTH = 16;

const decimal = z.union([z.string(), z.number()], 'must be a decimal such as "500.00"').nullish();
/**
 * Validated in place: a copying schema would drop fields such as `__proto__`, with everything
 * below.
 */
const metadata = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    {
      params: { code: 'invalid_type' },
      error: 'must be an object',
    },
  )
  .refine(
    (value) => isShallow(value, METADATA_DEPTH),
    `must not be nested deeper than ${METADATA_DEPTH} levels`,
  )
  .meta({ type: 'object' });

/** Null equals an absent field, since many clients write it so. */
export const eventForm = z.strictObject({
  event: z
    .string()
    .meta({ description: `one of ${EVENT_TYPES.join(', ')}; or a name of the operator's own` }),
  transaction_id: externalId.nullish(),
  click_id: externalId.nullish(),
  customer_id: externalId.nullish(),
  amount: decimal,
  currency: z.string().nullish(),
  volume: decimal,
  symbol: externalId.nullish(),
  symbol_group: externalId.nullish(),
  reference: externalId.nullish(),
  reference_event: z.string().nullish(),
  payout: decimal,
  payout_currency: z
    .string()
    .nullish()
    .meta({ description: 'the currency of `payout`, where it is not that of the amount' }),
  ...bySub(() => sub.nullish()),
  coupon: externalId.nullish(),
  occurred_at: z.union([z.string(), z.number()], 'must be an RFC 3339 time or epoch seconds').nullish(),
  metadata: metadata.nullish(),
});

export type EventForm = z.output<typeof eventForm>;
export type EventField = keyof EventForm;

/**
 * The fields of an event. Invalid fields are reported in `issues` and left out, so that the others
 * are still checked and a caller sees every issue at once. Null where the value is no object.
 */
export function formOf(value: unknown, issues: Issue[]): Partial<EventForm> | null {
  const result = eventForm.safeParse(value);
  if (result.success) return result.data;
  issues.push(...issuesFrom(result.error, value));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const wrong = new Set(issues.map(({ path }) => path.split('.', 1)[0]));
  return Object.fromEntries(Object.entries(value).filter(([field]) => !wrong.has(field)));
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((item) => isShallow(item, depth - 1));
}

export const eventFilter = z.strictObject({
  ...page,
  customer_id: externalId.optional(),
  status: z.enum(EVENT_STATUSES).optional(),
  event: z.enum(EVENT_TYPES).optional(),
  from: time.optional(),
  to: time.optional(),
});

const YES = ['true', '1'];
const NO = ['false', '0'];

const yesOrNo = z.stringbool({ truthy: YES, falsy: NO }).meta({ enum: [...YES, ...NO] });

export const sendingOptions = z.strictObject({ dry_run: yesOrNo.default(false) });
