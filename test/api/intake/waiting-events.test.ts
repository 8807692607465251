// The share of each operator in the next batch.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { createWaitingEvents } from '../../../api/intake/waiting-events.ts';

const eventsOf = (operatorId: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ operatorId, id: `${operatorId}-${index}` }));

const sizes = (batch: readonly { operatorId: string; eventIds: string[] }[]) =>
  Object.fromEntries(batch.map(({ operatorId, eventIds }) => [operatorId, eventIds.length]));

test('a burst of events of one operator delays no other operator', () => {
  const waiting = createWaitingEvents();
  waiting.add(eventsOf('loud', 10_000));
  waiting.add([...eventsOf('quiet', 1), ...eventsOf('medium', 300)]);
  assert.deepEqual(sizes(waiting.take(500)), { loud: 250, quiet: 1, medium: 249 });
  assert.deepEqual(sizes(waiting.take(500)), { loud: 449, medium: 51 });
  assert.equal(waiting.count(), 10_301 - 1000);
});

test('more operators than slots of a batch are served in turn', () => {
  const waiting = createWaitingEvents();
  for (const operatorId of ['a', 'b', 'c', 'd', 'e']) waiting.add(eventsOf(operatorId, 2));
  const turns = [1, 2, 3, 4].map(() => Object.keys(sizes(waiting.take(2))).join(''));
  assert.deepEqual(turns, ['ab', 'cd', 'ea', 'bc']);
});

test('batches take each waiting event once, in its operator’s order, with at least an equal share per operator', () => {
  const operator = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    fc.record({ add: fc.array(fc.tuple(operator, fc.integer({ min: 1, max: 30 })), { maxLength: 4 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 25 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const waiting = createWaitingEvents();
      const expected = new Map<string, string[]>();
      let last = 0;
      for (const one of steps) {
        if ('add' in one) {
          const events = one.add.flatMap(([operatorId, count]) =>
            Array.from({ length: count }, () => ({ operatorId, id: `e-${++last}` })),
          );
          for (const { operatorId, id } of events)
            expected.set(operatorId, [...(expected.get(operatorId) ?? []), id]);
          waiting.add(events);
        } else {
          const those = [...expected].filter(([, ids]) => ids.length > 0);
          const total = those.reduce((sum, [, ids]) => sum + ids.length, 0);
          const batch = new Map(
            waiting.take(one.take).map(({ operatorId, eventIds }) => [operatorId, eventIds]),
          );
          for (const [operatorId, ids] of those) {
            const taken = batch.get(operatorId) ?? [];
            assert.deepEqual(taken, ids.slice(0, taken.length));
            assert.ok(taken.length >= Math.min(ids.length, Math.floor(one.take / those.length)));
            expected.set(operatorId, ids.slice(taken.length));
          }
          const taken = [...batch.values()].flat().length;
          assert.equal(taken, Math.min(one.take, total));
          assert.equal(waiting.count(), total - taken);
        }
      }
    }),
  );
});
