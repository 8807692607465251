// Pages over HTTP: the console and the portal as they are built, their policies, and `/`.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withApi, type TestApi } from '../../support/api.ts';

const SCRIPT = `console.log('${'x'.repeat(2000)}')`;

let built: TestApi;
let bare: TestApi;
const folder = mkdtempSync(join(tmpdir(), 'postrider-pages-'));
before(async () => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'console.html'), '<!doctype html><title>console</title>');
  writeFileSync(join(folder, 'portal.html'), '<!doctype html><title>portal</title>');
  writeFileSync(join(folder, 'assets', 'console-1a2b.js'), SCRIPT);
  writeFileSync(join(folder, 'secret.txt'), 'not for anybody');
  [built, bare] = await Promise.all([withApi({ pagesFolder: folder }), withApi()]);
});
after(async () => {
  await Promise.all([built.close(), bare.close()]);
  rmSync(folder, { recursive: true });
});

const get = (path: string, accept = 'text/html') => fetch(built.url + path, { headers: { accept } });

test('the page of the console is answered under every path of the console, for scripts of its own alone', async () => {
  for (const path of ['/console', '/console/', '/console/stuck', '/console/events/evt_1?tab=x']) {
    const answer = await get(path);
    assert.equal(answer.status, 200, path);
    assert.match(await answer.text(), /<title>console</, path);
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(answer.headers.get('cache-control'), 'no-cache');
    assert.equal(answer.headers.get('x-frame-options'), 'DENY');
    const policy = answer.headers.get('content-security-policy')!;
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
    assert.match(policy, /; frame-ancestors 'none'$/);
    assert.doesNotMatch(policy, /unsafe|\*|data:/);
  }
  for (const path of ['/consoles', '/stuck', '/console.html'])
    assert.equal((await get(path)).status, 404, path);
});

test('an asset of the console is kept for ever, and compressed where the browser takes that', async () => {
  const answer = await get('/console/assets/console-1a2b.js', '*/*');
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  assert.equal(await answer.text(), SCRIPT);
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(answer.headers.get('content-type'), 'text/javascript; charset=utf-8');
  const plain = await fetch(`${built.url}/console/assets/console-1a2b.js`, {
    headers: { 'accept-encoding': 'identity' },
  });
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.equal(await plain.text(), SCRIPT);
});

test('nothing but assets is answered from the folder of the console', async () => {
  for (const name of [
    'gone-1a2b.js',
    '',
    '..%2Fsecret.txt',
    '..%5Csecret.txt',
    '.hidden',
    'a%00.js',
    '%ff',
  ]) {
    const answer = await get(`/console/assets/${name}`, '*/*');
    assert.ok([400, 404].includes(answer.status), `${name}: ${answer.status}`);
    assert.doesNotMatch(await answer.text(), /not for anybody/, name);
  }
});

test('pages are read, and changed by nobody', async () => {
  for (const path of ['/console', '/portal', '/console/assets/console-1a2b.js']) {
    const answer = await fetch(built.url + path, { method: 'POST' });
    assert.equal(answer.status, 405, path);
    assert.equal(answer.headers.get('allow'), 'GET, HEAD', path);
  }
});

test('the portal of an operator is framed by the sites that the operator names, and by no others', async () => {
  const { id, key } = await built.newOperator();
  const other = await built.newOperator();
  const portalOrigins = ['https://partners.example', 'http://localhost:3000'];
  const { status, body } = await built.call('PATCH /v1/operator', {
    key,
    body: { portal_origins: portalOrigins },
  });
  assert.deepEqual([status, body['portal_origins']], [200, portalOrigins]);
  const ancestorsAt = async (path: string) => {
    const answer = await get(path);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /<title>portal</, path);
    assert.equal(answer.headers.get('x-frame-options'), null);
    return /frame-ancestors (.*)$/.exec(answer.headers.get('content-security-policy')!)![1];
  };
  assert.equal(await ancestorsAt(`/portal/${id}`), 'https://partners.example http://localhost:3000');
  assert.equal(
    await ancestorsAt(`/portal/${id}/endpoints`),
    'https://partners.example http://localhost:3000',
  );
  for (const path of ['/portal', `/portal/${other.id}`, '/portal/opr_nobody', '/portal/x'])
    assert.equal(await ancestorsAt(path), "'none'", path);
});

test('an origin that may frame the portal is an origin and nothing else', async () => {
  const { key } = await built.newOperator();
  for (const origin of [
    '*',
    'https://*',
    'https://*.example',
    'partners.example',
    'http://partners.example',
    'https://partners.example/',
    'https://partners.example/page',
    "https://a.example; script-src 'unsafe-inline'",
    'https://a.example https://b.example',
    'https://user@partners.example',
    'javascript:alert(1)',
  ]) {
    const { status } = await built.call('PATCH /v1/operator', { key, body: { portal_origins: [origin] } });
    assert.equal(status, 400, origin);
  }
});

test('a console that is not built says how to build it', async () => {
  for (const path of ['/console', '/console/stuck', '/portal']) {
    const answer = await fetch(bare.url + path);
    assert.equal(answer.status, 503, path);
    assert.match(await answer.text(), /npm run console:build/, path);
  }
});

test('the page at / says where to go, and to programs the same as JSON', async () => {
  const page = await get('/', 'text/html,application/xhtml+xml,*/*;q=0.8');
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  const html = await page.text();
  for (const path of ['/console', '/portal', '/docs', '/openapi.json', '/readyz'])
    assert.ok(html.includes(`href="${path}"`), path);
  assert.match(html, /README\.md/);
  const { status, body } = await built.call('GET /', { headers: { accept: 'application/json' } });
  assert.deepEqual([status, body['console'], body['docs']], [200, '/console', '/docs']);
});
