// The hash of an event's content: its stored values, and repeats that are sent across a deploy.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CONTENT_FIELDS,
  contentHashOf,
  isSameContent,
  type Content,
} from '../../../api/intake/content-hash.ts';
import { ingest, type IntakeEvent } from '../../../api/intake/intake.ts';
import { readEvent } from '../../../api/events/read-event.ts';
import { withApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
after(() => api.close());

const BARE = { event: 'sale', transaction_id: 't-1', customer_id: 'c-1' };
const FULL = {
  event: 'chargeback',
  transaction_id: 't-2',
  click_id: 'k-1',
  customer_id: 'c-1',
  amount: '12.30',
  currency: 'USD',
  volume: '0.25',
  reference: 't-1',
  reference_event: 'sale',
  payout: '4.50',
  sub1: 'a',
  sub2: 'b',
  sub3: 'c',
  sub4: 'd',
  sub5: 'e',
  coupon: 'SUMMER',
  occurred_at: '2026-11-22T10:00:00Z',
  metadata: { order: 7, lines: [{ sku: 'x', n: 1 }] },
};

/** Hashes stored by installations: a change of one of them turns repeats into conflicts. */
const STORED = [
  {
    title: 'with its required fields alone',
    event: BARE,
    hash: '02ef575b5a95a9dd38f9f2fa8f730cebcead3b2832cb81086e80b10bff4d0c33a0',
    firstForm: '158482ded5383546614411398444b5a46de105612e0142f1f6fa67c25641ad5b',
  },
  {
    title: 'with every field',
    event: FULL,
    hash: '027059c143cf6c8e26fbfd5b8c2aee0b96c1a69e9db0df96f0143025c29cc841a1',
    firstForm: 'ecdb8ad0a5d3a1773e0d686f392244bb495b6955ee8d917e30bdbf4b7abc3a37',
  },
];

function read(event: object): IntakeEvent {
  const rules = {
    operatorId: 'op_1',
    withoutTransactionId: 'refuse',
    repeatWindowHours: 24,
    eventTypes: new Map(),
    currencies: new Map(),
  } as const;
  const reading = readEvent(event, rules, Date.parse('2026-11-29T12:00:00Z'));
  assert.equal(reading.kind, 'event');
  return (reading as { event: IntakeEvent }).event;
}

for (const { title, event, hash, firstForm } of STORED) {
  test(`the hash of an event ${title} equals the stored one`, () =>
    assert.equal(read(event).contentHash.toString('hex'), hash));

  test(`an event ${title} equals only its own hash of the first form`, () => {
    assert.ok(isSameContent(Buffer.from(firstForm, 'hex'), read(event)));
    assert.ok(!isSameContent(Buffer.from(firstForm, 'hex'), read({ ...event, sub2: 'other' })));
  });

  test(`a repeat of an event ${title} that was stored with the first form is a duplicate, other content a conflict`, async () => {
    const { key, id: operatorId } = await api.newOperator();
    const send = (body: object) => api.call<{ id: string; status: string }>('POST /v1/events', { key, body });
    const incoming = read(event);
    const kept = {
      ...incoming,
      event: { ...incoming.event, operatorId },
      contentHash: Buffer.from(firstForm, 'hex'),
    };
    const [first] = await ingest(api.pool, [kept]);
    assert.deepEqual(first, { kind: 'accepted', id: incoming.event.id });
    const again = await send(event);
    assert.deepEqual([again.status, again.body], [200, { id: incoming.event.id, status: 'duplicate' }]);
    assert.equal((await send({ ...event, coupon: 'WINTER' })).status, 409);
  });
}

test('the hash of an event covers every field', () => {
  const hashes = Object.keys(FULL).map((field) => {
    const other = field === 'event' || field === 'reference_event' ? 'deposit' : '9';
    const value = { metadata: {}, occurred_at: 1_795_000_000, currency: 'EUR' }[field] ?? other;
    return read({ ...FULL, [field]: value }).contentHash.toString('hex');
  });
  assert.equal(new Set([...hashes, STORED[1]!.hash]).size, Object.keys(FULL).length + 1);
});

test('a field added to the event form changes only the hashes of events that have the field', () => {
  const { event, isTimed } = read(BARE);
  const content: Content = { event, isTimed, metadata: null };
  const extended = (value: string | null) =>
    contentHashOf(content, [...CONTENT_FIELDS, ['tax', () => value]]);
  assert.deepEqual(extended(null), contentHashOf(content));
  assert.notDeepEqual(extended('1'), contentHashOf(content));
});

test('the hash of an event ignores defaults: a sale without a time is a duplicate whenever it is repeated', () => {
  const later = { ...read(BARE).event, occurredAt: 1, receivedAt: 1 };
  assert.equal(
    contentHashOf({ event: later, isTimed: false, metadata: null }).toString('hex'),
    STORED[0]!.hash,
  );
});
