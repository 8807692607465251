// The circuit breaker, and the notices to the operator.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import {
  afterHealthEvents,
  FAILING_AFTER_CONVERSIONS,
  isSentDirectly,
  isTripped,
  SOUND,
  switched,
  type Blame,
  type Health,
  type HealthEvent,
} from '../../../domain/delivery/breaker.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22);
const WELL: Health = { ...SOUND, state: 'active', stateReason: null };
/** Failures of so many conversions, one each. */
const failures = (count: number, blame: Exclude<Blame, 'us'> = 'endpoint'): HealthEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    kind: 'failed',
    blame,
    aboutId: `evt_${index}`,
    error: blame === 'endpoint' ? 'http_503' : blame === 'postback' ? 'http_404' : 'dns_error',
  }));
const DELIVERED: readonly HealthEvent[] = [{ kind: 'delivered' }];
const ANSWERED: HealthEvent = { kind: 'answered' };
const failingFor = (hours: number, changes: Partial<Health> = {}): Health => ({
  ...WELL,
  failuresInARow: 50,
  failingSince: NOW - hours * HOUR,
  failedAbout: ['evt_0'],
  lastError: 'http_503',
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
    const closed = afterHealthEvents(failingFor(2), DELIVERED, NOW);
    assert.deepEqual(closed, { health: WELL, stateChanged: true, notices: [] });
    assert.equal(
      afterHealthEvents({ ...WELL, failuresInARow: 3, failingSince: NOW }, DELIVERED, NOW).stateChanged,
      false,
    );
  });

  test('the breaker counts only failures after the last success', () => {
    const { health } = afterHealthEvents(
      failingFor(30, { noticesSent: 2 }),
      [...DELIVERED, ...failures(2)],
      NOW,
    );
    assert.deepEqual(health, {
      ...WELL,
      failuresInARow: 2,
      failingSince: NOW,
      failedAbout: ['evt_0', 'evt_1'],
      lastError: 'http_503',
    });
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
    assert.equal(afterHealthEvents(failingFor(500), DELIVERED, NOW).health.state, 'active');
    const paused = afterHealthEvents(failingFor(500, { state: 'paused' }), failures(1), NOW);
    assert.deepEqual([paused.health.state, paused.notices], ['paused', []]);
  });

  test('an endpoint is disabled at once when its answer asks for it', () => {
    const { health, notices } = afterHealthEvents(
      WELL,
      [...failures(1, 'postback'), { kind: 'unwanted', because: '410 after 3 ms: gone' }],
      NOW,
    );
    assert.deepEqual(
      [health.state, health.stateReason, notices],
      ['disabled', '410 after 3 ms: gone', ['endpoint.disabled']],
    );
  });
});

describe('an endpoint that answers and refuses everything', () => {
  const refused = (count: number) => failures(count, 'postback');
  const afterRefusals = (count: number) => afterHealthEvents(WELL, refused(count), NOW).health;

  test('an endpoint is failing once five different conversions were refused, and its breaker stays closed', () => {
    assert.equal(afterRefusals(FAILING_AFTER_CONVERSIONS - 1).failingSince, null);
    const { failingSince, failuresInARow, lastError } = afterRefusals(FAILING_AFTER_CONVERSIONS);
    assert.deepEqual([failingSince, failuresInARow, lastError], [NOW, 0, 'http_404']);
  });

  test('one conversion that is refused again and again does not make its endpoint failing', () => {
    const again = Array.from({ length: 50 }, () => refused(1)).flat();
    const { health } = afterHealthEvents(WELL, again, NOW);
    assert.deepEqual([health.failingSince, health.failedAbout], [null, ['evt_0']]);
  });

  test('an endpoint that accepts one of five is not failing', () => {
    const events = Array.from({ length: 20 }, () => [...refused(4), ...DELIVERED]).flat();
    assert.deepEqual(afterHealthEvents(WELL, events, NOW).health, WELL);
  });

  test('an endpoint that refuses everything is told of and disabled at the times of any other failure', () => {
    const failing = afterRefusals(5);
    const later = (hours: number, noticesSent: number) =>
      afterHealthEvents({ ...failing, noticesSent }, refused(1), NOW + hours * HOUR);
    assert.deepEqual(later(0.9, 0).notices, []);
    assert.deepEqual(later(1, 0).notices, ['endpoint.failing']);
    assert.deepEqual(later(119, 3).notices, []);
    assert.deepEqual(
      [later(120, 3).notices, later(120, 3).health.state],
      [['endpoint.disabled'], 'disabled'],
    );
  });

  test('a conversion refused long after a timeout is no evidence that its endpoint fails', () => {
    const change = afterHealthEvents(failingFor(500), refused(1), NOW);
    assert.deepEqual([change.notices, change.health.state], [[], 'active']);
  });

  test('an endpoint told of by its fifth refusal is not disabled by it, however long ago the first was', () => {
    const slow = afterHealthEvents(WELL, refused(4), NOW - 900 * HOUR).health;
    const { health, notices } = afterHealthEvents(slow, refused(5), NOW);
    assert.deepEqual([health.state, health.failingSince, notices], ['active', NOW, []]);
  });

  test('an endpoint that was down and refuses one conversion works again, but fails on if it refused five', () => {
    const down = failingFor(30, { noticesSent: 2 });
    const back = afterHealthEvents(down, [ANSWERED, ...refused(1)], NOW);
    assert.deepEqual(
      [back.stateChanged, back.health.failuresInARow, back.health.failingSince, back.health.noticesSent],
      [true, 0, null, 0],
    );
    const refusing = { ...down, failedAbout: ['a', 'b', 'c', 'd', 'e'] };
    const { health, stateChanged } = afterHealthEvents(refusing, [ANSWERED, ...refused(1)], NOW);
    assert.deepEqual(
      [stateChanged, health.failuresInARow, health.failingSince, health.noticesSent],
      [true, 0, down.failingSince, 2],
    );
  });

  test('silent name servers are told of, but never disable an endpoint', () => {
    const silent = (count: number) => failures(count, 'name_servers');
    const failing = afterHealthEvents(WELL, silent(1), NOW).health;
    assert.equal(failing.failingSince, NOW);
    const told = afterHealthEvents(failing, silent(1), NOW + 500 * HOUR);
    assert.deepEqual([told.notices, told.health.state], [['endpoint.failing'], 'active']);
    const gone = afterHealthEvents(failing, [...silent(1), ...refused(5)], NOW + 500 * HOUR);
    assert.equal(gone.health.state, 'disabled');
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
