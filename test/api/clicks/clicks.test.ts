// Clicks reported by servers, and the list of clicks.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';

type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };
type Body = Record<string, unknown> & { id: string };
type List = { data: Body[]; next_cursor: string | null };

let api: TestApi;
let key: string;
let affiliateId: string;
let linkId: string;

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  affiliateId = (await api.call<Body>('POST /v1/affiliates', { key, body: { name: 'Bounty' } })).body.id;
  const link = { affiliate_id: affiliateId, landing_url: 'https://shop.example/' };
  linkId = (await api.call<Body>('POST /v1/links', { key, body: link })).body.id;
});
after(() => api.close());

const reportClick = (body: object) =>
  api.call<{ click_id: string } & Failure>('POST /v1/clicks', { key, body });

async function issuesOf(body: object): Promise<string[]> {
  const answer = await reportClick(body);
  assert.equal(answer.status, 400, JSON.stringify(answer.body));
  return (answer.body.error.issues ?? []).map(({ path, code }) => `${path} ${code}`);
}

test('a click may be reported with a past time, not with a future one', async () => {
  const reported = await reportClick({
    affiliate_id: affiliateId,
    clicked_at: '2001-01-01T11:00:00Z',
    sub5: 'late',
  });
  assert.equal(reported.status, 201);
  const { body } = await api.call<Body>(`GET /v1/clicks/${reported.body.click_id}`, { key });
  const { received_at: _, ...rest } = body;
  assert.deepEqual(rest, {
    id: reported.body.click_id,
    link_id: null,
    affiliate_id: affiliateId,
    sub1: null,
    sub2: null,
    sub3: null,
    sub4: null,
    sub5: 'late',
    clicked_at: '2001-01-01T11:00:00.000Z',
    bot: false,
    seen_at: null,
  });
  const future = new Date(Date.now() + 3 * 86_400_000).toISOString();
  assert.deepEqual(await issuesOf({ affiliate_id: affiliateId, clicked_at: future }), [
    'clicked_at invalid_time',
  ]);
  assert.deepEqual(await issuesOf({}), ['link_id link_or_affiliate_required']);
});

test('a click backfilled under its own id stays one click when repeated', async () => {
  const click = { link_id: linkId, click_id: 'abc 123', clicked_at: '2026-01-01T00:00:00Z', sub1: 's' };
  const [first, again, changed] = [
    await reportClick(click),
    await reportClick(click),
    await reportClick({ ...click, sub1: 't' }),
  ];
  assert.deepEqual([first.status, again.status, changed.status], [201, 200, 409]);
  assert.equal(changed.body.error.code, 'conflict');
  assert.equal(
    (await reportClick({ link_id: linkId, click_id: 'abc 123', sub1: 's' })).status,
    200,
    'without a time of its own',
  );
  assert.equal((await api.call<Body>('GET /v1/clicks/abc%20123', { key })).body['sub1'], 's');
  const { key: strange } = await api.newOperator();
  assert.equal((await api.call('GET /v1/clicks/abc%20123', { key: strange })).status, 404);
  assert.equal((await api.call('GET /v1/clicks/none', { key })).status, 404);
});

test('clicks are listed newest first, page by page, by affiliate, link and time', async () => {
  const { key: own } = await api.newOperator();
  const list = async (query: string) => (await api.call<List>(`GET /v1/clicks?${query}`, { key: own })).body;
  const [a, b] = await Promise.all(
    ['A', 'B'].map(
      async (name) => (await api.call<Body>('POST /v1/affiliates', { key: own, body: { name } })).body.id,
    ),
  );
  const { body: link } = await api.call<Body>('POST /v1/links', {
    key: own,
    body: { affiliate_id: b, landing_url: 'http://x.example' },
  });
  const ids: string[] = [];
  for (const body of [{ affiliate_id: a }, { affiliate_id: b }, { link_id: link.id }])
    ids.push((await api.call<{ click_id: string }>('POST /v1/clicks', { key: own, body })).body.click_id);
  const newest = ids.toReversed();
  const first = await list('limit=2');
  assert.deepEqual(
    first.data.map(({ id }) => id),
    newest.slice(0, 2),
  );
  assert.deepEqual(
    (await list(`limit=2&cursor=${first.next_cursor}`)).data.map(({ id }) => id),
    newest.slice(2),
  );
  assert.deepEqual(
    (await list(`affiliate_id=${b}`)).data.map(({ id }) => id),
    newest.slice(0, 2),
  );
  assert.deepEqual(
    (await list(`link_id=${link.id}`)).data.map(({ id }) => id),
    newest.slice(0, 1),
  );
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
  assert.equal((await list(`from=${hourAgo}`)).data.length, 3);
  assert.equal((await list(`to=${hourAgo}`)).data.length, 0);
  // Ids chosen by the operator, before and after ours in the alphabet, are found by time too.
  for (const click_id of ['a-own', 'x-own'])
    await api.call('POST /v1/clicks', {
      key: own,
      body: { affiliate_id: a, click_id, clicked_at: '2026-01-01T00:00:00Z' },
    });
  assert.deepEqual(
    (await list(`from=${hourAgo}`)).data.map(({ id }) => id),
    ['x-own', ...newest, 'a-own'],
  );
  assert.equal((await list(`to=${hourAgo}`)).data.length, 0);
  assert.equal((await list('bot=true')).data.length, 0);
  assert.equal((await api.call('GET /v1/clicks?bot=1', { key: own })).status, 400);
});
