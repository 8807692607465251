// Notice channels over HTTP: made, shown without what opens them, refused, tested by a real
// message, and removed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';
import { startReceiver, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { startMailServer, type MailServer } from '../../support/mail-server.ts';

let api: TestApi;
let mailServer: MailServer;
let receiver: FaultyReceiver;
before(async () => {
  [mailServer, receiver] = await Promise.all([startMailServer(), startReceiver()]);
  api = await withApi({ smtp: { url: mailServer.url, from: 'postrider@broker.example' } });
});
after(async () => {
  await api.close();
  await receiver.close();
  await mailServer.close();
});

type Channel = { id: string; target: string; notices: string[]; waiting: number };
type Refusal = { error: { code: string; issues?: { path: string; code: string }[] } };

test('a channel shows the address or the host it leads to, never the URL, and can be removed', async () => {
  const { key } = await api.newOperator();
  const make = (body: object) => api.call<Channel>('POST /v1/notice-channels', { key, body });
  const mail = await make({ kind: 'mail', address: 'ops@broker.example', notices: ['month.closed'] });
  assert.deepEqual(
    [mail.status, mail.body.target, mail.body.notices],
    [201, 'ops@broker.example', ['month.closed']],
  );
  const chat = await make({ kind: 'slack', url: 'http://127.0.0.1:9/services/secret' });
  assert.deepEqual([chat.body.target, chat.body.notices.length, chat.body.waiting], ['127.0.0.1:9', 6, 0]);
  const list = await api.call<{ data: Channel[] }>('GET /v1/notice-channels', { key });
  assert.deepEqual(
    list.body.data.map(({ id }) => id),
    [chat.body.id, mail.body.id],
  );
  assert.ok(!JSON.stringify(list.body).includes('services'));
  assert.equal((await api.call(`DELETE /v1/notice-channels/${chat.body.id}`, { key })).status, 204);
  assert.equal((await api.call(`DELETE /v1/notice-channels/${chat.body.id}`, { key })).status, 404);
});

test('a channel to a private address, a malformed one, and one too many are refused', async () => {
  const { key } = await api.newOperator();
  const refused = async (body: object) =>
    (await api.call<Refusal>('POST /v1/notice-channels', { key, body })).body.error;
  assert.equal((await refused({ kind: 'slack', url: 'http://10.0.0.1/x' })).code, 'blocked_address');
  for (const body of [
    { kind: 'mail', address: 'ops' },
    { kind: 'mail', address: 'a@b.example\r\nBcc: c@d.example' },
    { kind: 'slack', url: 'ftp://chat.example/' },
    { kind: 'slack', address: 'ops@broker.example' },
    { kind: 'mail', address: 'ops@broker.example', url: 'http://127.0.0.1:9/' },
    { kind: 'mail' },
    { kind: 'mail', address: 'a@b.example', notices: ['endpoint.test'] },
  ])
    assert.equal((await refused(body)).code, 'invalid_request', JSON.stringify(body));
  const body = { kind: 'mail', address: 'ops@broker.example' };
  for (let made = 0; made < 20; made++)
    assert.equal((await api.call('POST /v1/notice-channels', { key, body })).status, 201);
  assert.equal((await refused(body)).issues![0]!.code, 'too_many');
});

type Trial = { verdict: string; advice: string | null; detail: string | null; subject: string };

/** A new channel of an operator, tested. */
async function testNew(body: object, by: TestApi = api) {
  const { key } = await by.newOperator();
  const { body: made } = await by.call<Channel>('POST /v1/notice-channels', { key, body });
  const tryOnce = () => by.call<Trial & Refusal>(`POST /v1/notice-channels/${made.id}/test`, { key });
  const channels = async () =>
    (await by.call<{ data: object[] }>('GET /v1/notice-channels', { key })).body.data;
  return { tryOnce, channels, trial: (await tryOnce()).body };
}

test('a test of a channel sends each notice as it would look, at once, and changes nothing', async () => {
  const { trial, channels } = await testNew({
    kind: 'mail',
    address: 'ops@broker.example',
    notices: ['delivery.gave_up', 'month.closed'],
  });
  const subject = 'Test Broker: a test of this channel';
  assert.deepEqual(trial, { verdict: 'delivered', advice: null, detail: null, subject });
  const { from, to, text } = mailServer.mails.at(-1)!;
  assert.deepEqual([from, to], ['postrider@broker.example', ['ops@broker.example']]);
  for (const part of [subject, 'This is a test', '1 postback was given up', 'month 2026-10', '/console'])
    assert.ok(text.includes(part), `${part} in ${text}`);
  assert.ok(!text.includes('payout run'), 'it shows the notices of the channel alone');

  const chat = await testNew({ kind: 'slack', url: `${receiver.url}/ok/chat` });
  assert.equal(chat.trial.verdict, 'delivered');
  const { path, body } = receiver.requests.at(-1)!;
  assert.equal(path, '/ok/chat');
  assert.match(
    (JSON.parse(body) as { text: string }).text,
    /^Test Broker: a test of this channel\n\nThis is a/,
  );
  for (const [channel] of [await channels(), await chat.channels()]) {
    const { last_sent_at: sentAt, failures, last_error: error } = channel as Record<string, unknown>;
    assert.deepEqual([sentAt, failures, error], [null, 0, null]);
  }
});

test('a test of a channel that fails says why in words, and what to do', async () => {
  const refused = await testNew({ kind: 'mail', address: 'ops@refused.example' });
  assert.equal(refused.trial.verdict, 'smtp EENVELOPE 550');
  assert.match(refused.trial.detail!, /no such user here/);
  assert.match(refused.trial.advice!, /^Check the address/);

  const gone = await testNew({ kind: 'slack', url: `${receiver.url}/status/404` });
  assert.equal(gone.trial.verdict, 'http_404');
  assert.match(gone.trial.advice!, /^Make a new webhook/);
  const silent = await testNew({ kind: 'slack', url: 'http://127.0.0.1:1/' });
  assert.equal(silent.trial.verdict, 'connection_refused');
  assert.match(silent.trial.advice!, /nothing listens there/);

  const body = { kind: 'mail', address: 'ops@broker.example' };
  for (const [smtp, verdict, advice] of [
    [undefined, 'SMTP_URL is not set', /^Set SMTP_URL/],
    [{ url: 'smtp://127.0.0.1:1', from: 'a@b.example' }, /^smtp E/, /cannot be reached/],
  ] as const) {
    const other = await withApi(smtp && { smtp });
    try {
      const { trial } = await testNew(body, other);
      assert.match(trial.verdict, new RegExp(verdict));
      assert.match(trial.advice!, advice);
      assert.ok(!JSON.stringify(trial).includes('127.0.0.1'), 'names no address of the installation');
    } finally {
      await other.close();
    }
  }
});

test('channels are tested six times a minute at most, and only those of the operator', async () => {
  const { tryOnce: again } = await testNew({ kind: 'slack', url: `${receiver.url}/ok/often` });
  for (let count = 2; count <= 6; count++) assert.equal((await again()).status, 200);
  const refused = await again();
  assert.deepEqual([refused.status, refused.body.error.code], [429, 'rate_limited']);
  assert.ok(Number(refused.headers.get('retry-after')) > 50);
  assert.equal(receiver.requests.filter(({ path }) => path === '/ok/often').length, 6);
  const { key } = await api.newOperator();
  const none = await api.call('POST /v1/notice-channels/nch_01kb9xq5n2f4h6j8m0p2r4t6v8/test', { key });
  assert.equal(none.status, 404);
});
