// The Retry-After header: seconds, the three forms of a date, and what is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from '../../../domain/delivery/retry-after.ts';

const NOW_MS = Date.parse('2026-11-22T10:00:00Z');
const HOUR_MS = 3_600_000;

const RETRY_AFTER: [string, number | undefined][] = [
  ['120', 120_000],
  [' 120 ', 120_000],
  ['1.2345', 1235],
  ['0', undefined],
  ['-5', undefined],
  ['', undefined],
  ['soon', undefined],
  ['1e9', undefined],
  ['0x10', undefined],
  ['12 34', undefined],
  ['NaN', undefined],
  ['Infinity', undefined],
  ['999999999999999', 24 * HOUR_MS],
  ['99999999999999999999999999', 24 * HOUR_MS],
  ['Sun, 22 Nov 2026 10:01:00 GMT', 60_000],
  ['Sun, 22 Nov 2026 11:01:00 +0100', 60_000],
  ['Sun, 22 Nov 2026 09:59:00 GMT', undefined],
  ['Fri, 22 Nov 2126 10:00:00 GMT', 24 * HOUR_MS],
  ['Sun, 99 Nov 2026 10:01:00 GMT', undefined],
  ['Sun, 22 Nov 2026 10:01:00', undefined],
  ['Sunday, 22-Nov-26 10:01:00 GMT', 60_000],
  ['Wednesday, 25-Nov-26 10:01:00 GMT', 24 * HOUR_MS],
  ['Sunday, 22-Nov-76 10:01:00 GMT', 24 * HOUR_MS],
  ['Monday, 22-Nov-77 10:01:00 GMT', undefined],
  ['Sunday, 22-Nov-26 10:01:00', undefined],
  ['Sun Nov 22 10:01:00 2026', 60_000],
  ['Mon Nov 23 09:00:00 2026', 23 * HOUR_MS],
  ['Sun Nov  1 10:01:00 2026', undefined],
  ['Sun Nov 22 10:01:00 26', undefined],
  ['2026-11-22T10:01:00Z', undefined],
  ['60s', undefined],
  ['120, 120', undefined],
];
for (const [header, expected] of RETRY_AFTER) {
  test(`Retry-After ${JSON.stringify(header)} asks for ${expected ?? 'nothing'}`, () =>
    assert.equal(retryAfterMs(header, NOW_MS), expected));
}

test('a date in Retry-After is in GMT, whatever the zone of this process', () => {
  const zone = process.env['TZ'];
  process.env['TZ'] = 'Asia/Tokyo';
  try {
    for (const header of ['Sun, 22 Nov 2026 10:01:00 GMT', 'Sun Nov 22 10:01:00 2026'])
      assert.equal(retryAfterMs(header, NOW_MS), 60_000);
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});
