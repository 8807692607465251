// Closability of months, in the operator's timezone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { closabilityOf, dueForClosing, openMonths, type BooksState } from '../../../domain/ledger/closing.ts';
import { monthAfter, monthOf, postingPeriod } from '../../../domain/ledger/periods.ts';

const books = (changes: Partial<BooksState> = {}): BooksState => {
  const { timezone = 'UTC' } = changes;
  const zones = [{ zone: timezone, since: -Infinity }];
  return { timezone, zones, firstPosted: '2026-08', closedThrough: '2026-09', closing: null, ...changes };
};

describe('a month can be closed', () => {
  for (const [title, period, state, now, expected] of [
    ['when it is the first open one and has ended', '2026-10', {}, '2026-11-01T00:00:00Z', 'closable'],
    ['but not a millisecond before it ends', '2026-10', {}, '2026-10-31T23:59:59.999Z', 'not_ended'],
    [
      'but not while it is still that month in Los Angeles',
      '2026-10',
      { timezone: 'America/Los_Angeles' },
      '2026-11-01T06:59:59Z',
      'not_ended',
    ],
    [
      'when it has ended in Los Angeles, in daylight-saving time',
      '2026-10',
      { timezone: 'America/Los_Angeles' },
      '2026-11-01T07:00:00Z',
      'closable',
    ],
    [
      'half a day before UTC in Auckland',
      '2026-10',
      { timezone: 'Pacific/Auckland' },
      '2026-10-31T11:00:00Z',
      'closable',
    ],
    [
      'but not before it has ended in Auckland',
      '2026-10',
      { timezone: 'Pacific/Auckland' },
      '2026-10-31T10:59:59Z',
      'not_ended',
    ],
    ['but not before an earlier open month', '2026-11', {}, '2026-12-01T00:00:00Z', 'earlier_is_open'],
    ['only once', '2026-09', {}, '2026-12-01T00:00:00Z', 'closed'],
    [
      'but not when it lies before the first transfer',
      '2026-07',
      { closedThrough: null },
      '2026-12-01T00:00:00Z',
      'nothing_posted',
    ],
    [
      'but not when nothing was ever posted',
      '2026-10',
      { closedThrough: null, firstPosted: null },
      '2026-12-01T00:00:00Z',
      'nothing_posted',
    ],
    [
      'by a run that finds its closing already begun, even after a move westwards',
      '2026-10',
      { closing: '2026-10' },
      '2026-10-31T20:00:00Z',
      'closable',
    ],
  ] as const) {
    test(`a month can be closed ${title}`, () =>
      assert.equal(closabilityOf(period, books(state), Date.parse(now)).kind, expected));
  }
});

test('a month is closed automatically three whole days after its end in the operator’s timezone', () => {
  const auckland = books({ timezone: 'Pacific/Auckland' });
  assert.equal(dueForClosing(auckland, Date.parse('2026-11-03T10:59:59Z')), null);
  assert.equal(dueForClosing(auckland, Date.parse('2026-11-03T11:00:00Z')), '2026-10');
  assert.equal(dueForClosing(books({ closing: '2026-10' }), Date.parse('2026-11-01T00:00:00Z')), '2026-10');
  assert.equal(
    dueForClosing(books({ firstPosted: null, closedThrough: null }), Date.parse('2027-01-01T00:00:00Z')),
    null,
  );
});

test('open months run from the month that takes postings now back to the first open one', () => {
  const now = Date.parse('2026-12-15T00:00:00Z');
  assert.deepEqual(openMonths(books(), now), ['2026-12', '2026-11', '2026-10']);
  assert.deepEqual(openMonths(books({ closing: '2026-10' }), now), ['2026-12', '2026-11']);
  assert.deepEqual(openMonths(books({ firstPosted: null, closedThrough: null }), now), ['2026-12']);
  assert.deepEqual(
    openMonths(books({ closedThrough: '2026-12' }), now),
    ['2027-01'],
    'a clock that is behind',
  );
});

test('a posting goes into the month of its moment and never into a closed month', () => {
  const zones = ['UTC', 'Pacific/Auckland', 'America/New_York', 'Asia/Kathmandu'];
  const month = fc
    .integer({ min: 0, max: 600 })
    .map((n) => `${2000 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, '0')}`);
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2050, 0) }),
      fc.constantFrom(...zones),
      fc.option(month),
      (moment, timezone, closedThrough) => {
        const period = postingPeriod(moment, timezone, closedThrough);
        const own = monthOf(moment, timezone);
        assert.ok(closedThrough === null || period > closedThrough);
        assert.equal(period, closedThrough === null || own > closedThrough ? own : monthAfter(closedThrough));
      },
    ),
  );
});
