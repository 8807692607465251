// When an endpoint counts as down, and when its operator hears of it. Pure: an endpoint's health
// and what happened go in, its new health and whom that concerns come out.
import type { EndpointState } from './endpoints.ts';

/**
 * Failures in a row after which an endpoint is down: its deliveries wait in its queue, one probes
 * it.
 */
export const BREAKER_THRESHOLD = 10;

const HOUR_MS = 3_600_000;
/** An endpoint that did nothing but fail for so long is disabled. */
export const DISABLED_AFTER_MS = 120 * HOUR_MS;
/** The operator is told when an endpoint has done nothing but fail for so long. */
export const TOLD_AFTER_MS: readonly number[] = [1, 24, 72].map((hours) => hours * HOUR_MS);

/**
 * What is kept of how an endpoint fares. `noticesSent`: how many of the times above its operator
 * was told of since `failingSince`.
 */
export type Health = {
  state: EndpointState;
  stateReason: string | null;
  failuresInARow: number;
  failingSince: number | null;
  noticesSent: number;
};

/**
 * What attempts said of their endpoint, in their order: whether one of them succeeded, and how many
 * failed after that.
 */
export type HealthNews = { recovered: boolean; failures: number; disabledBecause: string | null };

export type HealthNotice = 'endpoint.failing' | 'endpoint.disabled';

/**
 * The health after some news. `isTurn`: the breaker opened or closed, or the endpoint was disabled,
 * which its workflow must see.
 */
export type HealthChange = { health: Health; isTurn: boolean; notices: HealthNotice[] };

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

/**
 * News of an endpoint that is paused or disabled counts as well, but switches and tells nothing: it
 * is off already.
 */
export function afterNews(before: Health, news: HealthNews, nowMs: number): HealthChange {
  const kept = news.recovered ? { failuresInARow: 0, failingSince: null, noticesSent: 0 } : before;
  const failuresInARow = kept.failuresInARow + news.failures;
  const failingSince = failuresInARow === 0 ? null : (kept.failingSince ?? nowMs);
  const failingMs = failingSince === null ? 0 : nowMs - failingSince;
  const health = { ...before, failuresInARow, failingSince, noticesSent: kept.noticesSent };
  if (before.state !== 'active') return { health, isTurn: false, notices: [] };

  const isWornOut = news.failures > 0 && failingMs >= DISABLED_AFTER_MS;
  const because =
    news.disabledBecause ??
    (isWornOut ? `nothing but failures for ${DISABLED_AFTER_MS / HOUR_MS} hours` : null);
  if (because !== null) {
    return {
      health: { ...health, state: 'disabled', stateReason: because },
      isTurn: true,
      notices: ['endpoint.disabled'],
    };
  }
  const isTurn = isTripped(before.failuresInARow) !== isTripped(health.failuresInARow);
  const due = TOLD_AFTER_MS.filter((afterMs) => failingMs >= afterMs).length;
  if (due <= kept.noticesSent) return { health, isTurn, notices: [] };
  return { health: { ...health, noticesSent: due }, isTurn, notices: ['endpoint.failing'] };
}

/**
 * An endpoint that a person switches on starts with a clean slate: what failed before does not
 * count against it.
 */
export function switched(before: Health, state: EndpointState): Health {
  if (state === 'active')
    return { state, stateReason: null, failuresInARow: 0, failingSince: null, noticesSent: 0 };
  return { ...before, state, stateReason: 'switched by hand' };
}
