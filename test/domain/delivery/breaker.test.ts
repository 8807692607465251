// When an endpoint is down, and when its operator is told.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import {
  afterNews,
  isSentDirectly,
  isTripped,
  switched,
  type Health,
  type HealthNews,
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
const failures = (count: number): HealthNews => ({
  recovered: false,
  failures: count,
  disabledBecause: null,
});
const RECOVERED: HealthNews = { recovered: true, failures: 0, disabledBecause: null };
const failingFor = (hours: number, changes: Partial<Health> = {}): Health => ({
  ...WELL,
  failuresInARow: 50,
  failingSince: NOW - hours * HOUR,
  ...changes,
});

describe('the breaker', () => {
  test('opens with the tenth failure in a row, and that is told once', () => {
    const nine = afterNews(WELL, failures(9), NOW);
    assert.deepEqual(
      [isTripped(nine.health.failuresInARow), nine.isTurn, nine.health.failingSince],
      [false, false, NOW],
    );
    const ten = afterNews(nine.health, failures(1), NOW + 1);
    assert.deepEqual(
      [isTripped(ten.health.failuresInARow), ten.isTurn, ten.health.failingSince],
      [true, true, NOW],
    );
    assert.equal(afterNews(ten.health, failures(1), NOW + 2).isTurn, false);
  });

  test('closes with a success, which is a turn only where it was open', () => {
    const closed = afterNews(failingFor(2), RECOVERED, NOW);
    assert.deepEqual(closed, { health: WELL, isTurn: true, notices: [] });
    assert.equal(afterNews({ ...WELL, failuresInARow: 3, failingSince: NOW }, RECOVERED, NOW).isTurn, false);
  });

  test('counts only what failed after a success', () => {
    const { health } = afterNews(failingFor(30, { noticesSent: 2 }), { ...RECOVERED, failures: 2 }, NOW);
    assert.deepEqual(health, { ...WELL, failuresInARow: 2, failingSince: NOW });
  });
});

describe('an endpoint that does nothing but fail', () => {
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
    test(`for ${hours} h, of which its operator was told ${noticesSent} times: ${notices[0] ?? 'no notice'}`, () => {
      const change = afterNews(failingFor(hours, { noticesSent }), failures(1), NOW);
      assert.deepEqual(
        [change.notices, change.health.noticesSent, change.health.state],
        [notices, sentThen, 'active'],
      );
    });
  }

  test('is disabled after 120 h, with a notice', () => {
    const { health, isTurn, notices } = afterNews(failingFor(120, { noticesSent: 3 }), failures(1), NOW);
    assert.deepEqual(
      [health.state, health.stateReason, isTurn, notices],
      ['disabled', 'nothing but failures for 120 hours', true, ['endpoint.disabled']],
    );
  });

  test('is not disabled by the passing of time alone, nor when it is paused', () => {
    assert.equal(afterNews(failingFor(500), RECOVERED, NOW).health.state, 'active');
    const paused = afterNews(failingFor(500, { state: 'paused' }), failures(1), NOW);
    assert.deepEqual([paused.health.state, paused.notices], ['paused', []]);
  });

  test('is disabled at once when it asks for it', () => {
    const { health, notices } = afterNews(
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

test('switched on by hand it starts with a clean slate; switched off it keeps what is known', () => {
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

test('its postbacks go through its queue when it is off, down or has a rate', () => {
  const endpoint = { ...WELL, ratePerSecond: null };
  assert.ok(isSentDirectly(endpoint));
  assert.ok(isSentDirectly({ ...endpoint, failuresInARow: 9 }));
  assert.ok(!isSentDirectly({ ...endpoint, failuresInARow: 10 }));
  assert.ok(!isSentDirectly({ ...endpoint, state: 'paused' }));
  assert.ok(!isSentDirectly({ ...endpoint, ratePerSecond: 5 }));
});
