// Payouts that an operator computed in another currency than the event's amount: booked at the rate
// of their own currency, shown, amended and audited.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { createAmend } from '../../../activities/settlement/amend.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { auditOf } from '../../support/settling.ts';

type Failure = { error: { issues?: { path: string; code: string }[] } };
type Trace = {
  status: string;
  reason?: string;
  event: Record<string, string>;
  commissions: Record<string, string>[];
  exchange_rates: Record<string, string>[];
  versions?: Record<string, string>[];
};

const AS_OF = '2026-10-01T00:00:00Z';

let api: TestApi;
let key: string;
let operatorId: string;
let click: string;
before(async () => {
  api = await withApi();
});
after(() => api.close());
beforeEach(async () => {
  ({ key, id: operatorId } = await api.newOperator());
  const { id: affiliateId } = await made<{ id: string }>('affiliates', { name: 'Partner' });
  const terms = { payout: 'accept', components: [{ kind: 'percent', on: 'sale', percent: '10' }] };
  await made('deals', { name: 'd', affiliate_id: affiliateId, terms });
  ({ click_id: click } = await made<{ click_id: string }>('clicks', {
    affiliate_id: affiliateId,
    clicked_at: AS_OF,
  }));
});

async function made<Body>(path: string, body: object): Promise<Body> {
  const answer = await api.call<Body>(`POST /v1/${path}`, { key, body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

const rate = (base: string, text: string): Promise<unknown> =>
  made('fx-rates', { base, quote: 'USD', rate: text, as_of: AS_OF, source: 'bank' });

const fieldsOf = (changes: object) => ({
  event: 'sale',
  click_id: click,
  customer_id: 'c',
  transaction_id: newId('test'),
  occurred_at: '2026-10-05T00:00:00Z',
  ...changes,
});

async function sale(changes: object): Promise<string> {
  const { id } = await made<{ id: string }>('events', fieldsOf(changes));
  await settle(id);
  return id;
}

async function settle(eventId: string): Promise<void> {
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId, eventIds: [eventId] }],
  });
}

const traceOf = async (id: string) => (await api.call<Trace>(`GET /v1/events/${id}`, { key })).body;
const earnedBy = async (id: string) =>
  (await traceOf(id)).commissions.map(
    ({ component, amount, currency }) => `${component} ${amount} ${currency}`,
  );
const issuesOf = async (path: string, body: object) =>
  (await api.call<Failure>(`POST /v1/${path}`, { key, body })).body.error.issues?.map(
    ({ path: field, code }) => `${field} ${code}`,
  );

test('a payout in the currency of the deal is paid as it is, whatever currency the amount has', async () => {
  const id = await sale({ amount: '15000', currency: 'JPY', payout: '25', payout_currency: 'usd' });
  assert.deepEqual(await earnedBy(id), ['payout 25.00 USD']);
  const { event } = await traceOf(id);
  assert.deepEqual(
    [event['amount'], event['currency'], event['payout'], event['payout_currency']],
    ['15000', 'JPY', '25.00', 'USD'],
  );
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});

test('a payout without a currency of its own is in that of the amount', async () => {
  await rate('JPY', '0.0065');
  const id = await sale({ amount: '15000', currency: 'JPY', payout: '2500' });
  assert.deepEqual(await earnedBy(id), ['payout 16.25 USD']);
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});

test('a payout in a third currency is converted by the rate of that currency, and waits for it', async () => {
  await rate('JPY', '0.0065');
  const id = await sale({ amount: '15000', currency: 'JPY', payout: '20.00', payout_currency: 'EUR' });
  const { status, reason } = await traceOf(id);
  assert.deepEqual([status, reason], ['set_aside', 'no_exchange_rate']);
  await rate('EUR', '1.10');
  await settle(id);
  assert.deepEqual(await earnedBy(id), ['payout 22.00 USD']);
  const used = (await traceOf(id)).exchange_rates.map(({ base, quote }) => `${base}/${quote}`);
  assert.deepEqual(used, ['EUR/USD']);
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});

test('a refund of half the amount takes back half of a payout in another currency', async () => {
  const sent = { amount: '15000', currency: 'JPY', payout: '25', payout_currency: 'USD' };
  const id = await sale({ ...sent, transaction_id: 's-1' });
  await sale({ event: 'refund', reference: 's-1', amount: '7500', currency: 'JPY' });
  assert.deepEqual(await earnedBy(id), ['payout 12.50 USD']);
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});

test('a payout without an amount needs one of the two currencies', async () => {
  assert.deepEqual(await earnedBy(await sale({ payout: '3', payout_currency: 'USD' })), ['payout 3.00 USD']);
  assert.deepEqual(await earnedBy(await sale({ payout: '4', currency: 'USD' })), ['payout 4.00 USD']);
  assert.deepEqual(await issuesOf('events', fieldsOf({ payout: '3' })), ['currency currency_required']);
  assert.deepEqual(await issuesOf('events', fieldsOf({ payout: '3', payout_currency: 'XYZ' })), [
    'payout_currency unknown_currency',
  ]);
  assert.deepEqual(
    await issuesOf(
      'events',
      fieldsOf({ payout: '2.5', payout_currency: 'JPY', amount: '9.50', currency: 'USD' }),
    ),
    ['payout too_precise'],
  );
});

test('an amendment changes a payout together with its currency, and never the currency alone', async () => {
  const id = await sale({ amount: '15000', currency: 'JPY', payout: '2500', payout_currency: 'JPY' });
  assert.deepEqual((await traceOf(id)).reason, 'no_exchange_rate');
  assert.deepEqual(await issuesOf(`events/${id}/amend`, { payout_currency: 'USD' }), ['payout required']);
  await rate('JPY', '0.0065');
  await settle(id);
  assert.deepEqual(await earnedBy(id), ['payout 16.25 USD']);
  await made(`events/${id}/amend`, { payout: '25', payout_currency: 'USD' });
  const { applyAmendments } = createAmend({
    pool: api.pool,
    ...createSettle({ pool: api.pool }),
    handOver: () => Promise.resolve({ workflows: 0 }),
  });
  assert.deepEqual((await applyAmendments({ operatorId })).waiting, {});
  assert.deepEqual(await earnedBy(id), ['payout 25.00 USD']);
  const { versions } = await traceOf(id);
  assert.deepEqual(
    versions?.map((version) => `${version['payout']} ${version['payout_currency']}`),
    ['2500 JPY', '25.00 USD'],
  );
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});

test('the audit finds a payout that was booked in the currency of the amount', async () => {
  await sale({ amount: '100.00', currency: 'USD', payout: '25', payout_currency: 'EUR' });
  await rate('EUR', '1.10');
  await sale({ amount: '15000', currency: 'JPY', payout: '25', payout_currency: 'USD' });
  await api.pool.query('alter table events disable trigger user');
  await api.pool.query(
    `update events set payout_currency = null where currency = 'JPY' and operator_id = $1`,
    [operatorId],
  );
  assert.deepEqual((await auditOf(api.pool)).checks, ['fact_is_its_event']);
});
