// Links to the portal over HTTP: whom they are for, what they open, and when they end.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';

type Row = Record<string, unknown> & { id: string };
type Failure = { error: { code: string; message: string } };
type Link = { url: string; expires_at: string };

let api: TestApi;
before(async () => (api = await withApi()));
after(() => api.close());

async function withAffiliates() {
  const operator = await api.newOperator();
  const add = async (name: string) =>
    (await api.call<Row>('POST /v1/affiliates', { key: operator.key, body: { name } })).body.id;
  return { ...operator, affiliate: await add('A'), other: await add('B') };
}

async function linkTo(affiliate: string, key: string): Promise<Link & { token: string }> {
  const { status, body } = await api.call<Link>(`POST /v1/affiliates/${affiliate}/portal`, { key });
  assert.equal(status, 201, JSON.stringify(body));
  return { ...body, token: body.url.split('#token=')[1]! };
}

test('a link to the portal opens what is the affiliate’s own for an hour', async () => {
  const { id, key, affiliate, other } = await withAffiliates();
  const { url, token, expires_at: expiresAt } = await linkTo(affiliate, key);
  assert.ok(url.startsWith(`http://track.example/portal/${id}#token=pt_`), url);
  assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 3_600_000) < 60_000);
  const who = await api.call<Row>('GET /session', { key: token });
  assert.deepEqual(who.body, {
    operator: { id, name: 'Test Broker' },
    administrator: false,
    scopes: ['own:read', 'own:endpoints'],
    affiliate: { id: affiliate, name: 'A' },
    expires_at: expiresAt,
    temporal_ui_url: null,
  });
  const made = await api.call<Row>('POST /v1/endpoints', {
    key: token,
    body: { url: 'http://127.0.0.1:9/' },
  });
  assert.deepEqual([made.status, made.body['affiliate_id']], [201, affiliate]);
  for (const [request, status] of [
    [`GET /v1/affiliates/${affiliate}/balance`, 200],
    [`GET /v1/affiliates/${other}/balance`, 404],
    ['GET /v1/affiliates', 403],
    [`POST /v1/affiliates/${affiliate}/portal`, 403],
    ['POST /v1/api-keys', 403],
  ] as const)
    assert.equal((await api.call(request, { key: token })).status, status, request);
});

test('a link to the portal ends after its hour, and with the key that made it', async () => {
  const { key, affiliate } = await withAffiliates();
  const body = { name: 'maker', scopes: ['manage'] };
  const maker = (await api.call<Row>('POST /v1/api-keys', { key, body })).body;
  const [late, ended] = [await linkTo(affiliate, key), await linkTo(affiliate, String(maker['api_key']))];
  const read = async ({ token }: { token: string }) =>
    (await api.call(`GET /v1/affiliates/${affiliate}/balance`, { key: token })).status;
  assert.equal(await read(ended), 200);
  await api.call(`DELETE /v1/api-keys/${maker.id}`, { key });
  assert.equal(await read(ended), 401);
  await api.pool.query(`update sessions set expires_at = now() where affiliate_id = $1`, [affiliate]);
  const { status, body: answer } = await api.call<Failure>('GET /v1/commissions', { key: late.token });
  assert.deepEqual([status, answer.error.message], [401, 'this session has ended: sign in again']);
});

test('a link to the portal is not stored in a form that opens anything', async () => {
  const { key, affiliate } = await withAffiliates();
  const { token } = await linkTo(affiliate, key);
  const { rows } = await api.pool.query<{ text: string }>('select s::text as text from sessions s');
  assert.ok(rows.every(({ text }) => !text.includes(token.slice(3))));
});

test('a suspended affiliate reads in the portal, and a closed one gets no link', async () => {
  const { key, affiliate } = await withAffiliates();
  const set = (state: string) => api.call(`PATCH /v1/affiliates/${affiliate}`, { key, body: { state } });
  await set('suspended');
  const { token } = await linkTo(affiliate, key);
  assert.equal((await api.call('GET /v1/commissions', { key: token })).status, 200);
  const change = await api.call<Failure>('POST /v1/endpoints', {
    key: token,
    body: { url: 'http://127.0.0.1:9/' },
  });
  assert.equal(change.status, 403);
  await set('closed');
  const refused = await api.call<Failure>(`POST /v1/affiliates/${affiliate}/portal`, { key });
  assert.deepEqual([refused.status, refused.body.error.code], [409, 'conflict']);
});

test('the token of a link to the portal is no key to sign in to the console with', async () => {
  const { key, affiliate } = await withAffiliates();
  const { token } = await linkTo(affiliate, key);
  assert.equal((await api.call('POST /session', { body: { api_key: token } })).status, 401);
});

test('requests by links to the portal leave the rate of the key that made them alone', async () => {
  const { key, affiliate } = await withAffiliates();
  await api.call('PATCH /v1/operator', { key, body: { rate_per_second: 5 } });
  const { token } = await linkTo(affiliate, key);
  const many = Array.from({ length: 15 }, () => api.call('GET /v1/commissions', { key: token }));
  assert.ok((await Promise.all(many)).every(({ status }) => status === 200));
  assert.equal((await api.call('GET /v1/commissions', { key })).status, 200);
});
