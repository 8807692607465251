// Closed and suspended affiliates over HTTP: what they keep, lose and are given.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';
import { ago, withSettledBroker, type Failure } from '../../support/settled-broker.ts';
import { auditOf } from '../../support/settling.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(api.pool);
  await api.close();
  assert.deepEqual(findings, []);
});

const TEN_PERCENT = { components: [{ kind: 'percent', on: ['sale'], percent: '10' }] };
const sale = (transactionId: string, at: string, more: object = {}) => ({
  event: 'sale',
  customer_id: 'u',
  transaction_id: transactionId,
  amount: '100.00',
  occurred_at: at,
  ...more,
});

test('a closed affiliate is given neither an orphan nor a customer by hand', async () => {
  const broker = await withSettledBroker(api, TEN_PERCENT);
  const a = await broker.affiliate();
  const orphan = await broker.send(sale('s', ago(2)));
  await broker.change(a, { state: 'closed' });
  const requests: [string, object][] = [
    [`POST /v1/orphans/${orphan}/assign`, { affiliate_id: a }],
    ['POST /v1/customers/u/reassign', { affiliate_id: a, from: ago(5), reason: 'a test' }],
  ];
  for (const [request, body] of requests) {
    const { status, body: answer } = await broker.call<Failure>(request, body);
    assert.deepEqual(
      [status, answer.error.code, answer.error.message],
      [422, 'not_possible', 'the affiliate is closed'],
      request,
    );
  }
  assert.equal(await broker.rematch(), 0);
  await broker.change(a, { state: 'active' });
  await broker.made(...requests[0]!);
  await broker.rematch();
  assert.deepEqual(await broker.earned(a), ['10.00']);
});

test('a closed affiliate loses what is refunded of sales before, and keeps what is amended of them', async () => {
  const broker = await withSettledBroker(api, TEN_PERCENT);
  const a = await broker.affiliate();
  const id = await broker.send(sale('s', ago(3), { click_id: await broker.click(a, ago(4)) }));
  await broker.change(a, { state: 'closed' });
  await broker.send({ event: 'refund', reference: 's', transaction_id: 'r', amount: '40.00' });
  assert.deepEqual(await broker.earned(a), ['6.00']);
  await broker.made(`POST /v1/events/${id}/amend`, { amount: '200.00' });
  await broker.apply();
  assert.deepEqual(await broker.earned(a), ['16.00'], '10 % of 160.00');
  await broker.decide(id, 'void');
  assert.deepEqual(await broker.earned(a), ['0.00']);
  await broker.decide(id, 'unvoid');
  assert.deepEqual(await broker.earned(a), ['16.00'], 'it happened before the closing');
});

test('what customers of a closed affiliate do since goes to whom a person moves them to', async () => {
  const broker = await withSettledBroker(api, TEN_PERCENT);
  const [a, b] = [await broker.affiliate(), await broker.affiliate()];
  await broker.send(sale('s1', ago(3), { click_id: await broker.click(a, ago(4)) }));
  await broker.change(a, { state: 'closed' });
  const later = await broker.send(sale('s2', ago(-0.01)));
  assert.equal(await broker.outcome(later), 'orphaned affiliate_closed');
  await broker.reassign('u', b, ago(1));
  assert.deepEqual(await broker.earned(a, b), ['10.00', '10.00']);
  assert.deepEqual(await broker.heard(b, later), ['created 10.00 10.00']);
  assert.deepEqual(await broker.heard(a, later), []);
});

test('a suspended affiliate earns from customers that it has and that it is given', async () => {
  const broker = await withSettledBroker(api, TEN_PERCENT);
  const [a, b] = [await broker.affiliate({ state: 'suspended' }), await broker.affiliate()];
  await broker.send(sale('s1', ago(3), { click_id: await broker.click(b, ago(4)) }));
  const orphan = await broker.send(sale('s2', ago(2), { customer_id: 'v' }));
  await broker.reassign('u', a, ago(3.5));
  await broker.made(`POST /v1/orphans/${orphan}/assign`, { affiliate_id: a });
  await broker.rematch();
  assert.deepEqual(await broker.earned(a, b), ['20.00', '0.00']);
});
