// Links to the portal over HTTP: whom they are for, what they open, and when they end.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';

type Row = Record<string, unknown> & { id: string };
type Failure = { error: { code: string; message: string; issues?: { code: string }[] } };
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
  assert.deepEqual([refused.status, refused.body.error.code], [422, 'not_possible']);
});

const PORTAL = { 'x-postrider-portal': '1', 'sec-fetch-site': 'same-origin' };
const FRAMED = { ...PORTAL, 'x-postrider-portal': 'framed' };

/** Begins a session with a link; `setting` is the header that sets its cookie. */
async function openLink(token: string, headers: Record<string, string> = PORTAL) {
  const {
    status,
    body,
    headers: answered,
  } = await api.call<Row>('POST /session', {
    headers,
    body: { portal_token: token },
  });
  assert.equal(status, 201, JSON.stringify(body));
  const [setting = ''] = answered.getSetCookie();
  return { body, setting, cookie: setting.split(';')[0]! };
}

test('a link to the portal is exchanged for a session of twelve hours, which outlives the link', async () => {
  const { id, key, affiliate, other } = await withAffiliates();
  const { token } = await linkTo(affiliate, key);
  const { body, setting, cookie } = await openLink(token);
  assert.match(setting, /^postrider_portal=ps_[\w-]{43}; Path=\/; Expires=.*; HttpOnly; SameSite=Strict$/);
  assert.ok(Math.abs(Date.parse(String(body['expires_at'])) - Date.now() - 12 * 3_600_000) < 60_000);
  assert.deepEqual(body['affiliate'], { id: affiliate, name: 'A' });
  assert.deepEqual(body['scopes'], ['own:read', 'own:endpoints']);
  const who = await api.call<Row>('GET /session', { headers: { cookie, ...PORTAL } });
  assert.deepEqual(who.body, body);
  await api.pool.query(`update sessions set expires_at = now() where token_hash = sha256($1::text::bytea)`, [
    token,
  ]);
  const status = async (request: string, headers: Record<string, string>) =>
    (await api.call(request, { headers: { cookie, ...headers } })).status;
  assert.equal(await status(`GET /v1/affiliates/${affiliate}/balance`, PORTAL), 200);
  assert.equal(await status(`GET /v1/affiliates/${other}/balance`, PORTAL), 404);
  assert.equal(await status('GET /v1/affiliates', PORTAL), 403);
  assert.equal(await status('GET /v1/commissions', {}), 401, 'no page says that it sent this');
  assert.equal(await status('GET /v1/commissions', { 'x-postrider-console': '1' }), 401);
  const elsewhere = { ...PORTAL, 'sec-fetch-site': 'cross-site' };
  assert.equal(await status('GET /v1/commissions', elsewhere), 403);
  const { rows } = await api.pool.query<{ by: string }>(
    `select case when affiliate_id is null then 'session' else 'portal' end as by from sessions
     where operator_id = $1`,
    [id],
  );
  assert.deepEqual(rows, [{ by: 'portal' }, { by: 'portal' }]);
});

test('in a frame of another site the session has a cookie that such a frame keeps, for that site alone', async () => {
  const { key, affiliate } = await withAffiliates();
  const { token } = await linkTo(affiliate, key);
  const { setting, cookie } = await openLink(token, FRAMED);
  assert.match(
    setting,
    /^postrider_portal=ps_[\w-]{43}; Path=\/; Expires=.*; HttpOnly; Secure; Partitioned; SameSite=None$/,
  );
  const read = await api.call('GET /v1/commissions', { headers: { cookie, ...FRAMED } });
  assert.equal(read.status, 200);
  const { 'sec-fetch-site': _, ...unknown } = FRAMED;
  const body = { url: 'http://127.0.0.1:9/' };
  const change = (headers: object) =>
    api.call('POST /v1/endpoints', { headers: { cookie, ...headers }, body });
  for (const site of ['cross-site', 'same-site', 'none'])
    assert.equal((await change({ ...FRAMED, 'sec-fetch-site': site })).status, 403, site);
  assert.equal((await change(unknown)).status, 403);
  assert.equal((await change(FRAMED)).status, 201);
  const out = await api.call('DELETE /session', { headers: { cookie, ...FRAMED } });
  assert.match(out.headers.getSetCookie()[0]!, /^postrider_portal=; .*; Partitioned; SameSite=None$/);
  assert.equal((await api.call('GET /v1/commissions', { headers: { cookie, ...FRAMED } })).status, 401);
});

test('a link that has ended says so, and whom to ask; a session begins no other', async () => {
  const { key, affiliate } = await withAffiliates();
  const { token } = await linkTo(affiliate, key);
  const { cookie } = await openLink(token);
  const tryTo = (portalToken: string) =>
    api.call<Failure>('POST /session', { headers: PORTAL, body: { portal_token: portalToken } });
  for (const [wrong, message] of [
    ['pt_unknown', 'this link is not complete, or it ended long ago: ask for a new one'],
    [cookie.split('=')[1]!, 'this link is not complete, or it ended long ago: ask for a new one'],
    [key, 'this link is not complete, or it ended long ago: ask for a new one'],
  ] as const) {
    const { status, body } = await tryTo(wrong);
    assert.deepEqual([status, body.error.message], [401, message]);
  }
  await api.pool.query(`update sessions set expires_at = now() where affiliate_id = $1`, [affiliate]);
  const late = await linkTo(affiliate, key);
  await api.pool.query(`update sessions set expires_at = now() where affiliate_id = $1`, [affiliate]);
  const { status, body } = await tryTo(late.token);
  assert.deepEqual([status, body.error.issues?.[0]?.code], [401, 'link_ended']);
  assert.equal(body.error.message, 'this link has ended: ask Test Broker for a new one');
});

test('a session of the portal ends with the key that made the link, and no later', async () => {
  const { key, affiliate } = await withAffiliates();
  const ends = new Date(Date.now() + 30 * 60_000).toISOString();
  const body = { name: 'maker', scopes: ['manage'], expires_at: ends };
  const maker = (await api.call<Row>('POST /v1/api-keys', { key, body })).body;
  const { token, expires_at: linkEnds } = await linkTo(affiliate, String(maker['api_key']));
  const opened = await openLink(token);
  assert.deepEqual([linkEnds, opened.body['expires_at']], [ends, ends]);
  await api.call(`DELETE /v1/api-keys/${maker.id}`, { key });
  const headers = { cookie: opened.cookie, ...PORTAL };
  assert.equal((await api.call('GET /v1/commissions', { headers })).status, 401);
});

test('the portal and the console have a session each, and the portal takes keys of affiliates only', async () => {
  const { key, affiliate } = await withAffiliates();
  const inConsole = await api.call('POST /session', { body: { api_key: key } });
  const consoleCookie = inConsole.headers.getSetCookie()[0]!.split(';')[0]!;
  const { token } = await linkTo(affiliate, key);
  const { cookie } = await openLink(token, { ...PORTAL, cookie: consoleCookie });
  const both = `${consoleCookie}; ${cookie}`;
  const who = async (headers: object) =>
    (await api.call<Row>('GET /session', { headers: { cookie: both, ...headers } })).body['affiliate'];
  assert.equal(await who({ 'x-postrider-console': '1' }), null);
  assert.deepEqual(await who(PORTAL), { id: affiliate, name: 'A' });
  const made = { name: 'own', scopes: ['own:read'], affiliate_id: affiliate };
  const own = String((await api.call<Row>('POST /v1/api-keys', { key, body: made })).body['api_key']);
  const signIn = (apiKey: string) =>
    api.call<Row>('POST /session', { headers: PORTAL, body: { api_key: apiKey } });
  const withOwn = await signIn(own);
  assert.deepEqual([withOwn.status, withOwn.body['scopes']], [201, ['own:read']]);
  assert.match(withOwn.headers.getSetCookie()[0]!, /^postrider_portal=/);
  assert.equal((await signIn(key)).status, 401);
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
