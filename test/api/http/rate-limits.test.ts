// Tests of the rate limits of API keys.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createRateLimits } from '../../../api/http/rate-limits.ts';

test('a rate limit allows one second’s requests at once, and its Retry-After is sufficient', () => {
  let clock = 0;
  const limits = createRateLimits(() => clock);
  assert.deepEqual(
    [1, 2, 3].map(() => limits.take('a', 3)),
    [0, 0, 0],
  );
  const wait = limits.take('a', 3);
  assert.ok(wait > 0 && wait <= 334, String(wait));
  assert.equal(limits.take('b', 3), 0);
  clock += wait;
  assert.equal(limits.take('a', 3), 0);
  assert.ok(limits.take('a', 3) > 0);
});

test('a rate limit never passes more requests than its rate over a time plus one second', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), gaps, (perSecond, pauses) => {
      let clock = 1000;
      const limits = createRateLimits(() => clock);
      const passed = pauses.filter((pause) => {
        clock += pause;
        return limits.take('key', perSecond) === 0;
      });
      assert.ok(passed.length <= perSecond * (1 + (clock - 1000) / 1000) + 1e-6);
      assert.ok(passed.length >= Math.min(pauses.length, perSecond));
    }),
  );
});
