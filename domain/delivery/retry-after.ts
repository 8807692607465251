// Reads the Retry-After header of an answer: seconds, or a date in one of the three forms that
// RFC 9110 (5.6.7) obliges recipients to take.

/** Longest wait that a receiver can ask for, in milliseconds. */
export const RETRY_AFTER_AT_MOST_MS = 24 * 60 * 60 * 1000;

/** However many digits: beyond the longest wait it does not matter. */
const SECONDS = /^\d{1,100}(\.\d{1,9})?$/;
const MONTH = '(?<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)';
const TIME = String.raw`(?<time>\d{2}:\d{2}:\d{2})`;
/** The forms of a date. Date.parse alone would accept `1` as the year 2001. */
const DATES = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  String.raw`[a-z]{3}, (?<day>\d{1,2}) ${MONTH} (?<year>\d{4}) ${TIME} (?<zone>gmt|utc|[+-]\d{4})`,
  // Sunday, 06-Nov-94 08:49:37 GMT
  String.raw`[a-z]{6,9}, (?<day>\d{2})-${MONTH}-(?<year>\d{2}) ${TIME} gmt`,
  // Sun Nov  6 08:49:37 1994
  String.raw`[a-z]{3} ${MONTH} (?<day>[ \d]\d) ${TIME} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`, 'i'));

/**
 * Wait that a Retry-After header asks for, in milliseconds, at most 24 h. Undefined when the header
 * is invalid or the time is in the past.
 */
export function retryAfterMs(header: string, nowMs: number): number | undefined {
  const text = header.trim();
  const waitMs = SECONDS.test(text) ? Math.ceil(Number(text) * 1000) : dateMs(text, nowMs) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, RETRY_AFTER_AT_MOST_MS) : undefined;
}

/** The time of a date in milliseconds, NaN when it is none. */
function dateMs(text: string, nowMs: number): number {
  const parts = DATES.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) return Number.NaN;
  const { day = '', month = '', year = '', time = '', zone = 'GMT' } = parts;
  return Date.parse(`${day.trim()} ${month} ${wholeYear(year, nowMs)} ${time} ${zone}`);
}

/** A year of two digits is at most 50 years ahead, or else in the past. */
function wholeYear(year: string, nowMs: number): number {
  if (year.length === 4) return Number(year);
  const thisYear = new Date(nowMs).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + Number(year);
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
}
