// Customers over HTTP: whom one is bound to, and giving it to another affiliate.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { createSettling } from '../../support/settling.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Body = Record<string, never> & { id: string; reassignments: Body[]; [name: string]: unknown };
type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };

const FROM = '2026-03-01T00:00:00.000Z';

let api: TestApi;
let operatorId: string;
let key: string;
let affiliateId: string;
before(async () => {
  api = await withApi();
  ({ key, id: operatorId } = await api.newOperator());
  affiliateId = (await call('POST /v1/affiliates', { name: 'Bounty' })).body.id;
});
after(() => api.close());

const call = <T = Body>(request: string, body?: object) =>
  api.call<T>(request, { key, ...(body && { body }) });
const given = (more: object = {}) => ({ affiliate_id: affiliateId, from: FROM, reason: 'mistaken', ...more });

test('a customer is shown with the affiliate it is bound to, by which event and click, and since when', async () => {
  const click = { affiliate_id: affiliateId, click_id: 'theirs', clicked_at: '2026-02-01T00:00:00Z' };
  await call('POST /v1/clicks', click);
  const event = { event: 'registration', customer_id: 'anna', click_id: 'theirs', occurred_at: FROM };
  const { id: eventId } = (await call('POST /v1/events', event)).body;
  const unbound = { customer_id: 'anna', binding: null, reassignments: [] };
  assert.deepEqual((await call('GET /v1/customers/anna')).body, unbound);
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId, eventIds: [eventId] }],
  });
  const since = '2026-02-01T00:00:00.000Z';
  const binding = { affiliate_id: affiliateId, event_id: eventId, click_id: 'theirs', since };
  assert.deepEqual((await call('GET /v1/customers/anna')).body, { ...unbound, binding });
});

test('a customer assigned to an affiliate since a date is shown to belong to it since then', async () => {
  const event = { event: 'registration', customer_id: 'dora', occurred_at: FROM };
  const { id: eventId } = (await call('POST /v1/events', event)).body;
  const settle = createSettling(api.pool);
  await settle(operatorId, [eventId]);
  const since = '2026-01-15T00:00:00.000Z';
  await call(`POST /v1/orphans/${eventId}/assign`, { affiliate_id: affiliateId, from: since });
  await settle(operatorId, [eventId]);
  const binding = { affiliate_id: affiliateId, event_id: eventId, click_id: null, since };
  assert.deepEqual((await call('GET /v1/customers/dora')).body['binding'], binding);
});

test('a customer is given to another affiliate, also before its first event, and the journal keeps every one', async () => {
  const path = `/v1/customers/${encodeURIComponent('a/b c?ü')}`;
  assert.equal((await call(`GET ${path}`)).status, 404);
  const { status, body } = await call(`POST ${path}/reassign`, given());
  assert.deepEqual([status, body['status']], [202, 'accepted']);
  const second = (await call(`POST ${path}/reassign`, given({ reason: 'again' }))).body;
  const shown = (await call(`GET ${path}`)).body;
  assert.deepEqual([shown['customer_id'], shown['binding']], ['a/b c?ü', null]);
  assert.deepEqual(
    shown.reassignments.map(({ id, affiliate_id: to, from, reason }) => [id, to, from, reason]),
    [
      [second.id, affiliateId, FROM, 'again'],
      [body.id, affiliateId, FROM, 'mistaken'],
    ],
  );
  await assert.rejects(api.pool.query(`delete from reassignments`), /append-only/);
});

test('a customer is not given to an unknown or a closed affiliate, nor without a date and a reason', async () => {
  const refused = async (body: object) => {
    const answer = await call<Failure>('POST /v1/customers/ben/reassign', body);
    const issues = (answer.body.error.issues ?? []).map((issue) => `${issue.path} ${issue.code}`);
    return [answer.status, ...issues].join(' ');
  };
  const { id: closed } = (await call('POST /v1/affiliates', { name: 'Gone', state: 'closed' })).body;
  assert.equal(await refused(given({ affiliate_id: newId('aff') })), '404');
  assert.equal(await refused(given({ affiliate_id: closed })), '422');
  assert.equal(await refused({ affiliate_id: affiliateId }), '400 from required reason required');
  for (const from of ['1999-12-31T23:59:59Z', 'yesterday'])
    assert.equal(await refused(given({ from })), '400 from invalid_time');
  assert.equal((await call('GET /v1/customers/ben')).status, 404);
});

test('a customer of one operator is not shown to another with a customer of the same id', async () => {
  await call('POST /v1/customers/carla/reassign', given());
  const other = await api.newOperator();
  assert.equal((await api.call('GET /v1/customers/carla', { key: other.key })).status, 404);
  const foreign = await api.call('POST /v1/customers/carla/reassign', { key: other.key, body: given() });
  assert.equal(foreign.status, 404, 'an affiliate of another operator');
});
