// How many requests are under way per endpoint in this process, so that one slow server cannot take every connection.

/** Gives places per key, first come first served. */
export type InFlight = {
  /**
   * Waits for a place until `deadline` (milliseconds since 1970), or until those inside hang, if `hanging` says when they do. Resolves to a
   * release function, or null if none came free in time.
   */
  enter(key: string, limit: number, deadline: number, hanging?: Hanging): Promise<(() => void) | null>;
  /** Whether nobody has entered or left for so long, although somebody is inside. */
  isStill(key: string, forMs: number): boolean;
};

/** Nobody left for `afterMs`, and not because `isOurDoing`. */
export type Hanging = { afterMs: number; isOurDoing(): boolean };

/** `movedAt`: when somebody entered or left last. */
type Lane = { taken: number; movedAt: number; waiting: Set<() => void> };

export function createInFlight(): InFlight {
  const lanes = new Map<string, Lane>();

  const leave = (key: string, lane: Lane): void => {
    lane.movedAt = Date.now();
    const [next] = lane.waiting;
    if (next) {
      lane.waiting.delete(next);
      next();
    } else if (--lane.taken === 0) {
      lanes.delete(key);
    }
  };

  return {
    isStill(key, forMs) {
      const lane = lanes.get(key);
      return lane !== undefined && Date.now() - lane.movedAt >= forMs;
    },
    enter(key, limit, deadline, hanging) {
      let lane = lanes.get(key);
      if (!lane) lanes.set(key, (lane = { taken: 0, movedAt: 0, waiting: new Set() }));
      const here = lane;
      if (here.taken < limit) {
        here.taken++;
        here.movedAt = Date.now();
        return Promise.resolve(() => leave(key, here));
      }
      return new Promise((resolve) => {
        const untilGivenUp = (): number => {
          if (!hanging) return deadline - Date.now();
          if (hanging.isOurDoing()) here.movedAt = Date.now();
          return Math.min(deadline, here.movedAt + hanging.afterMs) - Date.now();
        };
        const proceed = (): void => {
          clearTimeout(timer);
          resolve(() => leave(key, here));
        };
        const look = (): void => {
          const leftMs = untilGivenUp();
          if (leftMs > 0) {
            timer = setTimeout(look, leftMs);
            return;
          }
          here.waiting.delete(proceed);
          resolve(null);
        };
        let timer = setTimeout(look, Math.max(0, untilGivenUp()));
        here.waiting.add(proceed);
      });
    },
  };
}
