// Keeps clicks. A visitor's click is durable before the visitor is sent on; while PostgreSQL is away it is held in memory instead, since an
// affiliate's visitor must not meet an error, and written as soon as PostgreSQL is back.
import type { Logger } from '../log.ts';
import type { Clicks, NewClick } from '../store/clicks.ts';
import { isOutage } from '../store/outage.ts';
import { createGroupCommit } from './group-commit.ts';
import { UnavailableError } from './errors.ts';

export type ClickRecorder = {
  /** Resolves once the click is durable. Rejects with UnavailableError while PostgreSQL is away. */
  insert(click: NewClick): Promise<void>;
  /** Resolves once the visitor may go: the click is durable, or held in memory while PostgreSQL is away. */
  visit(click: NewClick): Promise<void>;
  /** Notes, sooner or later, that a click arrived on the operator's site. Forgets it where PostgreSQL is away: it is a mark, not money. */
  seen(clickId: string): void;
  /** Writes what is held, as far as `withinMs` allows; what is lost then is said in the log. */
  drain(withinMs: number): Promise<void>;
};

export type ClickRecorderDeps = {
  clicks: Pick<Clicks, 'insertAll' | 'markSeen'>;
  /** Hears of operators some of whose clicks were written late, so that events which came before them are matched. */
  onLate: (operatorIds: ReadonlySet<string>) => void;
  log: Logger;
};

/** A visitor waits no longer than this for PostgreSQL. */
const VISITOR_WAITS_MS = 1000;
const TRY_AGAIN_MS = 500;
/** Some 300 bytes each; beyond, visitors still get on and their clicks are counted as lost. */
const HELD_AT_MOST = 100_000;
const WRITTEN_AT_ONCE = 1000;

export function createClickRecorder({ clicks, onLate, log }: ClickRecorderDeps): ClickRecorder {
  const commit = createGroupCommit<NewClick, void>({ write: async (group) => insertAll(group) });
  const sightings = createGroupCommit<string, void>({
    async write(ids) {
      await clicks.markSeen(ids);
      return Array.from(ids, () => undefined);
    },
  });
  let held: NewClick[] = [];
  let lost = 0;
  /** While clicks are held: PostgreSQL is asked by the one who writes them, and by nobody who waits. */
  let writingHeld: Promise<void> | null = null;
  let isStopping = false;

  async function insertAll(group: readonly NewClick[]): Promise<void[]> {
    await clicks.insertAll(group);
    return Array.from(group, () => undefined);
  }

  function hold(click: NewClick): void {
    if (held.length >= HELD_AT_MOST) {
      if (lost++ === 0) log.error({ held: held.length }, 'too many clicks wait for PostgreSQL; further ones are lost');
      return;
    }
    held.push(click);
    if (writingHeld !== null) return;
    log.warn('PostgreSQL is away; visitors are sent on and their clicks held in memory');
    writingHeld = writeHeld();
  }

  async function writeHeld(): Promise<void> {
    const late = new Set<string>();
    let written = 0;
    while (held.length > 0) {
      await pause(isStopping ? TRY_AGAIN_MS / 10 : TRY_AGAIN_MS);
      try {
        while (held.length > 0) {
          const group = held.slice(0, WRITTEN_AT_ONCE);
          await clicks.insertAll(group);
          held = held.slice(group.length);
          written += group.length;
          for (const { operatorId } of group) late.add(operatorId);
        }
      } catch (error) {
        if (!isOutage(error)) log.error({ err: error }, 'clicks held in memory cannot be written');
      }
    }
    log.warn({ written, lost }, 'PostgreSQL is back; the clicks held in memory are written');
    lost = 0;
    writingHeld = null;
    onLate(late);
  }

  return {
    async insert(click) {
      await commit.add([click]);
    },
    async visit(click) {
      if (writingHeld !== null) return hold(click);
      // Written twice it is one click: its id is taken the second time.
      const kept = await within(VISITOR_WAITS_MS, commit.add([click]));
      if (!kept) hold(click);
    },
    seen(clickId) {
      sightings.add([clickId]).catch((error: unknown) => log.debug({ err: error }, 'a sighting of a click is forgotten'));
    },
    async drain(withinMs) {
      isStopping = true;
      const all = Promise.all([commit.drain(), sightings.drain(), writingHeld]);
      if (!(await within(withinMs, all)) && held.length > 0)
        log.error({ clicks: held.map(({ id }) => id).slice(0, 1000), lost: held.length }, 'clicks held in memory are lost');
    },
  };
}

/** Whether it came to an end in time; false as well when PostgreSQL is away. Other failures are thrown. */
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
