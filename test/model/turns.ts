// A turn at the queue of the endpoint: takes what is due and sends it, or probes, and ends with a
// look at the queue and the promise of the next one.
import type { Running } from './running.ts';
import { rowsOf } from './steps.ts';
import type { Thread, World } from './world.ts';

/** `known` of the thread: what it did, and from the look on what it saw. */
const PROBED = 1;
const SAID_SO = 2;
const SEEN = { nothing: 0, due: 1, later: 2 } as const;

export function turnSteps(running: Running): void {
  const { thread, settings } = running;
  switch (thread.at) {
    case 'begin':
      return probeSteps(running);
    case 'send':
      return sendSteps(running);
    case 'forget':
      return running.go('takes the promise back', (next, now) => {
        Object.assign(now, { at: 'count', condition: 'up', known: 0 });
        if (settings.planted !== 'the promise is kept during a look') next.promise = 'none';
      });
    case 'count':
      return running.go('looks at the queue', look);
    case 'promise':
      return running.go('promises the next look', (next, now) => {
        const isAtOnce = now.known === SEEN.due && !now.mustStop;
        next.promise = now.known === SEEN.nothing ? 'none' : isAtOnce ? 'past' : 'far';
        running.endNow(next, now);
      });
    default:
      throw new Error(`no turn is at ${thread.at}`);
  }
}

/** Rows that a turn may take now. */
function takeable({ world, settings }: Running): number[] {
  const idle = rowsOf(world).claimable();
  const queue = world.rows.filter(({ owner }) => owner === 'endpoint').map(({ id }) => id);
  const ids = settings.planted === 'claims are not looked at' ? queue : idle;
  return ids.map(Number).filter((row) => world.isDue[row]);
}

function take(next: World, now: Thread, rows: readonly number[]): void {
  for (const row of rows) rowsOf(next).claim(String(row));
  now.due = [...rows];
}

function probeSteps(running: Running): void {
  const { thread } = running;
  if (thread.sends.length > 0) return running.records(true);
  if (thread.due.length > 0) return running.send(thread.due[0]!, 'probes with');
  const leave = (what: string, at: Thread['at'], mustStop: boolean): void =>
    running.go(what, (_, now) => void Object.assign(now, { at, mustStop }));
  if (thread.known === PROBED)
    return thread.mustStop
      ? leave('waits for the next probe', 'forget', true)
      : leave('finds the endpoint well', 'send', false);
  const [oldest] = takeable(running);
  if (oldest === undefined) return leave('has nothing to probe with', 'forget', true);
  running.go(`takes ${oldest + 1}`, (next, now) => {
    take(next, now, [oldest]);
    now.known = PROBED;
  });
}

function sendSteps(running: Running): void {
  const { thread } = running;
  running.records();
  if (thread.due.length > 0) {
    if (!thread.mustStop) running.send(thread.due[0]!);
    running.go('puts back what it took', (next, now) => {
      for (const row of now.due) rowsOf(next).putBack(String(row));
      now.due = [];
    });
    if ((thread.known & SAID_SO) === 0)
      running.go('says that it goes on', (next, now) => {
        now.known |= SAID_SO;
        next.promise = 'past';
      });
    return;
  }
  const rows = takeable(running);
  if (!thread.mustStop && rows.length > 0)
    running.go(`takes ${rows.map((row) => row + 1).join(' and ')}`, (next, now) => take(next, now, rows));
  // Also where something is due: its time may be over.
  if (thread.sends.length === 0)
    running.go('stops', (_, now) => void Object.assign(now, { at: 'forget', known: 0 }));
}

function look(next: World, now: Thread): void {
  const held = next.rows.filter(({ owner }) => owner === 'endpoint');
  const isDue = held.some(({ id, isClaimed }) => next.isDue[Number(id)] && !isClaimed);
  now.at = 'promise';
  now.known = held.length === 0 ? SEEN.nothing : isDue ? SEEN.due : SEEN.later;
  now.hasToWake = next.hasGivenUp || next.rows.some(({ state }) => state === 'gave_up');
}
