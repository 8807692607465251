// What is made of the signs of an integration.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkIntegration, type IntegrationStats } from '../../../domain/setup/onboarding.ts';

const AT = new Date(0);
const NOTHING: IntegrationStats = {
  clicks: { lastAt: null, lastSeenAt: null, due: 0, dueAndSeen: 0 },
  expectedTypes: [],
  seenTypes: new Map(),
  registrationWithClickAt: null,
  registrations: { thisWeek: { all: 0, withoutClick: 0 }, lastWeek: { all: 0, withoutClick: 0 } },
  signed: { lastAt: null, hasSecret: false, isRequired: false },
  refused: { total: 0, byReason: [], byAddress: [] },
  revenue: { customers: 0, withoutFtd: 0, examples: [] },
};

const stateOf = (signs: Partial<IntegrationStats>, name: string) =>
  checkIntegration({ ...NOTHING, ...signs }).find((check) => check.name === name)?.state;

test('a new operator has everything to do, and is told what', () => {
  assert.deepEqual(
    checkIntegration(NOTHING).filter(({ state }) => state !== 'missing'),
    [{ name: 'refused_calls', state: 'ok', todo: '', facts: { refused: 0, by_reason: [], by_address: [] } }],
  );
  assert.ok(checkIntegration(NOTHING).every(({ state, todo }) => state === 'ok' || todo.endsWith('.')));
});

describe('registrations without a click', () => {
  const week = (all: number, withoutClick: number) => ({ all, withoutClick });
  for (const [title, thisWeek, lastWeek, expected] of [
    ['that stay as few are in order', week(100, 12), week(100, 10), 'ok'],
    ['that stay as many are in order', week(100, 90), week(100, 90), 'ok'],
    ['that jump need attention', week(100, 21), week(100, 10), 'attention'],
    ['that fall are in order', week(100, 0), week(100, 50), 'ok'],
    ['of which there were too few say nothing', week(10, 10), week(100, 0), 'ok'],
    ['of a first week say nothing', week(100, 50), week(0, 0), 'ok'],
  ] as const) {
    test(title, () =>
      assert.equal(
        stateOf({ registrations: { thisWeek, lastWeek } }, 'registrations_without_click'),
        expected,
      ),
    );
  }
});

describe('clicks', () => {
  for (const [title, clicks, expected] of [
    ['of which half come back are in order', { due: 20, dueAndSeen: 10 }, 'ok'],
    ['of which most never come back need attention', { due: 20, dueAndSeen: 9 }, 'attention'],
    ['that are few need none', { due: 19, dueAndSeen: 1 }, 'ok'],
  ] as const) {
    test(title, () => {
      assert.equal(
        stateOf({ clicks: { lastAt: AT, lastSeenAt: AT, ...clicks } }, 'clicks_come_back'),
        expected,
      );
    });
  }
});

describe('refused calls', () => {
  for (const [reason, todo] of [
    ['ip_not_allowed', /allowed_ips/],
    ['stale_signature', /clock/],
    ['invalid_request', /GET \/v1\/refusals/],
  ] as const) {
    test(`as ${reason} say what to do about it`, () => {
      const byReason = [
        { reason, count: 3 },
        { reason: 'conflict', count: 1 },
      ];
      const refused = { total: 4, byReason, byAddress: [{ address: '203.0.113.9', count: 4 }] };
      const check = checkIntegration({ ...NOTHING, refused }).find(({ name }) => name === 'refused_calls')!;
      assert.equal(check.state, 'attention');
      assert.match(check.todo, todo);
      assert.deepEqual(check.facts['by_address'], [{ address: '203.0.113.9', count: 4 }]);
    });
  }
});

test('signing asks for a secret first, then for a signed event', () => {
  const todoOf = (signed: IntegrationStats['signed']) =>
    checkIntegration({ ...NOTHING, signed }).find(({ name }) => name === 'signed_event')!;
  assert.match(todoOf(NOTHING.signed).todo, /POST \/v1\/operator\/inbound-secret/);
  assert.match(todoOf({ ...NOTHING.signed, hasSecret: true }).todo, /^Sign an event/);
  assert.deepEqual(todoOf({ lastAt: AT, hasSecret: true, isRequired: true }).state, 'ok');
});

test('event types that nobody pays for are shown, and not missed', () => {
  const check = checkIntegration({
    ...NOTHING,
    seenTypes: new Map([['kyc', AT]]),
    expectedTypes: ['ftd'],
  }).find(({ name }) => name === 'event_types');
  assert.deepEqual(check?.facts['types'], [
    { event: 'registration', state: 'missing', last_at: null },
    { event: 'ftd', state: 'missing', last_at: null },
    { event: 'kyc', state: 'ok', last_at: AT },
  ]);
  assert.equal(check?.todo, 'Send these events, for which your deals wait: registration, ftd.');
});
