// Tests of the API process: start, readiness, and a stop that drains.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { freePort } from '../../support/ports.ts';
import { startProxy, throughProxy, type SeverableProxy } from '../../support/severable-proxy.ts';

const MAIN = fileURLToPath(new URL('../../../api/main.ts', import.meta.url));
const ADMIN_TOKEN = 'the administrator of this test';

let database: TestDatabase;
let wire: SeverableProxy;
let api: ChildProcess;
let apiUrl: string;
let key: string;

before(async () => {
  database = await withDatabase();
  wire = await startProxy(Number(new URL(database.url).port));
  wire.sever();
  const port = await freePort();
  apiUrl = `http://127.0.0.1:${port}`;
  const env = {
    PORT: String(port),
    DATABASE_URL: throughProxy(database.url, wire),
    TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
    ADMIN_TOKEN,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    DRAIN_SECONDS: '5',
    LOG_LEVEL: 'error',
  };
  api = spawn(process.execPath, ['--import', './typescript.mjs', MAIN], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  await until(async () => (await status('GET /healthz')) === 200);
});

after(async () => {
  api.kill('SIGKILL');
  await wire.close();
  await database.drop();
});

test('the API starts without PostgreSQL and Temporal, and readiness reports that it accepts no events', async () => {
  assert.equal(await status('GET /healthz'), 200);
  assert.equal(await status('GET /readyz'), 503);
});

test('the API becomes ready by itself once PostgreSQL is available', async () => {
  wire.restore();
  await until(async () => (await status('GET /readyz')) === 200);
  const made = await send('POST /v1/operators', ADMIN_TOKEN, { name: 'Broker', currency: 'USD' });
  ({ api_key: key } = (await made.json()) as { api_key: string });
  assert.equal(await sendEvent('before'), 202);
});

for (const [how, spoil] of [
  ['is unreachable', () => wire.sever()],
  ['is silent', () => wire.stall()],
] as const) {
  test(`while PostgreSQL ${how}, an event is answered 503 within three seconds, and accepted afterwards`, async () => {
    assert.equal(await sendEvent(`just before it ${how}`), 202);
    spoil();
    const start = Date.now();
    const response = await send('POST /v1/events', key, { event: 'kyc', customer_id: how });
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1']);
    assert.ok(Date.now() - start < 3000, `${Date.now() - start} ms`);
    wire.restore();
    await until(async () => [200, 202].includes(await sendEvent(how)));
    const { rows } = await database.pool.query(`select from events where customer_id = $1`, [how]);
    assert.equal(rows.length, 1);
  });
}

test('the API takes requests for some time after SIGTERM while readiness is 503, then exits with code 0, and every accepted event is stored', async () => {
  const exit = once(api, 'exit') as Promise<[number | null]>;
  assert.equal(
    (await send('POST /v1/events', key, { event: 'kyc', customer_id: 'kept' })).headers.get('connection'),
    'keep-alive',
  );
  api.kill('SIGTERM');
  await until(async () => (await status('GET /readyz')) === 503);
  const { status: says } = (await (await fetch(`${apiUrl}/readyz`)).json()) as { status: string };
  assert.equal(says, 'stopping');
  const late = await send('POST /v1/events', key, { event: 'kyc', customer_id: 'late' });
  assert.deepEqual([late.status, late.headers.get('connection')], [202, 'close']);
  const answers = Array.from({ length: 50 }, (_, index) => sendEvent(`last ${index}`).catch(() => 0));
  assert.deepEqual(
    await Promise.all(answers),
    Array.from({ length: 50 }, () => 202),
  );
  const [code] = await exit;
  assert.equal(code, 0);
  const { rows } = await database.pool.query(`select from events where customer_id like 'last %'`);
  assert.equal(rows.length, 50);
});

function send(request: string, bearer: string, body: object): Promise<Response> {
  const [method = '', path = ''] = request.split(' ');
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  return fetch(apiUrl + path, { method, headers, body: JSON.stringify(body) });
}

async function sendEvent(customerId: string): Promise<number> {
  return (await send('POST /v1/events', key, { event: 'kyc', customer_id: customerId })).status;
}

async function status(request: string): Promise<number> {
  const [method = '', path = ''] = request.split(' ');
  return await fetch(apiUrl + path, { method }).then(
    (response) => response.status,
    () => 0,
  );
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await delay(50)) if (await isSo()) return;
  assert.fail('it never came about');
}
