// One turn at an endpoint's queue: takes due deliveries and sends them, within the endpoint's rate
// and places, until the budget is spent, nothing is due, or the endpoint must get no more.
import { isTripped } from '../../domain/delivery/breaker.ts';
import {
  askedWaitMs,
  blameOf,
  blamesEndpoint,
  isDelivered,
  type AttemptOutcome,
} from '../../domain/delivery/retry.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { AttemptRecord } from '../../store/delivery/attempts.ts';
import { isActive, type Delivery, type SendingEndpoint } from '../../store/delivery/deliveries.ts';
import { STARTED_WITHIN_MS } from '../../store/delivery/in-flight.ts';
import { promiseQueueLook } from '../../store/delivery/queue-looks.ts';
import { putBack, takeFromQueue } from '../../store/delivery/transitions/attempts.ts';
import type { EndpointInput } from '../../workflows/contract.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import type { Attempt } from './attempt.ts';
import type { ConcurrencyLimiter } from './concurrency-limiter.ts';

/**
 * Deliveries taken at once. What is taken must soon be sent: an endpoint starts with few, gets
 * twice as many each time all of them were sent in time, and half where they were not.
 */
const TAKEN_AT_MOST = 200;
const SENT_WITHIN_MS = 1000;

/**
 * A delay of this process up to here is caught up on. After a longer one the rate counts anew, so
 * there is no burst.
 */
const CATCH_UP_MS = 50;

/** How soon a turn notices that its endpoint was switched off. */
const LOOK_EVERY_MS = 500;

/** `nextSendAt`: before then the endpoint's rate allows no request. */
export type Turn = {
  sent: number;
  lastError: string | null;
  reason: string;
  endpointsToWake: EndpointInput[];
  nextSendAt: number;
  failures: number;
  /**
   * No more requests in this turn: a probe failed, or the receiver asked for a pause or for no
   * more postbacks; or the endpoint was switched off.
   */
  isOff: boolean;
  lookedAt: number;
  /** The endpoint's row says that the turn is under way. */
  isPromised: boolean;
};

export function newTurn(nextSendAt: number): Turn {
  return {
    sent: 0,
    failures: 0,
    lastError: null,
    reason: '',
    endpointsToWake: [],
    nextSendAt,
    isOff: false,
    lookedAt: Date.now(),
    isPromised: false,
  };
}

export type QueueTurns = {
  /**
   * Sends due deliveries until the budget is spent, the queue is empty, or the breaker trips. The
   * next ones are taken and sent while outcomes are still being recorded.
   */
  sendDue(turn: Turn, endpoint: SendingEndpoint, deadline: number): Promise<void>;
  /**
   * Whether the endpoint answers a probe. Null without a probe: no permit, or no delivery that is
   * due.
   */
  answersAgain(turn: Turn, endpoint: SendingEndpoint, deadline: number): Promise<boolean | null>;
};

type QueueTurnsDeps = { pool: Pool; attempt: Attempt; limiter: ConcurrencyLimiter };

export function createQueueTurns({ pool, attempt, limiter }: QueueTurnsDeps): QueueTurns {
  const mustStop = (turn: Turn): boolean => turn.isOff || isTripped(turn.failures);

  async function send(
    turn: Turn,
    due: Delivery,
    endpoint: SendingEndpoint,
    cause: AttemptRecord['cause'],
    release: () => void,
  ): Promise<void> {
    const onAnswered = (outcome: AttemptOutcome): void => {
      release();
      if (isDelivered(outcome)) turn.failures = 0;
      else if (blamesEndpoint(outcome)) turn.failures++;
      // All that waits needs the same name.
      else if (blameOf(outcome) === 'name_servers') turn.isOff = true;
      // Retry-After holds for the whole queue: the next request of any kind waits as long.
      const now = Date.now();
      const waitMs = askedWaitMs(outcome, now);
      if (waitMs > 0)
        Object.assign(turn, { isOff: true, nextSendAt: Math.max(turn.nextSendAt, now + waitMs) });
    };
    const result = await attempt(due, endpoint, cause, { onAnswered });
    turn.sent++;
    if (result.state === 'held') turn.isOff = true;
    turn.endpointsToWake.push(...result.endpointsToWake);
    if (result.errorClass !== null)
      Object.assign(turn, { lastError: result.errorClass, reason: result.reason });
  }

  /** Takes due deliveries from the queue, or gives the permit back and throws. */
  async function take(
    { operatorId, id }: SendingEndpoint,
    count: number,
    permit: () => void,
  ): Promise<Delivery[]> {
    try {
      return await takeFromQueue(pool, operatorId, id, count);
    } catch (error) {
      permit();
      throw error;
    }
  }

  /**
   * Ends a turn soon after its endpoint was switched off, which may be while it sends. A turn that
   * lasts says so, since it looks at the queue until its end.
   */
  async function lookAgain(turn: Turn, { operatorId, id }: SendingEndpoint): Promise<void> {
    if (Date.now() - turn.lookedAt < LOOK_EVERY_MS) return;
    turn.lookedAt = Date.now();
    if (!turn.isPromised) await promiseQueueLook(pool, operatorId, id, new Date());
    turn.isPromised = true;
    // What the turn took is put back also where this cannot be read.
    if (!(await isActive(pool, operatorId, id).catch(() => false))) turn.isOff = true;
  }

  async function sendDue(turn: Turn, endpoint: SendingEndpoint, deadline: number): Promise<void> {
    const underWay = new Set<Promise<void>>();
    const { ratePerSecond } = endpoint;
    const most = ratePerSecond === null ? TAKEN_AT_MOST : Math.max(1, Math.floor(ratePerSecond / 2));
    // Of an endpoint whose name failed last, one asks for the name before the others rely on it.
    const isNameInDoubt = endpoint.lastError === 'dns_error';
    let count = isNameInDoubt ? 1 : Math.min(endpoint.maxInFlight, most);
    try {
      while (Date.now() < deadline && !mustStop(turn) && mayGo(turn, endpoint, deadline)) {
        await until(turn.nextSendAt);
        const permit = await limiter.acquire(endpoint.id, endpoint.maxInFlight, deadline);
        if (permit === null) return;
        const askedAt = Date.now();
        const due = await take(endpoint, count, permit);
        if (due.length > 0) {
          const left = await sendPage(turn, endpoint, { due, askedAt }, permit, deadline, underWay);
          if (left.length > 0) await putBack(pool, endpoint.operatorId, left);
          if (isNameInDoubt && turn.sent === 0) await allSettledOrThrow([...underWay]);
          count = left.length > 0 ? Math.ceil(count / 2) : Math.min(2 * count, most);
        } else {
          permit();
          if (underWay.size === 0) return;
          await Promise.race(underWay);
        }
      }
    } finally {
      await allSettledOrThrow([...underWay]);
    }
  }

  /**
   * Whether the next request may go in this turn: the rate's next slot is worth waiting for; a
   * pause that the receiver asked for belongs to the next turn.
   */
  const mayGo = ({ nextSendAt }: Turn, { ratePerSecond }: SendingEndpoint, deadline: number): boolean =>
    nextSendAt <= (ratePerSecond === null ? Date.now() : deadline);

  /**
   * Sends what was taken, the first with this permit. Returns what was not started in time, also
   * because this process stood still since it asked for it.
   */
  async function sendPage(
    turn: Turn,
    endpoint: SendingEndpoint,
    { due, askedAt }: { due: readonly Delivery[]; askedAt: number },
    permit: () => void,
    deadline: number,
    underWay: Set<Promise<void>>,
  ): Promise<readonly Delivery[]> {
    const spacingMs = endpoint.ratePerSecond === null ? 0 : 1000 / endpoint.ratePerSecond;
    const startedBy = Math.min(deadline, Date.now() + SENT_WITHIN_MS);
    let release: (() => void) | null = permit;
    for (const [index, one] of due.entries()) {
      release ??= await limiter.acquire(endpoint.id, endpoint.maxInFlight, startedBy);
      if (release === null) return due.slice(index);
      const isInTime = mayGo(turn, endpoint, startedBy);
      if (isInTime && spacingMs > 0) await paced(turn, spacingMs);
      await lookAgain(turn, endpoint);
      if (!isInTime || mustStop(turn) || Date.now() - askedAt > STARTED_WITHIN_MS) {
        release();
        return due.slice(index);
      }
      const cause = one.nextCause ?? (one.tries === 0 ? 'first' : 'retry');
      const sending = send(turn, one, endpoint, cause, release).then(() => void underWay.delete(sending));
      // A rejected promise stays in the set, so that the next wait throws; until then it must not
      // count as unhandled.
      sending.catch(() => {});
      underWay.add(sending);
      release = null;
    }
    return [];
  }

  async function answersAgain(
    turn: Turn,
    endpoint: SendingEndpoint,
    deadline: number,
  ): Promise<boolean | null> {
    if (turn.nextSendAt > Date.now()) return null;
    const permit = await limiter.acquire(endpoint.id, endpoint.maxInFlight, deadline);
    if (permit === null) return null;
    const askedAt = Date.now();
    const [oldest] = await take(endpoint, 1, permit);
    if (oldest === undefined || Date.now() - askedAt > STARTED_WITHIN_MS) {
      permit();
      if (oldest !== undefined) await putBack(pool, endpoint.operatorId, [oldest]);
      return null;
    }
    await send(turn, oldest, endpoint, 'probe', permit);
    return !turn.isOff;
  }

  return { sendDue, answersAgain };
}

/** Waits for the moment the rate allows the next request, and says when the one after it may go. */
async function paced(turn: { nextSendAt: number }, spacingMs: number): Promise<void> {
  await until(turn.nextSendAt);
  const isOnTime = Date.now() - turn.nextSendAt <= CATCH_UP_MS;
  turn.nextSendAt = (isOnTime ? turn.nextSendAt : Date.now()) + spacingMs;
}

async function until(time: number): Promise<void> {
  const waitMs = time - Date.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}
