// Group commit: items that arrive during a write are written together by the next one, and each
// caller gets the result of its own. Groups hold one item when idle, and grow with the load.
import { isOutage } from '../../store/db/pg-errors.ts';
import { UnavailableError } from '../http/errors.ts';

type GroupCommit<Item, Result> = {
  /**
   * Resolves once all items are written, in their order. Rejects with UnavailableError while
   * PostgreSQL is away, or cannot keep up.
   */
  add(items: readonly Item[]): Promise<Result[]>;
  /** Resolves when nothing is being written. */
  drain(): Promise<void>;
};

type GroupCommitDeps<Item, Result> = {
  /** Writes a group, and gives one result for each of its items, in their order. */
  write: (group: readonly Item[]) => Promise<readonly Result[]>;
  /** Called after each group, with the time that its first item had waited. */
  onWritten?: ((results: readonly Result[], waitedMs: number) => void) | undefined;
};

/** The largest group: larger ones only make callers wait longer. */
const GROUP_AT_MOST = 500;
/** Beyond this the database is not keeping up: refuse at once rather than answer late. */
const WAITING_AT_MOST = 20_000;

type Waiting<Item, Result> = {
  item: Item;
  since: number;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
};

export function createGroupCommit<Item, Result>({
  write,
  onWritten,
}: GroupCommitDeps<Item, Result>): GroupCommit<Item, Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let writing: Promise<void> | null = null;

  async function writeAll(): Promise<void> {
    // Let the requests that were read together join the first group.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const group = waiting.splice(0, GROUP_AT_MOST);
      const waitedMs = performance.now() - group[0]!.since;
      try {
        const results = await write(group.map(({ item }) => item));
        group.forEach(({ resolve }, index) => resolve(results[index]!));
        onWritten?.(results, waitedMs);
      } catch (error) {
        const reason = isOutage(error) ? new UnavailableError(error) : error;
        for (const { reject } of group) reject(reason);
      }
    }
    writing = null;
  }

  return {
    async add(items) {
      if (waiting.length + items.length > WAITING_AT_MOST)
        throw new UnavailableError('too much is waiting to be written');
      const since = performance.now();
      const results = items.map(
        (item) => new Promise<Result>((resolve, reject) => waiting.push({ item, since, resolve, reject })),
      );
      writing ??= writeAll();
      return Promise.all(results);
    },
    async drain() {
      while (writing !== null) await writing;
    },
  };
}
