// How many requests are under way per endpoint in this process, so that one slow server cannot take every connection.

/** Gives places per key, first come first served. */
export type InFlight = {
  /** Waits for a place until `deadline` (milliseconds since 1970); resolves to a release function, or null if none came free in time. */
  enter(key: string, limit: number, deadline: number): Promise<(() => void) | null>;
};

type Lane = { taken: number; waiting: Set<() => void> };

export function createInFlight(): InFlight {
  const lanes = new Map<string, Lane>();

  const leave = (key: string, lane: Lane): void => {
    const [next] = lane.waiting;
    if (next) {
      lane.waiting.delete(next);
      next();
    } else if (--lane.taken === 0) {
      lanes.delete(key);
    }
  };

  return {
    enter(key, limit, deadline) {
      let lane = lanes.get(key);
      if (!lane) lanes.set(key, (lane = { taken: 0, waiting: new Set() }));
      const here = lane;
      if (here.taken < limit) {
        here.taken++;
        return Promise.resolve(() => leave(key, here));
      }
      return new Promise((resolve) => {
        const proceed = (): void => {
          clearTimeout(timer);
          resolve(() => leave(key, here));
        };
        const timer = setTimeout(
          () => {
            here.waiting.delete(proceed);
            resolve(null);
          },
          Math.max(0, deadline - Date.now()),
        );
        here.waiting.add(proceed);
      });
    },
  };
}
