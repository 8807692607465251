// Turns of batches: two of a process start requests at a time, and settling waits while settled
// batches wait for a turn, so that a rush waits before it is settled and not on its way out.
import { createConcurrencyLimiter } from './concurrency-limiter.ts';

export type BatchTurns = {
  /** Waits for a turn. Resolves to a function that ends it, or to null if none came in time. */
  take(): Promise<(() => void) | null>;
  /** Resolves once few settled batches wait for a turn, at the latest after some seconds. */
  caughtUp(): Promise<void>;
};

/** Each has its whole budget from its turn on. */
const AT_ONCE = 2;
/**
 * A batch that waits longer for its turn starts only requests with a free permit, and leaves the
 * rest to the queues, which costs a postback twice as much.
 */
const TURN_WITHIN_MS = 5000;
/** As many as have a turn: the next ones are ready when turns end. */
const WAITING_AT_MOST = AT_ONCE;
/** Endpoints that are slow, and not this process, may be what turns wait for. */
const BEHIND_AT_MOST_MS = 2000;
const LOOK_EVERY_MS = 25;

export function createBatchTurns(): BatchTurns {
  const turns = createConcurrencyLimiter();
  let waiting = 0;

  return {
    async take() {
      waiting++;
      return turns.acquire('batches', AT_ONCE, Date.now() + TURN_WITHIN_MS).finally(() => waiting--);
    },
    async caughtUp() {
      const until = Date.now() + BEHIND_AT_MOST_MS;
      while (waiting >= WAITING_AT_MOST && Date.now() < until)
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    },
  };
}
