// Health of an endpoint: its circuit breaker and condition, and what attempts change of its health,
// its state and the notices about it. Pure.
import type { EndpointState } from './endpoints.ts';

/**
 * Consecutive failures after which an endpoint is down. Its deliveries then wait in the queue of
 * the endpoint, and a single delivery probes the endpoint.
 */
export const BREAKER_THRESHOLD = 10;

/**
 * Different conversions that failed, with nothing delivered between, after which an endpoint is
 * failing whatever it answers. One refusal is about its click, and a few may be about old clicks of
 * one day; of an endpoint that accepts nine postbacks of ten, one row of five in 100,000 fails.
 */
export const FAILING_AFTER_CONVERSIONS = 5;

const HOUR_MS = 3_600_000;
/** Time with nothing but failures after which an endpoint is disabled. */
const DISABLED_AFTER_MS = 120 * HOUR_MS;
/** Times with nothing but failures after which the operator is notified. */
const TOLD_AFTER_MS: readonly number[] = [1, 24, 72].map((hours) => hours * HOUR_MS);

/**
 * Whom a failed attempt blames. `endpoint`: the failure alone says that the endpoint does not work.
 * `postback`: it may concern this one postback, so only several say something about the endpoint: a
 * 404 for a click id, a redirect, no such name. `name_servers`: nobody answered the look-up, which
 * may be the fault of our own name servers, so that it never disables the endpoint. `us`: it says
 * nothing about the endpoint.
 */
export const BLAMES = ['endpoint', 'postback', 'name_servers', 'us'] as const;
export type Blame = (typeof BLAMES)[number];

/**
 * The stored health of an endpoint. `failuresInARow` is the count of the breaker. `failedAbout`
 * names what failed since the last delivery, at most `FAILING_AFTER_CONVERSIONS` conversions, and
 * `lastError` is the error class of the latest of them. `noticesSent` counts the notices sent since
 * `failingSince`.
 */
export type Health = {
  state: EndpointState;
  stateReason: string | null;
  failuresInARow: number;
  failingSince: number | null;
  failedAbout: readonly string[];
  lastError: string | null;
  noticesSent: number;
};

/** Health of an endpoint of which nothing is known, or which has just delivered. */
export const SOUND = {
  failuresInARow: 0,
  failingSince: null,
  failedAbout: [],
  lastError: null,
  noticesSent: 0,
} as const satisfies Partial<Health>;

/**
 * What an attempt says about its endpoint. `answered`: an endpoint that was down answers again,
 * though it refused the postback. `aboutId` of a failure is the conversion of its postback.
 */
export type HealthEvent =
  | { kind: 'delivered' }
  | { kind: 'answered' }
  | { kind: 'failed'; blame: Exclude<Blame, 'us'>; aboutId: string; error: string }
  | { kind: 'unwanted'; because: string };

export type HealthNotice = 'endpoint.failing' | 'endpoint.disabled';

/**
 * Health after events. `stateChanged`: the breaker tripped or closed, or the endpoint was disabled;
 * the workflow of the endpoint must run.
 */
type HealthChange = { health: Health; stateChanged: boolean; notices: HealthNotice[] };

/**
 * Returns true when so many consecutive failures trip the breaker, regardless of the state of the
 * endpoint.
 */
export function isTripped(failuresInARow: number): boolean {
  return failuresInARow >= BREAKER_THRESHOLD;
}

/**
 * `up`: no failure since the last success. `failing`: some failures. `down`: the breaker tripped.
 * `off`: the endpoint is paused, disabled or deleted. Deliveries are sent to endpoints that are up
 * or failing. Deliveries planned for an endpoint that is not `up` count as held.
 * store/delivery/endpoint-condition.ts has the same rule in SQL.
 */
export const CONDITIONS = ['up', 'failing', 'down', 'off'] as const;
export type Condition = (typeof CONDITIONS)[number];

/**
 * Condition of an endpoint. Every decision whether to send to an endpoint starts from its
 * condition.
 */
export function conditionOf(endpoint: {
  state: EndpointState;
  failuresInARow: number;
  failingSince: Date | number | null;
}): Condition {
  if (endpoint.state !== 'active') return 'off';
  if (isTripped(endpoint.failuresInARow)) return 'down';
  return endpoint.failingSince === null ? 'up' : 'failing';
}

/**
 * Returns true when the owner of a delivery may send it at once. Otherwise the queue of the
 * endpoint decides when to send, at no cost in tries: the endpoint is off or down, or has a rate
 * limit that its single workflow enforces.
 */
export function isSentDirectly(
  endpoint: Parameters<typeof conditionOf>[0] & { ratePerSecond: number | null },
): boolean {
  const condition = conditionOf(endpoint);
  return endpoint.ratePerSecond === null && (condition === 'up' || condition === 'failing');
}

/**
 * Applies the events of attempts to the health of an endpoint, in their order. For an endpoint that
 * is off, events change only the counts and cause no notices.
 */
export function afterHealthEvents(
  before: Health,
  events: readonly HealthEvent[],
  nowMs: number,
): HealthChange {
  const health = events.reduce((now, event) => afterEvent(now, event, nowMs), before);
  if (before.state !== 'active') return { health, stateChanged: false, notices: [] };
  const because = disabledBecause(health, events, nowMs);
  if (because !== null) {
    return {
      health: { ...health, state: 'disabled', stateReason: because },
      stateChanged: true,
      notices: ['endpoint.disabled'],
    };
  }
  const stateChanged = isTripped(before.failuresInARow) !== isTripped(health.failuresInARow);
  const failingMs = failingMsOf(health, nowMs);
  const due = TOLD_AFTER_MS.filter((afterMs) => failingMs >= afterMs).length;
  const isTold = due > health.noticesSent && events.some((event) => isEvidence(health, event));
  if (!isTold) return { health, stateChanged, notices: [] };
  return { health: { ...health, noticesSent: due }, stateChanged, notices: ['endpoint.failing'] };
}

function afterEvent(health: Health, event: HealthEvent, nowMs: number): Health {
  switch (event.kind) {
    case 'delivered':
      return { ...health, ...SOUND };
    case 'answered': {
      // It works, so what it failed with before is no evidence; what it refuses may still be.
      const isFailing = health.failedAbout.length >= FAILING_AFTER_CONVERSIONS;
      const { failingSince, noticesSent } = isFailing ? health : SOUND;
      return { ...health, failuresInARow: 0, failingSince, noticesSent };
    }
    case 'failed': {
      const { failedAbout } = health;
      const isNew = failedAbout.length < FAILING_AFTER_CONVERSIONS && !failedAbout.includes(event.aboutId);
      const after = {
        ...health,
        failuresInARow: health.failuresInARow + (event.blame === 'endpoint' ? 1 : 0),
        failedAbout: isNew ? [...failedAbout, event.aboutId] : failedAbout,
        lastError: event.error,
      };
      return isEvidence(after, event) ? { ...after, failingSince: health.failingSince ?? nowMs } : after;
    }
    case 'unwanted':
      return health;
  }
}

/**
 * Whether a failure says that the endpoint does nothing but fail: alone, as every other postback
 * needs the same server and the same name, or with those of other conversions.
 */
function isEvidence({ failedAbout }: Health, event: HealthEvent): boolean {
  if (event.kind !== 'failed') return false;
  return event.blame !== 'postback' || failedAbout.length >= FAILING_AFTER_CONVERSIONS;
}

/** Returns true when there is nothing to write. */
export function isSameHealth(one: Health, other: Health): boolean {
  const fields = Object.keys(SOUND) as (keyof typeof SOUND)[];
  return one.state === other.state && fields.every((field) => String(one[field]) === String(other[field]));
}

function failingMsOf({ failingSince }: Health, nowMs: number): number {
  return failingSince === null ? 0 : nowMs - failingSince;
}

/**
 * Why an endpoint is to be disabled, or null. Name servers that stay silent disable nothing: if
 * they were ours, every endpoint would be disabled.
 */
function disabledBecause(health: Health, events: readonly HealthEvent[], nowMs: number): string | null {
  const asked = events.findLast((event) => event.kind === 'unwanted');
  if (asked) return asked.because;
  const isCertain = events.some(
    (event) => isEvidence(health, event) && event.kind === 'failed' && event.blame !== 'name_servers',
  );
  return isCertain && failingMsOf(health, nowMs) >= DISABLED_AFTER_MS
    ? `nothing but failures for ${DISABLED_AFTER_MS / HOUR_MS} hours`
    : null;
}

/**
 * Health after a person switched the endpoint. Switching an endpoint to active resets its failures.
 */
export function switched(before: Health, state: EndpointState, reason = 'switched by hand'): Health {
  if (state === 'active') return { ...SOUND, state, stateReason: null };
  return { ...before, state, stateReason: reason };
}
