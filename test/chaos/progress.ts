// How far a chaos run is, which its traffic keeps pace with.

export interface Progress {
  /** 0 when the faults begin, 1 when they are over. */
  advance(share: number): void;
  /** Resolves once the run is so far. */
  reached(share: number): Promise<void>;
}

export function createProgress(): Progress {
  let done = 0;
  let waiting: { readonly share: number; readonly go: () => void }[] = [];
  return {
    advance(share) {
      done = share;
      const due = waiting.filter((one) => one.share <= done);
      waiting = waiting.filter((one) => one.share > done);
      for (const { go } of due) go();
    },
    reached(share) {
      if (share <= done) return Promise.resolve();
      return new Promise((go) => waiting.push({ share, go }));
    },
  };
}
