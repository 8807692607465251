// Values of events, end to end: every field of the form is content, a parameter of /postback,
// stored, loaded for settling, and shown in the trace.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventForm, type EventField, type EventForm } from '../../../api/events/events.schema.ts';
import { readEvent } from '../../../api/events/read-event.ts';
import { POSTBACK_FIELDS } from '../../../api/events/postback.schema.ts';
import { CONTENT_FIELDS } from '../../../api/intake/content-hash.ts';
import { insertEvents } from '../../../store/intake/event-inbox.ts';
import { loadEvents } from '../../../store/settlement/load-events.ts';
import { withApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
after(() => api.close());

/** Every field with a value; a new field must be added here. */
const SENT: { [Field in EventField]-?: NonNullable<EventForm[Field]> } = {
  event: 'chargeback',
  transaction_id: 't-2',
  click_id: 'k-1',
  customer_id: 'c-1',
  amount: '12.30',
  currency: 'USD',
  volume: '0.2500',
  symbol: 'XAUUSD',
  symbol_group: 'metals',
  reference: 't-1',
  reference_event: 'sale',
  payout: '4.50',
  payout_currency: 'EUR',
  sub1: 'a',
  sub2: 'b',
  sub3: 'c',
  sub4: 'd',
  sub5: 'e',
  coupon: 'SUMMER',
  occurred_at: '2026-11-22T10:00:00.000Z',
  metadata: { order: 7 },
};
const FIELDS = Object.keys(eventForm.shape).toSorted();

test('every field of an event is part of its content', () => {
  assert.deepEqual(CONTENT_FIELDS.map(([name]) => name).toSorted(), FIELDS);
});

test('every field of an event but metadata is a parameter of /postback', () => {
  assert.deepEqual([...POSTBACK_FIELDS, 'metadata'].toSorted(), FIELDS);
});

test('the trace of an event shows every field as it was sent', async () => {
  const { key } = await api.newOperator();
  const { body } = await api.call<{ id: string }>('POST /v1/events', { key, body: SENT });
  const trace = await api.call(`GET /v1/events/${body.id}`, { key });
  assert.deepEqual(trace.body['event'], SENT);
});

test('an event is loaded for settling with every value that it was stored with', async () => {
  const { id: operatorId } = await api.newOperator();
  const rules = {
    operatorId,
    withoutTransactionId: 'refuse',
    repeatWindowHours: 24,
    eventTypes: new Map(),
    currencies: new Map(),
  } as const;
  const reading = readEvent(SENT, rules, Date.now());
  assert.ok(reading.kind === 'event');
  const { event } = reading.event;
  await insertEvents(api.pool, [reading.event]);
  const [loaded] = await loadEvents(api.pool, operatorId, [event.id]);
  assert.deepEqual(loaded?.event, event);
  assert.deepEqual(
    Object.entries(event).filter(([, value]) => value === null),
    [],
  );
});
