// Retry rules: schedule, jitter, Retry-After, the control header, and failures that count against
// the endpoint.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  DEFAULT_SCHEDULE_SECONDS,
  askedWaitMs,
  decide,
  errorClassOf,
  probeFailedReason,
  reasonOf,
} from '../../../domain/delivery/retry.ts';
import type { Decision, ErrorClass, AttemptOutcome } from '../../../domain/delivery/retry.ts';

const NOW_MS = Date.parse('2026-11-22T10:00:00Z');
const HOUR_MS = 3_600_000;

function answered(status: number, headers: { retryAfter?: string; control?: string } = {}): AttemptOutcome {
  return { kind: 'answered', status, ...headers, excerpt: '', durationMs: 120, phases: {} };
}

function failed(errorClass: ErrorClass): AttemptOutcome {
  return { kind: 'failed', errorClass, detail: '', durationMs: 15_000, phases: {} };
}

function after(
  outcome: AttemptOutcome,
  { tries = 1, random = 0, schedule = DEFAULT_SCHEDULE_SECONDS, failuresInARow = 0 } = {},
): Decision {
  return decide({ schedule, tries, outcome, failuresInARow, random, nowMs: NOW_MS });
}

function reasonAfter(...attempt: Parameters<typeof after>): string | null {
  const decision = after(...attempt);
  return 'reason' in decision ? decision.reason : null;
}

function delayMs(decision: Decision): number {
  assert.equal(decision.kind, 'retry');
  return decision.kind === 'retry' ? decision.delayMs : Number.NaN;
}

test('the default schedule is ten tries in 75 h 35 m', () => {
  assert.equal(DEFAULT_SCHEDULE_SECONDS.length, 10);
  assert.equal(
    DEFAULT_SCHEDULE_SECONDS.reduce((sum, step) => sum + step, 0),
    75 * 3600 + 35 * 60 + 5,
  );
});

test('only a 2xx counts as delivered', () => {
  for (const status of [200, 201, 204, 299])
    assert.deepEqual(after(answered(status)), { kind: 'delivered', disableEndpoint: false });
  for (const status of [301, 302, 307, 308, 400, 401, 404, 408, 425, 429, 500, 503, 999])
    assert.equal(after(answered(status)).kind, 'retry');
});

test('the wait before each try follows the schedule, until no try is left', () => {
  for (const [tries, step] of DEFAULT_SCHEDULE_SECONDS.entries()) {
    if (tries > 0) assert.equal(delayMs(after(answered(500), { tries })), step * 1000);
  }
  assert.deepEqual(after(answered(503), { tries: 10 }), {
    kind: 'give_up',
    reason: '503 after 120 ms; no try left of 10',
  });
  assert.equal(after(failed('timeout'), { tries: 11 }).kind, 'give_up');
  assert.equal(after(failed('timeout'), { schedule: [0] }).kind, 'give_up');
});

const JITTER: [string, number, number][] = [
  ['5 s gets the 2 s that keep receivers apart', 5, 2000],
  ['1 s gets 2 s', 1, 2000],
  ['5 min gets a fifth', 300, 60_000],
  ['24 h gets 15 min', 86_400, 900_000],
  ['100 ms of a test gets a fifth', 0.1, 20],
  ['no wait gets none', 0, 0],
];
for (const [title, step, boundMs] of JITTER) {
  test(`jitter at most: ${title}`, () => {
    const schedule = [0, step];
    assert.equal(delayMs(after(answered(500), { schedule })), step * 1000);
    assert.equal(delayMs(after(answered(500), { schedule, random: 0.5 })), step * 1000 + boundMs / 2);
    assert.ok(delayMs(after(answered(500), { schedule, random: 0.999_999 })) <= step * 1000 + boundMs);
  });
}

test('jitter never makes a wait shorter than its step or than Retry-After', () => {
  const seconds = fc.integer({ min: 0, max: 200_000 });
  fc.assert(
    fc.property(
      seconds,
      seconds,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (step, asked, random) => {
        const wait = delayMs(
          after(answered(429, { retryAfter: `${asked}` }), { schedule: [0, step], random }),
        );
        const floor = Math.max(step * 1000, Math.min(asked * 1000, 24 * HOUR_MS));
        assert.ok(wait >= floor && wait <= floor + 15 * 60_000 && Number.isInteger(wait));
      },
    ),
  );
});

test('Retry-After is a minimum on every answer that is tried again', () => {
  const asked = { retryAfter: '3600' };
  for (const status of [301, 307, 400, 403, 404, 425, 429, 500, 502, 503])
    assert.equal(delayMs(after(answered(status, asked))), HOUR_MS, `${status}`);
  assert.equal(delayMs(after(answered(429, { retryAfter: '1' }), { tries: 2 })), 300_000);
  assert.equal(delayMs(after(answered(429, { retryAfter: '172800' }))), 24 * HOUR_MS);
});

test('Retry-After asks for nothing on an answer that takes the postback', () => {
  assert.equal(askedWaitMs(answered(200, { retryAfter: '3600' }), NOW_MS), 0);
});

test('retry rules obey 410 and the control header', () => {
  assert.equal(after(answered(410)).kind, 'disable_endpoint');
  assert.equal(after(answered(500, { control: 'disable' })).kind, 'disable_endpoint');
  assert.equal(after(answered(500, { control: ' Abort-Message ' })).kind, 'abort');
  assert.equal(after(answered(500, { control: 'constructor' })).kind, 'retry');
  assert.deepEqual(after(answered(200, { control: 'disable' })), {
    kind: 'delivered',
    disableEndpoint: true,
  });
  assert.deepEqual(after(answered(200, { control: 'abort-message' })), {
    kind: 'delivered',
    disableEndpoint: false,
  });
  assert.equal(after(answered(410), { tries: 10 }).kind, 'disable_endpoint');
});

const REASONS: [string, string | null, Parameters<typeof after>][] = [
  [
    'the schedule’s step',
    '503 after 120 ms; next in 2 h: step 5 of 10 of the schedule',
    [answered(503), { tries: 4 }],
  ],
  [
    'the schedule’s step and jitter',
    'timeout after 15000 ms; next in 2 h 7 min: step 5 of 10 of the schedule, 2 h and jitter',
    [failed('timeout'), { tries: 4, random: 0.5 }],
  ],
  [
    'a short step',
    '500 after 120 ms; next in 6 s: step 2 of 10 of the schedule, 5 s and jitter',
    [answered(500), { random: 0.5 }],
  ],
  [
    'a step below a second',
    '500 after 120 ms; next in 200 ms: step 2 of 2 of the schedule',
    [answered(500), { schedule: [0, 0.2] }],
  ],
  [
    'a Retry-After that is later than the step',
    "429 after 120 ms; next in 1 h: the answer's Retry-After: 3600",
    [answered(429, { retryAfter: ' 3600 ' })],
  ],
  [
    'a Retry-After as a date, and jitter',
    "503 after 120 ms; next in 1 min 1 s: the answer's Retry-After: Sun, 22 Nov 2026 10:01:00 GMT, 1 min and jitter",
    [answered(503, { retryAfter: 'Sun, 22 Nov 2026 10:01:00 GMT' }), { random: 0.5 }],
  ],
  [
    'a Retry-After of more than a day',
    "503 after 120 ms; next in 24 h: the answer's Retry-After: 172800 (at most 24 h)",
    [answered(503, { retryAfter: '172800' })],
  ],
  [
    'the step, where Retry-After is earlier',
    '503 after 120 ms; next in 5 min: step 3 of 10 of the schedule',
    [answered(503, { retryAfter: '60' }), { tries: 2 }],
  ],
  [
    'an endpoint that this failure takes down',
    '500 after 120 ms; next in 5 s: step 2 of 10 of the schedule; the endpoint is down, so a probe must succeed first',
    [answered(500), { failuresInARow: 9 }],
  ],
  [
    'a refusal of one postback, which takes nothing down',
    '404 after 120 ms; next in 5 s: step 2 of 10 of the schedule',
    [answered(404), { failuresInARow: 9 }],
  ],
  ['the end of the schedule', '503 after 120 ms; no try left of 10', [answered(503), { tries: 10 }]],
  ['a 410', '410 after 120 ms: gone', [answered(410)]],
  [
    'a receiver that wants no more',
    '500 after 120 ms: asked for no more postbacks',
    [answered(500, { control: 'disable' })],
  ],
  [
    'a receiver that wants this one no more',
    '500 after 120 ms: asked not to get this postback again',
    [answered(500, { control: 'abort-message' })],
  ],
  ['a delivery, which needs none', null, [answered(200)]],
];
for (const [title, reason, attempt] of REASONS) {
  test(`the reason for the time of the next try: ${title}`, () =>
    assert.equal(reasonAfter(...attempt), reason));
}

test('the reason for the time of the next try: a failed probe', () => {
  const reason = '503 after 120 ms; the endpoint is down: held until a probe succeeds';
  assert.equal(probeFailedReason(answered(503)), reason);
});

test('an attempt is described in a few words', () => {
  assert.equal(reasonOf(answered(503)), '503 after 120 ms');
  assert.equal(reasonOf(failed('timeout')), 'timeout after 15000 ms');
  assert.equal(errorClassOf(answered(204)), null);
  assert.equal(errorClassOf(answered(503)), 'http_503');
  assert.equal(errorClassOf(answered(400, { control: 'abort-message' })), 'aborted_by_receiver');
  assert.equal(errorClassOf(failed('tls_error')), 'tls_error');
});
