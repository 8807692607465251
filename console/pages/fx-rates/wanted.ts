// The rate that somebody wants to enter, in an address: other pages lead to the form, filled in.

export type Wanted = { base: string; quote: string; day: string };

/** Its parameter. */
export const WANTED = 'new';

/** The form for a rate of a pair, from a day on (`2026-11-14`). */
export function formFor({ base, quote, day }: Wanted): string {
  return `/fx-rates?${WANTED}=${base}.${quote}.${day}`;
}

export function wantedIn(value: string | null): Wanted | null {
  const [, base, quote, day] = /^(\w+)\.(\w+)\.(\d{4}-\d\d-\d\d)$/.exec(value ?? '') ?? [];
  return base && quote && day ? { base, quote, day } : null;
}

/** The missing rate that the detail of an event names: `GBP→USD on 2026-11-14`. */
export function lackedIn(detail: string): Wanted | null {
  const [, base, quote, day] = /^(\w+)→(\w+) on (\d{4}-\d\d-\d\d)$/.exec(detail) ?? [];
  return base && quote && day ? { base, quote, day } : null;
}
