// Buffer in memory for clicks while PostgreSQL is away; writes them as soon as it is back.
import type { Logger } from '../../log.ts';
import type { Clicks, NewClick } from '../../store/attribution/clicks.ts';
import { isOutage } from '../../store/db/pg-errors.ts';

type ClickBuffer = {
  hold(click: NewClick): void;
  /** True while clicks are buffered. New clicks then go to the buffer without trying PostgreSQL. */
  isHolding(): boolean;
  /** Resolves once the buffer is empty. Retries at shorter intervals than before. */
  drain(): Promise<void>;
  /** The buffered clicks, which are lost if the process ends. */
  list(): readonly NewClick[];
};

export type ClickBufferDeps = {
  clicks: Pick<Clicks, 'insertLate'>;
  /**
   * Receives the operators whose clicks were written late, so that their orphans are matched again.
   */
  onLate: (operatorIds: ReadonlySet<string>) => void;
  log: Logger;
};

const TRY_AGAIN_MS = 500;
const TRY_AGAIN_AT_STOP_MS = 50;
/**
 * Some 300 bytes each. Beyond this limit visitors are still redirected, and their clicks are lost.
 */
const HELD_AT_MOST = 100_000;
const WRITTEN_AT_ONCE = 1000;

export function createClickBuffer({ clicks, onLate, log }: ClickBufferDeps): ClickBuffer {
  let held: NewClick[] = [];
  let lost = 0;
  let writing: Promise<void> | null = null;
  let tryAgainMs = TRY_AGAIN_MS;

  async function writeAll(): Promise<void> {
    const late = new Set<string>();
    let written = 0;
    while (held.length > 0) {
      const group = held.slice(0, WRITTEN_AT_ONCE);
      try {
        await clicks.insertLate(group);
        written += group.length;
        for (const { operatorId } of group) late.add(operatorId);
      } catch (error) {
        if (isOutage(error)) {
          await pause(tryAgainMs);
          continue;
        }
        // This is a bug. Drop the group, so that later clicks do not wait forever.
        lost += group.length;
        log.error(
          { err: error, clicks: group.map(({ id }) => id) },
          'clicks that were held cannot be written and are lost',
        );
      }
      held = held.slice(group.length);
    }
    log.warn({ written, lost }, 'PostgreSQL is back; the clicks held in memory are written');
    lost = 0;
    writing = null;
    onLate(late);
  }

  return {
    hold(click) {
      if (held.length >= HELD_AT_MOST) {
        if (lost++ === 0)
          log.error({ held: held.length }, 'too many clicks wait for PostgreSQL; further ones are lost');
        return;
      }
      held.push(click);
      if (writing !== null) return;
      log.warn('PostgreSQL is away; visitors are sent on and their clicks held in memory');
      writing = pause(tryAgainMs).then(writeAll);
    },
    isHolding: () => writing !== null,
    async drain() {
      tryAgainMs = TRY_AGAIN_AT_STOP_MS;
      await writing;
    },
    list: () => held,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
