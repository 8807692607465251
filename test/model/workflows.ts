// Workflows: what they start next, what they do with a result, and timers. They outlive workers.
import { isWorking, nameOf, step, type Steps } from './steps.ts';
import type { Thread, World } from './world.ts';

type Begin = (next: World, now: Thread) => void;
type Starting = { steps: Steps; world: World; begin: Begin };

/** `begin` is what an activity reads first. */
export function workflowSteps(steps: Steps, world: World, begin: Begin): void {
  if (!isWorking(world)) return;
  for (const [of, { phase }] of world.batches.entries())
    if (phase === 'settle' || phase === 'deliver' || phase === 'hand over')
      start({ steps, world, begin }, phase, of);
  for (const [of, { phase }] of world.singles.entries()) {
    if (phase === 'attempt' || phase === 'wake') start({ steps, world, begin }, phase, of);
    if (phase === 'wait')
      step(steps, world, `delivery ${of + 1} has waited for its try`, (next) => {
        next.singles[of]!.phase = 'attempt';
      });
  }
  drainSteps(steps, world, begin);
}

function drainSteps(steps: Steps, world: World, begin: Begin): void {
  const { phase, isWoken, saw } = world.drain;
  const turn = (next: World): void =>
    void Object.assign(next.drain, { phase: 'turn', isWoken: false, saw: 'open' });
  if (phase === 'turn') start({ steps, world, begin }, 'turn', 0);
  if (phase === 'timer') step(steps, world, 'the endpoint has waited for its turn', turn);
  if (!isWoken) return;
  if (phase === 'rest') step(steps, world, 'the endpoint is woken', turn);
  if (phase !== 'timer') return;
  if (saw === 'open') step(steps, world, 'the endpoint is woken', turn);
  else
    step(steps, world, 'the endpoint counts its queue', (next) => {
      next.drain.isWoken = false;
      next.promise = 'far';
      const held = next.rows.some(({ owner }) => owner === 'endpoint');
      if (!held || next.condition !== 'down') turn(next);
    });
}

/**
 * Starts an activity on any worker, unless it is under way; again, where its worker died or seems
 * dead. A worker that still has it under way goes on with that.
 */
function start({ steps, world, begin }: Starting, kind: Thread['kind'], of: number): void {
  const isSame = (one: Thread): boolean => one.kind === kind && one.of === of;
  const current = world.threads.find((one) => isSame(one) && !one.isStale);
  if (current !== undefined && world.workers[current.worker]!.mode === 'up') return;
  for (const [worker, { mode }] of world.workers.entries()) {
    if (mode !== 'up') continue;
    step(steps, world, `${nameOf({ worker, kind, of })} begins`, (next) => {
      for (const one of next.threads) if (isSame(one)) one.isStale = true;
      const known = next.threads.find((one) => isSame(one) && one.worker === worker);
      if (known) known.isStale = false;
      else {
        const one = newThread(worker, kind, of);
        next.threads.push(one);
        begin(next, one);
      }
    });
  }
}

const newThread = (worker: number, kind: Thread['kind'], of: number): Thread => ({
  worker,
  kind,
  of,
  at: kind === 'wake' ? 'wake' : 'read',
  isStale: false,
  condition: 'up',
  due: [],
  sends: [],
  known: 0,
  hasToWake: false,
  mustStop: false,
});

/** What a workflow does with the result of an activity. */
export function endOf(next: World, { kind, of, known, hasToWake, mustStop }: Thread): void {
  if (kind === 'turn') return endOfTurn(next, known > 0, hasToWake, mustStop);
  if (kind === 'attempt' || kind === 'wake') {
    const single = next.singles[of]!;
    if (kind === 'attempt') Object.assign(single, { tries: known, isOver: known === 0 });
    single.phase = kind === 'attempt' && hasToWake ? 'wake' : single.isOver ? 'none' : 'wait';
    if (single.phase === 'none') Object.assign(single, { tries: 0, isOver: false });
    return;
  }
  const batch = next.batches[of]!;
  const mine = next.rows.filter((row) => row.batch === of);
  const isLeft = mine.some(({ owner }) => owner === 'batch');
  if (kind === 'hand over') return void Object.assign(batch, { phase: 'done', hasToWake: false });
  batch.hasToWake ||= kind === 'settle' ? mine.some(({ owner }) => owner === 'endpoint') : hasToWake;
  const isToDeliver = kind === 'settle' && isLeft;
  batch.phase = isToDeliver ? 'deliver' : isLeft || batch.hasToWake ? 'hand over' : 'done';
}

function endOfTurn({ drain }: World, isHeld: boolean, hasGivenUp: boolean, mustStop: boolean): void {
  drain.saw = mustStop ? 'failing' : 'open';
  if (isHeld) drain.phase = 'timer';
  else if (hasGivenUp) drain.phase = 'rest';
  else if (drain.isWoken) Object.assign(drain, { phase: 'turn', isWoken: false });
  else drain.phase = 'none';
  if (drain.phase !== 'timer') drain.saw = 'open';
}
