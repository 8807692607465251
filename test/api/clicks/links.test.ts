// Changes of links over HTTP: where they lead, and links that are off.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createLinkCache } from '../../../api/clicks/link-cache.ts';
import type { PublicLink } from '../../../store/attribution/links.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Body = Record<string, never> & { id: string; data: Body[]; [name: string]: unknown };
type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };

let api: TestApi;
let key: string;
let affiliateId: string;
before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  affiliateId = (await call('POST /v1/affiliates', { name: 'Bounty' })).body.id;
});
after(() => api.close());

const call = <T = Body>(request: string, body?: object) =>
  api.call<T>(request, { key, ...(body && { body }) });
const newLink = async (more: object = {}): Promise<Body> =>
  (await call('POST /v1/links', { affiliate_id: affiliateId, landing_url: 'https://shop.example/', ...more }))
    .body;

describe('a change of a link', () => {
  test('a change of a link keeps the fields that it does not name', async () => {
    const link = await newLink({ params: { a: '{sub1}' }, deep_link_hosts: ['shop.example'] });
    const { body } = await call(`PATCH /v1/links/${link.id}`, {
      landing_url: 'https://other.example/{sub2}',
    });
    assert.deepEqual(body, { ...link, landing_url: 'https://other.example/{sub2}' });
    const rest = { params: { b: '1' }, deep_link_hosts: ['*.Other.example'] };
    assert.equal((await call(`PATCH /v1/links/${link.id}`, rest)).status, 200);
    const changed = (await call(`GET /v1/links/${link.id}`)).body;
    assert.deepEqual([changed['params'], changed['deep_link_hosts']], [{ b: '1' }, ['*.other.example']]);
  });

  test('a change of a link to a landing page with an unknown macro is refused', async () => {
    const { id } = await newLink();
    const answer = await call<Failure>(`PATCH /v1/links/${id}`, { params: { a: '{colour}' } });
    assert.deepEqual(
      [answer.status, answer.body.error.issues?.map((issue) => `${issue.path} ${issue.code}`)],
      [400, ['params.a unknown_macro']],
    );
  });
});

describe('a link that is off', () => {
  test('a link that is off answers 410, with a page for a browser, and counts no click', async () => {
    const { id, state } = await newLink();
    assert.equal(state, 'active');
    assert.equal((await call(`PATCH /v1/links/${id}`, { state: 'off' })).body['state'], 'off');
    const page = await fetch(`${api.url}/c/${id}`, { headers: { accept: 'text/html,*/*' } });
    assert.deepEqual([page.status, page.headers.get('content-type')], [410, 'text/html; charset=utf-8']);
    assert.match(await page.text(), /leads nowhere/);
    const { status, body } = await api.call<Failure>(`GET /c/${id}`);
    assert.deepEqual([status, body.error.code], [410, 'gone']);
    assert.equal((await api.call(`HEAD /c/${id}`)).status, 410);
    assert.deepEqual((await call(`GET /v1/clicks?link_id=${id}`)).body.data, []);
  });

  test('a change of a link holds for the next visitor, also where the last one has just been there', async () => {
    const { id } = await newLink();
    const statusOf = async () => (await fetch(`${api.url}/c/${id}`, { redirect: 'manual' })).status;
    assert.equal(await statusOf(), 302);
    await call(`PATCH /v1/links/${id}`, { state: 'off' });
    assert.equal(await statusOf(), 410);
    await call(`PATCH /v1/links/${id}`, { state: 'active' });
    assert.equal(await statusOf(), 302);
  });

  test('a click of a link that is off is refused', async () => {
    const { id } = await newLink();
    await call(`PATCH /v1/links/${id}`, { state: 'off' });
    const answer = await call<Failure>('POST /v1/clicks', { link_id: id });
    assert.deepEqual([answer.status, answer.body.error.code], [422, 'not_possible']);
    await call(`PATCH /v1/links/${id}`, { state: 'active' });
    assert.equal((await call('POST /v1/clicks', { link_id: id })).status, 201);
  });

  test('links are listed by their state', async () => {
    const { id } = await newLink();
    await call(`PATCH /v1/links/${id}`, { state: 'off' });
    const { data } = (await call(`GET /v1/links?state=off&affiliate_id=${affiliateId}&limit=1`)).body;
    assert.deepEqual([data.map((link) => link.id), data[0]!['state']], [[id], 'off']);
    const active = (await call('GET /v1/links?state=active&limit=200')).body.data;
    assert.ok(active.length > 0 && active.every(({ state }) => state === 'active'));
  });
});

describe('the cache of links', () => {
  const link = {
    id: 'lnk_1',
    landingUrl: 'https://shop.example/',
    params: {},
    state: 'active',
  } as PublicLink;
  /** A cache over one link; `clock` and `stored` are changed by tests. */
  function aCache() {
    const at = { clock: 1, stored: link, hangs: false, lookUps: 0 };
    const links = createLinkCache({
      now: () => at.clock,
      links: {
        findPublic: () => {
          at.lookUps++;
          return at.hangs ? new Promise(() => {}) : Promise.resolve(at.stored);
        },
      },
    });
    return { at, stateOf: async () => (await links.find(link.id))?.state };
  }

  test('a link that was turned off is off for the next visitor after ten seconds, however long nobody came', async () => {
    const { at, stateOf } = aCache();
    assert.equal(await stateOf(), 'active');
    at.stored = { ...link, state: 'off' };
    at.clock += 4999;
    assert.deepEqual([await stateOf(), at.lookUps], ['active', 1]);
    at.clock += 3_600_000;
    assert.equal(await stateOf(), 'off');
  });

  test('a busy link is looked up again after five seconds, while its visitor goes on', async () => {
    const { at, stateOf } = aCache();
    await stateOf();
    at.stored = { ...link, state: 'off' };
    at.clock += 6000;
    assert.equal(await stateOf(), 'active');
    assert.deepEqual([await stateOf(), at.lookUps], ['off', 2]);
  });

  test('one visitor of a link waits a second while PostgreSQL hangs, and is then sent on', async () => {
    const { at, stateOf } = aCache();
    await stateOf();
    at.hangs = true;
    at.clock += 3_600_000;
    assert.equal(await stateOf(), 'active');
    const began = performance.now();
    assert.equal(await stateOf(), 'active');
    assert.ok(performance.now() - began < 500, 'a second visitor waited too');
  });
});
