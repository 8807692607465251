// Retry policy: decides after an attempt whether the postback is delivered, retried at a later
// time, or ended. Pure: schedule, time and random number are parameters.
import { isTripped, type Blame } from './breaker.ts';
import { RETRY_AFTER_AT_MOST_MS, retryAfterMs } from './retry-after.ts';

/** Failure class of an attempt that received no complete answer. */
export type ErrorClass =
  | 'blocked_address'
  | 'dns_error'
  | 'connection_refused'
  | 'connection_reset'
  | 'network_unreachable'
  | 'timeout'
  | 'tls_expired'
  | 'tls_wrong_name'
  | 'tls_self_signed'
  | 'tls_untrusted'
  | 'tls_client_certificate'
  | 'tls_error'
  | 'response_too_large'
  | 'protocol_error'
  | 'request_too_large'
  | 'cancelled'
  | 'local_error';

/**
 * Durations of the phases of an attempt, in whole milliseconds. A kept connection has no DNS, TCP
 * connect or TLS phase. `firstByteMs` counts from the start of the attempt.
 */
export type Phases = { dnsMs?: number; connectMs?: number; tlsMs?: number; firstByteMs?: number };

/**
 * Measurements of an attempt: total duration in whole milliseconds, phases, the address and port
 * called, and how often the request went out, if more than once.
 */
export type Measured = { durationMs: number; phases: Phases; dialled?: string; sends?: number };

/**
 * Result of an attempt. `retryAfter` and `control` are the headers of the receiver as sent.
 * `detail` is for operators and contains no address. `nameIsAbsent` is set for a `dns_error` when
 * the name certainly has no address, by the word of its name servers.
 */
export type AttemptOutcome =
  | ({ kind: 'answered'; status: number; retryAfter?: string; control?: string; excerpt: string } & Measured)
  | ({ kind: 'failed'; errorClass: ErrorClass; detail: string; nameIsAbsent?: true } & Measured);

/**
 * Decision after an attempt. A receiver may accept a postback and still ask for no more:
 * `disableEndpoint`. `reason` states the result briefly, and explains the time of the next try or
 * the absence of one.
 */
export type Decision =
  | { kind: 'delivered'; disableEndpoint: boolean }
  | { kind: 'retry'; delayMs: number; reason: string }
  | { kind: 'give_up'; reason: string }
  | { kind: 'disable_endpoint'; reason: string }
  | { kind: 'abort'; reason: string };

/** Seconds to wait before each try: 10 tries in 75 h 35 m, as Standard Webhooks suggests. */
export const DEFAULT_SCHEDULE_SECONDS: readonly number[] = [
  0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400,
];

const JITTER_SHARE = 0.2;
const JITTER_AT_LEAST_MS = 2000;
const JITTER_AT_MOST_MS = 15 * 60 * 1000;

/**
 * Input of a decision about a finished attempt. `tries` of the postback includes this attempt;
 * `failuresInARow` of the endpoint does not. `random` is in [0, 1).
 */
type Judged = {
  schedule: readonly number[];
  tries: number;
  outcome: AttemptOutcome;
  failuresInARow: number;
  random: number;
  nowMs: number;
};

/**
 * Decides about a finished attempt. Jitter and Retry-After only lengthen the wait: after try 1 of
 * the default schedule the wait is 5 to 7 s without Retry-After.
 */
export function decide({ schedule, tries, outcome, failuresInARow, random, nowMs }: Judged): Decision {
  const control = outcome.kind === 'answered' ? controlOf(outcome.control) : undefined;
  if (isDelivered(outcome)) return { kind: 'delivered', disableEndpoint: control === 'disable' };
  const reason = reasonOf(outcome);
  if (outcome.kind === 'answered') {
    if (outcome.status === 410) return { kind: 'disable_endpoint', reason: `${reason}: gone` };
    if (control === 'disable')
      return { kind: 'disable_endpoint', reason: `${reason}: asked for no more postbacks` };
    if (control === 'abort-message')
      return { kind: 'abort', reason: `${reason}: asked not to get this postback again` };
  }
  const stepSeconds = schedule[tries];
  if (stepSeconds === undefined)
    return { kind: 'give_up', reason: `${reason}; no try left of ${schedule.length}` };
  const stepMs = stepSeconds * 1000;
  const floorMs = Math.max(stepMs, askedWaitMs(outcome, nowMs));
  const jitterMs = Math.floor(jitterBoundMs(stepMs) * random);
  const delayMs = floorMs + jitterMs;
  const step = `step ${tries + 1} of ${schedule.length} of the schedule`;
  const cause = floorMs === stepMs ? step : retryAfterText(outcome, floorMs);
  const jitter = jitterMs === 0 ? '' : `, ${waitText(floorMs)} and jitter`;
  const isNowDown = blamesEndpoint(outcome) && isTripped(failuresInARow + 1);
  const probe = isNowDown ? '; the endpoint is down, so a probe must succeed first' : '';
  return {
    kind: 'retry',
    delayMs,
    reason: `${reason}; next in ${waitText(delayMs)}: ${cause}${jitter}${probe}`,
  };
}

function retryAfterText(outcome: AttemptOutcome, waitMs: number): string {
  const header = outcome.kind === 'answered' ? outcome.retryAfter?.trim() : undefined;
  return `the answer's Retry-After: ${header}${waitMs === RETRY_AFTER_AT_MOST_MS ? ' (at most 24 h)' : ''}`;
}

/**
 * Reason of a delivery held without a time for its next try: the endpoint is down, and a probe
 * failed. The failed probe costs no try.
 */
export function probeFailedReason(outcome: AttemptOutcome): string {
  return `${reasonOf(outcome)}; the endpoint is down: held until a probe succeeds`;
}

/** A wait in its two largest units, rounded down: `5 s`, `2 h 7 min`; below a second `200 ms`. */
function waitText(ms: number): string {
  if (ms < 1000) return `${Math.floor(ms)} ms`;
  const seconds = Math.floor(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

/** Returns true only for a 2xx answer. */
export function isDelivered(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
}

/** Short text of an attempt for people: `503 after 120 ms`, `timeout after 15000 ms`. */
export function reasonOf(outcome: AttemptOutcome): string {
  const what = outcome.kind === 'answered' ? outcome.status : outcome.errorClass;
  return `${what} after ${outcome.durationMs} ms`;
}

/**
 * Error class of an attempt in at most 64 characters: `http_503`, `timeout`. Null when the postback
 * was delivered.
 */
export function errorClassOf(outcome: AttemptOutcome): string | null {
  if (isDelivered(outcome)) return null;
  if (outcome.kind === 'failed') return outcome.errorClass;
  return controlOf(outcome.control) === 'abort-message' ? 'aborted_by_receiver' : `http_${outcome.status}`;
}

/** Failures without an answer that do not blame the endpoint by themselves. */
const BLAMED: Readonly<Partial<Record<ErrorClass, Blame>>> = {
  blocked_address: 'postback',
  request_too_large: 'postback',
  dns_error: 'name_servers',
  cancelled: 'us',
  local_error: 'us',
};

/** Whom a failed attempt blames. Not for a delivered one. */
export function blameOf(outcome: AttemptOutcome): Blame {
  if (outcome.kind === 'failed')
    return outcome.nameIsAbsent ? 'postback' : (BLAMED[outcome.errorClass] ?? 'endpoint');
  return outcome.status === 429 || outcome.status >= 500 ? 'endpoint' : 'postback';
}

/** Returns true when the circuit breaker counts this failure against the endpoint. */
export function blamesEndpoint(outcome: AttemptOutcome): boolean {
  return blameOf(outcome) === 'endpoint';
}

/**
 * The command in the `webhook-delivery` header of the receiver, in upper or lower case. Unknown
 * commands are ignored.
 */
function controlOf(header: string | undefined): 'disable' | 'abort-message' | undefined {
  const word = header?.trim().toLowerCase();
  return word === 'disable' || word === 'abort-message' ? word : undefined;
}

/**
 * Upper bound of the jitter in milliseconds, so that retries to a receiver spread out in time.
 * Steps of a second or more: 20 % of the step, at least 2 s and at most 15 min. Shorter steps: 20
 * %.
 */
function jitterBoundMs(stepMs: number): number {
  const share = stepMs * JITTER_SHARE;
  return stepMs < 1000 ? share : Math.min(Math.max(share, JITTER_AT_LEAST_MS), JITTER_AT_MOST_MS);
}

/**
 * Wait that the receiver asked for with Retry-After, on any answer but a 2xx, in milliseconds. 0
 * without a valid one.
 */
export function askedWaitMs(outcome: AttemptOutcome, nowMs: number): number {
  if (outcome.kind !== 'answered' || outcome.retryAfter === undefined || isDelivered(outcome)) return 0;
  return retryAfterMs(outcome.retryAfter, nowMs) ?? 0;
}
