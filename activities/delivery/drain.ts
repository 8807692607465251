// Drains an endpoint's queue: one probe at a time while the endpoint is down, otherwise all due
// deliveries at its rate; says when the next turn is, and promises it.
import { conditionOf, isTripped } from '../../domain/delivery/breaker.ts';
import { lookWithinMs, type LookPauses } from '../../domain/delivery/looks.ts';
import type { Pool } from '../../store/db/pool.ts';
import { readQueueState, readSendingEndpoints } from '../../store/delivery/deliveries.ts';
import {
  forgetQueueLook,
  readByOf,
  readQueueLooks,
  writeNextTurn,
} from '../../store/delivery/queue-looks.ts';
import { cancelAll } from '../../store/delivery/transitions/endpoints.ts';
import type { EndpointInput } from '../../workflows/contract.ts';
import type { Attempt } from './attempt.ts';
import type { ConcurrencyLimiter } from './concurrency-limiter.ts';
import {
  aboutEndpoint,
  queueConditionOf,
  type EndpointAbout,
  type QueueCondition,
} from './endpoint-standing.ts';
import { createQueueTurns, newTurn, type Turn } from './queue-turn.ts';
import { singleFlight } from '../single-flight.ts';

/**
 * Result of a turn at the queue, for its workflow. `waitMs`: until the next turn; null: until a
 * signal. `pauseMs`: how long a wake may wait meanwhile. `nextSendAt`: before then the endpoint's
 * rate allows no request (milliseconds since 1970; 0 without a rate), also where the queue is
 * empty. `hasGivenUp`: some were given up and not acknowledged. Histories recorded earlier lack
 * what is optional.
 */
export type Drained = {
  held: number;
  sent: number;
  waitMs: number | null;
  pauseMs?: number;
  nextSendAt: number;
  condition: 'drained' | QueueCondition;
  lastError: string | null;
  reason: string;
  endpointsToWake: EndpointInput[];
  hasGivenUp?: boolean;
  about?: EndpointAbout | null;
};

/**
 * `probes` failed in a row. `nextSendAt` is that of the turn before. `isCounting`: the result must
 * say how the endpoint stands, which reads all that waits.
 */
type DrainInput = EndpointInput & { probes: number; nextSendAt: number; isCounting?: boolean };

export type DrainActivities = { drainQueue(input: DrainInput): Promise<Drained> };

/** Waits between probes: the first, doubling up to the longest. */
export type ProbeWaits = { firstMs: number; longestMs: number };

type DrainDeps = {
  pool: Pool;
  attempt: Attempt;
  limiter: ConcurrencyLimiter;
  budgetMs: number;
  probeWaits: ProbeWaits;
  lookPauses: LookPauses;
  random?: () => number;
};

/** A shorter wait for the next turn is as good as none. */
const NOTED_FROM_MS = 1000;

/** Deliveries of a deleted endpoint that one statement cancels. */
const CANCELLED_AT_ONCE = 5000;

/** Milliseconds until the next turn, where the first of what waits is due in so many. */
type Wait = (dueInMs: number) => number | null;

/** A turn lasts at most the budget plus one request. */
export function createDrain({
  budgetMs,
  probeWaits,
  lookPauses,
  random = Math.random,
  ...deps
}: DrainDeps): DrainActivities {
  const { pool } = deps;
  const turns = createQueueTurns(deps);

  async function drainQueue(input: DrainInput): Promise<Drained> {
    const { operatorId, endpointId, probes, nextSendAt } = input;
    const [endpoint] = await readSendingEndpoints(pool, operatorId, [endpointId]);
    const turn = newTurn(nextSendAt);
    // Cancels what its deletion left, and deliveries that were planned meanwhile.
    if (endpoint === undefined || endpoint.isDeleted)
      while (!(await cancelAll(pool, operatorId, endpointId, CANCELLED_AT_ONCE)));
    if (endpoint === undefined || conditionOf(endpoint) === 'off')
      return ended(input, turn, queueConditionOf(endpoint), () => null);

    const deadline = Date.now() + budgetMs;
    if (conditionOf(endpoint) === 'down') {
      const answers = await turns.answersAgain(turn, endpoint, deadline);
      const { firstMs } = probeWaits;
      if (answers === null) return ended(input, turn, 'failing', (dueInMs) => Math.max(dueInMs, firstMs));
      if (!answers) return ended(input, turn, 'failing', () => probeWait(probes, probeWaits));
    } else {
      turn.failures = endpoint.failuresInARow;
    }
    await turns.sendDue(turn, endpoint, deadline);
    if (isTripped(turn.failures)) return ended(input, turn, 'failing', () => probeWaits.firstMs);
    return ended(input, turn, 'open', (dueInMs) => dueInMs);
  }

  /** The look at the queue that ends a turn, and the promise of the next one. */
  async function ended(
    input: DrainInput,
    turn: Turn,
    condition: QueueCondition,
    waitMs: Wait,
  ): Promise<Drained> {
    const { operatorId, endpointId } = input;
    await forgetQueueLook(pool, operatorId, endpointId);
    const { held, dueInMs, hasGivenUp, ...queue } = await readQueueState(pool, operatorId, endpointId);
    const isToShow = input.isCounting && (held > 0 || hasGivenUp);
    const about = isToShow ? { about: await aboutEndpoint(pool, input) } : {};
    // A turn without a request met no error itself, but shows why the endpoint is down.
    const lastError = turn.lastError ?? (condition === 'failing' ? queue.lastError : null);
    // The next turn sees a successor that joined this very queue; waking its own workflow would
    // only add a turn.
    const endpointsToWake = turn.endpointsToWake.filter((woken) => woken.endpointId !== endpointId);
    const { sent, nextSendAt } = turn;
    const reason = turn.reason || (lastError ?? '');
    const seen = { held, sent, hasGivenUp, lastError, reason, ...about, endpointsToWake, nextSendAt };
    if (held === 0) {
      await writeNextTurn(pool, operatorId, endpointId, { turnAt: null, readBy: null });
      return { ...seen, condition: 'drained', waitMs: null };
    }
    const pauseMs = await pauseOf(input, condition);
    const wait = waitMs(dueInMs ?? 0);
    // What became due while the last requests were under way goes out at once.
    const isToPause = condition === 'open' && wait !== null && (wait > 0 || turn.isOff);
    const paused = isToPause ? Math.max(wait, pauseMs) : wait;
    const nextMs = paused === null ? null : Math.max(paused, nextSendAt - Date.now());
    await writeNextTurn(pool, operatorId, endpointId, {
      turnAt: nextMs === null || nextMs < NOTED_FROM_MS ? null : new Date(Date.now() + nextMs),
      readBy: readByOf(nextMs === null ? null : Date.now() + nextMs),
    });
    return { ...seen, condition, waitMs: nextMs, pauseMs };
  }

  /**
   * Spread, since one event may fail at a hundred endpoints at once; shorter than those who fill
   * the queue reckon with, never longer.
   */
  async function pauseOf({ operatorId, endpointId }: EndpointInput, condition: QueueCondition) {
    const [look] = await readQueueLooks(pool, operatorId, [endpointId]);
    if (look === undefined) return 0;
    const withinMs = lookWithinMs(look, Date.now(), lookPauses);
    if (condition !== 'open') return withinMs;
    return conditionOf(look) === 'failing' ? Math.floor(withinMs * (1 - 0.3 * random())) : 0;
  }

  return { drainQueue: singleFlight(({ endpointId }) => endpointId, drainQueue) };
}

function probeWait(probes: number, { firstMs, longestMs }: ProbeWaits): number {
  return Math.min(firstMs * 2 ** Math.min(probes, 30), longestMs);
}
