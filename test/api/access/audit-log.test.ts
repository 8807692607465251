// The audit log over HTTP: who changed what, by which key, session or link; nothing of the bodies.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createAudit } from '../../../api/http/audit.ts';
import { createLogger } from '../../../log.ts';
import type { AuditEntry } from '../../../store/access/audit-log.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';

type Row = Record<string, unknown> & { id: string };
type Entry = Row & {
  by: string;
  key_id: string | null;
  key_name: string | null;
  method: string;
  route: string;
  subject_id: string | null;
};
type List = { data: Entry[]; next_cursor: string | null };

let api: TestApi;
before(async () => (api = await withApi()));
after(() => api.close());

const OWN_PAGE = { 'x-postrider-console': '1', 'sec-fetch-site': 'same-origin' };

async function entriesOf(key: string, count: number, query = ''): Promise<Entry[]> {
  return await eventually(`${count} entries of the audit log`, async () => {
    const { body } = await api.call<List>(`GET /v1/audit-log${query}`, { key });
    return body.data.length >= count && body.data;
  });
}

test('the audit log says who changed what, by a key, a session, a link or as administrator', async () => {
  const { id: operatorId, key } = await api.newOperator();
  const ask = async (request: string, by: string, body?: object, headers?: Record<string, string>) => {
    const options = { ...(by && { key: by }), ...(body && { body }), ...(headers && { headers }) };
    const answer = await api.call<Row>(request, options);
    assert.ok(answer.status < 300, `${request}: ${JSON.stringify(answer.body)}`);
    return answer;
  };
  const { body: affiliate } = await ask('POST /v1/affiliates', key, { name: 'secret name' });
  const signedIn = await ask('POST /session', '', { api_key: key });
  const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  await ask(`PATCH /v1/affiliates/${affiliate.id}`, '', { name: 'other' }, { cookie, ...OWN_PAGE });
  const { body: link } = await ask(`POST /v1/affiliates/${affiliate.id}/portal`, key);
  const token = String(link['url']).split('#token=')[1]!;
  const { body: endpoint } = await ask('POST /v1/endpoints', token, { url: 'http://127.0.0.1:9/' });
  const { body: made } = await ask(`POST /v1/operators/${operatorId}/api-keys`, ADMIN_TOKEN);
  const entries = await entriesOf(key, 5);
  assert.deepEqual(
    entries.map(({ by, method, route, subject_id: subject, affiliate_id: affiliateId }) => [
      by,
      `${method} ${route}`,
      subject,
      affiliateId,
    ]),
    [
      ['administrator', 'POST /v1/operators/:id/api-keys', made.id, null],
      ['portal', 'POST /v1/endpoints', endpoint.id, affiliate.id],
      ['key', 'POST /v1/affiliates/:id/portal', affiliate.id, null],
      ['session', 'PATCH /v1/affiliates/:id', affiliate.id, null],
      ['key', 'POST /v1/affiliates', affiliate.id, null],
    ],
  );
  const [byAdministrator, ...others] = entries.map(({ key_id: keyId }) => keyId);
  assert.equal(byAdministrator, null);
  assert.equal(new Set(others).size, 1, 'sessions and links name the key that made them');
  const { rows } = await api.pool.query<{ text: string }>('select a::text as text from audit_log a');
  assert.ok(rows.every(({ text }) => !text.includes('secret name')));
  for (const filter of [`subject_id=${endpoint.id}`, 'by=portal', 'resource=endpoints']) {
    const some = await entriesOf(key, 1, `?${filter}`);
    assert.deepEqual(
      some.map(({ route }) => route),
      ['/v1/endpoints'],
      filter,
    );
  }
});

test('the audit log names the key of an entry, also once it is revoked, and has its rows as CSV', async () => {
  const { key } = await api.newOperator();
  const made = await api.call<Row>('POST /v1/api-keys', {
    key,
    body: { name: 'night shift', scopes: ['manage'] },
  });
  const used = { key: String(made.body['api_key']) };
  assert.equal((await api.call('POST /v1/affiliates', { ...used, body: { name: 'A' } })).status, 201);
  assert.equal((await api.call(`DELETE /v1/api-keys/${made.body.id}`, { key })).status, 204);
  const [entry] = await entriesOf(key, 1, `?key_id=${made.body.id}`);
  assert.deepEqual([entry!.key_name, entry!.route], ['night shift', '/v1/affiliates']);
  const headers = { authorization: `Bearer ${key}`, accept: 'text/csv' };
  const text = await (await fetch(`${api.url}/v1/audit-log`, { headers })).text();
  assert.match(text, /^id,at,by,key_id,key_name,.*\r\n/);
  assert.ok(text.includes('night shift'), text);
});

test('the audit log has decisions about events, and none of the events that were sent', async () => {
  const { key } = await api.newOperator();
  const sent = await api.call<Row>('POST /v1/events', {
    key,
    body: { event: 'sale', customer_id: 'c', transaction_id: 't', amount: '1.00', currency: 'USD' },
  });
  const body = { reason: 'a test order' };
  const voided = await api.call(`POST /v1/events/${sent.body.id}/void`, { key, body });
  assert.equal(voided.status, 202, JSON.stringify(voided.body));
  const entries = await entriesOf(key, 1);
  assert.deepEqual(
    entries.map(({ route, subject_id: subject }) => [route, subject]),
    [['/v1/events/:id/void', sent.body.id]],
  );
});

test('the audit log leaves out what was read, refused or sent as events, and what others did', async () => {
  const { key } = await api.newOperator();
  const other = await api.newOperator();
  await api.call('GET /v1/affiliates', { key });
  await api.call('POST /v1/affiliates', { key, body: { nonsense: true } });
  await api.call('POST /v1/events', { key, body: { event: 'kyc', customer_id: 'c' } });
  await api.call('POST /v1/affiliates', { key: other.key, body: { name: 'B' } });
  await api.call('POST /v1/affiliates', { key, body: { name: 'A' } });
  const entries = await entriesOf(key, 1);
  assert.deepEqual(
    entries.map(({ route }) => route),
    ['/v1/affiliates'],
  );
  const reading = await api.call<Row>('POST /v1/api-keys', { key, body: { name: 'k', scopes: ['read'] } });
  const refused = await api.call('GET /v1/audit-log', { key: String(reading.body['api_key']) });
  assert.equal(refused.status, 403);
});

test('the audit log keeps what could not be written, and writes it once', async () => {
  const written: string[] = [];
  let isAway = true;
  const audit = createAudit({
    log: createLogger('silent', 'test'),
    store: {
      add: async (entries: readonly AuditEntry[]) => {
        if (isAway) throw new Error('away');
        written.push(...entries.map(({ route }) => route));
      },
    },
  });
  const listeners: (() => void)[] = [];
  const res = {
    statusCode: 200,
    json: () => res,
    once: (_: string, listener: () => void) => listeners.push(listener),
  };
  const req = { method: 'DELETE', params: { id: 'ep_1' }, route: { path: '/v1/endpoints/:id' } };
  const caller = { operator: { id: 'opr_1' }, key: { id: 'key_1' }, by: 'key', affiliate: null };
  audit.watch(req as never, res as never, caller as never);
  for (const listener of listeners) listener();
  await audit.flush();
  isAway = false;
  await audit.flush();
  await audit.flush();
  assert.deepEqual(written, ['/v1/endpoints/:id']);
});
