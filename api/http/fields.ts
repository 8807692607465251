// Fields that many requests share: ids, texts, times, currencies.
import { z } from 'zod';
import { isTimezone, ZONE_NAME } from '../../domain/setup/time-zones.ts';
import { DAY_MS } from '../../domain/units.ts';
import { isUsableHere, problem } from './read.ts';

/**
 * Text up to `maxCharacters`, without control characters and lone surrogates, which PostgreSQL
 * cannot store. The documented pattern avoids Unicode classes, which many JSON Schema tools do not
 * support, and omits surrogates, which UTF-8 JSON can only send as escapes.
 */
export function text(maxCharacters: number, minCharacters = 1) {
  const length = `{${minCharacters},${maxCharacters}}`;
  return z
    .string()
    .regex(
      new RegExp(`^[^\\p{Cc}\\p{Cs}]${length}$`, 'u'),
      `must be ${minCharacters} to ${maxCharacters} characters, without control characters`,
    )
    .meta({ pattern: `^[^\\u0000-\\u001f\\u007f-\\u009f]${length}$` });
}

/**
 * An object of names that the caller chooses. Zod leaves `__proto__` out of a record, which would
 * drop the caller's entry without a word; so it is refused.
 */
export function record<Name extends z.core.$ZodRecordKey, Value extends z.ZodType>(
  names: Name,
  values: Value,
) {
  return z.preprocess(
    (value, context) => {
      if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))
        context.issues.push({
          ...problem('invalid_format', 'cannot be used as a name', ['__proto__']),
          input: value,
        });
      return value;
    },
    z.record(names, values),
  );
}

/** An id of the caller's own: a transaction, a customer, a coupon. */
export const externalId = text(255);
const SUB_CHARACTERS = 500;
export const sub = text(SUB_CHARACTERS);
export const subOrEmpty = text(SUB_CHARACTERS, 0);
export const name = text(200);
/** A part of a name. */
export const search = text(200);

export const ID = /^[a-z]{2,4}_[0-9a-z]{26}$/;
/** The form of an id made by Postrider. */
export const id = z.string().regex(ID, 'is not an id');

export function isId(value: string): boolean {
  return ID.test(value);
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](?!24)\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** The earliest bound of a range of time, and start of a deal. */
const EARLIEST_MS = 0;
/** Nothing reported is older: an earlier moment is an unset time, or a date read as seconds. */
const EARLIEST_REPORTED_MS = Date.UTC(2000, 0, 1);

/**
 * Milliseconds since 1970 for an RFC 3339 time, or null where it is none; a time without an offset
 * is none, nor is 30 February, nor 24:00:00, which ISO 8601 alone has.
 */
export function momentOf(value: string): number | null {
  const match = RFC3339.exec(value);
  if (!match) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const moment = Date.parse(value.toUpperCase());
  return Number.isNaN(moment) || day > new Date(Date.UTC(year, month, 0)).getUTCDate() ? null : moment;
}

/** Whether a reported moment is plausible: not before 2000, at most a day ahead of our clock. */
export function isPlausible(moment: number, now = Date.now()): boolean {
  return moment >= EARLIEST_REPORTED_MS && moment <= now + DAY_MS;
}

const NO_TIME = 'must be an RFC 3339 time such as 2026-11-22T10:00:00Z';
/** A `+` that became a blank, since in a query it stands for one. */
const LOST_PLUS = /\d \d\d:\d\d$/;

/** A time as RFC 3339; gives a Date. */
export const time = z
  .string()
  .meta({ format: 'date-time' })
  .transform((value, context) => {
    const moment = momentOf(value);
    if (moment !== null && moment >= EARLIEST_MS) return new Date(moment);
    context.issues.push({
      ...problem('invalid_time', LOST_PLUS.test(value) ? `${NO_TIME}; write the + as %2B` : NO_TIME),
      input: value,
    });
    return z.NEVER;
  });

/** A time at which something happened: not before 2000, and not in the future. */
export const pastTime = time.refine((value) => isPlausible(value.getTime()), {
  params: { code: 'invalid_time' },
  error: 'lies before the year 2000 or in the future',
  abort: true,
});

/** A time from which on something holds: past or future, and not before 2000. */
export const startTime = time.refine((value) => value.getTime() >= EARLIEST_REPORTED_MS, {
  params: { code: 'invalid_time' },
  error: 'lies before the year 2000',
  abort: true,
});

export const NOT_A_CURRENCY = 'is neither an ISO 4217 currency nor one that you added';

/** An ISO 4217 code, or one that the operator added, in any case; gives upper case. */
export const currency = z
  .string()
  .meta({ pattern: '^[A-Za-z0-9]{3,10}$' })
  .transform((value) => value.toUpperCase())
  .refine(isUsableHere, {
    params: { code: 'unknown_currency' },
    error: NOT_A_CURRENCY,
  });
/**
 * An http or https URL without control characters and spaces, which would end a header; kept as it
 * was typed.
 */
export const webUrl = z
  .string()
  .max(4096)
  .meta({ pattern: '^[Hh][Tt]{2}[Pp][Ss]?://' })
  .refine((value) => URL.canParse(value) && /^https?:\/\/[^\s\p{Cc}\p{Cs}]+$/iu.test(value), {
    params: { code: 'invalid_url' },
    error: 'must be an http or https URL',
    abort: true,
  });

const UNKNOWN_TIMEZONE = {
  params: { code: 'unknown_timezone' },
  error: 'is not an IANA time zone such as Europe/Berlin, or UTC',
};

/**
 * An IANA time zone, such as Europe/Berlin, that Node knows. The store asks whether PostgreSQL
 * knows it too.
 */
export const timezone = z
  .string()
  .max(64)
  .meta({
    pattern: ZONE_NAME.source,
    description: 'the name of an IANA time zone with its region, such as Europe/Berlin, or UTC',
  })
  .refine(isTimezone, UNKNOWN_TIMEZONE);

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

export const month = z.string().regex(MONTH, 'must be a month such as 2026-11');

export function isMonth(value: unknown): value is string {
  return typeof value === 'string' && MONTH.test(value);
}

export const decimal = z.string().max(64);

export const reason = text(500);
