// The endpoint test: its reports of successful and failed requests, and that no row is stored.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/ports.ts';
import {
  isSigned,
  startListener,
  startReceiver,
  type FaultyReceiver,
} from '../../support/faulty-receiver.ts';

type Trial = {
  verdict: string;
  advice: string | null;
  detail: string | null;
  resolved: { host: string; addresses: string[] };
  dialled: string | null;
  tls: object | null;
  sent: { url: string; method: string; headers: Record<string, string>; body: string | null } | null;
  received: { status: number; headers: Record<string, string>; excerpt: string | null } | null;
  phases: Record<string, number | null>;
};

let api: TestApi;
let key: string;
let receiver: FaultyReceiver;
before(async () => {
  [api, receiver] = await Promise.all([withApi(), startReceiver()]);
  ({ key } = await api.newOperator());
});
after(async () => {
  await receiver.close();
  await api.close();
});

async function endpointAt(
  url: string,
  settings: object = {},
): Promise<{ id: string; secret: string; public_key: string }> {
  const { status, body } = await api.call<{ id: string; secret: string; public_key: string }>(
    'POST /v1/endpoints',
    {
      key,
      body: { url, ...settings },
    },
  );
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

async function tested(id: string): Promise<Trial> {
  const { status, body } = await api.call<Trial>(`POST /v1/endpoints/${id}/test`, { key });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

describe('the test of an endpoint', () => {
  test('an endpoint test sends a signed endpoint.test and reports each phase', async () => {
    const url = `${receiver.url}/status/200/well?x-request-id=r-1`;
    const { id, secret } = await endpointAt(url, { headers: { 'x-own': 'yes' } });
    const trial = await tested(id);
    const request = receiver.requests.find(({ path }) => path.startsWith('/status/200/well'))!;
    assert.ok(isSigned(request, secret));
    assert.deepEqual([trial.verdict, trial.advice, trial.detail], ['delivered', null, null]);
    assert.deepEqual(trial.resolved, { host: '127.0.0.1', addresses: ['127.0.0.1'] });
    assert.deepEqual([trial.dialled, trial.tls], [`127.0.0.1:${receiver.port}`, null]);
    assert.deepEqual([trial.sent?.url, trial.sent?.method, trial.sent?.body], [url, 'POST', request.body]);
    const same = [
      'host',
      'x-own',
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
      'webhook-attempt',
      'accept-encoding',
    ];
    for (const name of same) assert.equal(trial.sent?.headers[name], request.headers[name], name);
    assert.deepEqual([trial.received?.status, trial.received?.excerpt], [200, 'status 200']);
    assert.equal(trial.received?.headers['x-request-id'], 'r-1');
    assert.deepEqual(Object.keys(trial.phases), [
      'dns_ms',
      'connect_ms',
      'tls_ms',
      'first_byte_ms',
      'total_ms',
    ]);
    const { tls_ms: tlsMs, ...others } = trial.phases;
    assert.equal(tlsMs, null);
    assert.ok(Object.values(others).every((ms) => Number.isInteger(ms) && ms! >= 0));
    const { type, data } = JSON.parse(request.body) as { type: string; data: Record<string, string> };
    assert.deepEqual([type, data['payout'], data['click_id']], ['endpoint.test', '0.00', 'test']);
    assert.ok(!('customer_id' in data), 'a customer id is shared on purpose only');
  });

  test('an endpoint test fills the macros of a GET and signs with a key pair', async () => {
    const url = `${receiver.url}/ok/macros/{event_type}?c={click_id}&p={payout}&a={affiliate_id}&s={sub5}`;
    const { id, public_key: publicKey } = await endpointAt(url, { method: 'GET', signing: 'v1a' });
    const trial = await tested(id);
    assert.equal(trial.sent?.url, `${receiver.url}/ok/macros/endpoint.test?c=test&p=0.00&a=test&s=test`);
    assert.equal(trial.sent?.body, null);
    assert.ok(
      isSigned(
        receiver.requests.find(({ path }) => path.startsWith('/ok/macros'))!,
        publicKey,
      ),
    );
  });

  for (const [path, verdict, advice] of [
    ['/redirect', 'http_307', /not followed/],
    ['/status/410', 'http_410', /would disable/],
    ['/status/401', 'http_401', /header/],
    ['/status/404', 'http_404', /path/],
    ['/status/429?retry-after=7', 'http_429', /rate_per_second/],
    ['/status/500', 'http_500', /log of the receiver/],
    ['/hang', 'timeout', /15 s/],
    ['/drip', 'timeout', /15 s/],
    ['/garbage', 'protocol_error', /HTTP/],
    ['/endless-headers', 'response_too_large', /headers/],
  ] as const) {
    test(`an endpoint test of a receiver at ${path} has the verdict ${verdict}, with advice`, async () => {
      const trial = await tested((await endpointAt(receiver.url + path)).id);
      assert.equal(trial.verdict, verdict);
      assert.match(trial.advice ?? '', advice);
      assert.equal(trial.sent?.url, receiver.url + path);
    });
  }

  test('an endpoint test of a receiver that speaks no HTTP shows what it sent', async () => {
    const { detail } = await tested((await endpointAt(`${receiver.url}/garbage`)).id);
    assert.match(detail ?? '', /; it sent: "220 mail\.example ESMTP\\r\\n"$/);
  });

  test('an endpoint test reports the headers Location and Retry-After of the answer, and no cookies', async () => {
    assert.equal(
      (await tested((await endpointAt(`${receiver.url}/redirect`)).id)).received?.headers['location'],
      '/ok',
    );
    const { received } = await tested(
      (await endpointAt(`${receiver.url}/status/503?retry-after=7&set-cookie=secret`)).id,
    );
    assert.deepEqual([received?.headers['retry-after'], received?.headers['set-cookie']], ['7', undefined]);
  });

  test('an endpoint test that sends no request names the failed phase', async () => {
    const closed = await endpointAt(`http://127.0.0.1:${await freePort()}/`);
    const refused = await tested(closed.id);
    assert.deepEqual([refused.verdict, refused.sent, refused.received], ['connection_refused', null, null]);
    const listener = await startListener('not-tls');
    const untrusted = await tested((await endpointAt(`https://127.0.0.1:${listener.port}/`)).id);
    assert.deepEqual([untrusted.verdict, untrusted.sent], ['tls_error', null]);
    await listener.close();
  });

  test('an endpoint test never calls an address that was allowed when saved and is blocked now', async () => {
    const { id } = await endpointAt(`${receiver.url}/ok/inside`);
    await api.pool.query(`update endpoints set url = 'http://169.254.169.254/latest' where id = $1`, [id]);
    const trial = await tested(id);
    assert.deepEqual([trial.verdict, trial.dialled, trial.resolved.addresses], ['blocked_address', null, []]);
  });

  test('an endpoint test also works while the endpoint is paused or disabled, and changes no state', async () => {
    const { id } = await endpointAt(`${receiver.url}/status/410`);
    const row = async () =>
      (await api.pool.query(`select * from endpoints where id = $1`, [id])).rows[0] as object;
    for (const state of ['active', 'paused', 'disabled']) {
      await api.pool.query(`update endpoints set state = $2 where id = $1`, [id, state]);
      const asBefore = await row();
      assert.equal((await tested(id)).verdict, 'http_410');
      assert.deepEqual(await row(), asBefore);
    }
    const { rows } = await api.pool.query<{ count: bigint }>(
      `select (select count(*) from deliveries) + (select count(*) from attempts) as count`,
    );
    assert.equal(rows[0]!.count, 0n);
  });

  test('an endpoint test is refused for an unknown endpoint, for another operator, and by GET', async () => {
    const { id } = await endpointAt(receiver.url);
    const other = await api.newOperator();
    assert.equal((await api.call(`POST /v1/endpoints/${id}/test`, { key: other.key })).status, 404);
    assert.equal((await api.call(`GET /v1/endpoints/${id}/test`, { key })).status, 405);
    assert.equal((await api.call(`POST /v1/endpoints/nonsense/test`, { key })).status, 404);
  });

  test('more than two concurrent endpoint tests of an operator are refused with Retry-After', async () => {
    const { id } = await endpointAt(`${receiver.url}/hang/place`);
    const other = await api.newOperator();
    const underWay = [tested(id), tested(id)];
    await eventually(
      'both to be under way',
      () => receiver.requests.filter(({ path }) => path === '/hang/place').length === 2,
    );
    const third = await api.call<{ error: { code: string } }>(`POST /v1/endpoints/${id}/test`, { key });
    assert.deepEqual(
      [third.status, third.body.error.code, third.headers.get('retry-after')],
      [429, 'rate_limited', '1'],
    );
    assert.equal(
      (await api.call(`POST /v1/endpoints/${id}/test`, { key: other.key })).status,
      404,
      'others have places of their own',
    );
    assert.deepEqual(
      (await Promise.all(underWay)).map(({ verdict }) => verdict),
      ['timeout', 'timeout'],
    );
    assert.equal((await tested((await endpointAt(`${receiver.url}/ok`)).id)).verdict, 'delivered');
  });
});
