// Calendar months in an operator's time zones: the month of a moment, and the month that transfers
// are posted into.

const QUARTER_HOUR_MS = 900_000;
/**
 * Per zone, the month of each quarter of an hour asked for; zone offsets only change on such
 * quarters. Beyond the limit of a zone its oldest entry is removed.
 */
const cache = new Map<string, { format: Intl.DateTimeFormat; months: Map<number, string> }>();
const CACHE_LIMIT = 50_000;

/**
 * The month of a moment (milliseconds since 1970) in an IANA time zone, as "2026-11". Throws a
 * RangeError for an unknown zone.
 */
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
    const [oldest] = zone.months.size >= CACHE_LIMIT ? zone.months.keys() : [];
    if (oldest !== undefined) zone.months.delete(oldest);
    month = zone.format.format(moment).slice(0, 7);
    zone.months.set(quarter, month);
  }
  return month;
}

/** The day of a moment in a time zone, as "2026-11-22". */
export function dayOf(moment: number, timezone: string): string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return format.format(moment);
}

/** A time zone of an operator, in force from a moment on until the next one begins. */
export type DatedZone = { zone: string; since: number };

/**
 * The zones of an operator, oldest first and never empty; the first is in force from the beginning.
 */
export type Zones = readonly DatedZone[];

/** The zone in force at a moment. */
export function zoneAt(zones: Zones, moment: number): string {
  return (zones.findLast(({ since }) => since <= moment) ?? zones[0]!).zone;
}

/**
 * The month of what happened at a moment, by the zone in force then: a later change of the zone
 * does not move it. SQL has `month_of`.
 */
export function monthByZones(moment: number, zones: Zones): string {
  return monthOf(moment, zoneAt(zones, moment));
}

/**
 * The earliest month of this moment and all later ones. After a move westwards a month that had
 * begun may follow its successor.
 */
export function earliestMonthFrom(moment: number, zones: Zones): string {
  return zones
    .filter(({ since }) => since > moment)
    .map(({ zone, since }) => monthOf(since, zone))
    .reduce((a, b) => (a < b ? a : b), monthByZones(moment, zones));
}

/**
 * The latest month that an operator's former zones had reached when they ended; null without any.
 */
export function latestFormerMonth(zones: Zones): string | null {
  return zones
    .slice(1)
    .map(({ since }, index) => monthOf(since, zones[index]!.zone))
    .reduce<string | null>((a, b) => (a === null || a < b ? b : a), null);
}

/** The month after a month: "2026-12" gives "2027-01". */
export function monthAfter(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const following = number === 12 ? [year + 1, 1] : [year, number + 1];
  return `${String(following[0]).padStart(4, '0')}-${String(following[1]).padStart(2, '0')}`;
}

/**
 * The month into which a transfer is posted at a moment: the month of the moment, or the first open
 * one where that is closed. `closedThrough` is the last closed month, or null. A clock that is
 * behind, or another time zone of the operator, thus never posts into a closed month.
 */
export function postingPeriod(moment: number, timezone: string, closedThrough: string | null): string {
  const month = monthOf(moment, timezone);
  return closedThrough !== null && month <= closedThrough ? monthAfter(closedThrough) : month;
}
