// What is asked of every way to send postbacks that is measured beside ours. Each is a process of its own, so that none runs warm on another's account.
import { createSecretBox } from '../store/db/secret-box.ts';

/** A postback that nobody sent yet; `body` is its JSON text. */
export type Postback = { id: string; eventId: string; type: string; url: string; body: string };

/** Postbacks that were planned together. */
export type PlannedBatch = { batchId: string; postbacks: Postback[] };

/** `secret` signs for all endpoints. `redisPort` is 0 where there is no Redis. */
export type Surroundings = { databaseUrl: string; redisPort: number; operatorId: string; secret: string };

export type ContenderQuestions = {
  start(surroundings: Surroundings): Promise<void>;
  /** Keeps what is to be done where this contender keeps it; nothing is sent yet. */
  plan(batches: PlannedBatch[]): Promise<void>;
  /** Sends all that was planned; gives the milliseconds from the first request until the last attempt was kept. */
  send(input: null): Promise<number>;
};

export const RECEIVERS = 20;
/** Requests under way at one endpoint; the default of `max_in_flight`. */
export const IN_FLIGHT = 8;
/** Those without a limit per endpoint have as many under way in all. */
export const UNDER_WAY = RECEIVERS * IN_FLIGHT;

/** Seals the secrets of the endpoints; the data lives as long as the measurement. */
export const SECRET_BOX = createSecretBox([{ id: 'bench', key: Buffer.alloc(32, 1) }]);

/** How long some work takes, in milliseconds. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Does something with each item, so many at a time. Rejects with the first failure. */
export async function sideBySide<T>(
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
