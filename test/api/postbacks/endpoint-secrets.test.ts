// Tests of signing secrets of endpoints over HTTP: shown once, rotated, and of another kind when
// the endpoint changes it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
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
