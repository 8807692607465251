// Latency of attempts in buckets, and the quantiles that can be told from their counts.

/** Upper bounds of the buckets in milliseconds. One more bucket is for what takes longer. */
export const LATENCY_BOUNDS_MS = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000] as const;
const LONGEST_MS = 15_000;

/** The bucket of a duration, from 0 to the number of bounds. */
export function latencyBucket(ms: number): number {
  const index = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
  return index === -1 ? LATENCY_BOUNDS_MS.length : index;
}

/**
 * The duration that a share of the attempts did not exceed, as if those of a bucket were spread
 * evenly over it. Null without attempts.
 */
export function latencyQuantile(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && left <= count) {
      const from = LATENCY_BOUNDS_MS[index - 1] ?? 0;
      const to = LATENCY_BOUNDS_MS[index] ?? LONGEST_MS;
      return Math.round(from + (to - from) * (left / count));
    }
    left -= count;
  }
  return LONGEST_MS;
}
