// Tests of signed requests: Standard Webhooks signatures, rotation, refusals.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../../support/eventually.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Failure = { error?: { code: string } };

let api: TestApi;
let key: string;
let secret: string;

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  secret = await newSecret();
});
after(() => api.close());

async function newSecret(body: object = {}): Promise<string> {
  const answer = await api.call<{ secret: string }>('POST /v1/operator/inbound-secret', { key, body });
  assert.equal(answer.status, 201);
  return answer.body.secret;
}

/** The headers that the reference library makes. */
function signed(
  content: string,
  options: { by?: string; at?: Date; id?: string } = {},
): Record<string, string> {
  const { by = secret, at = new Date(), id = 'msg_1' } = options;
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(by).sign(id, at, content),
  };
}

let count = 0;
const newEvent = (): string => JSON.stringify({ event: 'kyc', customer_id: `c-${++count}` });

async function send(
  body: string | undefined,
  headers: Record<string, string> = {},
  request = 'POST /v1/events',
): Promise<string> {
  const answer = await api.call<Failure>(request, { key, headers, ...(body !== undefined && { body }) });
  return `${answer.status} ${answer.body.error?.code ?? ''}`.trim();
}

const MINUTE_MS = 60_000;
const ago = (minutes: number): Date => new Date(Date.now() - minutes * MINUTE_MS);

test('the onboarding check of signatures waits until an event with a valid signature arrives', async () => {
  type Check = { check: string; state: string; todo: string; last_at: string | null; has_secret: boolean };
  const seen = async () => {
    const { checks } = (await api.call<{ checks: Check[] }>('GET /v1/onboarding', { key })).body;
    return checks.find(({ check }) => check === 'signed_event')!;
  };
  const body = newEvent();
  await send(body, signed(`${body} `));
  const { state, has_secret, todo } = await seen();
  assert.deepEqual([state, has_secret], ['missing', true]);
  assert.match(todo, /^Sign an event/);
  assert.equal(await send(body, signed(body)), '202');
  await eventually('the signature to be noted', async () => (await seen()).state === 'ok');
});

describe('a request with a signature', () => {
  test('a signed request is accepted when the signature fits the body to the byte', async () => {
    const body = `{ "event": "kyc",  "customer_id": "größe 😀" }`;
    assert.equal(await send(body, signed(body)), '202');
    assert.equal(await send(body, signed(`${body} `)), '401 bad_signature');
    const lines = `${newEvent()}\n${newEvent()}`;
    const ndjson = { 'content-type': 'application/x-ndjson' };
    assert.equal(await send(lines, { ...signed(lines), ...ndjson }, 'POST /v1/events/batch'), '200');
    assert.equal(
      await send(lines, { ...signed(newEvent()), ...ndjson }, 'POST /v1/events/batch'),
      '401 bad_signature',
    );
  });

  test('a signed request is verified although not required, also where a header is missing', async () => {
    const body = newEvent();
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = signed(body);
    for (const headers of [
      { 'webhook-id': id! },
      { 'webhook-signature': signature! },
      { 'webhook-id': id!, 'webhook-timestamp': timestamp! },
      { 'webhook-id': 'msg_2', 'webhook-timestamp': timestamp!, 'webhook-signature': signature! },
    ])
      assert.equal(await send(body, headers), '401 bad_signature');
    assert.equal(await send(body), '202');
  });

  test("a signature is refused as stale beyond five minutes, and as bad with another operator's secret", async () => {
    const body = newEvent();
    assert.equal(await send(body, signed(body, { at: ago(6) })), '401 stale_signature');
    assert.equal(await send(body, signed(body, { at: ago(-6) })), '401 stale_signature');
    assert.equal(
      await send(body, signed(body, { by: `whsec_${Buffer.alloc(32, 9).toString('base64')}` })),
      '401 bad_signature',
    );
    assert.equal(await send(body, signed(body, { at: ago(4) })), '202');
  });

  test('the signature of a compressed request covers the decompressed body', async () => {
    const body = newEvent();
    const response = await fetch(`${api.url}/v1/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        ...signed(body),
      },
      body: gzipSync(body),
    });
    assert.equal(response.status, 202);
  });
});

test('an operator that requires signatures gets unsigned events refused on every route, and can still manage its setup', async () => {
  await api.call('PATCH /v1/operator', { key, body: { require_signature: true } });
  const body = newEvent();
  assert.equal(await send(body), '401 bad_signature');
  assert.equal(await send(JSON.stringify({ events: [] }), {}, 'POST /v1/events/batch'), '401 bad_signature');
  const path = `/postback?key=${key}&event=kyc&customer_id=c-${++count}`;
  assert.equal(await send(undefined, {}, `GET ${path}`), '401 bad_signature');
  assert.equal(await send(undefined, signed(`GET ${api.url}${path}`), `GET ${path}`), '202');
  assert.equal(
    await send(undefined, signed(`GET ${api.url}${path}&amount=9`), `GET ${path}`),
    '401 bad_signature',
  );
  assert.equal(await send(undefined, signed(`POST ${api.url}${path}`), `POST ${path}`), '200');
  assert.equal(await send(body, signed(body)), '202');
  assert.equal(
    (await api.call('PATCH /v1/operator', { key, body: { require_signature: false } })).status,
    200,
  );
});

test('the previous inbound secret stays valid for the given hours, and ends at once with zero', async () => {
  const old = secret;
  secret = await newSecret();
  let body = newEvent();
  assert.equal(await send(body, signed(body, { by: old })), '202');
  assert.equal(await send((body = newEvent()), signed(body)), '202');
  secret = await newSecret({ grace_hours: 0 });
  assert.equal(await send((body = newEvent()), signed(body, { by: old })), '401 bad_signature');
  assert.equal(await send((body = newEvent()), signed(body)), '202');
  const { rows } = await api.pool.query<{ secret: Buffer }>(`select secret from inbound_secrets`);
  assert.ok(
    rows.every((row) => !row.secret.toString('latin1').includes(secret)),
    'sealed at rest',
  );
});
