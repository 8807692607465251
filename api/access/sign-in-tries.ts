// Limit of failed sign-ins: by network and minute, so that nobody can try tokens at the rate of the
// machine. Each API process counts by itself.
import { LRUCache } from 'lru-cache';
import { networkOf } from '../http/addresses.ts';
import { ApiError } from '../http/errors.ts';

const TRIES = 10;
const WITHIN_MS = 60_000;
const COUNTED_NETWORKS = 10_000;

export type SignInTries = {
  /** Runs one try, and counts it unless it succeeds. Throws `rate_limited` after too many. */
  run<T>(address: string, attempt: () => Promise<T>): Promise<T>;
};

export function createSignInTries(): SignInTries {
  const failed = new LRUCache<string, number>({ max: COUNTED_NETWORKS, ttl: WITHIN_MS });

  function count(network: string, change: 1 | -1): void {
    // The minute begins with the first try.
    failed.set(network, (failed.get(network) ?? 0) + change, { noUpdateTTL: true });
  }

  return {
    async run(address, attempt) {
      const network = networkOf(address);
      if ((failed.get(network) ?? 0) >= TRIES)
        throw new ApiError('rate_limited', `more than ${TRIES} sign-ins failed from this address: wait`, {
          retryAfterSeconds: Math.ceil(failed.getRemainingTTL(network) / 1000),
        });
      // Counted before its end is known, so that tries at once are not all let in.
      count(network, 1);
      const result = await attempt();
      count(network, -1);
      return result;
    },
  };
}
