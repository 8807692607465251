// How soon the workflow of an endpoint looks at its queue again.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { LOOK_PAUSES, lookWithinMs } from '../../../domain/delivery/looks.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const UP = { state: 'active', failuresInARow: 0, failingSince: null, failingInAll: 1 } as const;
const failing = (seconds: number) => ({
  ...UP,
  failuresInARow: 3,
  failingSince: new Date(NOW - seconds * 1000),
});

test('what joins the queue of an endpoint that is up is looked at at once', () => {
  assert.equal(lookWithinMs(UP, NOW, LOOK_PAUSES), 0);
});

test('the queue of a failing endpoint is looked at after a tenth of the time that it fails, 5 to 60 s', () => {
  const waits = [0, 30, 50, 100, 599, 601, 86_400].map((seconds) =>
    lookWithinMs(failing(seconds), NOW, LOOK_PAUSES),
  );
  assert.deepEqual(waits, [5000, 5000, 5000, 10_000, 59_900, 60_000, 60_000]);
});

test('the failing endpoints of one operator are together looked at seven times a second at most', () => {
  const waits = [1, 33, 100, 400, 1000].map((failingInAll) =>
    lookWithinMs({ ...failing(10), failingInAll }, NOW, LOOK_PAUSES),
  );
  assert.deepEqual(waits, [5000, 5000, 15_000, 60_000, 60_000]);
  assert.equal(lookWithinMs({ ...UP, failingInAll: 100 }, NOW, LOOK_PAUSES), 0);
});

test('what joins the queue of an endpoint that is down or off is counted within 10 s', () => {
  assert.equal(lookWithinMs({ ...failing(5), failuresInARow: 10 }, NOW, LOOK_PAUSES), 10_000);
  assert.equal(lookWithinMs({ ...UP, state: 'paused' }, NOW, LOOK_PAUSES), 10_000);
});
