// Agreements that change the past, over HTTP with the real processes: a rate that was missing, and a deal version dated back.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type RudeReceiver } from '../support/rude-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let receiver: RudeReceiver;
let broker: Broker;

before(async () => {
  [stack, receiver] = await Promise.all([withStack(), startReceiver()]);
  [broker] = await Promise.all([withBroker(stack, { url: `${receiver.url}/ok` }), stack.startWorker()]);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

type Trace = { id: string; status: string; reason?: string; exchange_rates: { rate: string; source: string }[] };

async function send<Body = Trace>(path: string, body: object, headers: Record<string, string> = {}): Promise<Body> {
  const answer = await stack.call<Body>(`POST /v1/${path}`, { key: broker.key, body, headers });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

const waiting = { prefer: 'wait=10' };

async function pending(): Promise<string | undefined> {
  const { body } = await stack.call<{ balances: { pending: string }[] }>(`GET /v1/affiliates/${broker.affiliateId}/balance`, {
    key: broker.key,
  });
  return body.balances[0]?.pending;
}

test('an event in another currency waits in plain sight, settles when its rate comes, and its deal may change afterwards', async () => {
  const { click_id: clickId } = await send<{ click_id: string }>('clicks', { affiliate_id: broker.affiliateId });
  const sale = { event: 'sale', transaction_id: 's-1', click_id: clickId, customer_id: 'c', amount: '100.00', currency: 'EUR' };
  const aside = await send('events', sale, waiting);
  assert.deepEqual([aside.status, aside.reason], ['set_aside', 'no_exchange_rate']);

  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  await send('fx-rates', { base: 'EUR', quote: 'USD', rate: '1.0842', as_of: yesterday, source: 'ECB' });
  const trace = await eventually('the event to settle', async () => {
    const { body } = await stack.call<Trace>(`GET /v1/events/${aside.id}`, { key: broker.key });
    return body.status === 'settled' && body;
  });
  assert.deepEqual(
    trace.exchange_rates.map(({ rate, source }) => [Number(rate), source]),
    [[1.0842, 'ECB']],
  );
  assert.equal(await pending(), '10.84');

  type Deals = { data: { id: string }[] };
  const { body: deals } = await stack.call<Deals>('GET /v1/deals', { key: broker.key });
  const components = [{ kind: 'percent', on: 'sale', percent: '20' }];
  await send(`deals/${deals.data[0]!.id}/versions`, { terms: { components }, effective_from: yesterday });
  await eventually('the affiliate to be told', () => receiver.requests.some(({ body }) => body.includes('conversion.adjusted')));
  assert.equal(await pending(), '21.68');

  // A newer rate changes nothing about what was converted.
  const aMinuteAgo = new Date(Date.now() - 60_000).toISOString();
  await send('fx-rates', { base: 'EUR', quote: 'USD', rate: '2', as_of: aMinuteAgo, source: 'ECB' });
  await send('events', { event: 'chargeback', transaction_id: 'x-1', reference: 's-1', currency: 'EUR' }, waiting);
  assert.equal(await pending(), '0.00');
});
