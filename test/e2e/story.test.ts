// The main story over HTTP with real processes: click, registration, first deposit, postback,
// chargeback, clawback.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { isSigned, startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let receiver: FaultyReceiver;
let broker: Broker;

before(async () => {
  [stack, receiver] = await Promise.all([withStack(), startReceiver()]);
  [broker] = await Promise.all([withBroker(stack, { url: `${receiver.url}/ok` }), stack.startWorker()]);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

type Trace = {
  status: string;
  attribution: { affiliate_id: string; method: string };
  commissions: { component: string; amount: string; formula: string }[];
  transfers: unknown[];
  deliveries: { id: string; state: string; attempts: unknown }[];
  workflow_id: string;
};

const sendEvent = (body: object) =>
  stack.call<{ id: string; status: string }>('POST /v1/events', { key: broker.key, body });

/** Waits for the postback about an event. */
function postbackOf(eventId: string) {
  return eventually(`the postback of ${eventId}`, () => {
    const request = receiver.requests.find(({ body }) => body.includes(`"event_id":"${eventId}"`));
    return (
      request && { request, body: JSON.parse(request.body) as { type: string; data: Record<string, string> } }
    );
  });
}

async function balance(): Promise<unknown> {
  type Balances = { balances: { currency: string; pending: string }[] };
  const path = `GET /v1/affiliates/${broker.affiliateId}/balance`;
  const { body } = await stack.call<Balances>(path, { key: broker.key });
  return body.balances.map(({ currency, pending }) => `${pending} ${currency}`);
}

test('a first deposit after a click is booked and reported, and its chargeback claws the commission back', async () => {
  const clicked = await stack.call(`GET /c/${broker.linkId}?sub1=campaign_spring_2026`);
  const clickId = new URL(clicked.headers.get('location')!).searchParams.get('click_id')!;
  assert.deepEqual([clicked.status, clickId.startsWith('clk_')], [302, true]);

  const registered = await sendEvent({ event: 'registration', click_id: clickId, customer_id: 'c-1' });
  assert.equal((await postbackOf(registered.body.id)).body.data['payout'], '0.00');

  const deposit = {
    event: 'ftd',
    transaction_id: 't-1',
    customer_id: 'c-1',
    amount: '500.00',
    currency: 'USD',
  };
  const { status, body: accepted } = await sendEvent(deposit);
  assert.deepEqual([status, accepted.status], [202, 'accepted']);
  const { request, body } = await postbackOf(accepted.id);
  assert.ok(isSigned(request, broker.endpoint.secret), 'the signature does not hold');
  assert.equal(body.type, 'conversion.created');
  const {
    event,
    transaction_id: transactionId,
    payout_delta: delta,
    payout_currency: currency,
    sub1,
  } = body.data;
  assert.deepEqual(
    { event, transactionId, delta, currency, sub1 },
    { event: 'ftd', transactionId: 't-1', delta: '200.00', currency: 'USD', sub1: 'campaign_spring_2026' },
  );
  assert.deepEqual(await balance(), ['200.00 USD']);

  const trace = await eventually('the trace to show the delivery', async () => {
    const answer = await stack.call<Trace>(`GET /v1/events/${accepted.id}`, { key: broker.key });
    return answer.body.deliveries[0]?.state === 'delivered' && answer.body;
  });
  assert.deepEqual([trace.status, trace.attribution.method], ['settled', 'binding']);
  assert.deepEqual([trace.commissions[0]?.amount, trace.transfers.length], ['200.00', 1]);
  assert.equal(trace.deliveries[0]?.id, request.headers['webhook-id']);
  const workflow = stack.temporal.client.workflow.getHandle(trace.workflow_id);
  await eventually(
    'the batch’s workflow to end',
    async () => (await workflow.describe()).status.name === 'COMPLETED',
  );

  const back = await sendEvent({ event: 'chargeback', transaction_id: 'cb-1', reference: 't-1' });
  const reversal = (await postbackOf(back.body.id)).body;
  assert.deepEqual(
    [
      reversal.type,
      reversal.data['payout_delta'],
      reversal.data['payout'],
      reversal.data['original_event_id'],
    ],
    ['conversion.reversed', '-200.00', '0.00', accepted.id],
  );
  assert.deepEqual(await balance(), ['0.00 USD']);

  assert.deepEqual(await sendEvent(deposit).then((answer) => [answer.status, answer.body]), [
    200,
    { id: accepted.id, status: 'duplicate' },
  ]);
  assert.equal((await sendEvent({ ...deposit, amount: '501.00' })).status, 409);
  assert.deepEqual(await balance(), ['0.00 USD'], 'a repeat moved money');
});

test('an orphan assigned manually to an affiliate is reported like any other event', async () => {
  const orphan = {
    event: 'sale',
    transaction_id: 's-0',
    customer_id: 'stranger',
    amount: '50.00',
    currency: 'USD',
  };
  const wait = { key: broker.key, headers: { prefer: 'wait=10' } };
  const { body: waiting } = await stack.call<Trace & { id: string }>('POST /v1/events', {
    ...wait,
    body: orphan,
  });
  assert.equal(waiting.status, 'orphaned');
  const given = { key: broker.key, body: { affiliate_id: broker.affiliateId } };
  assert.equal((await stack.call(`POST /v1/orphans/${waiting.id}/assign`, given)).status, 202);
  assert.equal((await postbackOf(waiting.id)).body.data['payout'], '5.00');
  const { body } = await stack.call<Trace & { attribution: object }>(`GET /v1/events/${waiting.id}`, {
    key: broker.key,
  });
  const { assigned_at: at, ...attribution } = body.attribution as Record<string, string>;
  assert.deepEqual([attribution['method'], attribution['affiliate_id']], ['manual', broker.affiliateId]);
  assert.ok(attribution['assigned_by']?.startsWith('key_') && at !== undefined);
});

test('the response to an event sent with a wait contains its whole trace', async () => {
  const event = {
    event: 'sale',
    transaction_id: 's-1',
    customer_id: 'c-1',
    amount: '50.00',
    currency: 'USD',
  };
  const { status, body } = await stack.call<Trace>('POST /v1/events', {
    key: broker.key,
    body: event,
    headers: { prefer: 'wait=10' },
  });
  assert.deepEqual([status, body.status, body.commissions[0]?.amount], [200, 'settled', '5.00']);
});
