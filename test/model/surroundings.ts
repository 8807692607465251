// Surroundings of the workflows: time, the API, the sweep, and faults of processes, people and the
// endpoint.
import { handOver } from './activities.ts';
import { isWorking, rowsOf, setDue, startSingle, step, wakeDrain, withinMs } from './steps.ts';
import type { Settings, Steps } from './steps.ts';
import type { Thread, World } from './world.ts';

export function surroundingSteps(steps: Steps, world: World, settings: Settings): void {
  timeSteps(steps, world);
  processSteps(steps, world, settings);
  if (settings.hasSweep && isWorking(world)) sweepSteps(steps, world, settings);
  faultSteps(steps, world);
}

function timeSteps(steps: Steps, world: World): void {
  for (const { id, owner, isClaimed } of world.rows) {
    const row = Number(id);
    if (owner === 'endpoint' && !world.isDue[row])
      step(steps, world, `${row + 1} is due`, (next) => setDue(next, [id]));
    if (isClaimed && !isSentByLiving(world, row))
      step(steps, world, `the claim of ${row + 1} ends`, (next) => rowsOf(next).expire(id));
  }
  if (world.promise === 'far' || world.promise === 'soon')
    step(steps, world, 'time passes', (next) => {
      next.promise = 'past';
    });
}

/** A claim outlives every request of a process that has not stood still. */
function isSentByLiving({ threads, workers }: World, row: number): boolean {
  return threads.some(
    ({ worker, due, sends }) =>
      (due.includes(row) && workers[worker]!.mode === 'up') ||
      sends.some(({ id, isSuspect }) => Number(id) === row && !isSuspect),
  );
}

/** What was not sent before its process stood still has been too long since it was claimed. */
function stopLate(next: World, thread: Thread, { planted }: Settings): void {
  if (planted === 'an old claim is used') return;
  if (planted === 'the claim of another is ended')
    for (const row of thread.due) rowsOf(next).putBack(String(row));
  if (thread.kind === 'attempt' && thread.due.length > 0)
    Object.assign(thread, { at: 'result', condition: 'up', known: next.rows[thread.of]!.tries });
  thread.due = [];
}

function processSteps(steps: Steps, world: World, settings: Settings): void {
  for (const [of, { phase }] of world.batches.entries())
    if (phase === 'not started')
      step(steps, world, `the API starts batch ${of + 1}`, (next) => {
        next.batches[of]!.phase = 'settle';
      });
  for (const [number, { mode, starts, wakes }] of world.workers.entries()) {
    const name = `worker ${number + 1}`;
    if (mode !== 'up') {
      const what = mode === 'down' ? 'starts again' : 'goes on';
      step(steps, world, `${name} ${what}`, (next) => {
        next.workers[number]!.mode = 'up';
        for (const one of next.threads) if (one.worker === number) stopLate(next, one, settings);
      });
      continue;
    }
    for (const row of starts)
      step(steps, world, `${name} starts delivery ${row + 1}`, (next) => {
        next.workers[number]!.starts = starts.filter((one) => one !== row);
        startSingle(next, row);
      });
    if (wakes !== null)
      step(steps, world, `${name} wakes the endpoint`, (next) => {
        next.workers[number]!.wakes = null;
        wakeDrain(next);
        if (wakes !== 'none' && next.promise === wakes && withinMs(next) > 0) next.promise = 'soon';
      });
  }
  if (!world.isAnswering)
    step(steps, world, 'the receiver answers again', (next) => void (next.isAnswering = true));
}

function sweepSteps(steps: Steps, world: World, settings: Settings): void {
  const sweeper = world.workers.findIndex(({ mode }) => mode === 'up');
  const { batches, rows, singles, drain, promise, condition, isDue } = world;
  for (const [of, { phase }] of batches.entries()) {
    if (phase === 'lost')
      step(steps, world, `the sweep starts batch ${of + 1}`, (next) => {
        next.batches[of]!.phase = 'settle';
      });
    const isOver = phase === 'done' || settings.planted === 'a batch that runs is taken over';
    if (isOver && rows.some(({ owner, batch }) => owner === 'batch' && batch === of))
      step(steps, world, `the sweep takes over batch ${of + 1}`, (next) => {
        const isReckoned = settings.planted !== 'a first try under way is not reckoned with';
        handOver(next, { batch: of, worker: sweeper, mayBeSending: phase === 'done' && isReckoned });
      });
  }
  if (rows.some(({ after }) => after !== null && !rowsOf(world).isOpen(after)))
    step(steps, world, 'the sweep releases a successor', (next) => setDue(next, rowsOf(next).release()));
  for (const { id, owner } of rows)
    if (owner === 'self' && singles[Number(id)]!.phase === 'none')
      step(steps, world, `the sweep starts delivery ${Number(id) + 1}`, (next) =>
        startSingle(next, Number(id)),
      );
  const queue = rows.filter(({ owner }) => owner === 'endpoint');
  const isOwing = queue.length > 0 || world.hasGivenUp || rows.some(({ state }) => state === 'gave_up');
  if (isOwing && drain.phase === 'none') step(steps, world, 'the sweep starts the endpoint', wakeDrain);
  const isOverdue = queue.some(({ id }) => isDue[Number(id)]);
  const isSeenDown = settings.planted !== 'what is down is never late';
  const isUnpromised = condition === 'down' ? isSeenDown && promise === 'none' : promise !== 'soon';
  const isLate = isOverdue && isUnpromised;
  if (isLate && drain.phase !== 'none' && !drain.isWoken)
    step(steps, world, 'the sweep wakes the endpoint', wakeDrain);
}

function faultSteps(steps: Steps, world: World): void {
  const { crashes, stalls, terminations, outages } = world.left;
  const fault = (name: string, kind: keyof World['left'], change: (next: World) => void): void =>
    step(
      steps,
      world,
      name,
      (next) => {
        next.left[kind]--;
        change(next);
      },
      true,
    );
  if (outages > 0 && world.isAnswering)
    fault('the receiver stops answering', 'outages', (next) => void (next.isAnswering = false));
  if (crashes > 0)
    for (const [of, { phase }] of world.batches.entries())
      if (phase === 'not started')
        fault(`the API is killed before it starts batch ${of + 1}`, 'crashes', (next) => {
          next.batches[of]!.phase = 'lost';
        });
  for (const [number, { mode }] of world.workers.entries()) {
    if (mode !== 'down' && crashes > 0)
      fault(`worker ${number + 1} is killed`, 'crashes', (next) => {
        next.workers[number] = { mode: 'down', starts: [], wakes: null };
        next.threads = next.threads.filter(({ worker }) => worker !== number);
      });
    if (mode === 'up' && stalls > 0)
      fault(`worker ${number + 1} stands still`, 'stalls', (next) => {
        next.workers[number]!.mode = 'stalled';
        next.hasStalled = true;
        for (const { worker, sends } of next.threads)
          if (worker === number) for (const send of sends) send.isSuspect = true;
      });
  }
  if (terminations > 0) terminationSteps(world, fault);
}

type Fault = (name: string, kind: 'terminations', change: (next: World) => void) => void;

/** A person terminates a workflow. Its activity goes on, and nobody takes the result. */
function terminationSteps({ batches, singles, drain }: World, fault: Fault): void {
  const abandon = (next: World, kinds: readonly string[], of: number): void => {
    for (const one of next.threads) if (kinds.includes(one.kind) && one.of === of) one.isStale = true;
  };
  for (const [of, { phase }] of batches.entries())
    if (phase === 'settle' || phase === 'deliver' || phase === 'hand over')
      fault(`a person terminates batch ${of + 1}`, 'terminations', (next) => {
        // Its events are settled, or found by the sweep.
        const isSettled = next.rows.some(({ batch }) => batch === of);
        Object.assign(next.batches[of]!, { phase: isSettled ? 'done' : 'lost', hasToWake: false });
        abandon(next, ['settle', 'deliver', 'hand over'], of);
      });
  for (const [of, { phase }] of singles.entries())
    if (phase !== 'none')
      fault(`a person terminates delivery ${of + 1}`, 'terminations', (next) => {
        next.singles[of] = { phase: 'none', tries: 0, isOver: false };
        abandon(next, ['attempt', 'wake'], of);
      });
  if (drain.phase !== 'none')
    fault('a person terminates the endpoint', 'terminations', (next) => {
      next.drain = { phase: 'none', isWoken: false, saw: 'open' };
      abandon(next, ['turn'], 0);
    });
}
