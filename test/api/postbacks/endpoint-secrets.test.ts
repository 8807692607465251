// Tests of signing secrets of endpoints over HTTP: shown once, rotated, of another kind when the
// endpoint changes it, or brought along; and of the version of bodies.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { newKeyPair } from '../../../delivery/sign.ts';
import { NEWEST_API_VERSION } from '../../../domain/delivery/versions.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Endpoint = {
  id: string;
  secret: string | null;
  public_key: string | null;
  signing: string;
  overlap_ends_at: string | null;
};

let api: TestApi;
let operator: { id: string; key: string };
before(async () => {
  api = await withApi();
  operator = await api.newOperator();
});
after(() => api.close());

async function ask(request: string, body: object, expected: number): Promise<Endpoint> {
  const answer = await api.call<Endpoint>(request, { key: operator.key, body });
  assert.equal(answer.status, expected, JSON.stringify(answer.body));
  return answer.body;
}
const made = (settings: object = {}) =>
  ask('POST /v1/endpoints', { url: 'http://127.0.0.1:9/', ...settings }, 201);
const changed = (id: string, change: object) => ask(`PATCH /v1/endpoints/${id}`, change, 200);
const rotated = (id: string, how: object = {}) => ask(`POST /v1/endpoints/${id}/rotate-secret`, how, 200);
const live = (id: string) => api.store.endpointSecrets.live(operator.id, id);

function hoursFromNow(time: string | null): number {
  return (Date.parse(time ?? '') - Date.now()) / 3_600_000;
}

describe('the secret of an endpoint', () => {
  test('a rotated secret is shown once, and the previous secret keeps signing for a day by default', async () => {
    const endpoint = await made();
    const day = await rotated(endpoint.id);
    assert.match(day.secret ?? '', /^whsec_/);
    assert.ok(Math.abs(hoursFromNow(day.overlap_ends_at) - 24) < 0.1);
    assert.deepEqual(await live(endpoint.id), [day.secret, endpoint.secret]);
    const shown = JSON.stringify(
      (await api.call(`GET /v1/endpoints/${endpoint.id}`, { key: operator.key })).body,
    );
    assert.ok(!shown.includes('whsec_') && shown.includes('overlap_ends_at'));
    const week = await rotated((await made()).id, { overlap_hours: 168 });
    assert.ok(Math.abs(hoursFromNow(week.overlap_ends_at) - 168) < 0.1);
    const now = await rotated(endpoint.id, { overlap_hours: 0 });
    assert.equal(now.overlap_ends_at, null);
    assert.deepEqual(await live(endpoint.id), [now.secret]);
  });

  for (const how of [
    { overlap_hours: 169 },
    { overlap_hours: -1 },
    { overlap_hours: 1.5 },
    { overlap_hours: '1' },
    { hours: 1 },
  ]) {
    test(`a secret cannot be rotated with ${JSON.stringify(how)}`, async () => {
      const { id } = await made();
      const { status, body } = await api.call<{ error: { code: string } }>(
        `POST /v1/endpoints/${id}/rotate-secret`,
        {
          key: operator.key,
          body: how,
        },
      );
      assert.deepEqual([status, body.error.code], [400, 'invalid_request']);
      assert.equal((await live(id)).length, 1);
    });
  }

  test('a secret cannot be rotated by another operator or with a read-only key', async () => {
    const { id } = await made();
    const other = await api.newOperator();
    const statusFor = async (key: string): Promise<number> =>
      (await api.call(`POST /v1/endpoints/${id}/rotate-secret`, { key })).status;
    assert.equal(await statusFor(other.key), 404);
    const reader = await api.call<{ api_key: string }>('POST /v1/api-keys', {
      key: operator.key,
      body: { name: 'reader', scopes: ['read'] },
    });
    assert.equal(await statusFor(reader.body.api_key), 403);
    assert.equal((await live(id)).length, 1);
  });
});

describe('an endpoint that signs by a key pair', () => {
  test('an endpoint with a key pair always shows its public key and never its private key', async () => {
    const endpoint = await made({ signing: 'v1a' });
    assert.equal(endpoint.secret, null);
    assert.match(endpoint.public_key ?? '', /^whpk_/);
    const { body } = await api.call<Endpoint>(`GET /v1/endpoints/${endpoint.id}`, { key: operator.key });
    assert.equal(body.public_key, endpoint.public_key);
    const next = await rotated(endpoint.id);
    assert.ok(next.secret === null && next.public_key !== endpoint.public_key);
    assert.deepEqual(
      (await live(endpoint.id)).map((secret) => secret.slice(0, 5)),
      ['whsk_', 'whsk_'],
    );
  });

  test('an endpoint that changes between shared secret and key pair signs with both during the overlap', async () => {
    const endpoint = await made();
    const pair = await changed(endpoint.id, { signing: 'v1a' });
    assert.match(pair.public_key ?? '', /^whpk_/);
    assert.equal((await live(endpoint.id))[1], endpoint.secret);
    const shared = await changed(endpoint.id, { signing: 'v1' });
    assert.deepEqual([shared.public_key, shared.signing], [null, 'v1']);
    const signing = await live(endpoint.id);
    assert.deepEqual([signing[0], signing[2]], [shared.secret, endpoint.secret]);
    assert.match(signing[1] ?? '', /^whsk_/);
  });

  test('an endpoint that starts signing keeps no secret from before as an overlap', async () => {
    const endpoint = await made({ signing: 'none' });
    const pair = await changed(endpoint.id, { signing: 'v1a' });
    assert.equal(pair.overlap_ends_at, null);
    assert.equal((await live(endpoint.id)).length, 1);
  });

  test('an endpoint keeps its key pair when other fields change, or when signing stops and starts again', async () => {
    const endpoint = await made({ signing: 'v1a' });
    for (const change of [
      { signing: 'v1a' },
      { max_in_flight: 3 },
      { signing: 'none' },
      { signing: 'v1a' },
    ]) {
      const now = await changed(endpoint.id, change);
      assert.deepEqual([now.public_key, now.secret], [endpoint.public_key, undefined]);
    }
    assert.equal((await live(endpoint.id)).length, 1);
  });
});

describe('a secret that its owner brings along', () => {
  const shared = (bytes: number) => `whsec_${randomBytes(bytes).toString('base64')}`;

  test('an endpoint signs with the secret that it was created with, which is shown once', async () => {
    for (const secret of [shared(24), shared(64), `${shared(32)}\n`]) {
      const endpoint = await made({ secret });
      assert.equal(endpoint.secret, secret.trim());
      assert.deepEqual(await live(endpoint.id), [secret.trim()]);
      const { body } = await api.call(`GET /v1/endpoints/${endpoint.id}`, { key: operator.key });
      assert.ok(!JSON.stringify(body).includes('whsec_'));
    }
  });

  test('an endpoint is rotated to a secret of its owner, and the one before signs beside it', async () => {
    const endpoint = await made();
    const secret = shared(32);
    assert.equal((await rotated(endpoint.id, { secret, overlap_hours: 1 })).secret, secret);
    assert.deepEqual(await live(endpoint.id), [secret, endpoint.secret]);
  });

  test('an endpoint with a key pair of its owner shows its public key alone', async () => {
    const { secret, publicKey } = newKeyPair();
    const endpoint = await made({ signing: 'v1a', secret });
    assert.deepEqual([endpoint.secret, endpoint.public_key], [null, publicKey]);
    assert.deepEqual(await live(endpoint.id), [secret]);
    const next = newKeyPair();
    assert.equal((await rotated(endpoint.id, { secret: next.secret })).public_key, next.publicKey);
  });

  const pair = newKeyPair().secret;
  const other = newKeyPair().secret;
  const halves = (from: string, at: number, to?: number) =>
    Buffer.from(from.slice(5), 'base64').subarray(at, to);
  const mixed = `whsk_${Buffer.concat([halves(pair, 0, 32), halves(other, 32)]).toString('base64')}`;
  for (const [name, signing, secret] of [
    ['too few bytes', 'v1', shared(23)],
    ['too many bytes', 'v1', shared(65)],
    ['no prefix', 'v1', randomBytes(32).toString('base64')],
    ['letters that are not base64', 'v1', `whsec_${'!'.repeat(40)}`],
    ['nothing', 'v1', ''],
    ['a key pair', 'v1', pair],
    ['a key pair', 'none', pair],
    ['a shared secret', 'v1a', shared(32)],
    ['half a key pair', 'v1a', `whsk_${randomBytes(32).toString('base64')}`],
    ['the halves of two key pairs', 'v1a', mixed],
  ] as const) {
    test(`an endpoint that signs by ${signing} refuses ${name} as its secret and does not repeat it`, async () => {
      const { id } = await made({ signing });
      for (const [request, body] of [
        ['POST /v1/endpoints', { url: 'http://127.0.0.1:9/', signing, secret }],
        [`POST /v1/endpoints/${id}/rotate-secret`, { secret }],
      ] as const) {
        const answer = await api.call<{ error: { issues: { path: string; code: string }[] } }>(request, {
          key: operator.key,
          body,
        });
        assert.equal(answer.status, 400);
        assert.deepEqual(
          answer.body.error.issues.map(({ path, code }) => [path, code]),
          [['secret', 'invalid_secret']],
        );
        const text = JSON.stringify(answer.body);
        assert.ok(secret === '' || !text.includes(secret.slice(6)), text);
      }
      assert.equal((await live(id)).length, 1);
    });
  }
});

test('an endpoint is pinned to the newest version of bodies, or to the one that it names', async () => {
  const endpoint = (await made()) as Endpoint & { api_version: string };
  assert.equal(endpoint.api_version, NEWEST_API_VERSION);
  const same = await changed(endpoint.id, { api_version: '2026-12-01' });
  assert.equal((same as typeof endpoint).api_version, '2026-12-01');
  for (const [request, body] of [
    ['POST /v1/endpoints', { url: 'http://127.0.0.1:9/', api_version: '2026-11-30' }],
    [`PATCH /v1/endpoints/${endpoint.id}`, { api_version: 'newest' }],
  ] as const) {
    const answer = await api.call<{ error: { issues: { path: string; code: string }[] } }>(request, {
      key: operator.key,
      body,
    });
    assert.equal(answer.status, 400);
    assert.deepEqual(
      answer.body.error.issues.map(({ path, code }) => [path, code]),
      [['api_version', 'not_an_option']],
    );
  }
});
