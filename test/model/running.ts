// One activity under way, and what those that send have in common: requests, and the outcomes that
// are recorded for them.
import type { Outcome } from '../support/delivery-model.ts';
import {
  judge,
  MANY_FAILURES,
  nameOf,
  ONE_FAILURE,
  rowsOf,
  setDue,
  step,
  type Settings,
  type Steps,
} from './steps.ts';
import { endOf } from './workflows.ts';
import type { Thread, World } from './world.ts';

/** Tries of the schedule. */
const MOST_TRIES = 2;
/** Later attempts are not made before the endpoint answers again. */
const MOST_ATTEMPTS = 3;

export class Running {
  readonly thread: Thread;
  readonly world: World;
  readonly settings: Settings;
  private readonly steps: Steps;
  private readonly index: number;

  constructor(steps: Steps, world: World, index: number, settings: Settings) {
    this.steps = steps;
    this.world = world;
    this.index = index;
    this.settings = settings;
    this.thread = world.threads[index]!;
  }

  go(what: string, change: (next: World, now: Thread) => void): void {
    step(this.steps, this.world, `${nameOf(this.thread)} ${what}`, (next) =>
      change(next, next.threads[this.index]!),
    );
  }

  /** The result reaches the workflow, unless Temporal has given up on this activity. */
  end(what: string): void {
    this.go(what, (next, now) => this.endNow(next, now));
  }

  endNow(next: World, now: Thread): void {
    next.threads.splice(this.index, 1);
    if (!now.isStale) endOf(next, now);
  }

  /** Starts the request for a row. */
  send(row: number, what = 'sends'): void {
    this.go(`${what} ${row + 1}`, (next, now) => {
      now.due = now.due.filter((one) => one !== row);
      const { id, tries, attempts } = next.rows[row]!;
      const owner = OWNER_OF[now.kind];
      now.sends.push({ id, owner, tries, number: attempts + 1, isSuspect: false });
    });
  }

  /** The outcomes of what is under way are recorded, each in a transaction. */
  records(isProbe = false): void {
    const { world, thread } = this;
    for (const [place, { id, number, tries }] of thread.sends.entries()) {
      const name = `records ${Number(id) + 1}, attempt ${number},`;
      if (world.isAnswering) {
        this.go(`${name} delivered`, (next, now) => {
          // One that read the endpoint as up tells nothing new.
          const isTurned = now.condition !== 'up' && judge(next, [{ kind: 'delivered' }]);
          this.record(next, now, place, 'delivered', isTurned);
        });
        continue;
      }
      if (number > MOST_ATTEMPTS) continue;
      const outcome = isProbe ? 'held' : tries + 1 >= MOST_TRIES ? 'gave_up' : 'retrying';
      this.go(`${name} ${outcome}`, (next, now) =>
        this.record(next, now, place, outcome, judge(next, ONE_FAILURE)),
      );
      if (world.condition === 'down') continue;
      this.go(`${name} ${outcome}, as others fail`, (next, now) =>
        this.record(next, now, place, outcome, judge(next, MANY_FAILURES)),
      );
    }
  }

  private record(next: World, now: Thread, place: number, outcome: Outcome, isTurned: boolean): void {
    const send = now.sends.splice(place, 1)[0]!;
    const rows = rowsOf(next);
    const waiting = next.rows.filter(({ owner }) => owner === 'predecessor');
    const isItsOwn = !send.isSuspect || this.settings.planted === 'a late record ends the claim of another';
    rows.end(send, outcome, !isItsOwn);
    const row = rows.of(send.id);
    if (this.settings.planted === 'a number is lost') row.attempts = send.number - 1;
    if (row.attempts > row.recorded || (row.attempts < row.recorded && !next.hasStalled))
      next.broken ??= `${Number(row.id) + 1} has ${row.recorded} attempts, and counts ${row.attempts}`;
    if (outcome === 'delivered' && row.state !== 'delivered')
      next.broken ??= `${Number(row.id) + 1} has arrived, and is ${row.state}`;
    next.isDue[Number(row.id)] = outcome === 'held';
    const released = waiting.filter(({ owner }) => owner === 'endpoint').map(({ id }) => id);
    setDue(next, released);
    if (now.kind !== 'turn') now.hasToWake ||= released.length > 0 || isTurned || outcome === 'gave_up';
    else now.mustStop ||= outcome !== 'delivered' && next.condition === 'down';
    if (now.kind === 'attempt')
      Object.assign(now, {
        at: 'result',
        condition: 'up',
        known: outcome === 'retrying' ? send.tries + 1 : 0,
      });
  }
}

const OWNER_OF = {
  deliver: 'batch',
  attempt: 'self',
  turn: 'endpoint',
  settle: 'batch',
  'hand over': 'batch',
  wake: 'self',
} as const;
