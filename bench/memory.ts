// Memory of processes, as the kernel reports it.
import { readFileSync } from 'node:fs';

const EVERY_MS = 200;

/**
 * Watches processes. The returned function stops, and returns the largest resident set of each in
 * MB, or null without /proc.
 */
export function watchMemory<Name extends string>(
  pids: Record<Name, number>,
): () => Record<Name, number | null> {
  const peaks = new Map<string, number>();
  const names = Object.keys(pids) as Name[];
  const timer = setInterval(() => {
    for (const name of names) peaks.set(name, Math.max(peaks.get(name) ?? 0, residentMb(pids[name])));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    return Object.fromEntries(names.map((name) => [name, peaks.get(name) || null])) as Record<
      Name,
      number | null
    >;
  };
}

/** Resident set of a process in MB; 0 without /proc. */
export function residentMb(pid: number): number {
  try {
    const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0;
    return Math.round(Number(kb) / 1024);
  } catch {
    return 0;
  }
}
