// Starts of workflows for trouble, which are in no hurry: one after the other with a pause between,
// so that those of a hundred failing endpoints never stand before fresh events at Temporal, and one
// of each operator in turn, so that they never stand before those of another operator.

/**
 * Settles as `start` does, which is called in its turn. A start of an operator under the same key
 * that still waits for its turn serves for both.
 */
export type Unhurried = (operatorId: string, key: string, start: () => Promise<void>) => Promise<void>;

/** A start and what its workflow does first cost some 50 ms of CPU, so at most half of one core. */
const EVERY_MS = 100;

type Waiting = { begin: () => Promise<void>; done: Promise<void> };

export function createUnhurried(everyMs: number = EVERY_MS): Unhurried {
  /** By operator and key, in the order of their turns. */
  const operators = new Map<string, Map<string, Waiting>>();
  let isStarting = false;

  /** The next start of the operator whose turn it is, which is then the last in turn. */
  function take(): Waiting | undefined {
    for (const [operatorId, starts] of operators) {
      operators.delete(operatorId);
      for (const [key, start] of starts) {
        starts.delete(key);
        if (starts.size > 0) operators.set(operatorId, starts);
        return start;
      }
    }
    return undefined;
  }

  async function startAll(): Promise<void> {
    for (let next = take(); next !== undefined; next = take()) {
      await next.begin();
      await pause(everyMs);
    }
    isStarting = false;
  }

  return (operatorId, key, start) => {
    const starts = operators.get(operatorId) ?? new Map<string, Waiting>();
    const known = starts.get(key);
    if (known) return known.done;
    let begin = async (): Promise<void> => {};
    const done = new Promise<void>((resolve, reject) => {
      begin = () => start().then(resolve, reject);
    });
    operators.set(operatorId, starts.set(key, { begin, done }));
    if (!isStarting) queueMicrotask(() => void startAll());
    isStarting = true;
    return done;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
