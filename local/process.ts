// One program of the stack: started, waited for, watched, and ended.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How to run one program of the stack. */
export interface Part {
  readonly name: string;
  /** Everything it prints goes here; the end of it is quoted when the program does not start. */
  readonly logFile: string;
  /** Text its command line contains, by which a leftover of an earlier run is told from a stranger with the same process id. */
  readonly mark: string;
  /** Starts the program; called again for every restart. */
  spawn(): Promise<ChildProcess>;
  /** Resolves when the program can take work. */
  ready(signal: AbortSignal): Promise<void>;
  readonly readySeconds: number;
  /** What asks it to stop, and how long it may take before it is killed. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  readonly stopSeconds: number;
}

export interface RunningPart {
  readonly pid: number;
  /** How it ended, in words; resolves only then. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts a part and waits until it can take work. Throws, with the end of its log, when it ends or takes too long before that. */
export async function startPart(part: Part, { onPid, signal }: StartOptions = {}): Promise<RunningPart> {
  const child = await part.spawn();
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, killedBy) => resolve(killedBy ?? `exit ${code}`));
  });
  const stop = async (): Promise<void> => {
    child.kill(part.stopSignal);
    const timer = setTimeout(() => child.kill('SIGKILL'), part.stopSeconds * 1000);
    await ended;
    clearTimeout(timer);
  };
  if (child.pid !== undefined) onPid?.(child.pid);
  const waiting = new AbortController();
  const limits = [waiting.signal, AbortSignal.timeout(part.readySeconds * 1000), ...(signal ? [signal] : [])];
  try {
    await Promise.race([
      part.ready(AbortSignal.any(limits)),
      ended.then((how) => Promise.reject(new Error(`${part.name} ended before it was ready (${how})`))),
    ]);
  } catch (error) {
    await stop();
    const reason =
      error instanceof Error && error.name === 'TimeoutError'
        ? `not ready after ${part.readySeconds} s`
        : String(error);
    throw new Error(`${part.name} did not start: ${reason}\n${endOfLog(part.logFile)}`, { cause: error });
  } finally {
    waiting.abort();
  }
  return { pid: child.pid ?? 0, ended, stop };
}

interface StartOptions {
  /** Told the process id as soon as there is one. */
  readonly onPid?: (pid: number) => void;
  /** Gives up on starting. */
  readonly signal?: AbortSignal;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Runs a program in a session of its own, so that Ctrl-C reaches only the process that knows in which order to stop.
 * It does not inherit the working folder, which another user may not be allowed to enter.
 */
export async function spawnCommand({ file, args, env, logFile, ...where }: Command): Promise<ChildProcess> {
  const log = openLog(logFile);
  try {
    return spawn(file, args, {
      cwd: '/',
      ...where,
      env: { ...env },
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

/** Asks again until the condition holds. Throws the signal's reason when that comes first; failing to ask counts as "not yet". */
export async function waitUntil(
  holds: () => Promise<boolean>,
  signal: AbortSignal,
  everyMs = 50,
): Promise<void> {
  while (!(await holds().catch(() => false))) {
    signal.throwIfAborted();
    await sleep(everyMs);
  }
}

/** The command line of a living process; undefined when there is none. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== 'linux')
    return (
      spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
        .stdout?.toString()
        .trim() || undefined
    );
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Ends a process that an earlier run left behind, if that id is still the program it was. Returns whether there was one. */
export async function endLeftover(pid: number, part: Pick<Part, 'mark' | 'stopSignal'>): Promise<boolean> {
  const isThere = async (): Promise<boolean> => commandLine(pid)?.includes(part.mark) ?? false;
  if (!(await isThere())) return false;
  for (const signal of [part.stopSignal, 'SIGKILL'] as const) {
    if (await isThere()) process.kill(pid, signal);
    await waitUntil(async () => !(await isThere()), AbortSignal.timeout(5000)).catch(() => {});
  }
  return true;
}

const LOG_LIMIT_BYTES = 20_000_000;

/** Opens a log for appending; one that has grown large is set aside first, so that two of them are the most there is. */
function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

function endOfLog(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12);
  return `the end of ${file}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
