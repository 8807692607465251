// Limits concurrent requests per key within this process, so that one slow endpoint cannot take
// every connection.

/** A semaphore for each key; waiters get permits in the order in which they asked. */
export type ConcurrencyLimiter = {
  /**
   * Waits for a permit until `deadline` (milliseconds since 1970), or until the holders stall,
   * where `stall` says when they do. Resolves to a function that releases the permit, once, or to
   * null if none came free in time.
   */
  acquire(key: string, limit: number, deadline: number, stall?: StallPolicy): Promise<(() => void) | null>;
  /** Whether no permit of a key was acquired or released for so long, although some are held. */
  isStalled(key: string, forMs: number): boolean;
};

/**
 * Holders stall when none released a permit for `afterMs`, unless this process itself holds them
 * up.
 */
export type StallPolicy = { afterMs: number; isOurDoing(): boolean };

/** `changedAt`: when a permit was acquired or released last. */
type Semaphore = { held: number; changedAt: number; waiters: Set<() => void> };

/** A timer that is less late says nothing about this process. */
const LATE_FROM_MS = 20;

export function createConcurrencyLimiter(): ConcurrencyLimiter {
  const semaphores = new Map<string, Semaphore>();

  const release = (key: string, semaphore: Semaphore): void => {
    semaphore.changedAt = Date.now();
    const [next] = semaphore.waiters;
    if (next) {
      semaphore.waiters.delete(next);
      next();
    } else if (--semaphore.held === 0) {
      semaphores.delete(key);
    }
  };

  return {
    isStalled(key, forMs) {
      const semaphore = semaphores.get(key);
      return semaphore !== undefined && Date.now() - semaphore.changedAt >= forMs;
    },
    acquire(key, limit, deadline, stall) {
      let semaphore = semaphores.get(key);
      if (!semaphore) semaphores.set(key, (semaphore = { held: 0, changedAt: 0, waiters: new Set() }));
      const here = semaphore;
      if (here.held < limit) {
        here.held++;
        here.changedAt = Date.now();
        return Promise.resolve(once(() => release(key, here)));
      }
      return new Promise((resolve) => {
        /** `lateMs`: how late this process is itself; the holders get as long again. */
        const leftMs = (lateMs: number): number => {
          const now = Date.now();
          if (!stall) return deadline - now;
          if (stall.isOurDoing()) here.changedAt = now;
          const graceMs = lateMs < LATE_FROM_MS ? 0 : Math.min(lateMs, stall.afterMs);
          return Math.min(deadline - now, Math.max(here.changedAt + stall.afterMs - now, graceMs));
        };
        let timer: NodeJS.Timeout;
        const wait = (waitMs: number): void => {
          const dueAt = Date.now() + waitMs;
          timer = setTimeout(() => {
            // Looks after answers that arrived meanwhile: a busy process delays answers and timers
            // alike.
            setImmediate(look, Date.now() - dueAt);
          }, waitMs);
        };
        const proceed = (): void => {
          clearTimeout(timer);
          resolve(once(() => release(key, here)));
        };
        const look = (lateMs: number): void => {
          if (!here.waiters.has(proceed)) return;
          const waitMs = leftMs(lateMs);
          if (waitMs > 0) return wait(waitMs);
          here.waiters.delete(proceed);
          resolve(null);
        };
        wait(Math.max(0, leftMs(0)));
        here.waiters.add(proceed);
      });
    },
  };
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}
