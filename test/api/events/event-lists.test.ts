// The list of events by what support knows of one: its transaction id, its click, its affiliate.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Body = Record<string, unknown> & { id: string };
type List = { data: { id: string; event: Record<string, string> }[] };

let api: TestApi;
let key: string;
let affiliateId: string;
let clickId: string;

before(async () => {
  api = await withApi();
  const operator = await api.newOperator();
  key = operator.key;
  const post = async <B = Body>(path: string, body: object) =>
    (await api.call<B>(`POST /v1/${path}`, { key, body })).body;
  ({ id: affiliateId } = await post('affiliates', { name: 'Northwind' }));
  ({ click_id: clickId } = await post<{ click_id: string }>('clicks', { affiliate_id: affiliateId }));
  const money = { amount: '10.00', currency: 'USD' };
  const events = [
    { event: 'sale', transaction_id: 't-1', click_id: clickId, ...money },
    { event: 'deposit', transaction_id: 't-1', click_id: clickId, customer_id: 'anna', ...money },
    { event: 'sale', transaction_id: 't-2', customer_id: 'anna', ...money },
    { event: 'sale', transaction_id: 't-3', click_id: 'unknown-click', customer_id: 'ben', ...money },
    // A customer id is no transaction id, though both are keys of events.
    { event: 'kyc', customer_id: 't-1' },
  ];
  for (const event of events) await post('events', event);
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'batch',
    operators: [{ operatorId: operator.id, eventIds: api.accepted.map(({ id }) => id) }],
  });
});
after(() => api.close());

async function listed(query: string, as = key): Promise<string[]> {
  const { status, body } = await api.call<List>(`GET /v1/events?${query}`, { key: as });
  assert.equal(status, 200, JSON.stringify(body));
  return body.data.map(({ event }) => `${event['event']} ${event['transaction_id']}`);
}

test('the list of events finds those with a transaction id, of every type', async () => {
  assert.deepEqual(await listed('transaction_id=t-1'), ['deposit t-1', 'sale t-1']);
  assert.deepEqual(await listed('transaction_id=t-1&event=sale'), ['sale t-1']);
  assert.deepEqual(await listed('transaction_id=t-9'), []);
});

test('the list of events finds those that name a click, with and without a customer', async () => {
  assert.deepEqual(await listed(`click_id=${clickId}`), ['deposit t-1', 'sale t-1']);
  assert.deepEqual(await listed(`click_id=%20${clickId.toUpperCase()}`), ['deposit t-1', 'sale t-1']);
  assert.deepEqual(await listed('click_id=unknown-click'), ['sale t-3']);
});

test('the list of events finds those attributed to an affiliate, by whatever evidence', async () => {
  assert.deepEqual(await listed(`affiliate_id=${affiliateId}`), ['sale t-2', 'deposit t-1', 'sale t-1']);
  assert.deepEqual(await listed(`affiliate_id=${affiliateId}&customer_id=anna&event=sale`), ['sale t-2']);
  assert.deepEqual(await listed(`affiliate_id=${newId('aff')}`), []);
});

test('the list of events says how to write the + of a time, which is a blank in a query', async () => {
  const from = '/v1/events?from=2026-01-01T00:00:00';
  const answer = await api.call<{ error: { message: string } }>(`GET ${from}+01:00`, { key });
  assert.equal(answer.status, 400);
  assert.match(answer.body.error.message, /write the \+ as %2B$/);
  assert.equal((await api.call(`GET ${from}%2B01:00`, { key })).status, 200);
});

test('the list of events shows nothing of another operator, whatever ids are asked for', async () => {
  const stranger = await api.newOperator();
  for (const query of ['transaction_id=t-1', `click_id=${clickId}`, `affiliate_id=${affiliateId}`])
    assert.deepEqual(await listed(query, stranger.key), []);
});

test('the list of accepted events shows one that never settles, although the mark of the sweep has passed it', async () => {
  const accepted = await listed('status=accepted');
  assert.deepEqual(accepted, []);
  await api.call('POST /v1/events', { key, body: { event: 'kyc', customer_id: 'late' } });
  const { id } = api.accepted.at(-1)!;
  await api.pool.query(
    `insert into sweep_marks (name, through) values ('events', now() + interval '2 hours')`,
  );
  assert.deepEqual(await listed('status=accepted'), []);
  await api.pool.query(
    `insert into unsettled_events (operator_id, event_id, received_at)
     select operator_id, id, received_at from events where id = $1`,
    [id],
  );
  assert.deepEqual(await listed('status=accepted'), ['kyc undefined']);
  assert.deepEqual(await listed('status=accepted&event=sale'), []);
  await api.pool.query(`update sweep_marks set through = now() - interval '1 day'`);
  assert.deepEqual(await listed('status=accepted'), ['kyc undefined'], 'twice where both lead to it');
});
