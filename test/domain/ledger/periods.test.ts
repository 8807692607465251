// The month of the books that a moment belongs to.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  earliestMonthFrom,
  latestFormerMonth,
  monthByZones,
  monthOf,
  type Zones,
} from '../../../domain/ledger/periods.ts';

describe('the month of a moment', () => {
  for (const [moment, timezone, expected] of [
    ['2026-03-31T23:59:59.999Z', 'UTC', '2026-03'],
    ['2026-04-01T00:00:00.000Z', 'UTC', '2026-04'],
    ['2026-03-31T22:00:00Z', 'Europe/Berlin', '2026-04'],
    ['2026-03-31T21:59:59Z', 'Europe/Berlin', '2026-03'],
    ['2026-01-31T23:00:00Z', 'Europe/Berlin', '2026-02'],
    ['2026-04-01T06:59:59Z', 'America/Los_Angeles', '2026-03'],
    ['2026-12-31T18:15:00Z', 'Asia/Kathmandu', '2027-01'],
    ['2026-12-31T18:14:59Z', 'Asia/Kathmandu', '2026-12'],
    ['1969-12-31T23:59:59Z', 'UTC', '1969-12'],
    ['2024-02-29T12:00:00Z', 'UTC', '2024-02'],
  ] as const) {
    test(`${moment} in ${timezone} is ${expected}`, () =>
      assert.equal(monthOf(Date.parse(moment), timezone), expected));
  }

  test('the month of a moment in UTC equals that of its ISO text, also on repeated calls', () => {
    const year2100 = Date.UTC(2100, 0);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: year2100 }), (moment) => {
        const expected = new Date(moment).toISOString().slice(0, 7);
        assert.deepEqual([monthOf(moment, 'UTC'), monthOf(moment, 'UTC')], [expected, expected]);
      }),
    );
  });

  test('the month of a moment throws for a timezone that does not exist', () => {
    assert.throws(() => monthOf(0, 'Mars/Olympus_Mons'), RangeError);
  });
});

describe('after a move from Kiritimati to UTC on 1 December there, the month', () => {
  const moved = Date.parse('2026-11-30T12:00:00Z');
  const zones: Zones = [
    { zone: 'Pacific/Kiritimati', since: -Infinity },
    { zone: 'UTC', since: moved },
  ];

  test('of a moment is by the zone in force at that moment', () => {
    const months = [moved - 3 * 3_600_000, moved - 1, moved, moved + 12 * 3_600_000].map((moment) =>
      monthByZones(moment, zones),
    );
    assert.deepEqual(months, ['2026-11', '2026-12', '2026-11', '2026-12']);
  });

  test('that comes earliest from a moment on may be one that had ended before', () => {
    assert.equal(earliestMonthFrom(moved - 1, zones), '2026-11');
    assert.equal(earliestMonthFrom(moved + 12 * 3_600_000, zones), '2026-12');
  });

  test('that the former zone had reached is December, and none without a former zone', () => {
    assert.equal(latestFormerMonth(zones), '2026-12');
    assert.equal(latestFormerMonth(zones.slice(1)), null);
  });
});
