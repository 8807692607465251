// Times and durations as people read them: relative to now, and exact in UTC.

const UNITS = [
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
] as const;

/** `12 s ago`, `in 5 min`, `3 d ago`; times of more than 60 days are dates. */
export function relativeTime(time: string, now: number): string {
  const at = Date.parse(time);
  const distance = Math.abs(at - now);
  if (distance < 1000) return 'now';
  if (distance > 60 * 86_400_000) return time.slice(0, 10);
  const span = spanOf(distance);
  return at > now ? `in ${span}` : `${span} ago`;
}

/** `2026-11-30 02:20:18.664 UTC`. */
export function exactTime(time: string): string {
  return new Date(time).toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** `6 ms`, `1.25 s`, `4 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(2))} s`;
  return spanOf(ms);
}

/** The largest unit that fits, in whole numbers. */
function spanOf(ms: number): string {
  const [name, size] = UNITS.findLast(([, unit]) => ms >= unit * 0.9999) ?? UNITS[0];
  return `${Math.floor(ms / size + 0.0001)} ${name}`;
}
