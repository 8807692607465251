// Writes clicks in groups. A redirect waits until its click is durable; while PostgreSQL is away
// the click goes to the buffer instead, since the affiliate's visitor must not get an error.
import type { Logger } from '../../log.ts';
import type { Clicks, NewClick } from '../../store/attribution/clicks.ts';
import { UnavailableError } from '../http/errors.ts';
import { createGroupCommit } from '../intake/group-commit.ts';
import { createClickBuffer, type ClickBufferDeps } from './click-buffer.ts';

export type ClickWriter = {
  /** Resolves once the click is durable. Rejects with UnavailableError while PostgreSQL is away. */
  insert(click: NewClick): Promise<void>;
  /** Resolves once the click is durable, or buffered while PostgreSQL is away. Never rejects. */
  visit(click: NewClick): Promise<void>;
  /**
   * Marks, asynchronously, that a click arrived on the operator's site. The mark is lost while
   * PostgreSQL is away: no money depends on it.
   */
  seen(clickId: string): void;
  /** Writes pending clicks for at most `withinMs`. Logs those that are lost. */
  drain(withinMs: number): Promise<void>;
};

type ClickWriterDeps = Pick<ClickBufferDeps, 'onLate'> & {
  clicks: Pick<Clicks, 'insertAll' | 'insertLate' | 'markSeen'>;
  log: Logger;
};

/** The longest time a redirect waits for PostgreSQL. */
const VISITOR_WAITS_MS = 1000;

export function createClickWriter({ clicks, onLate, log }: ClickWriterDeps): ClickWriter {
  const held = createClickBuffer({ clicks, onLate, log });
  const commit = createGroupCommit<NewClick, null>({
    async write(group) {
      await clicks.insertAll(group);
      return group.map(() => null);
    },
  });
  const sightings = createGroupCommit<string, null>({
    async write(ids) {
      await clicks.markSeen(ids);
      return ids.map(() => null);
    },
  });

  return {
    async insert(click) {
      await commit.add([click]);
    },
    async visit(click) {
      if (held.isHolding()) return held.hold(click);
      try {
        // A click written twice stays one: the second insert finds its id taken.
        if (!(await within(VISITOR_WAITS_MS, commit.add([click])))) held.hold(click);
      } catch (error) {
        log.error(
          { err: error, click: click.id },
          'a click cannot be written and is lost; its visitor goes on',
        );
      }
    },
    seen(clickId) {
      sightings
        .add([clickId])
        .catch((error: unknown) => log.debug({ err: error }, 'a sighting of a click is forgotten'));
    },
    async drain(withinMs) {
      if (await within(withinMs, Promise.all([commit.drain(), sightings.drain(), held.drain()]))) return;
      const ids = held.list().map(({ id }) => id);
      if (ids.length > 0)
        log.error({ lost: ids.length, clicks: ids.slice(0, 1000) }, 'clicks held in memory are lost');
    },
  };
}

/**
 * Whether `work` finished in time. False also while PostgreSQL is away; other failures are thrown.
 */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)));
  const done = work.then(
    () => true,
    (error: unknown) => {
      if (error instanceof UnavailableError) return false;
      throw error;
    },
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
