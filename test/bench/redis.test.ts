// Redis of the benchmark, which may not be installed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../../bench/redis.ts';

test('the benchmark gets no Redis, and no failure, where redis-server is missing', async () => {
  assert.equal(await startRedis('no-such-redis-server'), null);
});

test('the benchmark fails when redis-server ends before it is ready', async () => {
  await assert.rejects(startRedis('false'), /did not start/);
});
