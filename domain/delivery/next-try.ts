// The next try of an unfinished delivery, for people: when it is made, and why then. Pure.
import { conditionOf } from './breaker.ts';
import type { Owner, UnscheduledCause } from './deliveries.ts';
import type { EndpointState } from './endpoints.ts';

/** `nextTurnAt`: when the next turn at its queue begins; null: now, or not before a signal. */
export type AwaitedEndpoint = {
  state: EndpointState;
  stateReason: string | null;
  failuresInARow: number;
  failingSince: Date | null;
  ratePerSecond: number | null;
  nextTurnAt: Date | null;
};

export type Awaited = {
  owner: Owner | null;
  predecessorId: string | null;
  isBeingSent: boolean;
  nextAttemptAt: Date;
  nextCause: UnscheduledCause | null;
  pauseReason: string | null;
  lastError: string | null;
  endpoint: AwaitedEndpoint;
};

/** `at` is in the future, or null: now, when its turn comes, or not before something happens. */
export type NextTry = { at: Date | null; reason: string | null };

const CAUSES = { manual: 'asked for by a person', replay: 'asked for by a replay' } as const;
const WAYS_OUT = { paused: 'resume it', disabled: 'enable it' } as const;

export function nextTry(delivery: Awaited, nowMs: number): NextTry {
  const { owner, predecessorId, isBeingSent, pauseReason, endpoint } = delivery;
  if (owner === null) return { at: null, reason: null };
  if (predecessorId !== null)
    return { at: null, reason: `after ${predecessorId}, an earlier postback about the same conversion` };
  if (isBeingSent || owner === 'batch') return { at: null, reason: 'an attempt is under way' };
  if (pauseReason !== null) return { at: null, reason: `${pauseReason}: resume it` };
  if (endpoint.state !== 'active') {
    const { state, stateReason } = endpoint;
    const because = stateReason === null ? '' : ` (${stateReason})`;
    return { at: null, reason: `the endpoint is ${state}${because}: ${WAYS_OUT[state]}` };
  }
  const turnMs = owner === 'endpoint' ? (endpoint.nextTurnAt?.getTime() ?? 0) : 0;
  const atMs = Math.max(delivery.nextAttemptAt.getTime(), turnMs);
  const isLater = atMs > nowMs;
  return { at: isLater ? new Date(atMs) : null, reason: reasonOf(delivery, isLater) };
}

function reasonOf({ owner, nextCause, lastError, endpoint }: Awaited, isLater: boolean): string {
  const { failingSince, ratePerSecond } = endpoint;
  if (conditionOf(endpoint) === 'down')
    return `the endpoint is down, failing since ${failingSince!.toISOString()}: a probe must succeed first`;
  const because = nextCause !== null ? CAUSES[nextCause] : null;
  if (owner === 'endpoint' && ratePerSecond !== null)
    return joined(because, `in the endpoint's queue, which sends ${ratePerSecond} a second`);
  // Its schedule or a Retry-After: the attempt says which.
  if (isLater)
    return because ?? (lastError === null ? 'by the schedule' : `as its last try, ${lastError}, decided`);
  return joined(because, owner === 'endpoint' ? "in the endpoint's queue, due now" : 'due now');
}

const joined = (because: string | null, place: string): string =>
  because === null ? place : `${because}, ${place}`;
