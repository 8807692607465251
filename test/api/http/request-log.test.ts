// The request log: one line per request with its ids, and nothing of what was sent.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { PassThrough } from 'node:stream';
import express from 'express';
import { pino } from 'pino';
import { createErrorHandler } from '../../../api/http/errors.ts';
import { createGroupCommit } from '../../../api/intake/group-commit.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';

let api: TestApi;
let written = '';

before(async () => {
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => (written += chunk.toString()));
  api = await withApi({ log: pino({ level: 'info' }, stream) });
});
after(() => api.close());

type Line = Record<string, unknown> & { msg: string; requestId: string };

const lineOf = (requestId: string) =>
  eventually(`the log line of ${requestId}`, () =>
    written
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as Line)
      .find((line) => line.msg === 'request' && line.requestId === requestId),
  );

test('a request is logged with its operator, key, route, status and duration, and nothing else of it', async () => {
  const { key, id } = await api.newOperator();
  const path = `/v1/customers/secret-customer?key=${key}&x=secret-query`;
  const headers = { 'x-request-id': 'first', authorization: `Bearer ${key}` };
  const { status } = await fetch(api.url + path, { headers });
  const { ms, keyId, time, pid, hostname, level, ...rest } = await lineOf('first');
  assert.deepEqual(rest, {
    requestId: 'first',
    operatorId: id,
    method: 'GET',
    route: '/v1/customers/:customer_id',
    status,
    msg: 'request',
  });
  assert.ok(
    Number.isInteger(ms) && String(keyId).startsWith('key_'),
    JSON.stringify({ ms, keyId, time, pid, hostname, level }),
  );

  const body = JSON.stringify({ event: 'sale', customer_id: 'secret-customer' });
  const json = { 'content-type': 'application/json' };
  await fetch(`${api.url}/v1/events`, {
    method: 'POST',
    headers: { ...headers, ...json, 'x-request-id': 'second' },
    body,
  });
  assert.equal((await lineOf('second'))['route'], '/v1/events');
  await fetch(`${api.url}/nowhere/secret-path`, { headers: { 'x-request-id': 'third' } });
  assert.deepEqual(
    [(await lineOf('third'))['route'], (await lineOf('third'))['operatorId']],
    ['none', undefined],
  );
  for (const secret of [key, 'secret-']) assert.ok(!written.includes(secret), `${secret} is in the log`);
});

test('the log line of a request that brings events names them, and of a long batch the first ones', async () => {
  const { key } = await api.newOperator();
  const send = async (path: string, requestId: string, body: object) => {
    const headers = { 'x-request-id': requestId };
    const { body: answer } = await api.call(`POST ${path}`, { key, headers, body });
    return answer;
  };
  const sale = (index: number) => ({ event: 'sale', customer_id: 'c', transaction_id: `t-${index}` });
  const single = await send('/v1/events', 'single', { ...sale(0), amount: '1.00', currency: 'USD' });
  const line = await lineOf('single');
  assert.deepEqual([line['events'], line['eventIds']], [1, [single['id']]]);

  const events = Array.from({ length: 25 }, (_, index) => ({
    ...sale(index + 1),
    amount: '1.00',
    currency: 'USD',
  }));
  const batch = await send('/v1/events/batch', 'batch', { events: [...events, { event: 'nonsense' }] });
  const ids = (batch['results'] as { id?: string }[]).flatMap(({ id }) => id ?? []);
  const logged = await lineOf('batch');
  assert.deepEqual([logged['events'], logged['eventIds']], [25, ids.slice(0, 20)]);
});

test('health checks and metrics are not logged at level info', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics'])
    await fetch(api.url + path, { headers: { 'x-request-id': `often${path}` } });
  await fetch(`${api.url}/v1/events`, { headers: { 'x-request-id': 'last' } });
  await lineOf('last');
  assert.ok(!written.includes('often/'), written);
});

test('a request that is refused since too much waits to be written is logged with that reason', async (t) => {
  const lines: Line[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => lines.push(JSON.parse(chunk.toString()) as Line));
  const events = createGroupCommit({ write: async (group: readonly number[]) => group });
  const app = express();
  app.post('/', async () => void (await events.add(Array.from({ length: 20_001 }, (_, index) => index))));
  app.use(createErrorHandler(pino(stream)));
  const server = app.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' });
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
  await eventually('the log line', () => lines.length > 0);
  assert.deepEqual(
    lines.map(({ msg, reason }) => [msg, reason]),
    [['request refused for now, what it needs is away or busy', 'too much is waiting to be written']],
  );
});
