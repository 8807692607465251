// Rate limits of API keys: requests per second, evenly or as a burst of one second. Each API
// process counts by itself.
import { LRUCache } from 'lru-cache';

/** The requests of one second may come as a burst. */
const BURST_MS = 1000;
/** Sums of fractions of a millisecond are not exact. */
const ROUNDING_MS = 1e-6;
/** Keys counted at a time. Beyond this many, the least recently used key starts anew. */
const COUNTED_KEYS = 100_000;

export type RateLimits = {
  /** Counts one request: 0 where it is within the rate, or the milliseconds to wait. */
  take(keyId: string, perSecond: number): number;
};

/** `now` gives milliseconds that never run backwards. */
export function createRateLimits(now: () => number = () => performance.now()): RateLimits {
  /** When each key's requests would have ended, had they come evenly: within a second. */
  const busyUntil = new LRUCache<string, number>({
    max: COUNTED_KEYS,
    ttl: BURST_MS,
    perf: { now },
    ttlResolution: 0,
  });

  return {
    take(keyId, perSecond) {
      const moment = now();
      const until = Math.max(busyUntil.get(keyId) ?? 0, moment) + 1000 / perSecond;
      const wait = until - moment - BURST_MS;
      if (wait > ROUNDING_MS) return wait;
      busyUntil.set(keyId, until);
      return 0;
    },
  };
}
