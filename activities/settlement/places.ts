// Places of a process at PostgreSQL: work waits for a free one, since more transactions at once
// would only wait for the locks of others, each with a connection.
import { createConcurrencyLimiter } from '../delivery/concurrency-limiter.ts';

export type InPlace = <T>(name: string, limit: number, work: () => Promise<T>) => Promise<T>;

/**
 * Returns a function that runs work while at most `limit` of this name run, in the order in which
 * they asked. It throws `refusal` when no place becomes free in `withinMs` milliseconds.
 */
export function createPlaces(withinMs: number, refusal: string): InPlace {
  const places = createConcurrencyLimiter();
  return async (name, limit, work) => {
    const release = await places.acquire(name, limit, Date.now() + withinMs);
    if (release === null) throw new Error(refusal);
    try {
      return await work();
    } finally {
      release();
    }
  };
}
