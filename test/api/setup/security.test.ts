// Tests of the security settings of an operator: TLS, allow list, limits, inbound secret.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { newId } from '../../../store/db/ids.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';

type Failure = {
  error: { code: string; message: string; request_id: string; issues?: { path: string; code: string }[] };
};

let api: TestApi;
let key: string;

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
});
after(() => api.close());

async function fails(request: string, options: Parameters<TestApi['call']>[1] = {}): Promise<string> {
  const { status, body } = await api.call<Failure>(request, options);
  return `${status} ${body.error.code}`;
}

describe('a request', () => {
  test('a request without a key, or with a wrong one, is refused before its body is read', async () => {
    const json = { body: '{"broken' };
    assert.equal(await fails('POST /v1/events', json), '401 unauthorized');
    assert.equal(await fails('POST /v1/events', { ...json, key: 'pk_wrong' }), '401 unauthorized');
    assert.equal(await fails('POST /v1/events', { ...json, key: ADMIN_TOKEN }), '401 unauthorized');
    assert.equal(await fails('POST /v1/operators', { key }), '401 unauthorized');
    assert.equal(
      await fails('GET /v1/affiliates', { headers: { authorization: `Basic ${key}` } }),
      '401 unauthorized',
    );
  });

  test('a request to an unknown path or method is answered with the allowed methods', async () => {
    assert.equal(await fails('GET /v1/nothing', { key }), '404 not_found');
    const { status, headers, body } = await api.call<Failure>('PUT /v1/events', { key, body: {} });
    assert.deepEqual(
      [status, body.error.code, headers.get('allow')],
      [405, 'method_not_allowed', 'POST, GET'],
    );
  });

  test('every request has an id, the given one if valid', async () => {
    const own = await api.call<Failure>('GET /v1/nothing', { headers: { 'x-request-id': 'job-7' } });
    assert.deepEqual([own.headers.get('x-request-id'), own.body.error.request_id], ['job-7', 'job-7']);
    const odd = await api.call<Failure>('GET /healthz', { headers: { 'x-request-id': 'no <b>sane</b> id' } });
    assert.match(odd.headers.get('x-request-id') ?? '', /^req_/);
  });

  for (const [name, request, options, expected] of [
    [
      'of another type',
      'POST /v1/events',
      { body: 'a=b', headers: { 'content-type': 'text/plain' } },
      '415 unsupported_media_type',
    ],
    ['without a body', 'POST /v1/events', {}, '415 unsupported_media_type'],
    [
      'in a strange encoding',
      'POST /v1/events',
      { body: '{}', headers: { 'content-encoding': 'x' } },
      '415 unsupported_media_type',
    ],
    [
      'in a strange character set',
      'POST /v1/events',
      { body: '{}', headers: { 'content-type': 'application/json; charset=x' } },
      '415 unsupported_media_type',
    ],
    ['of broken JSON', 'POST /v1/events', { body: '{"event":' }, '400 invalid_request'],
    ['of JSON that is no object', 'POST /v1/affiliates', { body: 'null' }, '400 invalid_request'],
    ['of more than 256 KiB', 'POST /v1/events', { body: { event: 'x'.repeat(257 * 1024) } }, '413 too_large'],
    [
      'of more than 2 MiB',
      'POST /v1/events/batch',
      { body: { events: ['x'.repeat(2100 * 1024)] } },
      '413 too_large',
    ],
    [
      'of 100,000 brackets',
      'POST /v1/events',
      { body: '['.repeat(100_000) + ']'.repeat(100_000) },
      '400 invalid_request',
    ],
    [
      'nested in a field',
      'POST /v1/affiliates',
      { body: `{"name":${'['.repeat(50_000)}${']'.repeat(50_000)}}` },
      '400 invalid_request',
    ],
    [
      "with fields named like JavaScript's own",
      'POST /v1/affiliates',
      { body: '{"name":"a","__proto__":{"x":1},"constructor":1}' },
      '400 invalid_request',
    ],
    ['with NUL in a name', 'POST /v1/affiliates', { body: { name: 'a\u0000' } }, '400 invalid_request'],
    [
      'with half a surrogate pair',
      'POST /v1/affiliates',
      { body: '{"name":"\\ud800"}' },
      '400 invalid_request',
    ],
    ['with an invalid id', 'GET /v1/events/%00', {}, '404 not_found'],
    ['with a path that cannot be decoded', 'GET /v1/events/%E0%A4%A', {}, '400 invalid_request'],
    ['with a limit that is too large', 'GET /v1/events?limit=201', {}, '400 invalid_request'],
    ['with a limit of zero', 'GET /v1/events?limit=0', {}, '400 invalid_request'],
    ['with an invalid cursor', "GET /v1/events?cursor='", {}, '400 invalid_request'],
    ['with a filter twice', 'GET /v1/events?status=settled&status=accepted', {}, '400 invalid_request'],
    ['with an unknown filter', 'GET /v1/events?colour=red', {}, '400 invalid_request'],
    ['with NUL in a filter', 'GET /v1/events?customer_id=%00', {}, '400 invalid_request'],
    ['with a filter that is no id', 'GET /v1/deliveries?endpoint_id=%00', {}, '400 invalid_request'],
  ] as const) {
    test(`a request ${name} is answered as a client error`, async () => {
      assert.equal(await fails(request, { key, ...options }), expected);
    });
  }

  test('bytes that are no HTTP are answered 400, and the connection ends', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.setEncoding('utf8').write('\u0016\u0003\u0001 hello\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [string];
    assert.match(answer, /^HTTP\/1\.1 400/);
    socket.destroy();
  });

  test('a body with unknown fields is refused with the path of each', async () => {
    const terms = { components: [{ kind: 'cpa', amount: '1', bonus: 2 }], colour: 1 };
    const { body } = await api.call<Failure>('POST /v1/deals', { key, body: { name: 'd', terms } });
    assert.deepEqual(
      body.error.issues?.map(({ path, code }) => `${path} ${code}`),
      ['terms.components.0.bonus unknown_field', 'terms.colour unknown_field'],
    );
  });
});

describe('an API key', () => {
  type Key = { id: string; api_key: string; scopes: string[] };
  const make = async (body: object) =>
    (await api.call<Key>('POST /v1/api-keys', { key, body: { name: 'k', ...body } })).body;

  test('an API key is limited to its scopes', async () => {
    const writer = await make({ scopes: ['events:write'] });
    const event = { event: 'kyc', customer_id: 'scoped' };
    assert.equal((await api.call('POST /v1/events', { key: writer.api_key, body: event })).status, 202);
    assert.equal(await fails('GET /v1/events', { key: writer.api_key }), '403 forbidden');
    assert.equal(
      await fails('POST /v1/affiliates', { key: writer.api_key, body: { name: 'a' } }),
      '403 forbidden',
    );
  });

  test('an API key is shown once, and stops working when revoked or expired', async () => {
    const made = await make({ scopes: ['read'] });
    const ended = await make({ scopes: ['read'], expires_at: '2020-01-01T00:00:00Z' });
    assert.equal((await api.call('GET /v1/events', { key: made.api_key })).status, 200);
    assert.equal(await fails('GET /v1/events', { key: ended.api_key }), '401 unauthorized');
    const list = JSON.stringify((await api.call('GET /v1/api-keys', { key })).body);
    assert.ok(list.includes(made.id) && !list.includes(made.api_key));
    assert.equal((await api.call(`DELETE /v1/api-keys/${made.id}`, { key })).status, 204);
    assert.equal(await fails('GET /v1/events', { key: made.api_key }), '401 unauthorized');
    assert.equal(await fails(`DELETE /v1/api-keys/${made.id}`, { key }), '404 not_found');
  });
});

test("another operator's resources are not found", async () => {
  const other = await api.newOperator();
  const mine = async (request: string, body: object) =>
    (await api.call<{ id: string }>(request, { key, body })).body.id;
  const affiliate = await mine('POST /v1/affiliates', { name: 'a' });
  const deal = await mine('POST /v1/deals', {
    name: 'd',
    terms: { components: [{ kind: 'cpa', amount: '1' }] },
  });
  const endpoint = await mine('POST /v1/endpoints', { url: 'http://127.0.0.1:9/' });
  const event = await mine('POST /v1/events', { event: 'kyc', customer_id: 'mine' });
  const link = await mine('POST /v1/links', { affiliate_id: affiliate, landing_url: 'http://shop.example/' });
  const coupon = await mine('POST /v1/coupons', { code: 'MINE', affiliate_id: affiliate });
  await mine('POST /v1/clicks', { affiliate_id: affiliate, click_id: 'mine' });
  for (const request of [
    `GET /v1/affiliates/${affiliate}`,
    `GET /v1/affiliates/${affiliate}/balance`,
    `GET /v1/affiliates/${affiliate}/ledger`,
    `GET /v1/deals/${deal}`,
    `GET /v1/endpoints/${endpoint}`,
    `DELETE /v1/endpoints/${endpoint}`,
    `POST /v1/endpoints/${endpoint}/pause`,
    `GET /v1/events/${event}`,
    `GET /v1/links/${link}`,
    `GET /v1/clicks/mine`,
    `DELETE /v1/coupons/${coupon}`,
    `GET /v1/deliveries/${newId('dlv')}`,
    `POST /v1/deliveries/${newId('dlv')}/retry`,
    `POST /v1/deliveries/${newId('dlv')}/give-up`,
    `POST /v1/deliveries/${newId('dlv')}/pause`,
    `POST /v1/deliveries/${newId('dlv')}/resume`,
    `POST /v1/deliveries/${newId('dlv')}/acknowledge`,
  ]) {
    assert.equal(await fails(request, { key: other.key }), '404 not_found', request);
  }
  for (const [request, body] of [
    [
      'POST /v1/deals',
      { name: 'd', affiliate_id: affiliate, terms: { components: [{ kind: 'cpa', amount: '1' }] } },
    ],
    ['POST /v1/links', { affiliate_id: affiliate, landing_url: 'http://shop.example/' }],
    ['POST /v1/clicks', { affiliate_id: affiliate }],
    ['POST /v1/clicks', { link_id: link }],
    ['POST /v1/coupons', { code: 'THEIRS', affiliate_id: affiliate }],
    ['POST /v1/endpoints', { affiliate_id: affiliate, url: 'http://127.0.0.1:9/' }],
    ['POST /v1/affiliates', { name: 'child', parent_id: affiliate }],
  ] as const) {
    assert.equal(await fails(request, { key: other.key, body }), '400 invalid_request', request);
  }
  const patched = await api.call<Failure>(`PATCH /v1/affiliates/${affiliate}`, {
    key: other.key,
    body: { name: 'stolen' },
  });
  assert.equal(patched.status, 404);
  for (const list of [
    'affiliates',
    'deals',
    'endpoints',
    'events',
    'links',
    'clicks',
    'coupons',
    'deliveries',
    'orphans',
  ]) {
    const { data, next_cursor: next } = (await api.call(`GET /v1/${list}`, { key: other.key })).body;
    assert.deepEqual([data, next], [[], null], list);
  }
});

test('readiness reports that events are accepted although Temporal is away', async () => {
  const { status, body } = await api.call('GET /readyz');
  assert.deepEqual([status, body], [200, { status: 'degraded', postgres: 'up', temporal: 'down' }]);
});
