// Tests of latency buckets and their quantiles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LATENCY_BOUNDS_MS, latencyBucket, latencyQuantile } from '../../../domain/delivery/latency.ts';

function countsOf(durations: readonly number[]): number[] {
  const counts = [...LATENCY_BOUNDS_MS, 0].map(() => 0);
  for (const ms of durations) counts[latencyBucket(ms)]! += 1;
  return counts;
}

test('a quantile of latency lies in the bucket of the duration that it estimates, and rises with its share', () => {
  const durations = fc.array(fc.integer({ min: 0, max: 15_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (given, share) => {
      const sorted = given.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
      const counts = countsOf(given);
      const estimate = latencyQuantile(counts, share)!;
      const bucket = latencyBucket(exact);
      assert.ok(estimate >= (LATENCY_BOUNDS_MS[bucket - 1] ?? 0), `${estimate} for ${exact}`);
      assert.ok(estimate <= (LATENCY_BOUNDS_MS[bucket] ?? 15_000), `${estimate} for ${exact}`);
      assert.ok(latencyQuantile(counts, share / 2)! <= estimate);
    }),
  );
});

test('a quantile of latency is null without attempts', () => {
  assert.equal(latencyQuantile(countsOf([]), 0.5), null);
});

test('a duration at the bound of a bucket of latency belongs to that bucket', () => {
  assert.deepEqual([0, 10, 11, 5000, 5001].map(latencyBucket), [0, 0, 1, 8, 9]);
});
