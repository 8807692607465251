// Groups of stuck deliveries: sums by currency, the oldest, the main reason, and the order.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { groupStuck, joinStuck, type StuckPart } from '../../../domain/delivery/stuck.ts';

const at = (hour: number): number => Date.UTC(2026, 10, 1, hour);

const part = (changes: Partial<StuckPart>): StuckPart => ({
  endpointId: 'ep_a',
  reason: 'timeout',
  pauseReason: null,
  currency: 'USD',
  minor: 100n,
  count: 1,
  oldestMs: at(5),
  nextAttemptMs: at(9),
  hasWorkflow: false,
  ...changes,
});

test('a group of stuck deliveries has the sum of each currency, the oldest, and the main reason first', () => {
  const [group] = groupStuck(
    [
      part({ count: 2, minor: -50n }),
      part({ currency: 'EUR', count: 2, reason: 'http_404', oldestMs: at(3), nextAttemptMs: null }),
      part({
        currency: null,
        minor: 0n,
        count: 3,
        reason: 'http_404',
        nextAttemptMs: at(8),
        hasWorkflow: true,
      }),
      part({ minor: 300n, pauseReason: 'asked' }),
    ],
    'endpoint',
  );
  assert.deepEqual(group, {
    count: 8,
    oldestAt: new Date(at(3)),
    nextAttemptAt: new Date(at(8)),
    hasWorkflow: true,
    pauseReason: 'asked',
    endpointIds: ['ep_a'],
    reasons: [
      { reason: 'http_404', count: 5 },
      { reason: 'timeout', count: 3 },
    ],
    notTold: [
      { currency: 'EUR', minor: 100n },
      { currency: 'USD', minor: 250n },
    ],
  });
});

test('groups of stuck deliveries come with the oldest first, or with the largest first', () => {
  const parts = [
    part({ endpointId: 'ep_a', count: 1, oldestMs: at(4) }),
    part({ endpointId: 'ep_b', count: 9, oldestMs: at(6) }),
    part({ endpointId: 'ep_c', count: 5, oldestMs: at(2) }),
  ];
  const ids = (order: 'oldest' | 'count') =>
    groupStuck(parts, 'endpoint', order).map(({ endpointIds }) => endpointIds[0]);
  assert.deepEqual(ids('oldest'), ['ep_c', 'ep_a', 'ep_b']);
  assert.deepEqual(ids('count'), ['ep_b', 'ep_c', 'ep_a']);
});

test('groups of stuck deliveries, by endpoint or by reason, in any order, add up to the whole', () => {
  const parts = fc.array(
    fc.record({
      endpointId: fc.constantFrom('ep_a', 'ep_b', 'ep_c'),
      reason: fc.constantFrom('timeout', 'http_404', 'queued'),
      pauseReason: fc.constantFrom('asked', 'known', null),
      currency: fc.constantFrom('USD', 'EUR', null),
      minor: fc.bigInt({ min: -1000n, max: 1000n }),
      count: fc.integer({ min: 1, max: 50 }),
      oldestMs: fc.integer({ min: 0, max: 23 }).map(at),
      nextAttemptMs: fc.option(fc.integer({ min: 0, max: 23 }).map(at)),
      hasWorkflow: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(parts, fc.constantFrom('endpoint', 'reason'), (all, by) => {
      const groups = groupStuck(all, by);
      const usd = (found: ReturnType<typeof joinStuck>) =>
        found?.notTold.find(({ currency }) => currency === 'USD')?.minor ?? 0n;
      const whole = joinStuck(all);
      assert.equal(
        groups.reduce((sum, { count }) => sum + count, 0),
        whole?.count ?? 0,
      );
      assert.equal(
        groups.reduce((sum, group) => sum + usd(group), 0n),
        usd(whole),
      );
      assert.deepEqual(groupStuck([...all].reverse(), by), groups);
    }),
  );
});
