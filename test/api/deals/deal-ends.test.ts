// Ends of deals, and whom a version applies to, over HTTP.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';

type Body = Record<string, never> & { id: string; versions: Body[]; [name: string]: unknown };
type Failure = { error: { code: string } };

const TERMS = { components: [{ kind: 'cpa', on: 'ftd', amount: '200.00' }] };
const SOON = '2098-01-01T00:00:00.000Z';
const LATER = '2099-01-01T00:00:00.000Z';

let api: TestApi;
let key: string;
before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
});
after(() => api.close());

const call = <T = Body>(request: string, body?: object) =>
  api.call<T>(request, { key, ...(body && { body }) });
const aDeal = async (more: object = {}): Promise<Body> =>
  (await call('POST /v1/deals', { name: 'd', terms: TERMS, ...more })).body;
const end = (id: string, body: object = {}) => call(`POST /v1/deals/${id}/end`, body);
const codeOf = async (request: string, body: object) => {
  const answer = await call<Failure>(request, body);
  return `${answer.status} ${answer.body.error.code}`;
};

test('a deal ends now, and a repeated request is answered with the same end', async () => {
  const { id, ended_at: atFirst } = await aDeal();
  const { body } = await end(id);
  assert.equal(atFirst, null);
  assert.ok(Math.abs(Date.parse(String(body['ended_at'])) - Date.now()) < 60_000);
  for (const again of [{}, { at: body['ended_at'] }]) assert.deepEqual((await end(id, again)).body, body);
  assert.deepEqual((await call(`GET /v1/deals/${id}`)).body, body);
});

test('the end of a deal may be moved until it has come', async () => {
  const { id } = await aDeal();
  for (const at of [LATER, LATER, SOON, '2026-03-01T00:00:00.000Z'])
    assert.equal((await end(id, { at })).body['ended_at'], at);
  assert.equal(await codeOf(`POST /v1/deals/${id}/end`, { at: LATER }), '422 not_possible');
});

test('a deal cannot end before its first version', async () => {
  const { id } = await aDeal({ effective_from: '2026-03-01T00:00:00Z' });
  const tooEarly = { at: '2026-02-28T23:59:59Z' };
  assert.equal(await codeOf(`POST /v1/deals/${id}/end`, tooEarly), '422 not_possible');
  assert.equal((await end(id, { at: '2026-03-01T00:00:00Z' })).status, 200);
});

test('versions are added to a deal before its end, and none from its end on', async () => {
  const { id } = await aDeal();
  await end(id, { at: SOON });
  const version = (from?: string) => ({ terms: TERMS, ...(from && { effective_from: from }) });
  assert.equal(await codeOf(`POST /v1/deals/${id}/versions`, version(SOON)), '422 not_possible');
  assert.equal((await call(`POST /v1/deals/${id}/versions`, version())).status, 201);
  await end(id);
  assert.equal(await codeOf(`POST /v1/deals/${id}/versions`, version()), '422 not_possible');
});

test('a version says whom it applies to: all events, or those of new customers', async () => {
  const deal = await aDeal();
  assert.equal(deal['applies_to'], 'events');
  const version = { terms: TERMS, effective_from: '2026-03-01T00:00:00Z', applies_to: 'new_customers' };
  const added = await call(`POST /v1/deals/${deal.id}/versions`, version);
  assert.equal(added.body['applies_to'], 'new_customers');
  const { body } = await call(`GET /v1/deals/${deal.id}`);
  assert.deepEqual(
    body.versions.map(({ applies_to: each }) => each),
    ['events', 'new_customers'],
  );
  assert.equal((await aDeal({ applies_to: 'new_customers' }))['applies_to'], 'new_customers');
  assert.equal(
    await codeOf('POST /v1/deals', { name: 'd', terms: TERMS, applies_to: 'friends' }),
    '400 invalid_request',
  );
});
