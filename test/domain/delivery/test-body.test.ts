// The body of an endpoint's test: it fills every macro, and holds no amount that could be taken for
// money.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MACROS } from '../../../domain/delivery/templates/macros.ts';
import { testBodyOf } from '../../../domain/delivery/bodies.ts';

const TIMESTAMP = new Date('2026-11-22T10:00:00Z');
/** Filled from the envelope. */
const OF_ENVELOPE = ['event_type', 'delivery_id', 'timestamp', 'api_version'];

function dataFor(shareCustomerId: boolean): Record<string, string> {
  const body = testBodyOf(
    { affiliateId: 'aff_1', shareCustomerId, apiVersion: '2026-12-01' },
    { currency: 'JPY', timestamp: TIMESTAMP },
  );
  return (JSON.parse(body) as { data: Record<string, string> }).data;
}

test('every macro has a value in a test body, so that a template is tried as a whole', () => {
  const filled = Object.keys(dataFor(true)).concat(OF_ENVELOPE);
  assert.deepEqual(
    Object.keys(MACROS).filter((name) => !filled.includes(name)),
    [],
  );
});

test('amounts in a test body are zero in the operator’s currency; a customer is named only where shared', () => {
  const { amount, payout, payout_delta: delta, currency, affiliate_id: affiliate, ...rest } = dataFor(false);
  assert.deepEqual([amount, payout, delta, currency, affiliate], ['0', '0', '0', 'JPY', 'aff_1']);
  assert.ok(!('customer_id' in rest));
  assert.equal(dataFor(true)['customer_id'], 'test');
});
