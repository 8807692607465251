// Every judgement of a chaos run can fail: each test spoils one thing of sound records.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  Arrival,
  AttemptSeen,
  CallRecord,
  EventSeen,
  Evidence,
  OperatorSeen,
  Violation,
} from '../records.ts';
import { judgeDoubles } from './doubles.ts';
import { judgeAll } from './all.ts';
import { AFFILIATE, arrival, at, delivery, OWN, soundEvidence } from './sound-evidence.ts';

const SOUND = soundEvidence();
const [OPERATOR] = SOUND.operators as [OperatorSeen];

const whats = (violations: readonly Violation[]): string[] =>
  violations.map(({ judgement, what }) => `${judgement}: ${what}`);
const found = (spoilt: Partial<Evidence>): string[] => whats(judgeAll({ ...SOUND, ...spoilt }));
const arrivals = (change: (all: Arrival[]) => Arrival[]) => found({ arrivals: change([...SOUND.arrivals]) });
const operator = (change: Partial<OperatorSeen>) => found({ operators: [{ ...OPERATOR, ...change }] });
const altered = <T>(items: readonly T[], index: number, change: Partial<T>): T[] =>
  items.map((item, place) => (place === index ? { ...item, ...change } : item));
const call = (change: Partial<CallRecord>) =>
  found({ calls: [...SOUND.calls, { ...SOUND.calls[0]!, ...change }] });

test('sound records break no promise', () => {
  assert.deepEqual(found({}), []);
});

test('a call that was never answered is found', () => {
  const lines = call({ status: 0, id: null, tries: 40 });
  assert.deepEqual(lines, ['lost: ftd t-1 of operator 0 was never answered after 40 tries']);
});

test('an event that was refused after a repeat is found', () => {
  const lines = call({ status: 409, id: null, tries: 2 });
  assert.deepEqual(lines, ['lost: ftd t-1 of operator 0 was answered 409 after 2 tries']);
});

test('an event that was taken and is not listed is found', () => {
  const lines = operator({ events: OPERATOR.events.slice(0, 1) });
  assert.deepEqual(lines, ['lost: an event was taken and is not known']);
});

test('an event that was taken and never settled is found', () => {
  const lines = operator({ events: altered(OPERATOR.events, 1, { status: 'accepted' }) });
  assert.deepEqual(lines, ['lost: an event was taken and not settled']);
});

test('a line that is missing in the records of a receiver is found', () => {
  const lines = arrivals((all) => all.filter(({ id }) => id !== 'dlv_1'));
  assert.ok(lines.includes('lost: a postback is delivered and its receiver never had it'), lines.join('\n'));
  assert.ok(lines.includes(`sums told: ${AFFILIATE} was told -200.00 USD, the ledger has 0.00 USD`));
  assert.ok(lines.some((line) => line.startsWith('order: the first postback is conversion.reversed')));
});

test('a conversion of which no postback was ever planned is found', () => {
  const spoilt = {
    arrivals: SOUND.arrivals.filter(({ path }) => path !== OWN),
    operators: [
      { ...OPERATOR, deliveries: OPERATOR.deliveries.filter(({ endpoint_id: id }) => id !== 'ep_own') },
    ],
  };
  assert.deepEqual(found(spoilt), ['lost: an endpoint never heard of a conversion']);
});

test('a postback that was given up without a wish is found', () => {
  const { deliveries } = OPERATOR;
  const lines = operator({ deliveries: [...deliveries, delivery('dlv_9', 'ep_A', { state: 'cancelled' })] });
  assert.deepEqual(lines, ['lost: a postback is cancelled and its receiver never had it']);
});

test('an event that got two ids is found', () => {
  assert.deepEqual(call({ id: 'evt_3' }), [
    'lost: an event was taken and is not known',
    'settled once: an event was taken under several ids: 0 ftd t-1',
  ]);
});

test('an event that is listed twice is found', () => {
  const [first] = OPERATOR.events as [EventSeen];
  const lines = operator({ events: [...OPERATOR.events, { ...first, id: 'evt_9', status: 'orphaned' }] });
  assert.deepEqual(lines, ['settled once: an event is listed under several ids: 0 ftd t-1']);
});

test('a conversion that was told under two ids is found', () => {
  const lines = arrivals((all) => [...all, arrival({ id: 'dlv_7', receivedAt: at(3000) })]);
  assert.ok(
    lines.includes(
      'settled once: an endpoint heard of one conversion under several ids: /op0/A evt_1 aff_A ',
    ),
  );
  assert.ok(lines.includes(`sums told: ${AFFILIATE} was told 200.00 USD, the ledger has 0.00 USD`));
});

test('a doubled line in the records of a receiver is found', () => {
  const lines = arrivals((all) => [...all, arrival({ id: 'dlv_1', receivedAt: at(30_000) })]);
  assert.deepEqual(lines, [
    `doubles: sent again without a reason: ${AFFILIATE}`,
    'doubles: 1 doubled, 0 in flight at faults',
  ]);
});

/** A postback that arrived at 9.9 s, just before the kill at 10 s, and once more. */
function doubled(again: Partial<Arrival>, attempts: readonly AttemptSeen[]): Evidence {
  const [first, ...others] = SOUND.arrivals as [Arrival, ...Arrival[]];
  const twice = [
    { ...first, receivedAt: at(9900), answeredAt: at(9905) },
    { ...first, receivedAt: at(14_000), answeredAt: at(14_005), ...again },
  ];
  const later = others.map((each) => ({ ...each, receivedAt: at(20_000), answeredAt: at(20_005) }));
  return {
    ...SOUND,
    arrivals: [...twice, ...later],
    operators: [{ ...OPERATOR, attempts: { dlv_1: attempts } }],
  };
}

const attemptAt = (ms: number, fields: Partial<AttemptSeen> = {}): AttemptSeen => ({
  number: 1,
  cause: 'schedule',
  started_at: new Date(at(ms)).toISOString(),
  duration_ms: 5,
  sends: 1,
  ...fields,
});

test('a postback that was under way at a kill and not recorded may come twice, and is counted', () => {
  const { count, inFlight, violations } = judgeDoubles(doubled({}, [attemptAt(13_999)]));
  assert.deepEqual({ count, inFlight, violations }, { count: 1, inFlight: 1, violations: [] });
});

test('a postback whose first arrival was recorded may not come twice, also after a kill', () => {
  const attempts = [attemptAt(9899), attemptAt(13_999, { number: 2 })];
  const { violations } = judgeDoubles(doubled({ attempt: 2 }, attempts));
  assert.deepEqual(whats(violations), [`doubles: sent again without a reason: ${AFFILIATE}`]);
});

test('a kill of an API explains no double', () => {
  const evidence = doubled({}, [attemptAt(13_999)]);
  const disturbances = [{ ...evidence.disturbances[0]!, target: 'api-1' }];
  const { violations } = judgeDoubles({ ...evidence, disturbances });
  assert.equal(violations.length, 2);
});

test('a kill explains no double of a postback that arrived long before', () => {
  const evidence = doubled({}, [attemptAt(13_999)]);
  const disturbances = [{ ...evidence.disturbances[0]!, from: at(13_000), until: at(13_500) }];
  assert.equal(judgeDoubles({ ...evidence, disturbances }).violations.length, 2);
});

test('a replay is no double', () => {
  const attempts = [attemptAt(9899), attemptAt(13_999, { number: 2, cause: 'replay' })];
  const { count, violations } = judgeDoubles(doubled({ attempt: 2 }, attempts));
  assert.deepEqual({ count, violations }, { count: 0, violations: [] });
});

test('the further tries of a replay that failed at first are no doubles, one after it arrived is', () => {
  const evidence = doubled({ attempt: 2, status: 503 }, [
    attemptAt(9899),
    attemptAt(13_999, { number: 2, cause: 'replay' }),
    attemptAt(14_999, { number: 3, cause: 'retry' }),
    attemptAt(18_999, { number: 4, cause: 'retry' }),
  ]);
  const further = [3, 4].map((attempt) =>
    arrival({ id: 'dlv_1', attempt, receivedAt: at(3000 + attempt * 4000) }),
  );
  const [first, second, ...others] = evidence.arrivals as [Arrival, Arrival, ...Arrival[]];
  const judge = (later: Arrival[]) =>
    judgeDoubles({ ...evidence, arrivals: [first, second, ...later, ...others] });
  assert.equal(judge(further.slice(0, 1)).count, 0);
  assert.deepEqual([judge(further).count, judge(further).violations.length > 0], [1, true]);
});

test('a replay whose record was lost is no double, once', () => {
  const evidence = doubled({ attempt: 2 }, [attemptAt(9899)]);
  const replay = { ...SOUND.calls[0]!, request: 'POST /v1/replays', event: null, startedAt: at(13_500) };
  const [seen] = evidence.operators as [OperatorSeen];
  const deliveries = altered(seen.deliveries, 0, { replay_id: 'rpl_1' });
  const replayed = { ...evidence, calls: [...SOUND.calls, replay], operators: [{ ...seen, deliveries }] };
  assert.equal(judgeDoubles(replayed).count, 0);
  assert.equal(judgeDoubles({ ...replayed, calls: SOUND.calls }).count, 1);
  const asked = (ms: number) => ({ ...replayed, calls: [...SOUND.calls, { ...replay, startedAt: at(ms) }] });
  assert.equal(judgeDoubles(asked(9000)).count, 0, 'asked for before the first arrival, looked after it');
  assert.equal(judgeDoubles(asked(-60_000)).count, 1, 'asked for long before the first arrival');
});

test('a reversal that arrived before its conversion is found', () => {
  const lines = arrivals((all) =>
    altered(all, 3, { receivedAt: at(500), answeredAt: at(505) }).toSorted(
      (a, b) => a.receivedAt - b.receivedAt,
    ),
  );
  assert.ok(
    lines.some((line) => line.startsWith('order: the first postback is conversion.reversed')),
    lines.join('\n'),
  );
});

test('a reversal that was sent before its conversion was accepted is found', () => {
  const lines = arrivals((all) => altered(all, 0, { answeredAt: at(2500) }));
  assert.deepEqual(lines, ['order: a postback began before the one before it arrived: /op0/A evt_1 aff_A']);
});

test('a sum so far that skips a change is found', () => {
  const lines = arrivals((all) => altered(all, 3, { payout: '200.00' }));
  assert.deepEqual(lines, ['order: payout is 200.00, the sum told 0: /op0/A evt_1 aff_A']);
});

test('a sum that differs from the ledger is found, of the affiliate and of the operator', () => {
  const lines = operator({ balances: [{ affiliateId: 'aff_A', currency: 'USD', sum: '0.01' }] });
  assert.deepEqual(lines, [
    `sums told: ${OWN} was told 0.00 USD, the ledger has 0.01 USD`,
    `sums told: ${AFFILIATE} was told 0.00 USD, the ledger has 0.01 USD`,
  ]);
});

for (const [what, change, lines] of [
  ['has no owner', { owner: null }, ['owners: its owner is null']],
  ['has no reason', { last_error: null }, ['owners: it waits without a reason']],
  [
    'is finished and owned',
    { state: 'delivered' },
    [
      'owners: it is finished and still has the owner endpoint',
      'owners: it waits for a postback that is finished',
      'owners: 0 postbacks are stuck, the list says 1',
    ],
  ],
] as const)
  test(`a postback that ${what} is found`, () => {
    const spoilt = operator({ deliveries: altered(OPERATOR.deliveries, 4, change) });
    assert.deepEqual(new Set(spoilt), new Set(lines));
  });

test('a postback that is left at an endpoint that works is found', () => {
  const left = delivery('dlv_1', 'ep_A', { state: 'held', owner: 'endpoint', next_reason: 'queued' });
  const lines = operator({ deliveries: [left, ...OPERATOR.deliveries.slice(1)] });
  assert.deepEqual(lines, [
    'owners: it waits at an endpoint that works',
    'owners: 1 postbacks are stuck, the list says 0',
  ]);
});
