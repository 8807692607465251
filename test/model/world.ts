// State of the model of the hand-over: rows, workflows, activities under way on two workers, and
// what the surroundings may still do.
import type { Condition } from '../../domain/delivery/breaker.ts';
import { DELIVERY_STATES, OWNERS } from '../../domain/delivery/deliveries.ts';
import type { Claim, ModelRow } from '../support/delivery-model.ts';

/** An attempt under way. `isSuspect`: its process stood still meanwhile, and seems dead. */
export type Send = Claim & { isSuspect: boolean };

/**
 * An activity under way. `of`: the batch or the row that it is about. `isStale`: Temporal has given
 * up on it and takes no result. `due`: rows that it is to send. `condition`: of the endpoint, as it
 * read it. `known`: attempts of the row, as it read it.
 */
export type Thread = {
  worker: number;
  kind: 'settle' | 'deliver' | 'hand over' | 'turn' | 'attempt' | 'wake';
  of: number;
  at: (typeof PLACES)[number];
  isStale: boolean;
  condition: World['condition'];
  due: number[];
  sends: Send[];
  known: number;
  hasToWake: boolean;
  mustStop: boolean;
};

/** Where an activity is. */
export const PLACES = ['read', 'begin', 'send', 'forget', 'count', 'promise', 'wake', 'result'] as const;

/** `hasToWake`: the workflow knows of endpoints that its hand-over must wake. */
export type Batch = { phase: (typeof BATCH_PHASES)[number]; hasToWake: boolean };
export const BATCH_PHASES = [
  'not sent',
  'not started',
  'lost',
  'settle',
  'deliver',
  'hand over',
  'done',
] as const;

/** A workflow of one delivery. `tries`: as many as it knows of. `isOver`: once it has woken. */
export type Single = { phase: (typeof SINGLE_PHASES)[number]; tries: number; isOver: boolean };
export const SINGLE_PHASES = ['none', 'wait', 'attempt', 'wake'] as const;

/** The workflow of the endpoint. `saw`: whether its last turn found the endpoint open. */
export type Drain = { phase: (typeof DRAIN_PHASES)[number]; isWoken: boolean; saw: 'open' | 'failing' };
export const DRAIN_PHASES = ['none', 'turn', 'timer', 'rest'] as const;

/** By when the queue is read: `queue_read_by` of the endpoint. */
export const PROMISES = ['none', 'past', 'soon', 'far'] as const;
export type Promised = (typeof PROMISES)[number];

/**
 * `starts`: deliveries whose workflows it is about to start. `wakes`: it is about to wake the
 * workflow of the endpoint, which promised so.
 */
export type Worker = { mode: 'up' | 'down' | 'stalled'; starts: number[]; wakes: Promised | null };

/** What the surroundings may still do. */
export type Faults = { crashes: number; stalls: number; terminations: number; outages: number };

export type World = {
  rows: ModelRow[];
  /** Whether the next try is due. */
  isDue: boolean[];
  batches: Batch[];
  singles: Single[];
  drain: Drain;
  promise: Promised;
  condition: Exclude<Condition, 'off'>;
  isAnswering: boolean;
  workers: Worker[];
  threads: Thread[];
  left: Faults;
  hasStalled: boolean;
  /** An older postback was given up, and nobody has acknowledged it. */
  hasGivenUp: boolean;
  /** What a step did that must not be. */
  broken: string | null;
};

/**
 * `isDown`: the endpoint has been down for long, and its workflow rests. `batches`: the conversions
 * that each batch reports, in order; one that was reported is taken back.
 */
export type Beginning = { workers: number; batches: readonly (readonly number[])[]; isDown: boolean };

/** All batches wait for the first. */
export function beginning(faults: Faults, { workers, batches, isDown }: Beginning): World {
  const none = { phase: 'none', tries: 0, isOver: false } as const;
  const notSent = { phase: 'not sent', hasToWake: false } as const;
  const up = (): Worker => ({ mode: 'up', starts: [], wakes: null });
  return {
    rows: [],
    isDue: [true, true, true],
    batches: Array.from({ length: batches.length }, (_, of) =>
      of === 0 ? { ...notSent, phase: 'not started' } : { ...notSent },
    ),
    singles: [{ ...none }, { ...none }, { ...none }],
    drain: { phase: isDown ? 'rest' : 'none', isWoken: false, saw: 'open' },
    promise: 'none',
    condition: isDown ? 'down' : 'up',
    isAnswering: true,
    workers: Array.from({ length: workers }, up),
    threads: [],
    left: { ...faults },
    hasStalled: false,
    hasGivenUp: isDown,
    broken: null,
  };
}

export function copyOf(world: World): World {
  const { rows, isDue, batches, singles, drain, workers, threads, left } = world;
  return {
    ...world,
    rows: rows.map((row) => ({ ...row })),
    isDue: isDue.slice(),
    batches: batches.map((batch) => ({ ...batch })),
    singles: singles.map((single) => ({ ...single })),
    drain: { ...drain },
    workers: workers.map((worker) => ({ ...worker, starts: worker.starts.slice() })),
    threads: threads.map((thread) => {
      const sends = thread.sends.map((send) => ({ ...send }));
      return { ...thread, due: thread.due.slice(), sends };
    }),
    left: { ...left },
  };
}

const CONDITIONS = ['up', 'failing', 'down'];
const MODES = ['up', 'down', 'stalled'];
const KINDS = ['settle', 'deliver', 'hand over', 'turn', 'attempt', 'wake'];
const bit = (is: boolean): number => (is ? 1 : 0);

function bits(numbers: readonly number[]): number {
  let sum = 0;
  for (const one of numbers) sum |= 1 << one;
  return sum;
}

/** Short, and the same where only the workers have changed places. */
export function keyOf(world: World): string {
  const workers = world.workers.map((_, number) => workerKey(world, number));
  return `${sharedKey(world)}${workers.sort().join('|')}`;
}

function sharedKey(world: World): string {
  const { rows, isDue, batches, singles, drain, left } = world;
  let sent = 0;
  for (const { sends } of world.threads) for (const { id } of sends) sent |= 1 << Number(id);
  const codes: number[] = [];
  for (const [index, row] of rows.entries()) {
    const { owner, state, isClaimed, tries, attempts, recorded, after } = row;
    codes.push(OWNERS.indexOf(owner!) + 1 + 5 * DELIVERY_STATES.indexOf(state) + 32 * bit(isClaimed));
    // Nobody asks how often a finished one was tried.
    const isCounted = owner !== null || (sent & (1 << index)) > 0;
    codes.push(isCounted ? tries + 4 * attempts + 32 * recorded : 0);
    codes.push(Number(after ?? 9) + 16 * bit(owner === 'endpoint' && isDue[index]!));
  }
  for (const { phase, hasToWake } of batches) codes.push(BATCH_PHASES.indexOf(phase) + 8 * bit(hasToWake));
  for (const { phase, tries, isOver } of singles)
    codes.push(SINGLE_PHASES.indexOf(phase) + 8 * tries + 32 * bit(isOver));
  codes.push(
    DRAIN_PHASES.indexOf(drain.phase) + 4 * bit(drain.isWoken) + 8 * bit(drain.saw === 'open'),
    PROMISES.indexOf(world.promise) + 4 * CONDITIONS.indexOf(world.condition) + 16 * bit(world.isAnswering),
    bit(world.broken !== null) + 2 * bit(world.hasStalled),
    left.crashes + 4 * left.stalls + 16 * left.terminations + 64 * left.outages,
  );
  return String.fromCharCode.apply(null, codes);
}

function workerKey({ workers, threads }: World, number: number): string {
  const { mode, starts, wakes } = workers[number]!;
  const mine: string[] = [];
  for (const thread of threads) if (thread.worker === number) mine.push(threadKey(thread));
  const wake = wakes === null ? 4 : PROMISES.indexOf(wakes);
  const own = String.fromCharCode(MODES.indexOf(mode) + 4 * bits(starts) + 32 * wake);
  return own + (mine.length > 1 ? mine.sort().join('') : (mine[0] ?? ''));
}

function threadKey({
  kind,
  of,
  at,
  condition,
  due,
  isStale,
  known,
  hasToWake,
  mustStop,
  sends,
}: Thread): string {
  const own = String.fromCharCode(
    KINDS.indexOf(kind) + 8 * of + 32 * PLACES.indexOf(at),
    CONDITIONS.indexOf(condition) + 4 * bits(due) + 32 * bit(isStale),
    known + 4 * bit(hasToWake) + 8 * bit(mustStop) + 16 * sends.length,
  );
  if (sends.length === 0) return own;
  const keys = sends.map(({ id, owner, isSuspect, tries, number }) =>
    String.fromCharCode(Number(id) + 4 * OWNERS.indexOf(owner) + 16 * bit(isSuspect), tries + 4 * number),
  );
  return own + keys.sort().join('');
}
