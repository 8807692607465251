// The circuit breaker of an endpoint: its condition, and the health, state and notices that follow
// from successes and failures. Pure.
import type { EndpointState } from './endpoints.ts';

/**
 * Failures in a row after which an endpoint is down: its deliveries wait in its queue, one probes
 * it.
 */
export const BREAKER_THRESHOLD = 10;

const HOUR_MS = 3_600_000;
/** An endpoint that has only failed for so long is disabled. */
const DISABLED_AFTER_MS = 120 * HOUR_MS;
/** The operator is notified when an endpoint has only failed for so long. */
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
 * Outcomes of attempts that concern their endpoint: whether one succeeded, and failures after it.
 */
export type HealthEvents = { recovered: boolean; failures: number; disabledBecause: string | null };

export type HealthNotice = 'endpoint.failing' | 'endpoint.disabled';

/**
 * Health after such events. `stateChanged`: the breaker tripped or closed, or the endpoint was
 * disabled, so its workflow must run.
 */
type HealthChange = { health: Health; stateChanged: boolean; notices: HealthNotice[] };

/**
 * Whether so many failures in a row are enough for the breaker, regardless of the endpoint's state.
 */
export function isTripped(failuresInARow: number): boolean {
  return failuresInARow >= BREAKER_THRESHOLD;
}

/**
 * `up`: no failure since the last success. `failing`: some. `down`: the breaker tripped. `off`:
 * paused or disabled, which a deleted endpoint is too. Deliveries go out to endpoints that are up
 * or failing; what is planned for any but `up` counts as held. The same in SQL:
 * store/delivery/endpoint-condition.ts.
 */
export const CONDITIONS = ['up', 'failing', 'down', 'off'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** May this endpoint be sent to? Every decision about that starts from its condition. */
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
 * Whether the owner of a delivery may send it at once. Otherwise the endpoint's queue decides when,
 * which costs the delivery no try: the endpoint is off or down, or its one workflow keeps its rate.
 */
export function isSentDirectly(
  endpoint: Parameters<typeof conditionOf>[0] & { ratePerSecond: number | null },
): boolean {
  const condition = conditionOf(endpoint);
  return endpoint.ratePerSecond === null && (condition === 'up' || condition === 'failing');
}

/** Judges events. Of an endpoint that is off they change the counts only, with no notices. */
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

/** Health after a person switched the endpoint. Switched on, it forgets its failures. */
export function switched(before: Health, state: EndpointState): Health {
  if (state === 'active')
    return { state, stateReason: null, failuresInARow: 0, failingSince: null, noticesSent: 0 };
  return { ...before, state, stateReason: 'switched by hand' };
}
