// Integration checks: states and advice.
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
  placeholders: { days: 7, byField: [] },
  deposits: {
    count: 0,
    twice: { count: 0, examples: [] },
    withoutAmount: { count: 0, examples: [] },
  },
  revenue: { customers: 0, withoutFtd: 0, examples: [] },
  beforeClick: { count: 0, examples: [] },
  broadReversals: { count: 0, examples: [] },
};

const stateOf = (signs: Partial<IntegrationStats>, name: string) =>
  checkIntegration({ ...NOTHING, ...signs }).find((check) => check.name === name)?.state;

test('a new operator has every check missing, each with advice', () => {
  assert.deepEqual(
    checkIntegration(NOTHING).filter(({ state }) => state !== 'missing'),
    [
      { name: 'refused_calls', state: 'ok', todo: '', facts: { refused: 0, by_reason: [], by_address: [] } },
      { name: 'placeholder_ids', state: 'ok', todo: '', facts: { days: 7, refused: 0, by_field: [] } },
      { name: 'events_before_clicks', state: 'ok', todo: '', facts: { events: 0, examples: [] } },
      { name: 'reversals_that_name_little', state: 'ok', todo: '', facts: { reversals: 0, examples: [] } },
    ],
  );
  assert.ok(checkIntegration(NOTHING).every(({ state, todo }) => state === 'ok' || todo.endsWith('.')));
});

describe('registrations without a click', () => {
  const week = (all: number, withoutClick: number) => ({ all, withoutClick });
  for (const [title, thisWeek, lastWeek, expected] of [
    ['pass while their share stays low', week(100, 12), week(100, 10), 'ok'],
    ['pass while their share stays high', week(100, 90), week(100, 90), 'ok'],
    ['need attention when their share jumps', week(100, 21), week(100, 10), 'attention'],
    ['pass when their share falls', week(100, 0), week(100, 50), 'ok'],
    ['pass when there are too few registrations', week(10, 10), week(100, 0), 'ok'],
    ['pass in the first week', week(100, 50), week(0, 0), 'ok'],
  ] as const) {
    test(`registrations without a click ${title}`, () =>
      assert.equal(
        stateOf({ registrations: { thisWeek, lastWeek } }, 'registrations_without_click'),
        expected,
      ));
  }
});

test('events before the click of their customer need attention, with some of their ids', () => {
  const beforeClick = { count: 7, examples: ['evt_7', 'evt_6'] };
  const check = checkIntegration({ ...NOTHING, beforeClick }).find(
    ({ name }) => name === 'events_before_clicks',
  )!;
  assert.deepEqual([check.state, check.facts], ['attention', { events: 7, examples: ['evt_7', 'evt_6'] }]);
  assert.match(check.todo, /occurred_at/);
});

describe('clicks', () => {
  for (const [title, clicks, expected] of [
    ['pass when half of the clicks arrive', { due: 20, dueAndSeen: 10 }, 'ok'],
    ['need attention when most clicks never arrive', { due: 20, dueAndSeen: 9 }, 'attention'],
    ['pass when there are too few clicks', { due: 19, dueAndSeen: 1 }, 'ok'],
  ] as const) {
    test(`arrivals of clicks ${title}`, () => {
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
    test(`calls refused as ${reason} come with advice`, () => {
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

test('placeholders in ids need attention, and the advice names their fields', () => {
  const byField = [
    { field: 'click_id', count: 3 },
    { field: 'uid', count: 1 },
  ];
  const stats = { ...NOTHING, placeholders: { days: 7, byField } };
  const check = checkIntegration(stats).find(({ name }) => name === 'placeholder_ids')!;
  assert.deepEqual([check.state, check.facts], ['attention', { days: 7, refused: 4, by_field: byField }]);
  assert.match(check.todo, /click_id, uid/);
});

describe('deposits', () => {
  const none = { count: 0, examples: [] };
  const some = { count: 2, examples: ['p-1', 'p-2'] };
  for (const [title, name, deposits, expected] of [
    ['sent once each pass', 'payments_sent_twice', { twice: none }, 'ok'],
    ['sent as ftd and as deposit need attention', 'payments_sent_twice', { twice: some }, 'attention'],
    ['with amounts pass', 'deposits_without_amount', { withoutAmount: none }, 'ok'],
    ['without an amount need attention', 'deposits_without_amount', { withoutAmount: some }, 'attention'],
  ] as const) {
    test(`deposits ${title}`, () => {
      const stats = { count: 9, twice: none, withoutAmount: none, ...deposits } as const;
      assert.equal(stateOf({ deposits: structuredClone(stats) as never }, name), expected);
    });
  }
});

test('the check of signatures asks for a secret first, then for a signed event', () => {
  const todoOf = (signed: IntegrationStats['signed']) =>
    checkIntegration({ ...NOTHING, signed }).find(({ name }) => name === 'signed_event')!;
  assert.match(todoOf(NOTHING.signed).todo, /POST \/v1\/operator\/inbound-secret/);
  assert.match(todoOf({ ...NOTHING.signed, hasSecret: true }).todo, /^Sign an event/);
  assert.deepEqual(todoOf({ lastAt: AT, hasSecret: true, isRequired: true }).state, 'ok');
});

test('event types without a paying deal are shown, and not missing', () => {
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

test('reversals that took several conversions because they name too little need attention', () => {
  const broad = { broadReversals: { count: 2, examples: ['evt_1', 'evt_2'] } };
  assert.equal(stateOf(broad, 'reversals_that_name_little'), 'attention');
});
