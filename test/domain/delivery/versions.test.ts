// Versions of postback bodies: each is named by its bodies, and an unknown one is answered by the
// newest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, testBodyOf } from '../../../domain/delivery/bodies.ts';
import { API_VERSIONS, inVersion, NEWEST_API_VERSION } from '../../../domain/delivery/versions.ts';

const AT = new Date('2026-12-01T10:00:00Z');
const message = { type: 'payout.paid', data: { payout_id: 'pay_1' } } as const;

for (const apiVersion of API_VERSIONS) {
  test(`a body in version ${apiVersion} names it, in postbacks and in tests`, () => {
    const listener = { affiliateId: null, shareCustomerId: false, apiVersion };
    const bodies = [bodyOf(message, listener, AT), testBodyOf(listener, { currency: 'USD', timestamp: AT })];
    for (const body of bodies)
      assert.equal((JSON.parse(body) as { api_version: string }).api_version, apiVersion);
  });
}

test('versions are dates, oldest first', () => {
  for (const version of API_VERSIONS) assert.match(version, /^20\d\d-\d\d-\d\d$/);
  assert.deepEqual(API_VERSIONS, API_VERSIONS.toSorted());
  assert.equal(NEWEST_API_VERSION, API_VERSIONS.at(-1));
});

test('a version of a later release is answered by the newest that this one knows', () => {
  for (const later of ['2999-01-01', 'toString'])
    assert.deepEqual(inVersion(later, message.data), { version: NEWEST_API_VERSION, data: message.data });
});
