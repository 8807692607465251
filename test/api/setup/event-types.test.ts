// Tests of operators' own names of event types.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';

type Answer = Record<string, unknown> & { id: string; status: string; error?: { code: string } };

let api: TestApi;
let key: string;
before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
});
after(() => api.close());

const name = (body: object, by = key) => api.call<Answer>('POST /v1/event-types', { key: by, body });
const send = (body: object, by = key) => api.call<Answer>('POST /v1/events', { key: by, body });

test("an operator's own event name stands for a standard event, and the trace shows both", async () => {
  const made = await name({ name: 'First Deposit', standard: 'ftd' });
  assert.deepEqual([made.status, made.body['class']], [201, 'once']);
  const sent = await send({ event: 'First Deposit', customer_id: 'c-1', amount: '5', currency: 'USD' });
  assert.equal(sent.status, 202);
  const { body } = await api.call<{ event: Record<string, string> }>(`GET /v1/events/${sent.body.id}`, {
    key,
  });
  assert.deepEqual([body.event['event'], body.event['sent_as']], ['ftd', 'First Deposit']);
  // The event is the same under either name.
  const again = await send({ event: 'ftd', customer_id: 'c-1', amount: '5.00', currency: 'usd' });
  assert.deepEqual(again.body, { id: sent.body.id, status: 'duplicate' });
});

test('an own event name has the class of its standard event', async () => {
  const own = await api.newOperator();
  const classes: unknown[] = [];
  for (const standard of ['kyc', 'trade', 'revenue', 'refund', 'account_closure', 'chargeback_won'])
    classes.push((await name({ name: `own ${standard}`, standard }, own.key)).body['class']);
  assert.deepEqual(classes, ['once', 'repeatable', 'cumulative', 'negative', 'negative', 'reinstating']);
});

test('an own event name is accepted on every route of events, and as the reference of a reversal', async () => {
  await name({ name: 'purchase', standard: 'sale' });
  await name({ name: 'cb', standard: 'chargeback' });
  assert.equal((await api.call(`GET /postback?key=${key}&event=purchase&txid=1&customer_id=c`)).status, 202);
  const events = [{ event: 'cb', transaction_id: '2', reference: '1', reference_event: 'purchase' }];
  const { body } = await api.call<{ results: { status: string }[] }>('POST /v1/events/batch', {
    key,
    body: { events },
  });
  assert.deepEqual(
    body.results.map(({ status }) => status),
    ['accepted'],
  );
  const { rows } = await api.pool.query(
    `select type, sent_as, reference_type from events where transaction_id = '2'`,
  );
  assert.deepEqual(rows, [{ type: 'chargeback', sent_as: 'cb', reference_type: 'sale' }]);
});

test('an own event name is unique, has one meaning, and is not a standard name', async () => {
  await name({ name: 'lead', standard: 'registration' });
  assert.equal((await name({ name: 'lead', standard: 'registration' })).status, 200);
  assert.equal((await name({ name: 'lead', standard: 'sale' })).status, 409);
  for (const bad of [
    { name: 'sale', standard: 'ftd' },
    { name: 'x', standard: 'party' },
    { name: '', standard: 'ftd' },
    { name: 'a\u0000' },
  ])
    assert.equal((await name(bad)).status, 400, JSON.stringify(bad));
});

test("own event names may be those of JavaScript's own fields", async () => {
  for (const event of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
    assert.equal((await send({ event, customer_id: 'c' })).body.error?.code, 'unknown_event', event);
  assert.equal((await name({ name: '__proto__', standard: 'kyc' })).status, 201);
  assert.equal((await send({ event: '__proto__', customer_id: 'p' })).status, 202);
});

test('an own event name is deleted by name or id, only by the operator that owns the name', async () => {
  const other = await api.newOperator();
  const { body } = await name({ name: 'gone/soon', standard: 'sale' });
  assert.equal(
    (await send({ event: 'gone/soon', customer_id: 'c', transaction_id: 'x' }, other.key)).status,
    400,
  );
  assert.equal((await api.call(`DELETE /v1/event-types/${body.id}`, { key: other.key })).status, 404);
  assert.equal((await api.call('DELETE /v1/event-types/gone%2Fsoon', { key })).status, 204);
  assert.equal((await api.call(`DELETE /v1/event-types/${body.id}`, { key })).status, 404);
  assert.equal(
    (await send({ event: 'gone/soon', customer_id: 'c', transaction_id: 'x' })).body.error?.code,
    'unknown_event',
  );
  const list = await api.call<{ data: { name: string }[] }>('GET /v1/event-types?limit=200', { key });
  assert.ok(list.body.data.every((one) => one.name !== 'gone/soon') && list.body.data.length > 0);
});
