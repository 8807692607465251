// Runs one program of the stack: starts it, waits until it is ready, and stops it.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Definition of one program of the stack. */
export interface Part {
  readonly name: string;
  /** File for all output; its end is quoted when the program does not start. */
  readonly logFile: string;
  /**
   * Text in the command line that identifies a leftover of an earlier run, since another program
   * may have its process id.
   */
  readonly mark: string;
  /** Starts the program; called again for every restart. */
  spawn(): Promise<ChildProcess>;
  /** Resolves when the program can take work. */
  ready(signal: AbortSignal): Promise<void>;
  readonly readySeconds: number;
  /** Signal that asks the program to stop, and seconds until it is killed. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  readonly stopSeconds: number;
}

export interface RunningPart {
  readonly pid: number;
  /** Resolves with the exit code or signal in words when the program ends. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts a part and waits until it is ready. Throws, with the end of its log, when it ends or takes
 * too long before that.
 */
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
  /** Called with the process id as soon as it is known. */
  readonly onPid?: (pid: number) => void;
  /** Aborts the start. */
  readonly signal?: AbortSignal;
}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Runs a program in its own session, so that Ctrl-C reaches only the supervising process, which
 * stops the parts in order. The working folder is `/`, since another user may not be allowed to
 * enter the current folder.
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

/**
 * Polls until the condition holds; a failed check counts as false. Throws the signal's reason when
 * the signal aborts first.
 */
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

/** Command line of a running process; undefined when there is none. */
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

/**
 * Ends a process of an earlier run if the pid still belongs to that program. Returns whether there
 * was one.
 */
export async function endLeftover(pid: number, part: Pick<Part, 'mark' | 'stopSignal'>): Promise<boolean> {
  const isRunning = async (): Promise<boolean> => commandLine(pid)?.includes(part.mark) ?? false;
  if (!(await isRunning())) return false;
  for (const signal of [part.stopSignal, 'SIGKILL'] as const) {
    if (await isRunning()) process.kill(pid, signal);
    await waitUntil(async () => !(await isRunning()), AbortSignal.timeout(5000)).catch(() => {});
  }
  return true;
}

const LOG_LIMIT_BYTES = 20_000_000;

/** Opens a log for appending. A large log is renamed first, so at most two are kept. */
function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

function endOfLog(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12);
  return `the end of ${file}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
