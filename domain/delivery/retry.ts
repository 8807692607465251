// Decides what comes after an attempt: delivered, another try and when, or no more tries. Pure:
// schedule, time and random number are parameters.
import { isTripped } from './breaker.ts';

/** The failure of an attempt without a complete answer. */
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
  | 'tls_error'
  | 'response_too_large'
  | 'protocol_error'
  | 'request_too_large'
  | 'cancelled'
  | 'local_error';

/**
 * How long the parts of an attempt took, in whole milliseconds. A kept connection needs no look-up,
 * no connecting (TCP) and no TLS; the first byte is counted from the start of the attempt.
 */
export type Phases = { dnsMs?: number; connectMs?: number; tlsMs?: number; firstByteMs?: number };

/**
 * Measurements of an attempt: its length in whole milliseconds, its parts, and the address and port
 * called.
 */
export type Measured = { durationMs: number; phases: Phases; dialled?: string };

/**
 * How an attempt ended. `retryAfter` and `control` are the receiver's headers as sent; `detail` is
 * for ops and names no address.
 */
export type AttemptOutcome =
  | ({ kind: 'answered'; status: number; retryAfter?: string; control?: string; excerpt: string } & Measured)
  | ({ kind: 'failed'; errorClass: ErrorClass; detail: string } & Measured);

/**
 * The decision after an attempt. A delivered postback's answer may still ask for no more:
 * `disableEndpoint`. `reason` says briefly what happened, and why the next try is when it is or why
 * there is none.
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
const RETRY_AFTER_AT_MOST_MS = 24 * 60 * 60 * 1000;

/**
 * An attempt that ended. `tries` of its postback counts it too; `failuresInARow` of its endpoint
 * does not. `random` is from 0 up to 1.
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
 * Decides what comes after an attempt. Jitter and Retry-After only ever make the wait longer: after
 * try 1 it is 5 to 7 s.
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

/** Why the next try has no time: the endpoint is down, and a probe failed that cost no try. */
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

/** Only a 2xx is delivered. */
export function isDelivered(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
}

/** The attempt in a few words, for people: `503 after 120 ms`, `timeout after 15000 ms`. */
export function reasonOf(outcome: AttemptOutcome): string {
  const what = outcome.kind === 'answered' ? outcome.status : outcome.errorClass;
  return `${what} after ${outcome.durationMs} ms`;
}

/**
 * The attempt's error in one word of at most 64 characters: `http_503`, `timeout`; null when it was
 * delivered.
 */
export function errorClassOf(outcome: AttemptOutcome): string | null {
  if (isDelivered(outcome)) return null;
  if (outcome.kind === 'failed') return outcome.errorClass;
  return controlOf(outcome.control) === 'abort-message' ? 'aborted_by_receiver' : `http_${outcome.status}`;
}

/**
 * Whether a failure says something about the endpoint as a whole, so that a breaker should count
 * it. A 404 is about one click id; our DNS, our guard, our shutdown are about us.
 */
export function blamesEndpoint(outcome: AttemptOutcome): boolean {
  if (outcome.kind === 'answered') return outcome.status === 429 || outcome.status >= 500;
  return !OUR_OWN.has(outcome.errorClass);
}

const OUR_OWN: ReadonlySet<ErrorClass> = new Set<ErrorClass>([
  'blocked_address',
  'dns_error',
  'request_too_large',
  'cancelled',
  'local_error',
]);

/**
 * The receiver's word in its `webhook-delivery` header, in any case; anything else it might say
 * there is ignored.
 */
function controlOf(header: string | undefined): 'disable' | 'abort-message' | undefined {
  const word = header?.trim().toLowerCase();
  return word === 'disable' || word === 'abort-message' ? word : undefined;
}

/**
 * At most 20 % of the step, and for steps of a second or more between 2 s and 15 min, so that
 * receivers are not called in step.
 */
function jitterBoundMs(stepMs: number): number {
  const share = stepMs * JITTER_SHARE;
  return stepMs < 1000 ? share : Math.min(Math.max(share, JITTER_AT_LEAST_MS), JITTER_AT_MOST_MS);
}

/** How long the receiver asked for no more requests, in milliseconds; 0 where it did not. */
export function askedWaitMs(outcome: AttemptOutcome, nowMs: number): number {
  if (outcome.kind !== 'answered' || (outcome.status !== 429 && outcome.status !== 503)) return 0;
  return outcome.retryAfter === undefined ? 0 : (retryAfterMs(outcome.retryAfter, nowMs) ?? 0);
}

const SECONDS = /^\d{1,15}(\.\d{1,9})?$/;
/** An HTTP date as it should be sent. Date.parse alone would take `1` for the year 2001. */
const HTTP_DATE = /^[a-z]{3}, \d{1,2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} (gmt|utc|[+-]\d{4})$/i;

/**
 * The wait that a Retry-After header asks for in milliseconds, at most 24 h; undefined when it is
 * garbage or in the past.
 */
export function retryAfterMs(header: string, nowMs: number): number | undefined {
  const text = header.trim();
  let waitMs = Number.NaN;
  if (SECONDS.test(text)) waitMs = Math.ceil(Number(text) * 1000);
  else if (HTTP_DATE.test(text)) waitMs = Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, RETRY_AFTER_AT_MOST_MS) : undefined;
}
