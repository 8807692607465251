// Which time zones an operator can have: names that Node and PostgreSQL know and mean alike.
import { DAY_MS } from '../units.ts';

/**
 * `UTC`, or a name with a region, such as `Europe/Berlin` and `Etc/GMT+5`. Not an offset (`+05`),
 * nor an abbreviation: Node and PostgreSQL read these each in its own way.
 */
export const ZONE_NAME = /^(UTC|[A-Za-z][A-Za-z_]*(\/[A-Za-z0-9_+-]+)+)$/;

/** Whether a name has the form of a time zone, and Node knows it. */
export function isTimezone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The local time of a moment to the minute, as `2026-11-29 23:15`. */
export function localTime(moment: number, timezone: string): string {
  // The Swedish form is that of ISO 8601.
  const form = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return form.format(moment);
}

const COMPARED_DAYS = { before: 730, after: 365, step: 10 };

/** Moments at which two definitions of a time zone are compared: of the last years and the next. */
export function comparedMoments(now: number): number[] {
  const { before, after, step } = COMPARED_DAYS;
  const count = Math.floor((before + after) / step);
  return Array.from({ length: count }, (_, index) => now + (index * step - before) * DAY_MS);
}
