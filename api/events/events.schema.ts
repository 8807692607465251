// Requests of events: the form of an event, the filter of the list, the options of sending.
import { z } from 'zod';
import { storedClickId } from '../../domain/attribution/click-ids.ts';
import { bySub, EVENT_STATUSES, EVENT_TYPES } from '../../domain/types.ts';
import type { Issue } from '../http/errors.ts';
import { externalId, id, subOrEmpty, text, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';
import { issuesFrom } from '../http/read.ts';
import { inOurWords } from '../http/wording.ts';
import { eventClickId, eventCoupon, eventId } from '../http/reported-ids.ts';

/** Protects recursive readers of metadata from exhausting the stack. */
const METADATA_DEPTH = 16;

/** A traded symbol, or a group of symbols. */
const symbol = text(255, 0);
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

/**
 * Null and empty text equal an absent field, since many clients write it so; `metadata` may be null
 * only.
 */
export const eventForm = z.strictObject({
  event: z.string().meta({
    description:
      'what the customer did, in any case. Names that the operator added by `POST /v1/event-types` are taken too',
    enum: EVENT_TYPES,
    'x-open': true,
  }),
  transaction_id: eventId.nullish(),
  click_id: eventClickId.nullish(),
  customer_id: eventId.nullish(),
  amount: decimal,
  currency: z.string().nullish(),
  volume: decimal,
  symbol: symbol.nullish(),
  symbol_group: symbol.nullish(),
  reference: eventId.nullish().meta({
    description:
      'on negative events and chargeback_won: the transaction_id of what is taken back or given back, or, ' +
      'with reference_event, the customer_id or click_id that a one-off event is keyed by; a chargeback_won ' +
      'may name the chargeback. A customer_id that contradicts it is set aside, `customer_mismatch`',
  }),
  reference_event: z
    .string()
    .nullish()
    .meta({
      description:
        'type of the event that `reference` means; without a reference, with customer_id, the customer’s ' +
        'events of that type, the latest first up to the amount',
    }),
  payout: decimal,
  payout_currency: z
    .string()
    .nullish()
    .meta({ description: 'the currency of `payout`, where it is not that of the amount' }),
  ...bySub(() => subOrEmpty.nullish()),
  coupon: eventCoupon.nullish(),
  occurred_at: z
    .union([z.string(), z.number()], 'must be an RFC 3339 time or epoch seconds')
    .nullish()
    .meta({ description: 'RFC 3339 with its offset, or epoch seconds; from 2000 to a day ahead' }),
  metadata: metadata.nullish(),
});

export type EventForm = z.output<typeof eventForm>;
export type EventField = keyof EventForm;

/** Whether a field has no value. */
export function isAbsent(value: unknown): value is null | undefined | '' {
  return value == null || value === '';
}

/** Reads the valid fields of an event that has invalid ones. */
const eventParts = eventForm.partial().strip();
/** The valid fields of an event. */
export type EventParts = z.output<typeof eventParts>;

/**
 * The fields of an event. Invalid fields are reported in `issues` and left out, so that the others
 * are still checked and a caller sees every issue at once. Null where the value is no object.
 */
export function formOf(value: unknown, issues: Issue[]): EventParts | null {
  const result = eventForm.safeParse(value, { error: inOurWords });
  if (result.success) return result.data;
  issues.push(...issuesFrom(result.error, value));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const wrong = new Set(issues.map(({ path }) => path.split('.', 1)[0]));
  const rest = Object.entries(value).filter(([field]) => !wrong.has(field));
  return eventParts.safeParse(Object.fromEntries(rest)).data ?? {};
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((item) => isShallow(item, depth - 1));
}

export const eventFilter = z.strictObject({
  ...page,
  transaction_id: externalId.optional(),
  customer_id: externalId.optional(),
  click_id: externalId.transform(storedClickId).optional(),
  affiliate_id: id.optional(),
  status: z.enum(EVENT_STATUSES).optional(),
  event: z.enum(EVENT_TYPES).optional(),
  from: time.optional(),
  to: time.optional(),
});

const YES = ['true', '1'];
const NO = ['false', '0'];

const yesOrNo = z.stringbool({ truthy: YES, falsy: NO }).meta({ enum: [...YES, ...NO] });

export const sendingOptions = z.strictObject({ dry_run: yesOrNo.default(false) });
