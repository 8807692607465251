// Codec server over HTTP: who may decode, for which pages, and what it answers.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSecretBox } from '../../../store/db/secret-box.ts';
import { createPayloadCodec, createWireCodec } from '../../../workflows/payload-codec.ts';
import { ADMIN_TOKEN, TEST_CODEC, withApi, type TestApi } from '../../support/api.ts';

type Payloads = { payloads: object[] };
type Failure = { error: { code: string; message: string } };

const PAYLOADS = [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'Im9wcl8wMSI=' }];

let api: TestApi;
before(async () => {
  api = await withApi();
});
after(() => api.close());

const basic = (password: string) => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;
const decode = (payloads: object[], authorization: string) =>
  api.call<Payloads & Failure>('POST /codec/decode', { body: { payloads }, headers: { authorization } });

describe('the codec server', () => {
  for (const [who, authorization] of [
    ['the administrator', `Bearer ${ADMIN_TOKEN}`],
    ['whoever has the codec token', `Bearer ${TEST_CODEC.token}`],
    ['a browser that was given the codec token as a password', basic(TEST_CODEC.token)],
  ] as const)
    test(`the codec server decodes for ${who}`, async () => {
      const sealed = await TEST_CODEC.encode(PAYLOADS);
      const { status, body, headers } = await decode(sealed, authorization);
      assert.deepEqual([status, body], [200, { payloads: PAYLOADS }]);
      assert.equal(headers.get('cache-control'), 'no-store');
    });

  test('the codec server decodes for nobody else, operators among them', async () => {
    const sealed = await TEST_CODEC.encode(PAYLOADS);
    const { key } = await api.newOperator();
    for (const authorization of [
      `Bearer ${key}`,
      basic(key),
      basic(''),
      'Basic !',
      `Bearer ${TEST_CODEC.token}x`,
    ]) {
      const { status, body } = await decode(sealed, authorization);
      assert.deepEqual([status, body.error.code], [401, 'unauthorized'], authorization);
    }
    assert.equal((await api.call('POST /codec/decode', { body: { payloads: sealed } })).status, 401);
    // The password opens the codec server alone.
    const answer = await api.call('POST /v1/operators', {
      headers: { authorization: basic(ADMIN_TOKEN) },
      body: { name: 'x', currency: 'USD' },
    });
    assert.equal(answer.status, 401);
    const created = await api.call('POST /v1/operators', {
      key: TEST_CODEC.token,
      body: { name: 'x', currency: 'USD' },
    });
    assert.equal(created.status, 401);
  });

  test('the codec server refuses payloads of a key it was not given, and what is no payload', async () => {
    const lost = createWireCodec(
      createPayloadCodec(createSecretBox([{ id: 'lost', key: Buffer.alloc(32, 9) }])),
    );
    const bearer = `Bearer ${TEST_CODEC.token}`;
    const refused = await decode(await lost.encode(PAYLOADS), bearer);
    assert.deepEqual([refused.status, refused.body.error.code], [422, 'not_possible']);
    for (const payload of [{ data: 'not base64!' }, { metadata: { encoding: 1 } }, { other: '' }])
      assert.equal((await decode([payload], bearer)).status, 400, JSON.stringify(payload));
  });

  test('the codec server answers a question without payloads, as the CLI asks for a query', async () => {
    const { status, body } = await api.call('POST /codec/encode', { key: TEST_CODEC.token, body: {} });
    assert.deepEqual([status, body], [200, { payloads: [] }]);
  });

  test('the codec server lets pages of the Temporal UI call it with a password, and no other pages', async () => {
    const preflight = (origin: string) =>
      fetch(`${api.url}/codec/decode`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-namespace',
        },
      });
    const allowed = await preflight(TEST_CODEC.uiOrigin);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get('access-control-allow-origin'), TEST_CODEC.uiOrigin);
    assert.equal(allowed.headers.get('access-control-allow-credentials'), 'true');
    assert.match(allowed.headers.get('access-control-allow-headers')!, /content-type, x-namespace/);
    const foreign = await preflight('http://elsewhere.example');
    assert.equal(foreign.headers.get('access-control-allow-origin'), null);
    const call = (origin: string) =>
      api.call('POST /codec/decode', {
        key: TEST_CODEC.token,
        headers: { origin },
        body: { payloads: PAYLOADS },
      });
    assert.equal(
      (await call(TEST_CODEC.uiOrigin)).headers.get('access-control-allow-origin'),
      TEST_CODEC.uiOrigin,
    );
    const other = await call('http://elsewhere.example');
    assert.equal(other.headers.get('access-control-allow-origin'), null);
    assert.match(other.headers.get('vary')!, /origin/i);
  });

  test('a browser that opens the codec server is asked for a password', async () => {
    const asked = await fetch(`${api.url}/codec`);
    assert.equal(asked.status, 401);
    assert.match(asked.headers.get('www-authenticate')!, /^Basic realm=/);
    const signedIn = await fetch(`${api.url}/codec`, {
      headers: { authorization: basic(TEST_CODEC.token) },
    });
    assert.equal(signedIn.status, 200);
    assert.match(await signedIn.text(), /Temporal UI/);
  });

  test('without a key there is no codec server', async (t) => {
    const without = await withApi({ codec: null });
    t.after(() => without.close());
    for (const request of ['GET /codec', 'POST /codec/decode', 'POST /codec/encode']) {
      const { status, body } = await without.call<Failure>(request, { key: ADMIN_TOKEN });
      assert.deepEqual([status, body.error.code], [404, 'not_found'], request);
    }
  });
});
