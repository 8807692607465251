// Calendar months in an operator's time zone: where an event belongs in the books.

const QUARTER_HOUR_MS = 900_000;
/** Per zone, the month of each quarter of an hour asked for; zone offsets only change on such quarters. Bounded, since it is only a cache. */
const cache = new Map<string, { format: Intl.DateTimeFormat; months: Map<number, string> }>();
const CACHE_LIMIT = 50_000;

/** The month of a moment (milliseconds since 1970, UTC) in an IANA time zone, as "2026-11". Throws a RangeError for an unknown zone. */
export function monthOf(moment: number, timezone: string): string {
  let zone = cache.get(timezone);
  if (!zone) {
    zone = {
      format: new Intl.DateTimeFormat('en-CA', { timeZone: timezone, year: 'numeric', month: '2-digit' }),
      months: new Map(),
    };
    cache.set(timezone, zone);
  }
  const quarter = Math.floor(moment / QUARTER_HOUR_MS);
  let month = zone.months.get(quarter);
  if (month === undefined) {
    if (zone.months.size >= CACHE_LIMIT) zone.months.clear();
    month = zone.format.format(moment).slice(0, 7);
    zone.months.set(quarter, month);
  }
  return month;
}
