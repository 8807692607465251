// Amendments of events over HTTP: amendable fields, refusals with their reasons, and both versions
// in the trace. Temporal is away.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { createAmend } from '../../../activities/settlement/amend.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Body = { id: string; [name: string]: unknown };
type Issues = { error: { code: string; message: string; issues?: { path: string; code: string }[] } };
type Version = { number: number; state: string; amount?: string; reason?: string; amended_by?: string };
type Trace = {
  event: Record<string, unknown>;
  transfers: Record<string, string>[];
  versions?: Version[];
  commissions: Record<string, string>[];
};

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
  const { id: affiliateId } = await made('affiliates', { name: 'Partner' });
  const terms = { components: [{ kind: 'percent', on: 'sale', percent: '10' }] };
  await made('deals', { name: 'd', affiliate_id: affiliateId, terms });
  click = String(
    (await made('clicks', { affiliate_id: affiliateId, clicked_at: '2026-10-01T00:00:00Z' }))['click_id'],
  );
});

async function made(path: string, body: object): Promise<Body> {
  const answer = await api.call<Body>(`POST /v1/${path}`, { key, body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

const amend = (id: string, body: object) =>
  api.call<Body & Issues>(`POST /v1/events/${id}/amend`, { key, body });
const traceOf = async (id: string) => (await api.call<Trace>(`GET /v1/events/${id}`, { key })).body;

async function settle(...eventIds: string[]): Promise<void> {
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId, eventIds }],
  });
}

async function apply(): Promise<void> {
  const { applyAmendments } = createAmend({
    pool: api.pool,
    ...createSettle({ pool: api.pool }),
    handOver: () => Promise.resolve({ workflows: 0 }),
  });
  assert.deepEqual((await applyAmendments({ operatorId })).waiting, {});
}

/** A settled sale of 100.00. */
async function aSale(more: object = {}): Promise<string> {
  const fields = { event: 'sale', click_id: click, customer_id: 'c', occurred_at: '2026-10-05T00:00:00Z' };
  const { id } = await made('events', {
    ...fields,
    transaction_id: newId('test'),
    amount: '100.00',
    currency: 'USD',
    ...more,
  });
  await settle(id);
  return id;
}

test('a decision about an event is taken back without a body', async () => {
  const id = await aSale();
  for (const name of ['void', 'reject']) {
    await made(`events/${id}/${name}`, { reason: 'a test' });
    await apply();
    assert.deepEqual(
      (await traceOf(id)).commissions.map(({ amount }) => amount),
      ['0.00'],
    );
    const { status } = await api.call(`POST /v1/events/${id}/un${name}`, { key });
    assert.equal(status, 202);
    await apply();
    assert.deepEqual(
      (await traceOf(id)).commissions.map(({ amount }) => amount),
      ['10.00'],
    );
  }
  assert.equal((await api.call(`POST /v1/events/${id}/void`, { key })).status, 400);
});

test('an amended event changes the booked amount by the difference, and its trace shows every version', async () => {
  const id = await aSale({ metadata: { campaign: 'a' } });
  const kept = await amend(id, { amount: '60.00', reason: 'typed wrong' });
  assert.deepEqual([kept.status, kept.body], [202, { id, status: 'accepted', version: 1 }]);
  assert.ok(api.workflowCalls.includes(`amend ${operatorId}`), 'the workflow gets the signal');
  assert.equal((await traceOf(id)).event['amount'], '100.00', 'what is not booked yet is not in force');
  await apply();
  const again = await amend(id, { amount: 60, reason: 'again' });
  assert.deepEqual([again.status, again.body], [200, { id, status: 'duplicate', version: 1 }]);
  const trace = await traceOf(id);
  assert.deepEqual([trace.event['amount'], trace.event['metadata']], ['60.00', { campaign: 'a' }]);
  assert.deepEqual(
    trace.versions?.map(({ number, state, amount, reason }) => [number, state, amount, reason]),
    [
      [0, 'sent', '100.00', undefined],
      [1, 'applied', '60.00', 'typed wrong'],
    ],
  );
  assert.match(trace.versions?.[1]?.amended_by ?? '', /^key_/);
  assert.deepEqual(
    trace.transfers.map(({ amount, event_id }) => [amount, event_id]),
    [
      ['10.00', id],
      ['4.00', id],
    ],
  );
  assert.equal(trace.commissions[0]?.['amount'], '6.00');
});

test('metadata with its fields in another order, at any depth, is no new version', async () => {
  const id = await aSale({ metadata: { a: 1, b: { c: [{ d: 1, e: 2 }], f: null } } });
  const again = await amend(id, { metadata: { b: { f: null, c: [{ e: 2, d: 1 }] }, a: 1.0 } });
  assert.deepEqual([again.status, again.body], [200, { id, status: 'duplicate', version: 0 }]);
  const other = await amend(id, { metadata: { a: 1, b: { c: [{ d: 1, e: 2 }] } } });
  assert.deepEqual([other.status, other.body['version']], [202, 1]);
  const back = await amend(id, { metadata: { b: { c: [{ e: 2, d: 1 }] }, a: 1 }, amount: '100' });
  assert.deepEqual([back.status, back.body], [200, { id, status: 'duplicate', version: 1 }]);
  assert.deepEqual((await amend(await aSale(), { metadata: {} })).status, 202, 'none is not an empty one');
});

test('a repeat of an event as first sent stays a duplicate after an amendment', async () => {
  const sale = { transaction_id: 'once', event: 'sale', click_id: click, amount: '5.00', currency: 'USD' };
  const { id } = await made('events', sale);
  await amend(id, { amount: '6.00' });
  await apply();
  const again = await api.call<Body>('POST /v1/events', { key, body: sale });
  assert.deepEqual([again.status, again.body], [200, { id, status: 'duplicate' }]);
  const other = await api.call<Issues>('POST /v1/events', { key, body: { ...sale, amount: '6.00' } });
  assert.deepEqual([other.status, other.body.error.code], [409, 'conflict']);
  assert.match(other.body.error.message, /amend/);
});

test('an amendment back to the original values is an amendment too', async () => {
  const id = await aSale();
  for (const [number, amount] of ['60.00', '100.00'].entries()) {
    assert.deepEqual((await amend(id, { amount })).body, { id, status: 'accepted', version: number + 1 });
    await apply();
  }
  assert.equal((await traceOf(id)).commissions[0]?.['amount'], '10.00');
});

test('of several amendments before any is booked, the last one is booked', async () => {
  const id = await aSale();
  for (const amount of ['20.00', '30.00']) await amend(id, { amount });
  await apply();
  const { versions, transfers } = await traceOf(id);
  assert.deepEqual(
    versions?.map(({ state }) => state),
    ['sent', 'superseded', 'applied'],
  );
  assert.deepEqual(
    transfers.map(({ amount }) => amount),
    ['10.00', '7.00'],
  );
});

test('an invalid amendment is refused with the path of each issue, and nothing is stored', async () => {
  const id = await aSale();
  const issues = async (body: object) => {
    const answer = await amend(id, body);
    return [answer.status, ...(answer.body.error.issues ?? []).map(({ path, code }) => `${path} ${code}`)];
  };
  assert.deepEqual(await issues({}), [400, ' required']);
  assert.deepEqual(await issues({ reason: 'none' }), [400, ' required']);
  assert.deepEqual(await issues({ amount: '1.001', volume: '-1' }), [
    400,
    'amount too_precise',
    'volume negative',
  ]);
  assert.deepEqual(await issues({ amount: '-1.00' }), [400, 'amount negative']);
  assert.deepEqual(await issues({ occurred_at: '2026-10-01T00:00:00Z' }), [
    400,
    'occurred_at unknown_field',
    ' required',
  ]);
  assert.deepEqual(await issues({ payout: '1.00', currency: 'XXQ' }), [422]);
  const kyc = await aSale({ event: 'kyc', amount: null, currency: null });
  assert.deepEqual(
    (await amend(kyc, { amount: '1.00' })).body.error.issues?.map(({ path, code }) => `${path} ${code}`),
    ['currency currency_required'],
  );
  assert.equal((await traceOf(id)).versions, undefined);
  assert.equal((await amend(newId('evt'), { amount: '1.00' })).status, 404);
});

test('an event that cannot be amended is refused with the reason', async () => {
  const id = await aSale({ transaction_id: 'reversed' });
  const { id: refund } = await made('events', {
    event: 'refund',
    transaction_id: 'r',
    reference: 'reversed',
    amount: '10.00',
    currency: 'USD',
  });
  await settle(refund);
  const early = {
    event: 'sale',
    transaction_id: 'early',
    click_id: click,
    customer_id: 'd',
    amount: '1.00',
    currency: 'USD',
  };
  const { id: own } = await made('affiliates', { name: 'Own account', external_id: 'd' });
  const { click_id: ownClick } = await made('clicks', { affiliate_id: own });
  const { id: rejected } = await made('events', { ...early, click_id: ownClick });
  await settle(rejected);
  const refusal = async (event: string, body: object) => {
    const { status, body: answer } = await amend(event, body);
    return `${status} ${answer.error.code}: ${answer.error.message}`;
  };
  assert.match(
    await refusal(refund, { amount: '5.00' }),
    /^422 not_possible: only conversions can be amended/,
  );
  assert.match(await refusal(rejected, { amount: '5.00' }), /^422 not_possible: the event was rejected/);
  assert.match(
    await refusal(id, { amount: '5.00', currency: 'EUR' }),
    /^422 not_possible: an event stays in its currency, USD/,
  );
  // The refund of 10.00 still counts: of 50.00, 40.00 are left.
  assert.equal((await amend(id, { amount: '50.00' })).status, 202);
  await apply();
  assert.equal((await traceOf(id)).commissions[0]?.['amount'], '4.00');
});
