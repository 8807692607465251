// Parts that the steps of the model share: how one is made, how health changes in a commit, and how
// a workflow hears of something.
import {
  afterHealthEvents,
  BREAKER_THRESHOLD,
  conditionOf,
  SOUND,
  type Condition,
  type Health,
  type HealthEvent,
} from '../../domain/delivery/breaker.ts';
import { LOOK_PAUSES, lookWithinMs } from '../../domain/delivery/looks.ts';
import { DeliveryModel } from '../support/delivery-model.ts';
import type { Step } from './explore.ts';
import { copyOf, type Beginning, type Promised, type Thread, type World } from './world.ts';

/** Defects that the model can be given, each of which the checker must find. */
export const PLANTED = [
  'a wake-up is forgotten',
  'the promise is kept during a look',
  'a successor is released early',
  'claims are not looked at',
  'a batch that runs is taken over',
  'a number is lost',
  'what is down is never late',
  'an old claim is used',
  'the claim of another is ended',
  'a late record ends the claim of another',
  'a first try under way is not reckoned with',
] as const;

/** `hasSweep`: healthy times must not need it. */
export type Settings = Beginning & { hasSweep: boolean; planted?: (typeof PLANTED)[number] };

export type Steps = Step<World>[];

/** Adds a step that changes a copy of the world. */
export function step(
  steps: Steps,
  world: World,
  name: string,
  change: (next: World) => void,
  isFault = false,
): void {
  const next = copyOf(world);
  change(next);
  steps.push({ name, next, isFault });
}

export const rowsOf = ({ rows }: World): DeliveryModel => new DeliveryModel(rows);

/** What joins the queue is due. */
export function setDue(world: World, ids: readonly string[]): void {
  for (const id of ids) world.isDue[Number(id)] = true;
}

const UP: Health = { ...SOUND, state: 'active', stateReason: null };
const FAILING: Health = { ...UP, failuresInARow: 1, failingSince: 0, lastError: 'timeout' };
const DOWN: Health = { ...FAILING, failuresInARow: BREAKER_THRESHOLD };
const HEALTH: Record<Exclude<Condition, 'off'>, Health> = { up: UP, failing: FAILING, down: DOWN };

/** Changes the condition by these events. Returns whether the workflow of the endpoint must run. */
export function judge(world: World, events: readonly HealthEvent[]): boolean {
  const { health, stateChanged } = afterHealthEvents(HEALTH[world.condition], events, 1);
  world.condition = conditionOf(health) as World['condition'];
  return stateChanged;
}

export const healthOf = ({ condition }: Pick<World, 'condition'>): Health => HEALTH[condition];

const FAILURE: HealthEvent = { kind: 'failed', blame: 'endpoint', aboutId: 'evt', error: 'timeout' };
export const ONE_FAILURE: readonly HealthEvent[] = [FAILURE];
/** Other postbacks fail as well. */
export const MANY_FAILURES: readonly HealthEvent[] = Array.from({ length: BREAKER_THRESHOLD }, () => FAILURE);

const READ_IN_MS: Record<Promised, number> = {
  none: Infinity,
  past: -1,
  soon: LOOK_PAUSES.shortestMs,
  far: 1e9,
};

/** Milliseconds within which the queue must be read, once something has joined it. */
export const withinMs = (world: World): number => {
  const { failuresInARow, failingSince } = healthOf(world);
  return lookWithinMs({ state: 'active', failuresInARow, failingSince, failingInAll: 1 }, 1, LOOK_PAUSES);
};

/** Whether whoever fills the queue may rely on the promise. */
export const isPromised = (world: World): boolean => READ_IN_MS[world.promise] <= withinMs(world);

/** The signal, which starts the workflow where there is none. */
export function wakeDrain({ drain }: World): void {
  if (drain.phase === 'none') Object.assign(drain, { phase: 'turn', isWoken: false });
  else drain.isWoken = true;
}

/** The workflow of a delivery reads its row first, and ends where it does not own it. */
export function startSingle({ singles, rows }: World, row: number): void {
  const { owner, tries } = rows[row]!;
  if (singles[row]!.phase === 'none' && owner === 'self')
    Object.assign(singles[row]!, { phase: 'wait', tries });
}

export const isWorking = ({ workers }: World): boolean => workers.some(({ mode }) => mode === 'up');

export const nameOf = ({ worker, kind, of }: Pick<Thread, 'worker' | 'kind' | 'of'>): string =>
  `worker ${worker + 1}: ${kind}${kind === 'turn' ? '' : ` ${of + 1}`}`;
