// Security headers of responses, and their exceptions for links and the capture script.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { withApi, type TestApi } from '../../support/api.ts';

type Body = { id: string };

let api: TestApi;
let secure: TestApi;
let linkId: string;

before(async () => {
  [api, secure] = await Promise.all([withApi(), withApi({ config: { publicUrl: 'https://track.example' } })]);
  const { key } = await api.newOperator();
  const affiliate = await api.call<Body>('POST /v1/affiliates', { key, body: { name: 'A' } });
  const body = { affiliate_id: affiliate.body.id, landing_url: 'https://shop.example/' };
  linkId = (await api.call<Body>('POST /v1/links', { key, body })).body.id;
});
after(() => Promise.all([api.close(), secure.close()]));

const get = (path: string, accept = '*/*') =>
  fetch(`${api.url}${path}`, {
    redirect: 'manual',
    headers: { accept, 'user-agent': 'Mozilla/5.0 Firefox/140.0' },
  });

test('every response, also an error, has the security headers', async () => {
  for (const path of ['/healthz', '/v1/events', '/nowhere', '/openapi.json']) {
    const { headers } = await get(path);
    assert.equal(
      headers.get('content-security-policy'),
      "default-src 'none';base-uri 'none';form-action 'none'",
      path,
    );
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
    assert.equal(headers.get('x-powered-by'), null, path);
  }
});

test('only an API with an https address sends Strict-Transport-Security, without subdomains', async () => {
  assert.equal((await get('/healthz')).headers.get('strict-transport-security'), null);
  const { headers } = await fetch(`${secure.url}/healthz`);
  assert.equal(headers.get('strict-transport-security'), 'max-age=31536000');
});

test('security headers allow links and the capture script in frames, new windows and on other sites', async () => {
  for (const [path, status] of [
    [`/c/${linkId}`, 302],
    ['/capture.js', 200],
  ] as const) {
    const { status: answered, headers } = await get(path);
    assert.equal(answered, status, path);
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /frame-ancestors/, path);
    assert.equal(headers.get('x-frame-options'), null, path);
    assert.equal(headers.get('cross-origin-opener-policy'), null, path);
    assert.equal(headers.get('cross-origin-resource-policy'), 'cross-origin', path);
  }
});

test('the security headers of the unknown-link page allow its own style', async () => {
  const answer = await get('/c/lnk_unknown', 'text/html');
  assert.equal(answer.status, 404);
  const style = /<style>(.*?)<\/style>/s.exec(await answer.text())?.[1];
  const allowed = `style-src 'sha256-${hash('sha256', style!, 'base64')}'`;
  assert.ok(answer.headers.get('content-security-policy')?.includes(allowed), allowed);
});
