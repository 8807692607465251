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
    for (const name of names) peaks.set(name, Math.max(peaks.get(name) ?? 0, residentKb(pids[name])));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    const inMb = names.map((name) => [name, Math.round((peaks.get(name) ?? 0) / 1024) || null]);
    return Object.fromEntries(inMb) as Record<Name, number | null>;
  };
}

/** Resident set of a process in MB; 0 without /proc. */
export const residentMb = (pid: number): number => Math.round(residentKb(pid) / 1024);

function residentKb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
