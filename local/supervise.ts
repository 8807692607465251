// Supervises the parts of the stack: restarts ended parts, and keeps the process ids in
// `processes.json` current.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endLeftover, startPart, type Part, type RunningPart } from './process.ts';

export interface Supervisor {
  /** Ends processes that a killed run left behind. */
  endLeftovers(parts: readonly Part[]): Promise<void>;
  /** Starts a part and restarts it whenever it ends. Throws when the first start fails. */
  add(part: Part): Promise<void>;
  /**
   * Stops groups of parts one after the other, the parts of a group together; unnamed parts last.
   */
  stop(order: readonly (readonly string[])[]): Promise<void>;
}

// The first restart follows almost at once; a part that keeps failing is restarted every five
// seconds.
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5000;
const HEALTHY_AFTER_MS = 5000;
// After a kill of everything, PostgreSQL's leftover processes may need a moment before a new server
// can start.
const MAX_FIRST_STARTS = 4;

interface Supervised {
  running: RunningPart | undefined;
  kept: Promise<void>;
}

/** Creates the supervisor of the parts in one data folder. */
export function createSupervisor({
  dataDir,
  print,
}: {
  dataDir: string;
  print: (line: string) => void;
}): Supervisor {
  const file = join(dataDir, 'processes.json');
  const pids: Record<string, number> = {};
  const parts = new Map<string, Supervised>();
  const stopping = new AbortController();

  const start = (part: Part): Promise<RunningPart> =>
    startPart(part, {
      signal: stopping.signal,
      onPid: (pid) => {
        pids[part.name] = pid;
        writeAtomically(file, `${JSON.stringify(pids)}\n`);
      },
    });

  const restartLoop = async (part: Part, entry: Supervised): Promise<void> => {
    let delayMs = FIRST_DELAY_MS;
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      const how = (await entry.running?.ended) ?? 'it did not start';
      if (stopping.signal.aborted) return;
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) delayMs = FIRST_DELAY_MS;
      print(`${part.name} ended (${how}); starting it again`);
      await pause(delayMs, stopping.signal);
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
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
      const running = await withRetries(() => start(part), stopping.signal);
      const entry: Supervised = { running, kept: Promise.resolve() };
      entry.kept = restartLoop(part, entry);
      parts.set(part.name, entry);
    },

    async stop(order) {
      stopping.abort(new Error('stopping'));
      const named = new Set(order.flat());
      for (const group of [...order, [...parts.keys()].filter((name) => !named.has(name))]) {
        await Promise.all(group.map((name) => stopSupervised(parts.get(name))));
      }
      rmSync(file, { force: true });
    },
  };
}

/**
 * A part that is restarting may start once more before its restart loop ends, so it is stopped
 * again afterwards.
 */
async function stopSupervised(entry: Supervised | undefined): Promise<void> {
  await entry?.running?.stop();
  await entry?.kept;
  await entry?.running?.stop();
}

async function withRetries(start: () => Promise<RunningPart>, signal: AbortSignal): Promise<RunningPart> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await start();
    } catch (error) {
      if (tried === MAX_FIRST_STARTS || signal.aborted) throw error;
      await pause(FIRST_DELAY_MS * 2 ** tried, signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Writes a file so that readers see the old or the new content, never a part. */
function writeAtomically(file: string, content: string): void {
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
