// Starts of workflows for trouble, which are in no hurry: one after the other with a pause between,
// so that those of a hundred failing endpoints never stand before fresh events at Temporal.

/**
 * Settles as `start` does, which is called in its turn. A start under the same key that still waits
 * for its turn serves for both.
 */
export type Unhurried = (key: string, start: () => Promise<void>) => Promise<void>;

/** A start costs the server some milliseconds. */
const EVERY_MS = 25;

export function createUnhurried(everyMs: number = EVERY_MS): Unhurried {
  const waiting = new Map<string, Promise<void>>();
  let turn: Promise<unknown> = Promise.resolve();
  return (key, start) => {
    const known = waiting.get(key);
    if (known) return known;
    const done = turn.then(() => {
      waiting.delete(key);
      return start();
    });
    waiting.set(key, done);
    turn = done.catch(() => {}).then(() => pause(everyMs));
    return done;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
