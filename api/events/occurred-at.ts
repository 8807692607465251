// The time of an event on the wire: RFC 3339 or epoch seconds.
import { isPlausible, momentOf } from '../http/fields.ts';

const EPOCH_SECONDS = /^\d{1,11}(\.\d{1,9})?$/;
const EPOCH_MILLISECONDS = /^\d{13}$/;
const DATE_WITHOUT_DASHES = /^((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;

/** Milliseconds since 1970, or a message that says what is wrong. */
export function readOccurredAt(value: string | number, now: number): number | string {
  const isEpoch = typeof value === 'number' || EPOCH_SECONDS.test(value);
  const moment = isEpoch ? Math.trunc(Number(value) * 1000) : momentOf(value);
  return moment !== null && isPlausible(moment, now) ? moment : adviceFor(String(value), moment, now);
}

/** Names what was probably meant by a time that cannot be. */
function adviceFor(text: string, moment: number | null, now: number): string {
  const [, year, month, day] = DATE_WITHOUT_DASHES.exec(text) ?? [];
  if (year !== undefined)
    return `looks like a date without dashes: write ${year}-${month}-${day}T00:00:00Z, or epoch seconds`;
  if (EPOCH_MILLISECONDS.test(text)) return 'looks like milliseconds: epoch times are in seconds';
  if (text === '0') return 'is the zero of an unset time: leave it out where the time is not known';
  if (moment === null) return 'must be an RFC 3339 time with its offset, or epoch seconds';
  return moment > now ? 'lies in the future' : 'lies before the year 2000';
}
