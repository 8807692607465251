// Tests of API keys over HTTP: scopes, expiry, last use, revocation.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';

type Failure = { error: { code: string; issues?: { code: string }[] } };
type Key = { id: string; api_key: string; last_used_at: string | null; rate_per_second: number | null };
type Refused = { data: { reason: string; api_key_id: string; issue: { code: string } | null }[] };

let api: TestApi;
let proxied: TestApi;
before(async () => {
  [api, proxied] = await Promise.all([withApi(), withApi({ config: { trustProxy: 1, requireHttps: true } })]);
});
after(() => Promise.all([api.close(), proxied.close()]));

const https = { 'x-forwarded-proto': 'https' };
const event = { event: 'kyc', customer_id: 'c' };

test("an API key's last use is shown to the minute, and written once for many requests", async () => {
  const { id, key } = await api.newOperator();
  const made = (await api.call<Key>('POST /v1/api-keys', { key, body: { name: 'k', scopes: ['read'] } }))
    .body;
  assert.equal(made.last_used_at, null);
  await Promise.all([1, 2, 3, 4].map(() => api.call('GET /v1/events', { key: made.api_key })));
  const shown = async () => {
    const { body } = await api.call<{ data: Key[] }>('GET /v1/api-keys', { key });
    return body.data.find((one) => one.id === made.id)?.last_used_at;
  };
  const used = await eventually('the last use', shown);
  assert.ok(Math.abs(Date.now() - Date.parse(used)) < 60_000);
  await api.store.apiKeys.touch(id, made.id);
  assert.equal(await shown(), used);
});

test('an API key without a name is named after its scopes', async () => {
  const { key } = await api.newOperator();
  const { body: affiliate } = await api.call<Key>('POST /v1/affiliates', { key, body: { name: 'A' } });
  const body = { affiliate_id: affiliate.id, scopes: ['own:read', 'own:endpoints'] };
  const made = await api.call<Key & { name: string }>('POST /v1/api-keys', { key, body });
  assert.deepEqual([made.status, made.body.name], [201, 'own:read, own:endpoints']);
});

test('a revoked or expired API key is refused, and the list of refusals names the key', async () => {
  const { key } = await api.newOperator();
  const make = async (more: object) =>
    (
      await api.call<Key>('POST /v1/api-keys', {
        key,
        body: { name: 'k', scopes: ['events:write'], ...more },
      })
    ).body;
  const [revoked, ended] = [await make({}), await make({ expires_at: '2020-01-01T00:00:00Z' })];
  await api.call(`DELETE /v1/api-keys/${revoked.id}`, { key });
  for (const { api_key } of [revoked, ended]) {
    const { status, body } = await api.call<Failure>('POST /v1/events', { key: api_key, body: event });
    assert.deepEqual([status, body.error.code], [401, 'unauthorized']);
  }
  const { body } = await api.call<Refused>('GET /v1/refusals', { key });
  assert.deepEqual(
    body.data.map(({ reason, api_key_id: keyId, issue }) => [reason, keyId, issue?.code]),
    [
      ['unauthorized', ended.id, 'key_expired'],
      ['unauthorized', revoked.id, 'key_revoked'],
    ],
  );
});

test("an API key above its own rate limit or its operator's is answered with Retry-After", async () => {
  const { key } = await api.newOperator();
  const slow = (
    await api.call<Key>('POST /v1/api-keys', {
      key,
      body: { name: 's', scopes: ['read'], rate_per_second: 1 },
    })
  ).body;
  assert.equal(slow.rate_per_second, 1);
  const statusBy = async (one: string) => (await api.call('GET /v1/events', { key: one })).status;
  assert.deepEqual([await statusBy(slow.api_key), await statusBy(key), await statusBy(key)], [200, 200, 200]);
  const { status, headers, body } = await api.call<Failure>('GET /v1/events', { key: slow.api_key });
  assert.deepEqual([status, body.error.code, headers.get('retry-after')], [429, 'rate_limited', '1']);
  await api.call('PATCH /v1/operator', { key, body: { rate_per_second: 1 } });
  const answers = [await statusBy(key), await statusBy(key)];
  assert.ok(answers.includes(429), String(answers));
});

test('plain HTTP reported by a trusted proxy is refused for every API key, and listed as a refusal', async () => {
  const body = { name: 'Broker', currency: 'USD' };
  const plain = await proxied.call<Failure>('POST /v1/operators', { key: ADMIN_TOKEN, body });
  assert.deepEqual([plain.status, plain.body.error.code], [403, 'https_required']);
  const made = await proxied.call<{ api_key: string }>('POST /v1/operators', {
    key: ADMIN_TOKEN,
    body,
    headers: https,
  });
  const key = made.body.api_key;
  assert.equal((await proxied.call('POST /v1/events', { key, body: event, headers: https })).status, 202);
  const refused = await proxied.call<Failure>('POST /v1/events', { key, body: event });
  assert.deepEqual([refused.status, refused.body.error.code], [403, 'https_required']);
  const { body: list } = await proxied.call<Refused>('GET /v1/refusals', { key, headers: https });
  assert.deepEqual(
    list.data.map(({ reason }) => reason),
    ['https_required'],
  );
  assert.equal((await proxied.call('GET /healthz')).status, 200);
});

test('only listed addresses may send events, by the address that the trusted proxy reports', async () => {
  const made = await proxied.call<{ api_key: string }>('POST /v1/operators', {
    key: ADMIN_TOKEN,
    body: { name: 'Broker', currency: 'USD' },
    headers: https,
  });
  const key = made.body.api_key;
  const allowed = { allowed_ips: ['203.0.113.0/24', '2001:db8::/32'] };
  await proxied.call('PATCH /v1/operator', { key, body: allowed, headers: https });
  const from = async (address: string) => {
    const headers = { ...https, 'x-forwarded-for': address };
    const { status, body } = await proxied.call<Partial<Failure>>('POST /v1/events', {
      key,
      body: event,
      headers,
    });
    return `${status} ${body.error?.code ?? ''}`.trim();
  };
  assert.equal(await from('203.0.113.9'), '202');
  for (const address of ['::ffff:203.0.113.9', '2001:db8::7', '203.0.113.9:41000'])
    assert.equal(await from(address), '200', address);
  for (const address of ['198.51.100.1', '203.0.113.9, 198.51.100.1', 'unknown', ''])
    assert.equal(await from(address), '403 ip_not_allowed', address);
  // Reading and changing the list stay possible from other addresses.
  const { body } = await proxied.call<{ counts: { by_address: { address: string; count: number }[] } }>(
    'GET /v1/refusals',
    {
      key,
      headers: https,
    },
  );
  assert.deepEqual(body.counts.by_address.find(({ address }) => address === '198.51.100.1')?.count, 2);
  await proxied.call('PATCH /v1/operator', { key, body: { allowed_ips: [] }, headers: https });
  assert.equal(await from('198.51.100.1'), '200');
});

test('forwarding headers of an untrusted proxy are ignored', async () => {
  const { key } = await api.newOperator();
  await api.call('PATCH /v1/operator', { key, body: { allowed_ips: ['203.0.113.7'] } });
  const headers = { 'x-forwarded-for': '203.0.113.7' };
  assert.equal((await api.call('POST /v1/events', { key, body: event, headers })).status, 403);
  await api.call('PATCH /v1/operator', { key, body: { allowed_ips: ['127.0.0.1'] } });
  assert.equal((await api.call('POST /v1/events', { key, body: event })).status, 202);
  const wrong = await api.call<{ error: { issues: { path: string; code: string }[] } }>(
    'PATCH /v1/operator',
    {
      key,
      body: { allowed_ips: ['127.0.0.1', '10.0.0.0/40'] },
    },
  );
  assert.deepEqual(
    wrong.body.error.issues.map(({ path, code }) => `${path} ${code}`),
    ['allowed_ips.1 invalid_range'],
  );
});

test('the addresses that postbacks come from are public', async () => {
  assert.deepEqual((await api.call('GET /v1/egress')).body, { addresses: ['203.0.113.7'] });
});
