// The search for a linear order finds one exactly where trying every order finds one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generator } from '../../support/generator.ts';
import { eventModel, type KeyState } from './event-model.ts';
import type { Call, Input, Output } from './history.ts';
import { isUnclear, linearize } from './linearize.ts';

const MODEL = eventModel(['a', 'b']);

/** Whether any order of the calls fits, with each unclear call in it or not: tries them all. */
function hasOrder(state: KeyState, left: readonly Call[]): boolean {
  if (left.every(isUnclear)) return true;
  return left.some((call) => {
    const others = left.filter((other) => other !== call);
    const isNext = others.every(({ returnedAt }) => returnedAt > call.invokedAt);
    return isNext && MODEL.step(state, call).some((to) => hasOrder(to, others));
  });
}

/** Calls at random places with random answers, of which few fit together. */
function randomHistory(next: () => number): Call[] {
  const one = <T>(...from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  const count = 2 + Math.floor(next() * 5);
  const places = Array.from({ length: 2 * count }, (_, place) => ({ place, at: next() }))
    .sort((x, y) => x.at - y.at)
    .map(({ place }) => place);
  const inputs = (): Input =>
    one<Input>(
      { op: 'send', body: one('1', '2') },
      { op: 'send', body: '1' },
      { op: 'find' },
      { op: 'get', id: one('a', 'b') },
      { op: 'amend', id: 'a', amount: one('1', '2', '3') },
    );
  const events = () => one([], [{ id: 'a', body: '1' }], [{ id: 'a', body: one('1', '2') }]);
  const answer = ({ op }: Input): Output => {
    if (op === 'send')
      return { is: one('accepted', 'duplicate', 'duplicate', 'conflict'), id: one('a', 'a', 'a', 'b') };
    if (op === 'find') return { is: 'found', events: events() };
    if (op === 'amend') return { is: one('amended', 'unchanged'), version: one(0, 1, 2) };
    return one<Output>(
      { is: 'missing' },
      { is: 'event', id: 'a', body: '1', version: 0, amount: null },
      { is: 'event', id: 'a', body: '1', version: 1, amount: one('2', '3') },
    );
  };
  return Array.from({ length: count }, (_, caller): Call => {
    const [begin, end] = [places[2 * caller]!, places[2 * caller + 1]!].sort((x, y) => x - y) as [
      number,
      number,
    ];
    const input = inputs();
    const isClear = next() < 0.7;
    return {
      caller,
      key: 'k',
      input,
      invokedAt: begin,
      returnedAt: isClear ? end : Infinity,
      output: isClear ? answer(input) : null,
    };
  });
}

test('the search for a linear order agrees with trying every order, on 20,000 histories of random answers', () => {
  const next = generator(1);
  const verdicts = { linearizable: 0, 'not linearizable': 0, undecided: 0 };
  for (let index = 0; index < 20_000; index += 1) {
    const history = randomHistory(next);
    const { kind } = linearize(history, MODEL);
    verdicts[kind] += 1;
    assert.equal(kind === 'linearizable', hasOrder(null, history), JSON.stringify(history));
  }
  assert.equal(verdicts.undecided, 0);
  assert.ok(Math.min(verdicts.linearizable, verdicts['not linearizable']) > 2000, JSON.stringify(verdicts));
});

test('a search that takes too many steps decides nothing', () => {
  const output: Output = { is: 'found', events: [{ id: 'a', body: '9' }] };
  const history: Call[] = [
    {
      caller: 0,
      key: 'k',
      input: { op: 'send', body: '1' },
      invokedAt: 0,
      returnedAt: Infinity,
      output: null,
    },
    {
      caller: 1,
      key: 'k',
      input: { op: 'send', body: '2' },
      invokedAt: 1,
      returnedAt: Infinity,
      output: null,
    },
    { caller: 2, key: 'k', input: { op: 'find' }, invokedAt: 2, returnedAt: 3, output },
  ];
  assert.equal(linearize(history, MODEL).kind, 'not linearizable');
  assert.equal(linearize(history, MODEL, 1).kind, 'undecided');
});
