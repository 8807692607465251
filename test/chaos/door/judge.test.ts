// The judge of the door finds every planted fault in a sound history, and takes unclear calls for
// what they are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generator } from '../../support/generator.ts';
import { eventModel, type KeyState } from './event-model.ts';
import { callsOf, createRecorder, type Call, type Entry, type Input, type Output } from './history.ts';
import { judgeDoor } from './judge.ts';

const [FIRST, SECOND] = ['evt_1', 'evt_2'];
const send = (body = '100.00'): Input => ({ op: 'send', body });
const find: Input = { op: 'find' };
const get: Input = { op: 'get', id: FIRST };
const amend = (amount: string): Input => ({ op: 'amend', id: FIRST, amount });
const accepted: Output = { is: 'accepted', id: FIRST };
const duplicate: Output = { is: 'duplicate', id: FIRST };
const conflict: Output = { is: 'conflict', id: FIRST };
const found = (...ids: string[]): Output => ({
  is: 'found',
  events: ids.map((id) => ({ id, body: '100.00' })),
});
const seen = (version = 0, amount: string | null = null): Output => {
  return { is: 'event', id: FIRST, body: '100.00', version, amount };
};
const missing: Output = { is: 'missing' };

/** Calls one after the other; those in a list of their own are under way together. */
type Ask = readonly [Input, Output | 'info' | 'fail', key?: string];
function historyOf(...asked: (Ask | readonly Ask[])[]): Entry[] {
  const history = createRecorder();
  for (const item of asked) {
    const group = Array.isArray(item[0]) ? (item as readonly Ask[]) : [item as Ask];
    const begun = group.map(([input, end, key = 'sale t-1'], caller) => {
      return { call: history.invoke(caller, key, input), end };
    });
    for (const { call, end } of begun)
      if (end === 'info' || end === 'fail') history.end(call, end, 'killed');
      else history.ok(call, end);
  }
  return [...history.entries];
}
const violationsOf = (...asked: Parameters<typeof historyOf>): string[] =>
  judgeDoor(historyOf(...asked)).violations.map(({ judgement }) => judgement);

const SOUND: Record<string, Parameters<typeof historyOf>> = {
  'an event that was sent again, and with another body': [
    [find, found()],
    [send(), accepted],
    [send(), duplicate],
    [send('200.00'), conflict],
    [get, seen()],
    [find, found(FIRST)],
  ],
  'racing callers of whom one is first': [
    [
      [send('200.00'), conflict],
      [send(), accepted],
      [find, found()],
      [send(), duplicate],
    ],
  ],
  'an event of a call without an answer, which appears later': [
    [send(), 'info'],
    [find, found()],
    [
      [send('200.00'), conflict],
      [find, found()],
    ],
    [send(), duplicate],
  ],
  'a call without an answer that had no effect': [
    [send('200.00'), 'info'],
    [find, found()],
    [send(), accepted],
    [send(), duplicate],
  ],
  'a refused call that another body without an answer explains': [
    [send(), 'info'],
    [send('200.00'), conflict],
    [get, seen()],
  ],
  'amendments, of which one without an answer counts later': [
    [send(), accepted],
    [amend('100.00'), { is: 'unchanged', version: 0 }],
    [amend('150.00'), 'info'],
    [get, seen()],
    [amend('160.00'), { is: 'amended', version: 2 }],
    [get, seen(2, '160.00')],
    [send(), duplicate],
  ],
};

for (const [what, asked] of Object.entries(SOUND))
  test(`the judge of the door has nothing against ${what}`, () => {
    assert.deepEqual(violationsOf(...asked), []);
  });

const FAULTY: Record<string, Parameters<typeof historyOf>> = {
  'an event that was answered as new twice': [
    [send(), accepted],
    [send(), { is: 'accepted', id: SECOND }],
  ],
  'an event that was answered as new twice under one id': [
    [send(), accepted],
    [send(), accepted],
  ],
  'an accepted event that is lost': [
    [send(), accepted],
    [find, found(FIRST)],
    [find, found()],
  ],
  'an accepted event that is lost and accepted again': [
    [send(), accepted],
    [find, found()],
    [send(), accepted],
  ],
  'a duplicate that is answered with another id': [
    [send(), accepted],
    [send(), { is: 'duplicate', id: SECOND }],
  ],
  'a duplicate of nothing': [
    [send(), 'fail'],
    [send(), duplicate],
  ],
  'a duplicate with another body': [
    [send(), accepted],
    [send('200.00'), duplicate],
  ],
  'a conflict with the same body': [
    [send(), accepted],
    [send(), conflict],
  ],
  'a conflict before any other body was sent': [
    [send('200.00'), conflict],
    [send(), accepted],
  ],
  'a conflict with a call that had no effect': [
    [send(), 'fail'],
    [send('200.00'), conflict],
  ],
  'a conflict that names another event': [
    [send(), accepted],
    [send('200.00'), { is: 'conflict', id: SECOND }],
  ],
  'an event that its transaction does not find after its answer': [
    [send(), accepted],
    [find, found()],
    [find, found(FIRST)],
  ],
  'an event that its id does not find after its answer': [
    [send(), accepted],
    [get, missing],
    [get, seen()],
  ],
  'an event that disappears after it was seen': [
    [send(), 'info'],
    [find, found(FIRST)],
    [find, found()],
  ],
  'a call without an answer that had an effect twice': [
    [send(), 'info'],
    [find, found(FIRST)],
    [send(), { is: 'accepted', id: SECOND }],
  ],
  'two events of one key': [
    [send(), accepted],
    [find, found(FIRST, SECOND)],
  ],
  'an event with the body of the refused call': [
    [send(), accepted],
    [send('200.00'), conflict],
    [find, { is: 'found', events: [{ id: FIRST, body: '200.00' }] }],
  ],
  'a lost amendment': [
    [send(), accepted],
    [amend('150.00'), { is: 'amended', version: 1 }],
    [get, seen()],
  ],
  'two amendments of one number': [
    [send(), accepted],
    [
      [amend('150.00'), { is: 'amended', version: 1 }],
      [amend('160.00'), { is: 'amended', version: 1 }],
    ],
  ],
  'an amendment that is shown and then is not': [
    [send(), accepted],
    [
      [amend('150.00'), { is: 'amended', version: 1 }],
      [get, seen(1, '150.00')],
    ],
    [get, seen()],
  ],
};

for (const [what, asked] of Object.entries(FAULTY))
  test(`the judge of the door finds ${what}`, () => {
    assert.deepEqual(violationsOf(...asked), ['linearizable']);
  });

test('the judge of the door finds two keys that share an event', () => {
  const asked: Ask[] = [
    [send(), accepted],
    [send(), accepted, 'sale t-2'],
  ];
  assert.deepEqual(violationsOf(...asked), ['one key']);
});

test('the judge of the door says what cannot come next', () => {
  const [violation] = judgeDoor(historyOf([send(), accepted], [find, found()])).violations;
  assert.equal(
    violation!.what,
    'sale t-1: after 1 calls there is {"id":"evt_1","body":"100.00","version":0,"amount":null}, and none of these ' +
      'can come next: caller 0: {"op":"find"} answered {"is":"found","events":[]}',
  );
});

/** A history of racing callers, whose answers are those of the model at random moments. */
function raced(seed: number): Entry[] {
  const next = generator(seed);
  const one = <T>(...from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  const history = createRecorder();
  let state: KeyState = null;
  const model = eventModel([FIRST]);
  const answersOf = (input: Input): Output[] => {
    if (input.op === 'send') return [accepted, duplicate, conflict];
    if (input.op === 'find')
      return [found(), { is: 'found', events: state ? [{ id: state.id, body: state.body }] : [] }];
    if (input.op === 'get') return [missing, ...(state ? [{ is: 'event' as const, ...state }] : [])];
    const versions = [0, 1].map((more) => (state?.version ?? 0) + more);
    return [
      missing,
      ...versions.flatMap((version): Output[] => [
        { is: 'amended', version },
        { is: 'unchanged', version },
      ]),
    ];
  };
  /** Moments of the calls under way: each takes effect once, then it is answered or not. */
  const underWay: { call: number; input: Input; output?: Output }[] = [];
  for (let moment = 0; moment < 200; moment += 1) {
    const chance = next();
    const chosen = one(...underWay);
    if (underWay.length < 8 && chance < 0.4) {
      const input = one(send(), send('200.00'), find, get, amend(one('150.00', '160.00')));
      underWay.push({ call: history.invoke(underWay.length, 'sale t-1', input), input });
    } else if (chosen !== undefined && chosen.output === undefined) {
      const timed = { caller: 0, key: '', input: chosen.input, invokedAt: 0, returnedAt: 0 };
      chosen.output = answersOf(chosen.input).find(
        (output) => model.step(state, { ...timed, output }).length > 0,
      )!;
      [state] = model.step(state, { ...timed, output: chosen.output }) as [KeyState];
    } else if (chosen !== undefined) {
      if (chance < 0.9) history.ok(chosen.call, chosen.output!);
      else history.end(chosen.call, 'info', 'killed');
      underWay.splice(underWay.indexOf(chosen), 1);
    }
  }
  return [...history.entries];
}

test('the judge of the door has nothing against 300 histories of eight racing callers, and finds one wrong answer in each', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const entries = raced(seed);
    assert.deepEqual(judgeDoor(entries).violations, [], `seed ${seed}`);
    assert.ok(
      judgeDoor(withLateMiss(entries)).violations.length > 0,
      `seed ${seed}: a late 404 was not found`,
    );
  }
});

/** The history with one more look for the event at the end, which finds none. */
function withLateMiss(entries: readonly Entry[]): Entry[] {
  const call = 1_000_000;
  const ids = callsOf(entries).some(({ output }: Call) => output !== null && 'id' in output);
  assert.ok(ids, 'the event was stored');
  return [
    ...entries,
    { is: 'invoke', call, caller: 0, key: 'sale t-1', input: get },
    { is: 'ok', call, output: missing },
  ];
}
