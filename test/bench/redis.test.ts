// The Redis of the benchmark, which not every machine has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../../bench/redis.ts';

test('without a redis-server there is none, rather than a failure', async () => {
  assert.equal(await startRedis('no-such-redis-server'), null);
});

test('a program that ends before it is ready is a failure, not a missing one', async () => {
  await assert.rejects(startRedis('false'), /did not start/);
});
