// The circuit breaker, and the notices to the operator.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import {
  afterHealthEvents,
  isSentDirectly,
  isTripped,
  switched,
  type Health,
  type HealthEvents,
} from '../../../domain/delivery/breaker.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22);
const WELL: Health = {
  state: 'active',
  stateReason: null,
  failuresInARow: 0,
  failingSince: null,
  noticesSent: 0,
};
const failures = (count: number): HealthEvents => ({
  recovered: false,
  failures: count,
  disabledBecause: null,
});
const RECOVERED: HealthEvents = { recovered: true, failures: 0, disabledBecause: null };
const failingFor = (hours: number, changes: Partial<Health> = {}): Health => ({
  ...WELL,
  failuresInARow: 50,
  failingSince: NOW - hours * HOUR,
  ...changes,
});

describe('the breaker', () => {
  test('the breaker trips with the tenth failure in a row, which changes the state once', () => {
    const nine = afterHealthEvents(WELL, failures(9), NOW);
    assert.deepEqual(
      [isTripped(nine.health.failuresInARow), nine.stateChanged, nine.health.failingSince],
      [false, false, NOW],
    );
    const ten = afterHealthEvents(nine.health, failures(1), NOW + 1);
    assert.deepEqual(
      [isTripped(ten.health.failuresInARow), ten.stateChanged, ten.health.failingSince],
      [true, true, NOW],
    );
    assert.equal(afterHealthEvents(ten.health, failures(1), NOW + 2).stateChanged, false);
  });

  test('the breaker closes with a success, which changes the state only where it had tripped', () => {
    const closed = afterHealthEvents(failingFor(2), RECOVERED, NOW);
    assert.deepEqual(closed, { health: WELL, stateChanged: true, notices: [] });
    assert.equal(
      afterHealthEvents({ ...WELL, failuresInARow: 3, failingSince: NOW }, RECOVERED, NOW).stateChanged,
      false,
    );
  });

  test('the breaker counts only failures after the last success', () => {
    const { health } = afterHealthEvents(
      failingFor(30, { noticesSent: 2 }),
      { ...RECOVERED, failures: 2 },
      NOW,
    );
    assert.deepEqual(health, { ...WELL, failuresInARow: 2, failingSince: NOW });
  });
});

describe('an endpoint that only fails', () => {
  const cases: [number, number, string[], number][] = [
    [0.9, 0, [], 0],
    [1, 0, ['endpoint.failing'], 1],
    [23, 1, [], 1],
    [24, 1, ['endpoint.failing'], 2],
    [72, 2, ['endpoint.failing'], 3],
    [100, 0, ['endpoint.failing'], 3],
    [119.9, 3, [], 3],
  ];
  for (const [hours, noticesSent, notices, sentThen] of cases) {
    test(`an endpoint failing for ${hours} h with ${noticesSent} notices sent: ${notices[0] ?? 'no notice'}`, () => {
      const change = afterHealthEvents(failingFor(hours, { noticesSent }), failures(1), NOW);
      assert.deepEqual(
        [change.notices, change.health.noticesSent, change.health.state],
        [notices, sentThen, 'active'],
      );
    });
  }

  test('an endpoint is disabled after 120 h of failures, with a notice', () => {
    const { health, stateChanged, notices } = afterHealthEvents(
      failingFor(120, { noticesSent: 3 }),
      failures(1),
      NOW,
    );
    assert.deepEqual(
      [health.state, health.stateReason, stateChanged, notices],
      ['disabled', 'nothing but failures for 120 hours', true, ['endpoint.disabled']],
    );
  });

  test('an endpoint is not disabled by time alone, nor while it is paused', () => {
    assert.equal(afterHealthEvents(failingFor(500), RECOVERED, NOW).health.state, 'active');
    const paused = afterHealthEvents(failingFor(500, { state: 'paused' }), failures(1), NOW);
    assert.deepEqual([paused.health.state, paused.notices], ['paused', []]);
  });

  test('an endpoint is disabled at once when its answer asks for it', () => {
    const { health, notices } = afterHealthEvents(
      WELL,
      { ...failures(1), disabledBecause: '410 after 3 ms: gone' },
      NOW,
    );
    assert.deepEqual(
      [health.state, health.stateReason, notices],
      ['disabled', '410 after 3 ms: gone', ['endpoint.disabled']],
    );
  });
});

test('an endpoint enabled by a person forgets its failures; a paused one keeps them', () => {
  assert.deepEqual(
    switched(failingFor(50, { state: 'disabled', stateReason: 'gone', noticesSent: 2 }), 'active'),
    WELL,
  );
  const paused = switched(failingFor(50, { noticesSent: 2 }), 'paused');
  assert.deepEqual(
    paused,
    failingFor(50, { noticesSent: 2, state: 'paused', stateReason: 'switched by hand' }),
  );
});

test('deliveries go through the queue of an endpoint that is off, down or has a rate', () => {
  const endpoint = { ...WELL, ratePerSecond: null };
  assert.ok(isSentDirectly(endpoint));
  assert.ok(isSentDirectly({ ...endpoint, failuresInARow: 9 }));
  assert.ok(!isSentDirectly({ ...endpoint, failuresInARow: 10 }));
  assert.ok(!isSentDirectly({ ...endpoint, state: 'paused' }));
  assert.ok(!isSentDirectly({ ...endpoint, ratePerSecond: 5 }));
});
