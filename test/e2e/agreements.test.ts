// Agreements that change the past, over HTTP with real processes: a late exchange rate, a backdated
// deal version, and events set aside.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { setAsideWorkflowId } from '../../domain/keys.ts';
import { withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
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
  id: string;
  status: string;
  reason?: string;
  exchange_rates: { rate: string; source: string }[];
};

async function send<Body = Trace>(
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Body> {
  const answer = await stack.call<Body>(`POST /v1/${path}`, { key: broker.key, body, headers });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

const waiting = { prefer: 'wait=10' };

async function pending(): Promise<string | undefined> {
  const { body } = await stack.call<{ balances: { pending: string }[] }>(
    `GET /v1/affiliates/${broker.affiliateId}/balance`,
    {
      key: broker.key,
    },
  );
  return body.balances[0]?.pending;
}

test('an event without an exchange rate is set aside, settles with the rate, and can be rerated', async () => {
  const { click_id: clickId } = await send<{ click_id: string }>('clicks', {
    affiliate_id: broker.affiliateId,
  });
  const sale = {
    event: 'sale',
    transaction_id: 's-1',
    click_id: clickId,
    customer_id: 'c',
    amount: '100.00',
    currency: 'EUR',
  };
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
  await eventually('the postback to arrive', () =>
    receiver.requests.some(({ body }) => body.includes('conversion.adjusted')),
  );
  assert.equal(await pending(), '21.68');

  // A newer rate does not change converted amounts.
  const aMinuteAgo = new Date(Date.now() - 60_000).toISOString();
  await send('fx-rates', { base: 'EUR', quote: 'USD', rate: '2', as_of: aMinuteAgo, source: 'ECB' });
  await send(
    'events',
    { event: 'chargeback', transaction_id: 'x-1', reference: 's-1', currency: 'EUR' },
    waiting,
  );
  assert.equal(await pending(), '0.00');
});

test('of two set-aside events one is dismissed and one retried, and their workflow ends', async () => {
  const { click_id: clickId } = await send<{ click_id: string }>('clicks', {
    affiliate_id: broker.affiliateId,
  });
  const sale = { event: 'sale', click_id: clickId, customer_id: 'd', amount: '100.00', currency: 'GBP' };
  const [first, second] = [
    await send('events', { ...sale, transaction_id: 'g-1' }, waiting),
    await send('events', { ...sale, transaction_id: 'g-2' }, waiting),
  ];
  const statusOf = async ({ id }: Trace) =>
    (await stack.call<Trace>(`GET /v1/events/${id}`, { key: broker.key })).body.status;
  assert.deepEqual([await statusOf(first), await statusOf(second)], ['set_aside', 'set_aside']);
  await send(`set-aside/${first.id}/dismiss`, {});

  // The rate is inserted directly, since the API would settle the events by itself.
  await stack.pool.query(
    `insert into fx_rates (operator_id, id, base, quote, rate, source, as_of, actor)
     select operator_id, 'fx_test', 'GBP', 'USD', 1.25, 'test', now() - interval '1 day', 'test'
       from events
       where id = $1`,
    [second.id],
  );
  await send(`set-aside/${second.id}/retry`, {});
  await eventually('the event to settle', async () => (await statusOf(second)) === 'settled');
  assert.equal(await statusOf(first), 'rejected');
  const { rows } = await stack.pool.query<{ id: string }>(
    `select operator_id as id from events where id = $1`,
    [first.id],
  );
  const holder = stack.temporal.client.workflow.getHandle(
    setAsideWorkflowId(rows[0]!.id, 'no_exchange_rate'),
  );
  await eventually(
    'their workflow to end',
    async () => (await holder.describe()).status.name === 'COMPLETED',
  );
});
