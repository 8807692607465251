// Sessions of the console over HTTP: sign in, use, end; and that no other site can use one.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { administratorHash } from '../../../api/http/tokens.ts';
import { ADMIN_TOKEN, withApi, type Answer, type TestApi } from '../../support/api.ts';

type Failure = { error: { code: string; message: string; issues?: { code: string }[] } };
type Session = {
  operator: { id: string } | null;
  administrator: boolean;
  scopes: string[];
  expires_at: string;
};

const HOUR_MS = 3_600_000;
const CONSOLE = { 'x-postrider-console': '1' };
const OWN_PAGE = { ...CONSOLE, 'sec-fetch-site': 'same-origin' };

let api: TestApi;
let secure: TestApi;
before(async () => {
  const behindProxy = { publicUrl: 'https://track.example', trustProxy: 1, requireHttps: true };
  [api, secure] = await Promise.all([withApi(), withApi({ config: behindProxy })]);
});
after(() => Promise.all([api.close(), secure.close()]));

async function signIn(key: string): Promise<{ cookie: string; header: string; answer: Answer<Session> }> {
  const answer = await api.call<Session>('POST /session', { body: { api_key: key } });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const [header = ''] = answer.headers.getSetCookie();
  return { cookie: header.split(';')[0]!, header, answer };
}

const statusWith = async (request: string, headers: Record<string, string>, body?: object) =>
  (await api.call(request, { headers, ...(body && { body }) })).status;

test('a session is a cookie for twelve hours that scripts and other sites do not get', async () => {
  const { id, key } = await api.newOperator();
  const { cookie, header, answer } = await signIn(key);
  assert.match(header, /^postrider_session=ps_[\w-]{43}; Path=\/; Expires=.*; HttpOnly; SameSite=Strict$/);
  assert.ok(Math.abs(Date.parse(answer.body.expires_at) - Date.now() - 12 * HOUR_MS) < 60_000);
  const who = await api.call<Session>('GET /session', { headers: { cookie } });
  assert.deepEqual(who.body, answer.body);
  assert.deepEqual([who.body.operator?.id, who.body.administrator], [id, false]);
  const { rows } = await api.pool.query<{ text: string }>('select s::text as text from sessions s');
  assert.ok(rows.length > 0 && rows.every(({ text }) => !text.includes(cookie.split('=')[1]!)));
});

test('a session stands for its key on requests with the header of the console, and on no others', async () => {
  const { key } = await api.newOperator();
  const { cookie } = await signIn(key);
  assert.equal(await statusWith('GET /v1/events', { cookie, ...CONSOLE }), 200);
  assert.equal(await statusWith('GET /v1/events', { cookie }), 401);
  assert.equal(await statusWith('GET /v1/events', { cookie, 'x-postrider-console': 'yes' }), 401);
  assert.equal(await statusWith('GET /v1/events', { cookie: `${cookie}x`, ...CONSOLE }), 401);
});

test('a session has the scopes of its key', async () => {
  const { key } = await api.newOperator();
  const reading = await api.call<{ api_key: string }>('POST /v1/api-keys', {
    key,
    body: { name: 'reads', scopes: ['read'] },
  });
  const { cookie, answer } = await signIn(reading.body.api_key);
  assert.deepEqual(answer.body.scopes, ['read']);
  assert.equal(await statusWith('GET /v1/events', { cookie, ...OWN_PAGE }), 200);
  assert.equal(await statusWith('POST /v1/affiliates', { cookie, ...OWN_PAGE }, { name: 'A' }), 403);
});

test('a session changes nothing unless a page of this address sent the request', async () => {
  const { key } = await api.newOperator();
  const { cookie } = await signIn(key);
  const change = (headers: Record<string, string>) =>
    statusWith('POST /v1/affiliates', { cookie, ...CONSOLE, ...headers }, { name: 'A' });
  assert.equal(await change({ 'sec-fetch-site': 'same-origin' }), 201);
  assert.equal(await change({ origin: 'http://track.example' }), 201);
  assert.equal(await change({ origin: api.url }), 201);
  for (const headers of [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://track.example' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
  ])
    assert.equal(await change(headers), 403, JSON.stringify(headers));
  const read = { cookie, ...CONSOLE, 'sec-fetch-site': 'cross-site' };
  assert.equal(await statusWith('GET /v1/events', read), 403, 'nor is anything read by another site');
});

test('another site can neither sign a browser in to a session nor out of it', async () => {
  const { key } = await api.newOperator();
  const { cookie } = await signIn(key);
  const foreign = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.equal(await statusWith('POST /session', foreign, { api_key: key }), 403);
  assert.equal(await statusWith('DELETE /session', { cookie, ...foreign }), 403);
  assert.equal(await statusWith('GET /v1/events', { cookie, ...CONSOLE }), 200);
  const preflight = await fetch(`${api.url}/v1/affiliates`, {
    method: 'OPTIONS',
    headers: {
      origin: 'http://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-postrider-console',
    },
  });
  assert.equal(preflight.headers.get('access-control-allow-origin'), null);
});

test('a session ends at sign-out, on the server too', async () => {
  const { key } = await api.newOperator();
  const { cookie } = await signIn(key);
  const out = await api.call('DELETE /session', { headers: { cookie } });
  assert.equal(out.status, 204);
  assert.match(out.headers.getSetCookie()[0]!, /^postrider_session=; Path=\/; Expires=Thu, 01 Jan 1970/);
  const { status, body } = await api.call<Failure>('GET /v1/events', { headers: { cookie, ...CONSOLE } });
  assert.deepEqual([status, body.error.issues?.[0]?.code], [401, 'session_ended']);
  const nobody = await api.call<Session>('GET /session', { headers: { cookie } });
  assert.deepEqual([nobody.status, nobody.body.operator, nobody.body.administrator], [200, null, false]);
});

test('a session ends when its key is revoked, and no later than its key', async () => {
  const { key } = await api.newOperator();
  const ends = new Date(Date.now() + HOUR_MS).toISOString();
  const made = await api.call<{ id: string; api_key: string }>('POST /v1/api-keys', {
    key,
    body: { name: 'k', scopes: ['read'], expires_at: ends },
  });
  const { cookie, answer } = await signIn(made.body.api_key);
  assert.equal(answer.body.expires_at, ends);
  assert.equal(await statusWith('GET /v1/events', { cookie, ...CONSOLE }), 200);
  await api.call(`DELETE /v1/api-keys/${made.body.id}`, { key });
  assert.equal(await statusWith('GET /v1/events', { cookie, ...CONSOLE }), 401);
  assert.equal((await api.call<Session>('GET /session', { headers: { cookie } })).body.operator, null);
  const again = await api.call<Failure>('POST /session', { body: { api_key: made.body.api_key } });
  assert.deepEqual([again.status, again.body.error.issues?.[0]?.code], [401, 'key_revoked']);
});

test('a session past its twelve hours is over', async () => {
  const { id, key } = await api.newOperator();
  const { cookie } = await signIn(key);
  await api.pool.query(
    `update sessions set expires_at = now() - interval '1 second' where operator_id = $1`,
    [id],
  );
  const { status, body } = await api.call<Failure>('GET /v1/events', { headers: { cookie, ...CONSOLE } });
  assert.deepEqual([status, body.error.issues?.[0]?.code], [401, 'session_ended']);
});

test('a session of the administrator does what the token does, and ends with the token', async () => {
  const { cookie, answer } = await signIn(ADMIN_TOKEN);
  assert.deepEqual([answer.body.operator, answer.body.administrator], [null, true]);
  const operator = { name: 'Made in the console', currency: 'USD' };
  assert.equal(await statusWith('POST /v1/operators', { cookie, ...OWN_PAGE }, operator), 201);
  assert.equal(await statusWith('POST /v1/operators', { cookie, ...CONSOLE }, operator), 403);
  assert.equal(await statusWith('POST /v1/operators', { cookie }, operator), 401);
  const { status, body } = await api.call<Failure>('GET /v1/events', { headers: { cookie, ...CONSOLE } });
  assert.equal(status, 401);
  assert.match(body.error.message, /^this is the administrator’s token: /);
  const token = cookie.split('=')[1]!;
  assert.ok(await api.store.sessions.findAdministrator(administratorHash(token, ADMIN_TOKEN)));
  assert.equal(await api.store.sessions.findAdministrator(administratorHash(token, 'another token')), null);
  await api.call('DELETE /session', { headers: { cookie } });
  assert.equal(await statusWith('POST /v1/operators', { cookie, ...OWN_PAGE }, operator), 401);
});

test('a session of an operator opens no route of the administrator', async () => {
  const { key } = await api.newOperator();
  const { cookie } = await signIn(key);
  const headers = { cookie, ...OWN_PAGE };
  const { status, body } = await api.call<Failure>('POST /v1/operators', {
    headers,
    body: { name: 'B', currency: 'USD' },
  });
  assert.equal(status, 401);
  assert.match(body.error.message, /and this is a key of an operator$/);
});

test('ten failed sign-ins a minute are let in from one address, while right ones count as none', async () => {
  const own = await withApi({ config: { trustProxy: 1 } });
  const { key } = await own.newOperator();
  const trying = (token: string, from: string) =>
    own.call<Failure>('POST /session', { body: { api_key: token }, headers: { 'x-forwarded-for': from } });
  for (let count = 0; count < 12; count++)
    assert.equal((await trying(key, '203.0.113.9')).status, 201, `sign-in ${count}`);
  const wrong = await Promise.all(Array.from({ length: 12 }, () => trying('pk_wrong', '203.0.113.9')));
  assert.equal(wrong.filter(({ status }) => status === 401).length, 10);
  const limited = await trying(key, '203.0.113.9');
  assert.deepEqual([limited.status, limited.body.error.code], [429, 'rate_limited']);
  const wait = Number(limited.headers.get('retry-after'));
  assert.ok(wait > 50 && wait <= 60, `${wait} s`);
  assert.equal((await trying(key, '203.0.113.10')).status, 201, 'others are not concerned');
  await Promise.all(Array.from({ length: 10 }, (_, host) => trying('pk_wrong', `2001:db8::${host}`)));
  assert.equal((await trying(key, '2001:db8::ffff')).status, 429, 'a network of IPv6 is one address');
  await own.close();
});

test('a session behind https has a cookie that plain HTTP never sees', async () => {
  const https = { 'x-forwarded-proto': 'https' };
  const body = { api_key: ADMIN_TOKEN };
  const plain = await secure.call<Failure>('POST /session', { body });
  assert.deepEqual([plain.status, plain.body.error.code], [403, 'https_required']);
  const [header = ''] = (await secure.call('POST /session', { body, headers: https })).headers.getSetCookie();
  assert.match(
    header,
    /^__Host-postrider_session=pa_[\w-]{43}; Path=\/; Expires=.*; HttpOnly; Secure; SameSite=Strict$/,
  );
});

test('the administrator token on a route of an operator is told from a wrong key', async () => {
  const { status, body } = await api.call<Failure>('GET /v1/events', { key: ADMIN_TOKEN });
  assert.deepEqual([status, body.error.code], [401, 'unauthorized']);
  assert.match(
    body.error.message,
    /^this is the administrator’s token: an operator’s routes take an API key/,
  );
});
