// Tests of allow lists: addresses and ranges in IPv4 and IPv6.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { isRange, isWithin } from '../../../api/http/addresses.ts';

describe('a range', () => {
  for (const text of [
    '203.0.113.7',
    '203.0.113.0/24',
    '0.0.0.0/0',
    '2001:db8::/32',
    '::1',
    '::ffff:10.0.0.0/104',
    '10.1.2.3/8',
  ])
    test(`the allow list accepts the range ${text}`, () => assert.equal(isRange(text), true));
  for (const text of [
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '2001:db8::/129',
    'fe80::1%eth0',
    'all',
    '010.0.0.1',
  ])
    test(`the allow list refuses the range "${text}"`, () => assert.equal(isRange(text), false));
});

describe('an address lies', () => {
  for (const [address, ranges, expected] of [
    ['203.0.113.7', ['203.0.113.7'], true],
    ['203.0.113.8', ['203.0.113.7'], false],
    ['10.9.8.7', ['192.0.2.1', '10.1.2.3/8'], true],
    ['11.0.0.0', ['10.0.0.0/8'], false],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:a01:203', ['10.0.0.0/8'], true],
    ['::10.1.2.3', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['::ffff:10.0.0.0/104'], true],
    ['2001:DB8::1', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32'], false],
    ['10.1.2.3', ['::/0'], true],
    ['2001:db8::1', ['0.0.0.0/0'], false],
    ['10.1.2.3:5678', ['10.0.0.0/8'], true],
    ['[2001:db8::1]:443', ['2001:db8::/32'], true],
    ['fe80::1%eth0', ['fe80::/10'], true],
    ['unknown', ['0.0.0.0/0', '::/0'], false],
    ['', ['0.0.0.0/0'], false],
  ] as const)
    test(`an address is ${expected ? 'within' : 'outside'} ${ranges.join(', ')}: "${address}"`, () =>
      assert.equal(isWithin(ranges, address), expected));
});
