// Tests of refused requests: samples and exact counts by reason and address.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createRefusalLog } from '../../../api/intake/refusals.ts';
import { ApiError } from '../../../api/http/errors.ts';
import { createLogger } from '../../../log.ts';
import type { Refusals } from '../../../store/intake/refusals.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Count = { count: number };
type List = {
  data: Record<string, unknown>[];
  next_cursor: string | null;
  counts: {
    total: number;
    by_reason: (Count & { reason: string })[];
    by_address: (Count & { address: string })[];
  };
};

let api: TestApi;
before(async () => {
  api = await withApi({ config: { trustProxy: 1 } });
});
after(() => api.close());

const list = async (key: string, query = '') =>
  (await api.call<List>(`GET /v1/refusals${query}`, { key })).body;

test('a refused request is listed with reason, path and address, and without its content', async () => {
  const { key } = await api.newOperator();
  const headers = { 'x-request-id': 'job-7', 'x-forwarded-for': '198.51.100.9' };
  const body = {
    event: 'sale',
    transaction_id: 'hidden-1',
    customer_id: 'hidden-2',
    amount: '1.005',
    currency: 'USD',
  };
  await api.call('POST /v1/events', { key, body, headers });
  await api.call('POST /v1/events', {
    key,
    body: { event: 'kyc', 'hidden-3': 1, customer_id: 'c' },
    headers,
  });
  await api.call('POST /v1/events', { key, body: '{"broken', headers });
  const shown = await list(key);
  const own = { address: '198.51.100.9', method: 'POST', path: '/v1/events', request_id: 'job-7' };
  assert.deepEqual(
    shown.data.map(({ id: _id, refused_at: _at, api_key_id: _key, ...rest }) => rest),
    [
      { reason: 'invalid_request', issue: null, ...own },
      { reason: 'invalid_request', issue: { path: null, code: 'unknown_field' }, ...own },
      { reason: 'invalid_request', issue: { path: 'amount', code: 'too_precise' }, ...own },
    ],
  );
  assert.doesNotMatch(JSON.stringify(shown), /hidden/);
});

test('onboarding shows the addresses of refused calls, with advice', async () => {
  const { key } = await api.newOperator();
  await api.call('PATCH /v1/operator', { key, body: { allowed_ips: ['203.0.113.0/24'] } });
  const headers = { 'x-forwarded-for': '198.51.100.9' };
  assert.equal(
    (await api.call('POST /v1/events', { key, headers, body: { event: 'kyc', customer_id: 'c' } })).status,
    403,
  );
  type Checks = {
    checks: { check: string; state: string; todo: string; by_address: (Count & { address: string })[] }[];
  };
  const { checks } = (await api.call<Checks>('GET /v1/onboarding', { key })).body;
  const { state, todo, by_address } = checks.find(({ check }) => check === 'refused_calls')!;
  assert.deepEqual([state, by_address], ['attention', [{ address: '198.51.100.9', count: 1 }]]);
  assert.match(todo, /allowed_ips/);
});

test('each refused event of a batch is counted, and accepted events are not', async () => {
  const { key } = await api.newOperator();
  const good = { event: 'kyc', customer_id: 'c' };
  const events = [
    good,
    { event: 'party' },
    good,
    { event: 'sale', customer_id: 'c' },
    7,
    { ...good, coupon: 'x' },
  ];
  await api.call('POST /v1/events/batch', { key, body: { events } });
  const { counts } = await list(key);
  assert.deepEqual(
    [counts.total, counts.by_reason.sort((a, b) => (a.reason < b.reason ? -1 : 1))],
    [
      4,
      [
        { reason: 'conflict', count: 1 },
        { reason: 'invalid_request', count: 2 },
        { reason: 'unknown_event', count: 1 },
      ],
    ],
  );
});

test('a GET with an invalid parameter or unknown id is no refusal, and a GET without the scope is one', async () => {
  const { key } = await api.newOperator();
  const { body } = await api.call<{ api_key: string }>('POST /v1/api-keys', {
    key,
    body: { name: 'w', scopes: ['events:write'] },
  });
  await api.call('GET /v1/events?limit=0', { key });
  await api.call('GET /v1/affiliates/unknown', { key });
  await api.call('GET /v1/events', { key: body.api_key });
  await api.call('GET /v1/events', { key: `${body.api_key}x` });
  const { counts } = await list(key);
  assert.deepEqual(counts.by_reason, [{ reason: 'forbidden', count: 1 }]);
});

test('counts of refusals are exact beyond the samples, and addresses beyond a hundred a minute are counted as one', async () => {
  const { key, id } = await api.newOperator();
  const events = Array.from({ length: 500 }, () => ({ event: 'party' }));
  await Promise.all([1, 2].map(() => api.call('POST /v1/events/batch', { key, body: { events } })));
  for (let n = 0; n < 120; n++)
    await api.call('POST /v1/events', { key, body: {}, headers: { 'x-forwarded-for': `198.51.100.${n}` } });
  const { counts } = await list(key);
  assert.equal(counts.total, 1120);
  const { rows } = await api.pool.query<{ addresses: number; samples: number }>(
    `select (select count(distinct address)::int from refusal_counts where operator_id = $1) as addresses,
       (select count(*)::int from refusals where operator_id = $1) as samples`,
    [id],
  );
  // The run may cross one boundary of a minute, never two.
  assert.ok(rows[0]!.addresses <= 202 && rows[0]!.samples <= 40, JSON.stringify(rows));
});

test('the list of refusals is filtered by time, reason and address, and returned page by page', async () => {
  const { key } = await api.newOperator();
  for (const [event, address] of [
    ['party', '192.0.2.1'],
    ['sale', '192.0.2.1'],
    ['party', '192.0.2.2'],
  ] as const)
    await api.call('POST /v1/events', {
      key,
      body: { event, customer_id: 'c' },
      headers: { 'x-forwarded-for': address },
    });
  const first = await list(key, '?reason=unknown_event&limit=1');
  assert.deepEqual([first.data.length, first.data[0]?.['address'], first.counts.total], [1, '192.0.2.2', 2]);
  const rest = await list(key, `?reason=unknown_event&limit=1&cursor=${first.next_cursor}`);
  assert.deepEqual([rest.data[0]?.['address'], rest.next_cursor], ['192.0.2.1', null]);
  assert.equal((await list(key, '?address=192.0.2.1')).counts.total, 2);
  assert.equal((await list(key, '?to=2020-01-01T00:00:00Z')).counts.total, 0);
  assert.equal((await list(key, '?from=2020-01-01T00:00:00Z')).counts.total, 3);
  const other = await api.newOperator();
  assert.equal((await list(other.key)).counts.total, 0);
});

describe('the log of refusals', () => {
  const request = { ip: '192.0.2.1', method: 'POST', route: { path: '/v1/events' } };
  const answer = {
    locals: { caller: { operator: { id: 'opr_1' }, key: { id: 'key_1' } }, scope: 'events:write' },
    getHeader: () => 'req_1',
  };
  const written: number[] = [];
  let isAway = true;
  const add: Refusals['add'] = async (_operator, counts) => {
    if (isAway) throw new Error('away');
    written.push(counts.reduce((sum, { count }) => sum + count, 0));
  };

  test('the refusal log keeps its counts while PostgreSQL refuses them, and writes each once', async () => {
    const refusals = createRefusalLog({ store: { add }, log: createLogger('silent', 'test') });
    const note = () =>
      refusals.note(request as never, answer as never, new ApiError('invalid_request', 'no'));
    note();
    await refusals.flush();
    note();
    await refusals.flush();
    isAway = false;
    await Promise.all([refusals.flush(), refusals.flush()]);
    assert.deepEqual(written, [2]);
  });
});

test('refusals older than a month are deleted when new ones are written', async () => {
  const { id } = await api.newOperator();
  const old = new Date(Date.now() - 31 * 86_400_000);
  const count = { minute: old, reason: 'conflict', address: '', count: 1 };
  const sample = {
    refusedAt: old,
    reason: 'conflict',
    address: '',
    method: 'POST',
    path: '/',
    requestId: 'r',
    keyId: 'k',
    issuePath: null,
    issueCode: null,
  };
  const bound = await api.pool.query<{ id: string }>(`select id_bound('rfs', $1) as id`, [old]);
  await api.store.refusals.add(id, [count], [{ ...sample, id: bound.rows[0]!.id }]);
  const { rows } = await api.pool.query(
    `select (select count(*)::int from refusals where operator_id = $1) as samples,
       (select count(*)::int from refusal_counts where operator_id = $1) as counts`,
    [id],
  );
  assert.deepEqual(rows, [{ samples: 0, counts: 0 }]);
});
