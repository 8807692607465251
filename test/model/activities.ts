// Activities under way on a worker, one commit, request or answer at a time: those of a batch, of a
// single delivery, and wake-ups. Turns at the queue are in turns.ts.
import { isSentDirectly } from '../../domain/delivery/breaker.ts';
import { Running } from './running.ts';
import { healthOf, isPromised, rowsOf, setDue, wakeDrain, withinMs } from './steps.ts';
import type { Settings, Steps } from './steps.ts';
import { turnSteps } from './turns.ts';
import type { Thread, World } from './world.ts';

export function activitySteps(steps: Steps, world: World, settings: Settings): void {
  for (const [index, thread] of world.threads.entries())
    if (world.workers[thread.worker]!.mode === 'up')
      STEPS[thread.kind](new Running(steps, world, index, settings));
}

const STEPS: Record<Thread['kind'], (running: Running) => void> = {
  settle: settleSteps,
  deliver: deliverSteps,
  'hand over': handOverSteps,
  turn: turnSteps,
  attempt: attemptSteps,
  wake: wakeSteps,
};

/** An activity begins: what it reads first. */
export function begin(next: World, now: Thread): void {
  const { kind, of } = now;
  if (kind === 'turn')
    Object.assign(now, { condition: next.condition, at: next.condition === 'down' ? 'begin' : 'send' });
  if (kind === 'deliver') {
    const mine = next.rows.filter(({ owner, batch }) => owner === 'batch' && batch === of);
    const direct = isDirect(next) ? mine.filter(({ tries }) => tries === 0) : [];
    Object.assign(now, { at: 'send', condition: next.condition, due: direct.map(({ id }) => Number(id)) });
  }
  if (kind === 'attempt') {
    const { owner, tries, attempts, isClaimed } = next.rows[of]!;
    if (owner !== 'self') now.at = 'result';
    else if (tries > next.singles[of]!.tries || isClaimed) Object.assign(now, { at: 'result', known: tries });
    else Object.assign(now, { at: 'begin', condition: next.condition, known: attempts });
  }
}

function settleSteps(running: Running): void {
  const { thread, settings } = running;
  if (thread.at === 'result') return running.end('tells what is left');
  running.go('plans its postbacks', (next, now) => {
    now.at = 'result';
    if (next.rows.some(({ batch }) => batch === thread.of)) return;
    for (const conversion of settings.batches[thread.of]!) {
      const id = String(next.rows.length);
      rowsOf(next).plan(id, { conversion, batch: thread.of, condition: next.condition });
      const row = next.rows.at(-1)!;
      if (settings.planted === 'a successor is released early' && row.after !== null)
        Object.assign(row, { owner: 'batch', after: null });
    }
    for (const batch of next.batches) if (batch.phase === 'not sent') batch.phase = 'not started';
  });
}

const isDirect = (one: Pick<World, 'condition'>): boolean =>
  isSentDirectly({ ...healthOf(one), ratePerSecond: null });

function deliverSteps(running: Running): void {
  const { thread } = running;
  for (const row of thread.due) running.send(row);
  running.records();
  // What is due and not sent by now had no place in time.
  if (thread.sends.length === 0) running.end('ends');
}

function handOverSteps(running: Running): void {
  const { thread } = running;
  if (thread.at === 'wake') return wakeSteps(running);
  running.go('hands over', (next, now) => {
    const hasQueued = handOver(next, { batch: thread.of, worker: thread.worker });
    if (hasQueued || next.batches[thread.of]!.hasToWake) now.at = 'wake';
    else running.endNow(next, now);
  });
}

type HandingOver = { batch: number; worker: number; mayBeSending?: boolean };

/** Returns whether rows of the batch are in the queue. Workflows of others are started in turn. */
export function handOver(next: World, { batch, worker, mayBeSending = false }: HandingOver): boolean {
  const mine = next.rows.filter((row) => row.batch === batch);
  const untried = mine.filter(({ owner, tries }) => owner === 'batch' && tries === 0);
  for (const { id, owner } of mine) if (owner === 'batch') next.isDue[Number(id)] = false;
  rowsOf(next).handOver({ batch, condition: next.condition, mayBeSending });
  setDue(
    next,
    untried.map(({ id }) => id),
  );
  const { starts } = next.workers[worker]!;
  for (const { id, owner } of mine)
    if (owner === 'self' && !starts.includes(Number(id))) starts.push(Number(id));
  return mine.some(({ owner }) => owner === 'endpoint');
}

/** Wakes the workflow of the endpoint, unless that looks soon enough by itself. */
function wakeSteps(running: Running): void {
  const { world, settings } = running;
  if (isPromised(world) || settings.planted === 'a wake-up is forgotten')
    return running.end('relies on the promised look');
  if (withinMs(world) === 0)
    return running.go('wakes the endpoint', (next, now) => {
      wakeDrain(next);
      running.endNow(next, now);
    });
  running.go('will wake the endpoint in turn', (next, now) => {
    next.workers[now.worker]!.wakes = next.promise;
    running.endNow(next, now);
  });
}

/** `known` of the thread at its end: the tries of a row that waits for its next one, or 0. */
function attemptSteps(running: Running): void {
  const { thread, world } = running;
  const row = world.rows[thread.of]!;
  switch (thread.at) {
    case 'begin':
      if (!isDirect(thread))
        return running.go('returns it to the queue', (next, now) => {
          if (row.owner === 'self') next.isDue[thread.of] = true;
          rowsOf(next).returnToQueue(row.id);
          Object.assign(now, { at: 'result', condition: 'up', known: 0, hasToWake: true });
        });
      return running.go('claims its row', (next, now) => {
        const isAsRead = row.owner === 'self' && row.attempts === now.known && !row.isClaimed;
        if (!isAsRead) return void Object.assign(now, { at: 'result', condition: 'up', known: row.tries });
        rowsOf(next).claim(row.id);
        Object.assign(now, { at: 'send', due: [thread.of], known: 0 });
      });
    case 'send':
      for (const one of thread.due) running.send(one);
      return running.records();
    default:
      return running.end('ends');
  }
}
