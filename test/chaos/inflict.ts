// Inflicts the faults of a plan on the parts and cables, and notes when each began and was over.
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import type { Parts } from './parts.ts';
import type { Fault, FaultOf, Step } from './plan.ts';
import type { Disturbance } from './records.ts';

const STARTS_WITHIN_MS = 90_000;

/**
 * Carries out the steps one after the other. `onStep` is called before each with its number.
 * Throws when a killed part does not come back.
 */
export async function inflict(
  parts: Parts,
  steps: readonly Step[],
  onStep: (index: number) => void,
): Promise<Disturbance[]> {
  const disturbances: Disturbance[] = [];
  for (const [index, { pauseMs, faults }] of steps.entries()) {
    onStep(index);
    await pause(pauseMs);
    disturbances.push(...(await Promise.all(faults.map((fault) => suffer(parts, fault)))));
  }
  return disturbances;
}

async function suffer(parts: Parts, fault: Fault): Promise<Disturbance> {
  const from = Date.now();
  await CARRY_OUT[fault.kind](parts, fault as never);
  return { kind: fault.kind, target: fault.target, from, until: Date.now() };
}

const CARRY_OUT: { [K in Fault['kind']]: (parts: Parts, fault: FaultOf<K>) => Promise<void> } = {
  async kill(parts, { target }) {
    const killed = parts.pid(target);
    process.kill(killed, 'SIGKILL');
    const isBack = async () => parts.pid(target) !== killed && (await parts.isUp(target));
    await eventually(`${target} to come back`, isBack, STARTS_WITHIN_MS);
  },
  /** With its children: each connection of PostgreSQL is a process. */
  async freeze(parts, { target, lastsMs }) {
    const pids = familyOf(parts.pid(target));
    signal(pids, 'SIGSTOP');
    await pause(lastsMs);
    signal(pids, 'SIGCONT');
  },
  async cut(parts, { target, lastsMs }) {
    parts.cables[target].sever();
    await pause(lastsMs);
    parts.cables[target].restore();
  },
  async delay(parts, { target, lastsMs, delayMs }) {
    parts.cables[target].delay(delayMs);
    await pause(lastsMs);
    parts.cables[target].restore();
  },
  /** New connections work at once; those that were open stay silent for ever. */
  async 'half-open'(parts, { target }) {
    parts.cables[target].abandon();
  },
};

function signal(pids: readonly number[], name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It ended meanwhile.
    }
  }
}

/** A process and everything it started. */
function familyOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const childrenOf = (parent: number): number[] =>
    all.filter(([, of]) => of === parent).flatMap(([child]) => [child, ...childrenOf(child)]);
  return [pid, ...childrenOf(pid)];
}
