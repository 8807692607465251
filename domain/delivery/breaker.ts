// Circuit breaker of an endpoint: derives the condition, and computes health, state and notices
// from successes and failures. Pure.
import type { EndpointState } from './endpoints.ts';

/**
 * Consecutive failures after which an endpoint is down. Its deliveries then wait in the queue of
 * the endpoint, and a single delivery probes the endpoint.
 */
export const BREAKER_THRESHOLD = 10;

const HOUR_MS = 3_600_000;
/** Time with nothing but failures after which an endpoint is disabled. */
const DISABLED_AFTER_MS = 120 * HOUR_MS;
/** Times with nothing but failures after which the operator is notified. */
const TOLD_AFTER_MS: readonly number[] = [1, 24, 72].map((hours) => hours * HOUR_MS);

/** The stored health of an endpoint. `noticesSent` counts the notices sent since `failingSince`. */
export type Health = {
  state: EndpointState;
  stateReason: string | null;
  failuresInARow: number;
  failingSince: number | null;
  noticesSent: number;
};

/**
 * Outcomes of attempts that concern the endpoint. `recovered`: an attempt succeeded. `failures`
 * counts the failures after the last success.
 */
export type HealthEvents = { recovered: boolean; failures: number; disabledBecause: string | null };

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
 * Applies events to the health of an endpoint. For an endpoint that is off, events change only the
 * counts and cause no notices.
 */
export function afterHealthEvents(before: Health, events: HealthEvents, nowMs: number): HealthChange {
  const kept = events.recovered ? { failuresInARow: 0, failingSince: null, noticesSent: 0 } : before;
  const failuresInARow = kept.failuresInARow + events.failures;
  const failingSince = failuresInARow === 0 ? null : (kept.failingSince ?? nowMs);
  const failingMs = failingSince === null ? 0 : nowMs - failingSince;
  const health = { ...before, failuresInARow, failingSince, noticesSent: kept.noticesSent };
  if (before.state !== 'active') return { health, stateChanged: false, notices: [] };

  const hasOnlyFailed = events.failures > 0 && failingMs >= DISABLED_AFTER_MS;
  const because =
    events.disabledBecause ??
    (hasOnlyFailed ? `nothing but failures for ${DISABLED_AFTER_MS / HOUR_MS} hours` : null);
  if (because !== null) {
    return {
      health: { ...health, state: 'disabled', stateReason: because },
      stateChanged: true,
      notices: ['endpoint.disabled'],
    };
  }
  const stateChanged = isTripped(before.failuresInARow) !== isTripped(health.failuresInARow);
  const due = TOLD_AFTER_MS.filter((afterMs) => failingMs >= afterMs).length;
  if (due <= kept.noticesSent) return { health, stateChanged, notices: [] };
  return { health: { ...health, noticesSent: due }, stateChanged, notices: ['endpoint.failing'] };
}

/**
 * Health after a person switched the endpoint. Switching an endpoint to active resets its failures.
 */
export function switched(before: Health, state: EndpointState): Health {
  if (state === 'active')
    return { state, stateReason: null, failuresInARow: 0, failingSince: null, noticesSent: 0 };
  return { ...before, state, stateReason: 'switched by hand' };
}
