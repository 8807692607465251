// Interface of a way to send postbacks that is compared with Postrider. Each contender runs in its
// own process, so that none profits from another's warm code.
import { createSecretBox } from '../store/db/secret-box.ts';

/** A postback not sent yet; `body` is its JSON text. */
export type Postback = { id: string; eventId: string; type: string; url: string; body: string };

/** Postbacks planned together. */
export type PlannedBatch = { batchId: string; postbacks: Postback[] };

/** `secret` signs for all endpoints. `redisPort` is 0 without Redis. */
export type ContenderInput = { databaseUrl: string; redisPort: number; operatorId: string; secret: string };

export type ContenderQuestions = {
  start(surroundings: ContenderInput): Promise<void>;
  /** Stores the postbacks where this contender keeps them; sends nothing yet. */
  plan(batches: PlannedBatch[]): Promise<void>;
  /**
   * Sends all planned postbacks; returns the milliseconds from the first request to the last stored
   * attempt.
   */
  send(input: null): Promise<number>;
};

export const RECEIVERS = 20;
/** Concurrent requests per endpoint: the default of `max_in_flight`. */
export const MAX_IN_FLIGHT = 8;
/** Concurrent requests in all, for contenders without a limit per endpoint. */
export const CONCURRENT_REQUESTS = RECEIVERS * MAX_IN_FLIGHT;

/** Seals the endpoints' secrets; the data lives only during the measurement. */
export const SECRET_BOX = createSecretBox([{ id: 'bench', key: Buffer.alloc(32, 1) }]);

/** Duration of some work, in milliseconds. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Runs a task for each item, at most so many at a time. Rejects with the first failure. */
export async function runConcurrently<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const one = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
