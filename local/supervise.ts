// Keeps the parts of the stack running, and keeps `processes.json` true about which process is which.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endLeftover, startPart, type Part, type RunningPart } from './process.ts';

export interface Supervisor {
  /** Ends what a run that was killed has left behind. */
  endLeftovers(parts: readonly Part[]): Promise<void>;
  /** Starts a part and keeps it running from then on. Throws when it does not come up at first. */
  add(part: Part): Promise<void>;
  /** Stops groups of parts one after the other, the parts of a group together. Parts not named stop last. */
  stop(order: readonly (readonly string[])[]): Promise<void>;
}

// The first restart is almost at once; a part that keeps dying is tried every five seconds.
const FIRST_DELAY_MS = 200;
const MOST_DELAY_MS = 5000;
const HEALTHY_AFTER_MS = 5000;
// After a kill of everything, PostgreSQL's own leftovers may need a moment before a new server can start.
const FIRST_START_TRIES = 4;

interface Kept {
  running: RunningPart | undefined;
  kept: Promise<void>;
}

/** Supervises the parts that live under one data folder. */
export function createSupervisor({
  dataDir,
  print,
}: {
  dataDir: string;
  print: (line: string) => void;
}): Supervisor {
  const file = join(dataDir, 'processes.json');
  const pids: Record<string, number> = {};
  const parts = new Map<string, Kept>();
  const stopping = new AbortController();

  const start = (part: Part): Promise<RunningPart> =>
    startPart(part, {
      signal: stopping.signal,
      onPid: (pid) => {
        pids[part.name] = pid;
        writeWhole(file, `${JSON.stringify(pids)}\n`);
      },
    });

  const keep = async (part: Part, entry: Kept): Promise<void> => {
    let delayMs = FIRST_DELAY_MS;
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      const how = (await entry.running?.ended) ?? 'it did not start';
      if (stopping.signal.aborted) return;
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) delayMs = FIRST_DELAY_MS;
      print(`${part.name} ended (${how}); starting it again`);
      await pause(delayMs, stopping.signal);
      delayMs = Math.min(delayMs * 2, MOST_DELAY_MS);
      entry.running = await start(part).catch(
        (error: Error) => void (stopping.signal.aborted || print(error.message)),
      );
    }
  };

  return {
    async endLeftovers(all) {
      const left = readPids(file);
      for (const part of all) {
        const pid = left[part.name];
        if (pid !== undefined && (await endLeftover(pid, part)))
          print(`ended ${part.name} of an earlier run (process ${pid})`);
      }
    },

    async add(part) {
      const running = await withTries(() => start(part), stopping.signal);
      const entry: Kept = { running, kept: Promise.resolve() };
      entry.kept = keep(part, entry);
      parts.set(part.name, entry);
    },

    async stop(order) {
      stopping.abort(new Error('stopping'));
      const named = new Set(order.flat());
      for (const group of [...order, [...parts.keys()].filter((name) => !named.has(name))]) {
        await Promise.all(group.map((name) => stopKept(parts.get(name))));
      }
      rmSync(file, { force: true });
    },
  };
}

/** A part that is between two lives may come up once more before the loop that restarts it ends, and is then stopped as well. */
async function stopKept(entry: Kept | undefined): Promise<void> {
  await entry?.running?.stop();
  await entry?.kept;
  await entry?.running?.stop();
}

async function withTries(start: () => Promise<RunningPart>, signal: AbortSignal): Promise<RunningPart> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await start();
    } catch (error) {
      if (tried === FIRST_START_TRIES || signal.aborted) throw error;
      await pause(FIRST_DELAY_MS * 2 ** tried, signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Nobody who reads the file ever sees half of it. */
function writeWhole(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

function readPids(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}
