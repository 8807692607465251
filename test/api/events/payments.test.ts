// A first payment that is told both as ftd and as deposit, over HTTP: it counts once for a CPA that
// adds deposits up, in the books, in a preview and in the audit.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { applyChanges, auditOf, createSettling } from '../../support/settling.ts';

type Body = Record<string, string> & { id: string };
type Balance = { balances: { pending: string }[] };
type Preview = { would_pay: string; paid: string };
type Commissions = { data: { amount: string; formula: string; event_id: string | null }[] };

const CPA = {
  kind: 'cpa',
  on: ['ftd', 'deposit'],
  amount: '80.00',
  min_amount: '200.00',
  qualify: 'cumulative',
};

let api: TestApi;
let key: string;
let operatorId: string;
let affiliateId: string;
let clickId: string;
let dealId: string;
before(async () => {
  api = await withApi();
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(api.pool);
  await api.close();
  assert.deepEqual(findings, []);
});
beforeEach(async () => {
  ({ key, id: operatorId } = await api.newOperator());
  affiliateId = (await made('affiliates', { name: 'Partner' })).id;
  dealId = (await made('deals', { name: 'd', affiliate_id: affiliateId, terms: { components: [CPA] } })).id;
  const click = { affiliate_id: affiliateId, clicked_at: '2026-10-01T00:00:00Z' };
  clickId = (await made('clicks', click))['click_id']!;
});

async function made(path: string, body: object): Promise<Body> {
  const answer = await api.call<Body>(`POST /v1/${path}`, { key, body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

/** Sends an event of the customer and settles it, as a batch of its own. */
async function sent(event: string, transactionId: string, amount: string, more: object = {}) {
  const { id } = await made('events', {
    event,
    transaction_id: transactionId,
    amount,
    currency: 'USD',
    customer_id: 'anna',
    click_id: clickId,
    occurred_at: '2026-10-05T00:00:00Z',
    ...more,
  });
  await createSettling(api.pool)(operatorId, [id]);
  return id;
}

/** A refund, of one type where that is given. */
const refunded = (reference: string, amount: string, type?: string) =>
  sent('refund', newId('test'), amount, {
    reference,
    customer_id: undefined,
    click_id: undefined,
    ...(type && { reference_event: type }),
  });

/** A person changes an event, and the change is booked. */
async function changed(eventId: string, how: string, body: object = { reason: 'a test' }): Promise<void> {
  await made(`events/${eventId}/${how}`, body);
  await applyChanges(api.pool, operatorId);
}

/** What the affiliate earned, and what a preview of the same terms says. */
async function earned(): Promise<string> {
  const { body } = await api.call<Balance>(`GET /v1/affiliates/${affiliateId}/balance`, { key });
  const preview = {
    terms: { components: [CPA] },
    from: '2026-10-01T00:00:00Z',
    to: '2026-11-01T00:00:00Z',
  };
  const { body: proposed } = await api.call<Preview>(`POST /v1/deals/${dealId}/preview`, {
    key,
    body: preview,
  });
  const booked = body.balances[0]?.pending ?? '0.00';
  assert.deepEqual([proposed.would_pay, proposed.paid], [booked, booked], 'the preview says the same');
  return booked;
}

for (const types of [
  ['ftd', 'deposit'],
  ['deposit', 'ftd'],
] as const) {
  test(`a payment of 150.00 told as ${types.join(' and then as ')} does not qualify for 200.00; a deposit of 50.00 more does`, async () => {
    for (const type of types) await sent(type, 'p1', '150.00');
    assert.equal(await earned(), '0.00');
    const further = await sent('deposit', 'p2', '50.00', { occurred_at: '2026-10-06T00:00:00Z' });
    assert.equal(await earned(), '80.00');
    const path = `GET /v1/commissions?affiliate_id=${affiliateId}`;
    const { data } = (await api.call<Commissions>(path, { key })).body;
    assert.deepEqual(
      data.map(({ amount }) => amount),
      ['80.00'],
    );
    const { body } = await api.call<{ commissions: Body[] }>(`GET /v1/events/${further}`, { key });
    assert.deepEqual(
      body.commissions.map(({ amount }) => amount),
      ['80.00'],
    );
  });
}

test('a payment told twice counts by the larger amount, also after it is amended, voided or rejected on one side', async () => {
  const ftd = await sent('ftd', 'p1', '150.00');
  const deposit = await sent('deposit', 'p1', '150.00');
  await changed(deposit, 'amend', { amount: '200.00', reason: 'typed wrong' });
  assert.equal(await earned(), '80.00');
  await changed(deposit, 'void');
  assert.equal(await earned(), '0.00');
  await changed(deposit, 'unvoid');
  assert.equal(await earned(), '80.00');
  await changed(deposit, 'reject');
  assert.equal(await earned(), '0.00');
  await sent('deposit', 'p2', '50.00');
  assert.equal(await earned(), '80.00');
  await changed(ftd, 'void');
  assert.equal(await earned(), '0.00');
  await changed(deposit, 'unreject');
  assert.equal(await earned(), '80.00');
});

test('a refund lowers the event that it names, and both where it names the transaction alone', async () => {
  await sent('ftd', 'p1', '200.00');
  await sent('deposit', 'p1', '200.00');
  assert.equal(await earned(), '80.00');
  await refunded('p1', '50.00', 'ftd');
  assert.equal(await earned(), '80.00', '200.00 of the deposit are left');
  await refunded('p1', '10.00');
  assert.equal(await earned(), '0.00', '140.00 of the ftd and 190.00 of the deposit are left');
  await sent('deposit', 'p2', '10.00');
  assert.equal(await earned(), '80.00');
});

test('a deposit of another customer under the transaction id of an ftd is a payment of its own', async () => {
  await sent('ftd', 'p1', '150.00');
  const ben = { customer_id: 'ben' };
  await sent('deposit', 'p1', '150.00', ben);
  await sent('deposit', 'p2', '50.00', ben);
  assert.equal(await earned(), '80.00');
  await sent('deposit', 'p3', '50.00');
  assert.equal(await earned(), '160.00');
});

test('a first deposit known by its click and a deposit of the customer that the click bound are one payment', async () => {
  await sent('ftd', 'p1', '150.00', { customer_id: undefined });
  await sent('deposit', 'p1', '150.00');
  assert.equal(await earned(), '0.00');
  await sent('deposit', 'p2', '50.00');
  assert.equal(await earned(), '80.00');
});

test('the audit counts a payment that is told twice once, as the books do', async () => {
  await sent('ftd', 'p1', '150.00');
  await sent('deposit', 'p1', '150.00');
  assert.equal(await earned(), '0.00');
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});
