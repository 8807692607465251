// Notice channels over HTTP: made, shown without what opens them, refused, and removed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
after(() => api.close());

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
