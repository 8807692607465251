// Model of the hand-over of deliveries: what may happen next, and what must hold in every state.
import { standingsFrom, standingsTo, transitionTable } from '../support/transition-table.ts';
import { activitySteps, begin } from './activities.ts';
import type { Model } from './explore.ts';
import type { Settings, Steps } from './steps.ts';
import { surroundingSteps } from './surroundings.ts';
import { workflowSteps } from './workflows.ts';
import { beginning, keyOf, type Faults, type World } from './world.ts';

/** Three postbacks in two batches, of which the last follows the first. */
export function handOverModel(faults: Faults, settings: Settings): Model<World> {
  return {
    initial: beginning(faults, settings),
    keyOf,
    stepsOf(world) {
      const steps: Steps = [];
      activitySteps(steps, world, settings);
      workflowSteps(steps, world, begin);
      surroundingSteps(steps, world, settings);
      for (const { next } of steps) noteUnknownMoves(world, next);
      return steps;
    },
    wrongWith: (world) => wrongWith(world, settings),
    isEnd: ({ rows, batches }) =>
      rows.length === settings.batches.flat().length &&
      rows.every(({ owner }) => owner === null) &&
      batches.every(({ phase }) => phase === 'done'),
    describe,
  };
}

const MOVES = new Set(
  transitionTable().flatMap(({ from, to }) =>
    standingsFrom(from).flatMap((start) => standingsTo(to, start).map((end) => `${start} > ${end}`)),
  ),
);

/** Every move of a row is one of the table of transitions. */
function noteUnknownMoves(world: World, next: World): void {
  for (const [index, { owner, state }] of world.rows.entries()) {
    const now = next.rows[index]!;
    if (now.owner === owner && now.state === state) continue;
    const move = `${owner ?? 'none'} ${state} > ${now.owner ?? 'none'} ${now.state}`;
    if (!MOVES.has(move)) next.broken ??= `not in the table of transitions: ${move}`;
  }
}

function wrongWith(world: World, settings: Settings): string | null {
  if (world.broken !== null) return world.broken;
  for (const row of world.rows) {
    const name = `postback ${Number(row.id) + 1}`;
    const sends = world.threads.flatMap((one) => one.sends).filter(({ id }) => id === row.id);
    if (sends.filter(({ isSuspect }) => !isSuspect).length > 1) return `${name} is sent twice at a time`;
    const before = world.rows.filter((one) => one.conversion === row.conversion && one.id < row.id);
    if (sends.length > 0 && before.some(({ owner }) => owner !== null))
      return `${name} is sent before the one that it follows is finished`;
    if (row.owner !== null && !isOwned(world, settings, Number(row.id)))
      return `nobody will act on ${name}, whose owner is ${row.owner}`;
  }
  return null;
}

/** Whether the owner of an unfinished row acts by itself, or somebody sees that it does not. */
function isOwned(
  { batches, singles, workers, rows, ...world }: World,
  settings: Settings,
  of: number,
): boolean {
  const { owner, batch, after } = rows[of]!;
  const { hasSweep } = settings;
  switch (owner) {
    case 'batch':
      return batches[batch]!.phase !== 'done' || hasSweep;
    case 'self':
      return (
        singles[of]!.phase !== 'none' ||
        workers.some(({ starts }) => starts.includes(of)) ||
        hasSweep ||
        isHandingOver(world.threads, batches)
      );
    case 'predecessor':
      return rows[Number(after)]!.owner !== null || rows[Number(after)]!.isClaimed || hasSweep;
    default:
      return isQueueRead({ batches, singles, workers, rows, ...world }) || hasSweep;
  }
}

const isHandingOver = (threads: World['threads'], batches: World['batches']): boolean =>
  threads.some(({ kind }) => kind === 'hand over') || batches.some(({ phase }) => phase === 'hand over');

/** Whether the workflow of the endpoint reads its queue, or somebody is about to wake it. */
function isQueueRead({ drain, batches, singles, workers, threads }: World): boolean {
  return (
    drain.phase === 'turn' ||
    drain.phase === 'timer' ||
    drain.isWoken ||
    batches.some(({ phase, hasToWake }) => hasToWake || phase === 'hand over') ||
    singles.some(({ phase }) => phase === 'wake') ||
    workers.some(({ wakes }) => wakes !== null) ||
    threads.some(({ kind, hasToWake }) => kind === 'settle' || kind === 'hand over' || hasToWake)
  );
}

function describe({ rows, drain, promise, condition, workers, isAnswering }: World): string {
  const told = rows.map(({ id, owner, state, isClaimed, after }) => {
    const marks = `${isClaimed ? '*' : ''}${after === null ? '' : ` after ${Number(after) + 1}`}`;
    return `${Number(id) + 1}:${owner ?? '-'}/${state}${marks}`;
  });
  const modes = workers.map(({ mode }) => mode).join('+');
  return `${told.join(' ')} | queue ${drain.phase}${drain.isWoken ? ' woken' : ''}, promise ${promise}, ${condition}${isAnswering ? '' : ', silent'} | ${modes}`;
}
