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
        const leftMs = (): number => {
          const now = Date.now();
          if (!stall) return deadline - now;
          if (stall.isOurDoing()) here.changedAt = now;
          return Math.min(deadline, here.changedAt + stall.afterMs) - now;
        };
        const proceed = (): void => {
          clearTimeout(timer);
          resolve(once(() => release(key, here)));
        };
        const look = (): void => {
          const waitMs = leftMs();
          if (waitMs > 0) {
            timer = setTimeout(look, waitMs);
            return;
          }
          here.waiters.delete(proceed);
          resolve(null);
        };
        let timer = setTimeout(look, Math.max(0, leftMs()));
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
