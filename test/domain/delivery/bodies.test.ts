// Bodies of postbacks, byte for byte: receivers sign, store and compare them, so that neither the
// names nor the order of fields may change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bodyOf,
  conversionMessage,
  paidOf,
  payoutDeltaIn,
  reinstatedOf,
  rejectedOf,
  releasedOf,
  testBodyOf,
} from '../../../domain/delivery/bodies.ts';
import { FIELDS } from '../../../domain/delivery/fields.ts';
import type { Message, OutgoingMessage, ReportedCommission } from '../../../domain/delivery/messages.ts';
import { MACROS } from '../../../domain/delivery/templates/macros.ts';
import { anEvent } from '../../support/builders.ts';

const AT = new Date('2026-11-22T10:00:00Z');
const conversion = anEvent({
  operatorId: 'opr_1',
  id: 'evt_1',
  transactionId: 't1',
  customerId: 'c1',
  amountMinor: 10_000n,
  currency: 'USD',
  occurredAt: Date.UTC(2026, 10, 21),
});
const chargeback = anEvent({
  operatorId: 'opr_1',
  id: 'evt_2',
  type: 'chargeback',
  transactionId: 't2',
  customerId: null,
  amountMinor: null,
  currency: null,
  occurredAt: Date.UTC(2026, 10, 22),
});
const subs = ['a', null, 'c', null, null] as const;
const created: Message = {
  type: 'conversion.created',
  affiliateId: 'aff_1',
  via: null,
  reason: null,
  event: conversion,
  conversion,
  clickId: 'clk_1',
  subs,
  reportedMinor: 1000n,
  deltaMinor: 1000n,
  currency: 'USD',
};
const commission: ReportedCommission = {
  id: 'slt_1',
  affiliateId: 'aff_1',
  currency: 'USD',
  period: null,
  via: null,
  conversion: {
    id: 'evt_1',
    type: 'sale',
    symbol: null,
    symbolGroup: null,
    transactionId: null,
    clickId: null,
    amountMinor: 10_000n,
    currency: 'JPY',
    subs,
    occurredAt: AT,
    reportedMinor: 1000n,
  },
};
const monthly: ReportedCommission = {
  ...commission,
  id: 'slt_2',
  period: '2026-11',
  via: 'aff_2',
  conversion: null,
};
const payout = {
  id: 'pay_1',
  affiliateId: 'aff_1',
  currency: 'USD',
  amountMinor: 500n,
  externalReference: null,
};

const CASES: [title: string, message: OutgoingMessage, isShared: boolean, data: string][] = [
  [
    'a conversion',
    conversionMessage(created),
    false,
    '{"event":"sale","event_id":"evt_1","transaction_id":"t1","click_id":"clk_1",' +
      '"affiliate_id":"aff_1","amount":"100.00","currency":"USD","payout":"10.00",' +
      '"payout_delta":"10.00","payout_currency":"USD","status":"pending",' +
      '"occurred_at":"2026-11-21T00:00:00.000Z","sub1":"a","sub3":"c"}',
  ],
  [
    'a conversion, for an endpoint that receives the customer id',
    conversionMessage(created),
    true,
    '{"event":"sale","event_id":"evt_1","transaction_id":"t1","click_id":"clk_1",' +
      '"affiliate_id":"aff_1","customer_id":"c1","amount":"100.00","currency":"USD","payout":"10.00",' +
      '"payout_delta":"10.00","payout_currency":"USD","status":"pending",' +
      '"occurred_at":"2026-11-21T00:00:00.000Z","sub1":"a","sub3":"c"}',
  ],
  [
    'a reversal of a parent’s part',
    conversionMessage({
      ...created,
      type: 'conversion.reversed',
      event: chargeback,
      via: 'aff_2',
      reportedMinor: 0n,
      deltaMinor: -1000n,
    }),
    true,
    '{"event":"chargeback","event_id":"evt_2","transaction_id":"t2","click_id":"clk_1",' +
      '"affiliate_id":"aff_1","customer_id":"c1","original_event_id":"evt_1","reason":"chargeback",' +
      '"via":"aff_2","amount":null,"currency":null,"payout":"0.00","payout_delta":"-10.00",' +
      '"payout_currency":"USD","status":"reversed","occurred_at":"2026-11-22T00:00:00.000Z","sub1":"a",' +
      '"sub3":"c"}',
  ],
  [
    'an adjustment that no event caused',
    conversionMessage({
      ...created,
      type: 'conversion.adjusted',
      event: null,
      reason: 'recomputed',
      clickId: null,
    }),
    false,
    '{"event":"sale","transaction_id":"t1","click_id":null,"affiliate_id":"aff_1",' +
      '"original_event_id":"evt_1","reason":"recomputed","amount":"100.00","currency":"USD",' +
      '"payout":"10.00","payout_delta":"10.00","payout_currency":"USD","status":"pending",' +
      '"occurred_at":"2026-11-21T00:00:00.000Z","sub1":"a","sub3":"c"}',
  ],
  [
    'a released commission',
    releasedOf(commission, 500n),
    false,
    '{"event":"sale","transaction_id":null,"click_id":null,"affiliate_id":"aff_1",' +
      '"commission_id":"slt_1","payout_currency":"USD","amount":"10000","currency":"JPY",' +
      '"occurred_at":"2026-11-22T10:00:00.000Z","sub1":"a","sub3":"c","event_id":"evt_1",' +
      '"payout":"10.00","payout_delta":"0.00","commission":"5.00","status":"payable"}',
  ],
  [
    'a released monthly commission',
    releasedOf(monthly, 500n),
    false,
    '{"affiliate_id":"aff_1","via":"aff_2","commission_id":"slt_2","payout_currency":"USD",' +
      '"period":"2026-11","commission":"5.00","status":"payable"}',
  ],
  [
    'a rejected commission',
    rejectedOf(commission, 500n, 'fraud'),
    false,
    '{"event":"sale","transaction_id":null,"click_id":null,"affiliate_id":"aff_1",' +
      '"commission_id":"slt_1","payout_currency":"USD","amount":"10000","currency":"JPY",' +
      '"occurred_at":"2026-11-22T10:00:00.000Z","sub1":"a","sub3":"c","original_event_id":"evt_1",' +
      '"payout":"10.00","payout_delta":"-5.00","status":"rejected","reason":"fraud"}',
  ],
  [
    'a rejected monthly commission',
    rejectedOf(monthly, 500n, 'fraud'),
    false,
    '{"affiliate_id":"aff_1","via":"aff_2","commission_id":"slt_2","payout_currency":"USD",' +
      '"period":"2026-11","payout_delta":"-5.00","status":"rejected","reason":"fraud"}',
  ],
  [
    'a reinstated monthly commission',
    reinstatedOf({ commission: monthly, change: 'reinstated', amountMinor: 500n, reason: 'unrejected' }),
    false,
    '{"affiliate_id":"aff_1","via":"aff_2","commission_id":"slt_2","payout_currency":"USD",' +
      '"period":"2026-11","payout_delta":"5.00","status":"pending","reason":"unrejected"}',
  ],
  [
    'a payout',
    paidOf(payout, AT),
    false,
    '{"payout_id":"pay_1","affiliate_id":"aff_1","amount":"5.00","currency":"USD",' +
      '"external_reference":null,"status":"paid","occurred_at":"2026-11-22T10:00:00.000Z"}',
  ],
];
for (const [title, message, shareCustomerId, data] of CASES)
  test(`the body of ${title} is unchanged, byte for byte`, () => {
    assert.equal(
      bodyOf(message, { shareCustomerId, apiVersion: '2026-12-01' }, AT),
      `{"type":"${message.type}","timestamp":"2026-11-22T10:00:00.000Z","api_version":"2026-12-01","data":${data}}`,
    );
  });

test('the amount that a message reports is that of its body, with the decimals of its currency', () => {
  const reported = ['USD', 'JPY', 'KWD'].map((currency) =>
    payoutDeltaIn(conversionMessage({ ...created, currency, deltaMinor: -1234n })),
  );
  assert.deepEqual(
    reported,
    ['USD', 'JPY', 'KWD'].map((currency) => ({ minor: -1234n, currency })),
  );
});

test('a message that reports no change of a conversion has no reported amount', () => {
  assert.equal(payoutDeltaIn(releasedOf(monthly, 500n)), null);
  assert.equal(payoutDeltaIn(paidOf(payout, AT)), null);
  assert.deepEqual(payoutDeltaIn(releasedOf(commission, 500n)), { minor: 0n, currency: 'USD' });
});

test('the body of an endpoint test is unchanged, byte for byte', () => {
  const listener = { affiliateId: 'aff_1', shareCustomerId: true, apiVersion: '2026-12-01' };
  const data =
    '{"event":"test","event_id":"test","original_event_id":"test","transaction_id":"test",' +
    '"click_id":"test","commission_id":"test","payout_id":"test","external_reference":"test",' +
    '"period":"test","affiliate_id":"aff_1","via":"test","customer_id":"test","amount":"0.00",' +
    '"currency":"USD","payout":"0.00","payout_delta":"0.00","commission":"0.00",' +
    '"payout_currency":"USD","status":"test","reason":"test","sub1":"test","sub2":"test",' +
    '"sub3":"test","sub4":"test","sub5":"test","occurred_at":"2026-11-22T10:00:00.000Z",' +
    '"symbol":"test","symbol_group":"test"}';
  assert.equal(
    testBodyOf(listener, { currency: 'USD', timestamp: AT }),
    `{"type":"endpoint.test","timestamp":"2026-11-22T10:00:00.000Z","api_version":"2026-12-01","data":${data}}`,
  );
});

test('every field of a postback is a macro and has a value in the body of a test', () => {
  const { data } = JSON.parse(
    testBodyOf(
      { affiliateId: null, shareCustomerId: true, apiVersion: '2026-12-01' },
      { currency: 'USD', timestamp: AT },
    ),
  ) as { data: object };
  assert.deepEqual(Object.keys(data).toSorted(), Object.keys(FIELDS).toSorted());
  for (const name of Object.keys(FIELDS)) assert.ok(Object.hasOwn(MACROS, name), name);
});
