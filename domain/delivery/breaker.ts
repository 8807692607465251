// When an endpoint counts as down, and when its operator hears of it. Pure: an endpoint's health and what happened go in, its new health and
// whom that concerns come out.

/** Failures in a row after which an endpoint is taken to be down: its postbacks wait in its queue and one at a time probes it. */
export const FAILURES_THAT_OPEN = 10;

const HOUR_MS = 3_600_000;
/** An endpoint that did nothing but fail for so long is disabled. */
export const DISABLED_AFTER_MS = 120 * HOUR_MS;
/** The operator is told when an endpoint has done nothing but fail for so long. */
export const TOLD_AFTER_MS: readonly number[] = [1, 24, 72].map((hours) => hours * HOUR_MS);

export type EndpointState = 'active' | 'paused' | 'disabled';

/** What is kept of how an endpoint fares. `noticesSent`: how many of the times above its operator was told of since `failingSince`. */
export type Health = {
  state: EndpointState;
  stateReason: string | null;
  failuresInARow: number;
  failingSince: number | null;
  noticesSent: number;
};

/** What attempts said of their endpoint, in their order: whether one of them succeeded, and how many failed after that. */
export type HealthNews = { recovered: boolean; failures: number; disabledBecause: string | null };

export type HealthNotice = 'endpoint.failing' | 'endpoint.disabled';

/** The health after some news. `isTurn`: the breaker opened or closed, or the endpoint was disabled, which its workflow must see. */
export type HealthChange = { health: Health; isTurn: boolean; notices: HealthNotice[] };

export function isDown({ failuresInARow }: Pick<Health, 'failuresInARow'>): boolean {
  return failuresInARow >= FAILURES_THAT_OPEN;
}

/**
 * Whether a postback may be sent to an endpoint by whoever holds it. Otherwise its queue decides when, and being refused costs it no try:
 * the endpoint is off, it is down and probed by one postback at a time, or its rate is kept by its one workflow.
 */
export function takesDirectly(
  endpoint: Pick<Health, 'state' | 'failuresInARow'> & { ratePerSecond: number | null },
): boolean {
  return endpoint.state === 'active' && endpoint.ratePerSecond === null && !isDown(endpoint);
}

/** News of an endpoint that is paused or disabled counts as well, but switches and tells nothing: it is off already. */
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
  const isTurn = isDown(before) !== isDown(health);
  const due = TOLD_AFTER_MS.filter((afterMs) => failingMs >= afterMs).length;
  if (due <= kept.noticesSent) return { health, isTurn, notices: [] };
  return { health: { ...health, noticesSent: due }, isTurn, notices: ['endpoint.failing'] };
}

/** An endpoint that a person switches on starts with a clean slate: what failed before does not count against it. */
export function switched(before: Health, state: EndpointState): Health {
  if (state === 'active')
    return { state, stateReason: null, failuresInARow: 0, failingSince: null, noticesSent: 0 };
  return { ...before, state, stateReason: 'switched by hand' };
}
