// Import of another platform's postback URL: the translated URL can be saved as an endpoint, and an
// unusable URL is refused with its place.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';

type Imported = {
  dialect: string;
  url: string;
  method: string;
  unmapped: { macro: string; where: string; note: string }[];
  notes: string[];
};
type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };

let api: TestApi;
let key: string;

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
});
after(() => api.close());

test('an imported postback URL is translated into our macros and can be saved as an endpoint', async () => {
  const body = { dialect: 'auto', url: 'http://127.0.0.1/pb?cid=#s2#&sum=#price#&offer=#oid#' };
  const { status, body: imported } = await api.call<Imported>('POST /v1/endpoints/import', { key, body });
  assert.equal(status, 200);
  assert.deepEqual(
    [imported.dialect, imported.method, imported.url],
    ['cake', 'GET', 'http://127.0.0.1/pb?cid={sub2}&sum={payout}&offer='],
  );
  assert.deepEqual(
    imported.unmapped.map(({ macro, where }) => [macro, where]),
    [['#oid#', 'query.offer']],
  );
  const saved = await api.call('POST /v1/endpoints', {
    key,
    body: { url: imported.url, method: imported.method },
  });
  assert.equal(saved.status, 201);
});

for (const [name, body, expected] of [
  [
    'an unknown platform',
    { dialect: 'unknown', url: 'http://127.0.0.1/' },
    ['invalid_request', 'dialect not_an_option'],
  ],
  ['no URL', { dialect: 'cake' }, ['invalid_request', 'url required']],
  [
    'a URL that matches no platform',
    { dialect: 'auto', url: 'http://127.0.0.1/?a=b' },
    ['invalid_request', 'dialect unknown_dialect'],
  ],
  [
    'a macro in the host',
    { dialect: 'affise', url: 'http://{sub1}/' },
    ['invalid_request', 'url misplaced_macro'],
  ],
  [
    'a blocked address',
    { dialect: 'affise', url: 'http://169.254.169.254/?c={sub1}' },
    ['blocked_address', 'url blocked_address'],
  ],
  [
    'an untranslated macro in braces',
    { dialect: 'cake', url: 'http://127.0.0.1/?c=#s1#&d={x}' },
    ['unknown_macro', 'url unknown_macro'],
  ],
] as const) {
  test(`an import is refused with ${name}`, async () => {
    const { status, body: failure } = await api.call<Failure>('POST /v1/endpoints/import', { key, body });
    assert.equal(status, 400);
    assert.deepEqual(
      [failure.error.code, ...(failure.error.issues ?? []).map(({ path, code }) => `${path} ${code}`)],
      expected,
    );
  });
}

test('an import needs a key with the manage scope, and the method POST', async () => {
  assert.equal((await api.call('POST /v1/endpoints/import', { body: {} })).status, 401);
  assert.equal((await api.call('GET /v1/endpoints/import', { key })).status, 405);
});
