// CPU time of a running stack by part, as the kernel counts it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const PARTS = ['api', 'worker', 'postgres', 'temporal'] as const;
export type CpuPart = (typeof PARTS)[number];

/** Ticks per second in /proc, the same on every Linux that Node supports. */
const TICKS_PER_S = 100;

/** Process ids by part. Services that ran already (`--database`, `--temporal`) have none here. */
export type ProcessIds = Record<'api' | 'worker', number> & Partial<Record<CpuPart, number>>;

/** CPU microseconds by part; null where its process is not known. */
export type CpuTimes = Readonly<Record<CpuPart, number | null>>;

/** Process ids of a running stack. */
export function processIds(dataDir: string): ProcessIds {
  return JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as ProcessIds;
}

/**
 * Starts counting. The returned function returns the CPU microseconds of each part since then, per
 * event, or null without /proc.
 */
export function watchCpu(pids: ProcessIds): (events: number) => CpuTimes | null {
  const before = ticksByPart(pids);
  return (events) => {
    const after = ticksByPart(pids);
    if (before === null || after === null) return null;
    const inUs = (part: CpuPart): number | null => {
      const [from, to] = [before[part], after[part]];
      return from === null || to === null ? null : Math.round(((to - from) * 1e6) / TICKS_PER_S / events);
    };
    return byPart(inUs);
  };
}

/** Sum of all parts; null where one is not known. */
export function totalOf(times: CpuTimes): number | null {
  return PARTS.reduce<number | null>((sum, part) => {
    const us = times[part];
    return sum === null || us === null ? null : sum + us;
  }, 0);
}

function byPart(valueOf: (part: CpuPart) => number | null): CpuTimes {
  return Object.fromEntries(PARTS.map((part) => [part, valueOf(part)])) as CpuTimes;
}

function ticksByPart(pids: ProcessIds): CpuTimes | null {
  const all = readTicks();
  if (all === null) return null;
  const ticksOf = (pid: number): number => {
    const own = all.get(pid)?.ticks ?? 0;
    const children = [...all].filter(([, { parent }]) => parent === pid);
    return children.reduce((sum, [child]) => sum + ticksOf(child), own);
  };
  return byPart((part) => {
    const pid = pids[part];
    return pid === undefined ? null : ticksOf(pid);
  });
}

/**
 * Ticks of every process, those of its ended children included: PostgreSQL starts and ends many.
 */
function readTicks(): Map<number, { parent: number; ticks: number }> | null {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return new Map(pids.flatMap((pid) => readProcess(Number(pid))));
  } catch {
    return null;
  }
}

function readProcess(pid: number): [number, { parent: number; ticks: number }][] {
  try {
    // Fields of proc_pid_stat(5) after the name, which may hold blanks: 4 is the parent, 14 to 17
    // are user and system time of the process and of its ended children.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return [[pid, { parent: Number(fields[1]), ticks }]];
  } catch {
    return []; // It ended meanwhile; its parent has its time.
  }
}
