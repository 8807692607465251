// Tests of the concurrency limiter: limits per key, order of waiters, deadlines.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { createConcurrencyLimiter } from '../../../activities/delivery/concurrency-limiter.ts';

const soon = (): number => Date.now() + 5;
const later = (): number => Date.now() + 10_000;

test('the limiter gives permits in the order of requests, separately for each key', async () => {
  const limiter = createConcurrencyLimiter();
  const release = await limiter.acquire('a', 1, later());
  const order: string[] = [];
  const waiting = ['first', 'second'].map(async (name) => {
    const mine = await limiter.acquire('a', 1, later());
    order.push(name);
    mine?.();
  });
  assert.ok(await limiter.acquire('b', 1, soon()), 'another key had to wait');
  release?.();
  await Promise.all(waiting);
  assert.deepEqual(order, ['first', 'second']);
});

test('a waiter gives up before its deadline when the holders stall, and waits on when one of them releases', async () => {
  const limiter = createConcurrencyLimiter();
  const stall = { afterMs: 200, isOurDoing: () => false };
  const [one, two] = [await limiter.acquire('a', 2, later()), await limiter.acquire('a', 2, later())];
  const startedAt = Date.now();
  assert.equal(await limiter.acquire('a', 2, later(), stall), null);
  assert.ok(Date.now() - startedAt >= stall.afterMs - 1, 'it gave up too early');
  assert.equal(await limiter.acquire('a', 2, later(), stall), null, 'a stalled permit was waited for');

  const [first, second] = [limiter.acquire('a', 2, later(), stall), limiter.acquire('a', 2, later(), stall)];
  one?.();
  assert.ok(await first, 'a free permit was not given');
  assert.equal(await Promise.race([second, Promise.resolve('waits')]), 'waits', 'moving did not count');
  two?.();
  assert.ok(await second);
});

test('a waiter waits until its deadline when this process delays the holders', async () => {
  const limiter = createConcurrencyLimiter();
  await limiter.acquire('a', 1, later());
  const startedAt = Date.now();
  const deadline = startedAt + 50;
  assert.equal(await limiter.acquire('a', 1, deadline, { afterMs: 1, isOurDoing: () => true }), null);
  assert.ok(Date.now() >= deadline, 'it gave up too early');
});

test('a waiter past its deadline gets no permit and takes none', async () => {
  const limiter = createConcurrencyLimiter();
  const release = await limiter.acquire('a', 1, later());
  assert.equal(await limiter.acquire('a', 1, soon()), null);
  release?.();
  assert.ok(await limiter.acquire('a', 1, soon()), 'the permit was not free again');
});

/** Keeps this process busy, so that it sees neither timers nor answers. */
function standStill(forMs: number): void {
  const until = Date.now() + forMs;
  while (Date.now() < until);
}

test('an answer that came while this process stood still counts before its holders stall', async () => {
  const limiter = createConcurrencyLimiter();
  const release = await limiter.acquire('a', 1, later());
  const waiting = limiter.acquire('a', 1, later(), { afterMs: 50, isOurDoing: () => false });
  // It is read after the timers that are due by then.
  void stat('.').then(() => release?.());
  standStill(150);
  assert.ok(await waiting, 'the delay of this process was taken for a stall');
});

test('holders have the time again that this process stood still', async () => {
  const limiter = createConcurrencyLimiter();
  const release = await limiter.acquire('a', 1, later());
  const waiting = limiter.acquire('a', 1, later(), { afterMs: 300, isOurDoing: () => false });
  standStill(600);
  setTimeout(() => release?.(), 100);
  assert.ok(await waiting, 'the delay of this process was taken for a stall');
});
