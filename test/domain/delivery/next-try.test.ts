// The next try of an unfinished delivery: a time in the future or none, and the reason.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { nextTry, type Awaited, type AwaitedEndpoint } from '../../../domain/delivery/next-try.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const at = (minutes: number) => new Date(NOW + minutes * 60_000);
const UP: AwaitedEndpoint = {
  state: 'active',
  stateReason: null,
  failuresInARow: 0,
  failingSince: null,
  ratePerSecond: null,
  nextTurnAt: null,
};
const DOWN = { ...UP, failuresInARow: 10, failingSince: at(-60), nextTurnAt: at(5) };
const QUEUED: Awaited = {
  owner: 'endpoint',
  predecessorId: null,
  isBeingSent: false,
  nextAttemptAt: at(-30),
  nextCause: null,
  pauseReason: null,
  lastError: 'http_503',
  endpoint: UP,
};

const CASES: [string, Partial<Awaited>, Date | null, RegExp | null][] = [
  ['is finished', { owner: null }, null, null],
  ['waits for another', { owner: 'predecessor', predecessorId: 'dlv_1' }, null, /^after dlv_1, /],
  ['is being sent', { isBeingSent: true, nextAttemptAt: at(5) }, null, /^an attempt is under way$/],
  ['is of a batch', { owner: 'batch' }, null, /^an attempt is under way$/],
  [
    'is paused',
    { owner: 'self', pauseReason: 'paused over the API' },
    null,
    /^paused over the API: resume it$/,
  ],
  ['is held by a pause', { endpoint: { ...UP, state: 'paused' } }, null, /is paused: resume it$/],
  [
    'is held by a 410',
    { endpoint: { ...UP, state: 'disabled', stateReason: '410' } },
    null,
    /disabled \(410\): enable it$/,
  ],
  [
    'is held by the breaker',
    { endpoint: DOWN },
    at(5),
    /down, failing since 2026-11-30T11:00.*: a probe must/,
  ],
  ['is due later than the turn', { endpoint: DOWN, nextAttemptAt: at(9) }, at(9), /a probe must/],
  ['is probed now', { endpoint: { ...DOWN, nextTurnAt: at(-1) } }, null, /a probe must/],
  [
    'keeps a rate',
    { endpoint: { ...UP, ratePerSecond: 5 } },
    null,
    /^in the endpoint's queue, which sends 5 a second$/,
  ],
  ['is due in the queue', {}, null, /^in the endpoint's queue, due now$/],
  [
    'was released',
    { nextCause: 'replay' },
    null,
    /^asked for by a replay, in the endpoint's queue, due now$/,
  ],
  [
    'waits for its time',
    { owner: 'self', nextAttemptAt: at(5) },
    at(5),
    /^as its last try, http_503, decided$/,
  ],
  [
    'has no try behind it and waits for the schedule',
    { owner: 'self', lastError: null, nextAttemptAt: at(5) },
    at(5),
    /^by the schedule$/,
  ],
  ['does not mind the queue', { owner: 'self', endpoint: { ...UP, nextTurnAt: at(9) } }, null, /^due now$/],
];

describe('the next try of a delivery', () => {
  for (const [what, changes, expected, reason] of CASES)
    test(`the next try of a delivery that ${what}`, () => {
      const next = nextTry({ ...QUEUED, ...changes }, NOW);
      assert.deepEqual(next.at, expected);
      if (reason === null) assert.equal(next.reason, null);
      else assert.match(next.reason!, reason);
    });
});
