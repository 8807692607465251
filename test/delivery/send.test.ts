// Attempts against a receiver that answers, lies, stalls and disconnects: each ends in time, with
// an outcome that describes it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createGuard } from '../../delivery/guard.ts';
import type { GuardSettings } from '../../delivery/guard.ts';
import type { LookUp } from '../../delivery/names.ts';
import { render } from '../../delivery/render.ts';
import { createSender } from '../../delivery/send.ts';
import type { Limits, PostbackRequest, Sender } from '../../delivery/send.ts';
import { newSecret, secretKey } from '../../delivery/sign.ts';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
import { eventually } from '../support/eventually.ts';
import { isSigned, startReceiver } from '../support/faulty-receiver.ts';
import { startRawServer, type RawServer, type Reaction } from '../support/raw-server.ts';
import { resolvingTo } from '../support/names.ts';

const LOOPBACK: GuardSettings = { allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false };
const SHORT: Partial<Limits> = { dnsMs: 200, connectMs: 300, totalMs: 400 };

const receiver = await startReceiver();
const senders: Sender[] = [];
const rawServers: RawServer[] = [];
after(async () => {
  await Promise.all([...senders, ...rawServers].map((one) => one.close()));
  await receiver.close();
});

/** Closed after all tests, so that a test that fails ends too. */
async function rawServer(react: Reaction): Promise<RawServer> {
  const server = await startRawServer(react);
  rawServers.push(server);
  return server;
}

function senderWith(limits: Partial<Limits> = {}, settings: Partial<GuardSettings> = {}): Sender {
  const sender = createSender(createGuard({ ...LOOPBACK, ...settings }), limits);
  senders.push(sender);
  return sender;
}

function post(url: string, body = '{}'): PostbackRequest {
  return { url, method: 'POST', headers: { 'content-type': 'application/json' }, body };
}

const sender = senderWith();
const at = (path: string): PostbackRequest => post(receiver.url + path);

async function statusOf(attempt: Promise<AttemptOutcome>): Promise<number> {
  const outcome = await attempt;
  assert.equal(outcome.kind, 'answered', JSON.stringify(outcome));
  return outcome.kind === 'answered' ? outcome.status : 0;
}

async function errorOf(attempt: Promise<AttemptOutcome>): Promise<string> {
  const outcome = await attempt;
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  // The detail that a customer reads names no address; the dialled address has a field of its own.
  if (outcome.kind === 'failed') assert.doesNotMatch(outcome.detail, /\d+\.\d+\.\d+|::/);
  return outcome.kind === 'failed' ? outcome.errorClass : '';
}

test('an answered attempt reports status, excerpt, time and address', async () => {
  const first = await senderWith().send(at('/ok'));
  assert.ok(first.kind === 'answered');
  assert.deepEqual([first.status, first.excerpt, first.dialled], [200, 'ok', `127.0.0.1:${receiver.port}`]);
  assert.deepEqual(Object.keys(first.phases), ['dnsMs', 'connectMs', 'firstByteMs']);
  assert.ok(Number.isInteger(first.durationMs) && first.durationMs >= 0 && first.durationMs < 5000);
});

for (const method of ['POST', 'GET'] as const) {
  test(`a rendered ${method} arrives as it was signed`, async () => {
    const secret = newSecret();
    const body = JSON.stringify({
      type: 'conversion.created',
      timestamp: '2026-11-22T10:00:00Z',
      data: { click_id: 'č/1&x' },
    });
    const url = `${receiver.url}/ok/signed-${method}/{click_id}?c={click_id}`;
    const recipient = {
      url,
      method,
      body: 'json',
      headers: { 'x-own': 'yes' },
      signing: 'v1',
      secrets: [secretKey(secret)],
    } as const;
    const request = render({ id: 'dlv_7', type: 'conversion.created', body, try: 1 }, recipient, Date.now());
    assert.equal(await statusOf(sender.send(request)), 200);
    const received = receiver.requests.find(({ path }) => path.startsWith(`/ok/signed-${method}`));
    assert.ok(received !== undefined && isSigned(received, secret));
    assert.equal(received.body, method === 'GET' ? '' : body);
    assert.equal(received.headers['accept-encoding'], 'identity');
    assert.equal(received.headers['x-own'], 'yes');
  });
}

test('the control and Retry-After headers of a receiver are reported unchanged', async () => {
  const outcome = await sender.send(at('/status/503?retry-after=120&webhook-delivery=disable'));
  assert.ok(outcome.kind === 'answered');
  assert.deepEqual([outcome.status, outcome.retryAfter, outcome.control], [503, '120', 'disable']);
});

test('a redirect counts as an answer and is not followed', async () => {
  assert.equal(await statusOf(sender.send(at('/redirect'))), 307);
  assert.equal(receiver.requests.filter(({ path }) => path === '/ok').length, 1);
});

test('an excerpt holds no character that PostgreSQL or a terminal cannot take', async () => {
  const handler = (_: unknown, response: { end(text: string): void }): void =>
    response.end('a\0b\u001b[31mc\u0085\u202ed\n\te');
  const odd = await startReceiver({ handler });
  const outcome = await sender.send(post(odd.url));
  assert.ok(outcome.kind === 'answered');
  assert.equal(outcome.excerpt, 'a\ufffdb\ufffd[31mc\ufffd\ufffdd\n\te');
  await odd.close();
});

test('an excerpt omits a character cut in half', async () => {
  const cutting = await startReceiver({ handler: (_, response) => void response.end('žžž') });
  const outcome = await senderWith({ excerptBytes: 5 }).send(post(cutting.url));
  assert.ok(outcome.kind === 'answered' && outcome.excerpt === 'žž');
  await cutting.close();
});

test('a body over the limit is not sent', async () => {
  assert.equal(
    await errorOf(sender.send(post(`${receiver.url}/ok/large`, 'x'.repeat(256 * 1024 + 1)))),
    'request_too_large',
  );
  assert.equal(await statusOf(sender.send(post(`${receiver.url}/ok/large`, 'x'.repeat(256 * 1024)))), 200);
  assert.equal(receiver.requests.filter(({ path }) => path === '/ok/large').length, 1);
});

test('an attempt at a closed port is reported as refused', async () => {
  const closed = await startReceiver();
  await closed.close();
  assert.equal(await errorOf(sender.send(post(closed.url))), 'connection_refused');
});

test('forbidden literals and names that resolve to forbidden addresses are never dialled', async () => {
  const guarded = senderWith(SHORT, { allowCidrs: [], lookUp: resolvingTo('127.0.0.1') });
  const before = receiver.connections();
  for (const host of ['127.0.0.1', '2130706433', '[::1]', '0', 'name.example', 'localhost']) {
    assert.equal(
      await errorOf(guarded.send(post(`http://${host}:${receiver.port}/ok/never`))),
      'blocked_address',
      host,
    );
  }
  assert.equal(receiver.connections(), before);
});

test('a name that turns forbidden after its check is refused when dialled', async () => {
  const answers = ['127.0.0.1', '10.0.0.1'];
  const guard = createGuard({
    ...LOOPBACK,
    lookUp: async () => ({ kind: 'found', addresses: [answers.shift() ?? '10.0.0.1'] }),
  });
  const rebinding = createSender(guard, SHORT);
  senders.push(rebinding);
  assert.deepEqual(await guard.check(`http://rebind.example:${receiver.port}/`), { ok: true });
  assert.equal(
    await errorOf(rebinding.send(post(`http://rebind.example:${receiver.port}/ok`))),
    'blocked_address',
  );
});

test('a connection to another peer than the vetted address is closed before anything is sent', async () => {
  // As behind a NAT gateway: the vetted address passes, but the socket reports another peer.
  const peers: string[] = [];
  const misled = createSender(
    { ...createGuard(LOOPBACK), mayDial: (address) => peers.push(address) < 0 },
    SHORT,
  );
  senders.push(misled);
  assert.equal(await errorOf(misled.send(at('/ok/misled'))), 'blocked_address');
  assert.deepEqual(peers, ['127.0.0.1']);
  assert.ok(!receiver.requests.some(({ path }) => path === '/ok/misled'));
});

test('a name keeps its Host header though its address is dialled', async () => {
  const named = senderWith({}, { lookUp: resolvingTo('127.0.0.1') });
  const outcome = await named.send(post(`http://shop.example:${receiver.port}/ok/named`));
  assert.equal(outcome.dialled, `127.0.0.1:${receiver.port}`);
  assert.equal(
    receiver.requests.find(({ path }) => path === '/ok/named')?.headers['host'],
    `shop.example:${receiver.port}`,
  );
});

test('the next address of a name is dialled when the first refuses', async () => {
  const several = senderWith({}, { lookUp: resolvingTo('127.0.0.99', '127.0.0.1') });
  const outcome = await several.send(post(`http://several.example:${receiver.port}/ok`));
  assert.equal(outcome.dialled, `127.0.0.1:${receiver.port}`);
});

test('a name without an address gives dns_error, which says whether the name is certainly absent', async () => {
  const results = {
    no_such_name: [true, 'the host name does not exist'],
    no_address: [true, 'the host name has no address'],
    silent: [undefined, 'the name servers did not answer in time for the host name'],
    failed: [undefined, 'the name servers could not answer for the host name'],
  } as const;
  for (const [kind, [isAbsent, detail]] of Object.entries(results)) {
    const lookUp = async (): Promise<LookUp> => ({ kind: kind as keyof typeof results });
    const outcome = await senderWith(SHORT, { lookUp }).send(post('http://nowhere.example/'));
    assert.ok(outcome.kind === 'failed');
    assert.deepEqual(
      [outcome.errorClass, outcome.nameIsAbsent, outcome.detail],
      ['dns_error', isAbsent, detail],
    );
  }
});

test('a look-up that never ends gives dns_error within the time limit for names', async () => {
  const outcome = await senderWith(SHORT, { lookUp: () => new Promise(() => undefined) }).send(
    post('http://silent.example/'),
  );
  assert.ok(outcome.kind === 'failed' && outcome.errorClass === 'dns_error');
  assert.equal(outcome.nameIsAbsent, undefined);
  assert.ok((outcome.phases.dnsMs ?? 0) >= 190, `${outcome.phases.dnsMs} ms`);
});

test('an abort signal ends an attempt as cancelled', async () => {
  const stop = new AbortController();
  const attempt = sender.send(at('/hang/stopped'), { signal: stop.signal });
  setImmediate(() => stop.abort());
  assert.equal(await errorOf(attempt), 'cancelled');
  assert.equal(await errorOf(sender.send(at('/ok/stopped'), { signal: stop.signal })), 'cancelled');
});

test('connections to a receiver are kept and reused', async () => {
  const quiet = await startReceiver();
  for (let count = 0; count < 10; count += 1) await sender.send(post(`${quiet.url}/ok`));
  // undici rests a connection for one turn of the event loop, so that two take turns.
  assert.ok(quiet.connections() <= 2);
  assert.deepEqual(Object.keys((await sender.send(post(`${quiet.url}/ok`))).phases), ['firstByteMs']);
  await quiet.close();
});

test('idle connections are bounded over all hosts', async () => {
  const frugal = senderWith({ idleConnections: 3 });
  const others = await Promise.all(Array.from({ length: 8 }, () => startReceiver()));
  for (let round = 0; round < 5; round += 1) {
    const statuses = await Promise.all(others.map((other) => statusOf(frugal.send(post(`${other.url}/ok`)))));
    assert.ok(statuses.every((status) => status === 200));
  }
  const opened = others.reduce((sum, other) => sum + other.connections(), 0);
  assert.ok(opened > 8, `${opened} connections`);
  await Promise.all(others.map((other) => other.close()));
});

test('a request on a kept connection that breaks is sent once more, on a fresh one, and that shows', async () => {
  // Answers once per connection, and hangs up on the second request when it has read it whole.
  const closing = await rawServer((socket, exchange) => {
    if (exchange === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    else socket.resetAndDestroy();
  });
  const fresh = await Promise.all(Array.from({ length: 8 }, () => sender.send(post(closing.url))));
  assert.ok(fresh.every(({ sends }) => sends === undefined));
  assert.equal(closing.connections(), 8);
  closing.requests.length = 0;
  const outcome = await sender.send(post(closing.url));
  assert.ok(outcome.kind === 'answered' && outcome.status === 200, JSON.stringify(outcome));
  assert.equal(outcome.sends, 2);
  // Both are the same request. The other seven kept connections were not tried.
  assert.equal(closing.requests.length, 2);
  assert.equal(closing.requests[0], closing.requests[1]);
  assert.equal(closing.connections(), 9);
});

test('a request on a kept connection that breaks is not sent again on another kept one', async () => {
  const later: { answer(): void; break(): void } = { answer: () => undefined, break: () => undefined };
  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
  const restarting = await rawServer((socket, exchange) => {
    if (exchange === 1) socket.write(OK);
    else if (restarting.requests.at(-1)!.endsWith('slow')) later.answer = () => socket.write(OK);
    else later.break = () => socket.resetAndDestroy();
  });
  await Promise.all([1, 2].map(() => statusOf(sender.send(post(restarting.url)))));
  await new Promise((resolve) => setImmediate(resolve));
  const slow = sender.send(post(restarting.url, 'slow'));
  const broken = sender.send(post(restarting.url));
  await eventually('both requests are read', () => restarting.requests.length === 4);
  // Both kept connections are in use; the first one is idle again when the second one breaks.
  later.answer();
  assert.equal(await statusOf(slow), 200);
  later.break();
  const outcome = await broken;
  assert.ok(outcome.kind === 'answered' && outcome.sends === 2, JSON.stringify(outcome));
  assert.equal(restarting.connections(), 3);
});

test('a request is sent twice at most: a second break is a failed attempt', async () => {
  const resetting = await rawServer((socket) => void socket.resetAndDestroy());
  assert.equal(await errorOf(sender.send(post(resetting.url))), 'connection_reset');
  assert.equal(resetting.requests.length, 1);
  let isBroken = false;
  const breaking = await rawServer((socket) => {
    if (isBroken) socket.resetAndDestroy();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  // undici rests a connection for one turn of the event loop before it is used again.
  await Promise.all([1, 2].map(() => statusOf(sender.send(post(breaking.url)))));
  await new Promise((resolve) => setImmediate(resolve));
  isBroken = true;
  breaking.requests.length = 0;
  const outcome = await sender.send(post(breaking.url));
  assert.ok(outcome.kind === 'failed' && outcome.errorClass === 'connection_reset');
  assert.deepEqual([outcome.sends, breaking.requests.length], [2, 2]);
});

test('names of own headers arrive in the letters in which they were given', async () => {
  const server = await rawServer((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  const headers = { 'X-Api-Key': 'k', 'x-lower': 'l', SOAPAction: 's' };
  const recipient = {
    url: server.url,
    method: 'POST',
    body: 'json',
    headers,
    signing: 'none',
    secrets: [],
  } as const;
  const postback = { id: 'dlv_8', type: 'conversion.created', body: '{}', try: 1 };
  assert.equal(await statusOf(sender.send(render(postback, recipient, Date.now()))), 200);
  for (const line of ['X-Api-Key: k', 'x-lower: l', 'SOAPAction: s', 'webhook-id: dlv_8'])
    assert.ok(server.requests[0]?.includes(`\r\n${line}\r\n`), line);
});

test('closing the sender waits for attempts in flight', async () => {
  const closing = createSender(createGuard(LOOPBACK));
  const attempt = closing.send(at('/slow/100'));
  await closing.close();
  assert.equal(await statusOf(attempt), 200);
  assert.equal(await errorOf(closing.send(at('/ok/closed'))), 'cancelled');
});
