import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createInFlight } from '../../../activities/delivery/concurrency-limiter.ts';

const soon = (): number => Date.now() + 5;
const later = (): number => Date.now() + 10_000;

test('places go to those who waited longest, and each key has its own', async () => {
  const inFlight = createInFlight();
  const release = await inFlight.enter('a', 1, later());
  const order: string[] = [];
  const waiting = ['first', 'second'].map(async (name) => {
    const mine = await inFlight.enter('a', 1, later());
    order.push(name);
    mine?.();
  });
  assert.ok(await inFlight.enter('b', 1, soon()), 'another key had to wait');
  release?.();
  await Promise.all(waiting);
  assert.deepEqual(order, ['first', 'second']);
});

test('who waits where nobody leaves gives up before the deadline, and goes on waiting where somebody does', async () => {
  const inFlight = createInFlight();
  const hanging = { afterMs: 200, isOurDoing: () => false };
  const [one, two] = [await inFlight.enter('a', 2, later()), await inFlight.enter('a', 2, later())];
  const startedAt = Date.now();
  assert.equal(await inFlight.enter('a', 2, later(), hanging), null);
  assert.ok(Date.now() - startedAt >= hanging.afterMs - 1, 'it gave up too early');
  assert.equal(await inFlight.enter('a', 2, later(), hanging), null, 'a place that hangs was waited for');

  const [first, second] = [
    inFlight.enter('a', 2, later(), hanging),
    inFlight.enter('a', 2, later(), hanging),
  ];
  one?.();
  assert.ok(await first, 'a free place was not given');
  assert.equal(await Promise.race([second, Promise.resolve('waits')]), 'waits', 'moving did not count');
  two?.();
  assert.ok(await second);
});

test('who waits because of ourselves waits until the deadline', async () => {
  const inFlight = createInFlight();
  await inFlight.enter('a', 1, later());
  const startedAt = Date.now();
  const deadline = startedAt + 50;
  assert.equal(await inFlight.enter('a', 1, deadline, { afterMs: 1, isOurDoing: () => true }), null);
  assert.ok(Date.now() >= deadline, 'it gave up too early');
});

test('who waits until the deadline gets no place and takes none', async () => {
  const inFlight = createInFlight();
  const release = await inFlight.enter('a', 1, later());
  assert.equal(await inFlight.enter('a', 1, soon()), null);
  release?.();
  assert.ok(await inFlight.enter('a', 1, soon()), 'the place was not free again');
});
