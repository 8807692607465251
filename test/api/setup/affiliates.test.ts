// States of affiliates and their dated parents over HTTP.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';
import { withPaidAffiliate } from '../../support/paid-affiliate.ts';

type Body = Record<string, never> & { id: string; data: Body[]; [name: string]: unknown };
type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };

let api: TestApi;
let key: string;
before(async () => {
  api = await withApi();
});
after(() => api.close());
beforeEach(async () => {
  ({ key } = await api.newOperator());
});

const call = <T = Body>(request: string, body?: object) =>
  api.call<T>(request, { key, ...(body && { body }) });
const patch = (id: string, body: object) => call(`PATCH /v1/affiliates/${id}`, body);

async function anAffiliate(more: object = {}): Promise<Body> {
  const { status, body } = await call('POST /v1/affiliates', { name: 'Media', ...more });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

test('an affiliate has an e-mail, a tax number and a country, which are found, changed and removed', async () => {
  const contact = { email: 'Partners@media.example', tax_id: 'DE123456789', country: 'de' };
  const { id, ...made } = await anAffiliate(contact);
  assert.deepEqual(
    [made['email'], made['tax_id'], made['country']],
    ['Partners@media.example', 'DE123456789', 'DE'],
  );
  await anAffiliate();
  const found = await call('GET /v1/affiliates?q=partners@');
  assert.deepEqual(
    found.body.data.map((row) => row.id),
    [id],
  );
  const { body: changed } = await patch(id, { tax_id: 'AT U12345678', country: 'AT' });
  assert.deepEqual(
    [changed['email'], changed['tax_id'], changed['country']],
    ['Partners@media.example', 'AT U12345678', 'AT'],
  );
  const { body: removed } = await patch(id, { email: null, tax_id: null, country: null });
  assert.deepEqual([removed['email'], removed['tax_id'], removed['country']], [null, null, null]);
  for (const wrong of [{ email: 'nobody' }, { country: 'Germany' }, { country: '1' }, { tax_id: '' }]) {
    const refused = await call<Failure>(`PATCH /v1/affiliates/${id}`, wrong);
    assert.deepEqual([refused.status, refused.body.error.issues![0]!.path], [400, Object.keys(wrong)[0]]);
  }
});

describe('the state of an affiliate', () => {
  test('the state of an affiliate is active, may be given and changed, and filters the list', async () => {
    const [one, two] = [await anAffiliate(), await anAffiliate({ state: 'suspended' })];
    assert.deepEqual([one['state'], one['closed_at'], two['state']], ['active', null, 'suspended']);
    assert.equal((await patch(one.id, { state: 'closed' })).body['state'], 'closed');
    const idsIn = async (state: string) =>
      (await call(`GET /v1/affiliates?state=${state}`)).body.data.map(({ id }) => id);
    assert.deepEqual(
      [await idsIn('active'), await idsIn('suspended'), await idsIn('closed')],
      [[], [two.id], [one.id]],
    );
  });

  test('the time of closing stays while an affiliate is closed, and goes when it is opened again', async () => {
    const { id, closed_at: closedAt } = await anAffiliate({ state: 'closed' });
    assert.ok(Math.abs(Date.parse(String(closedAt)) - Date.now()) < 60_000);
    for (const change of [{ state: 'closed' }, { name: 'Other' }])
      assert.equal((await patch(id, change)).body['closed_at'], closedAt);
    assert.equal((await patch(id, { state: 'active' })).body['closed_at'], null);
  });

  test('a closed affiliate gets no links, coupons and clicks, also by a link of its own', async () => {
    const { id } = await anAffiliate();
    const link = { affiliate_id: id, landing_url: 'https://shop.example/' };
    const { id: linkId } = (await call('POST /v1/links', link)).body;
    await patch(id, { state: 'closed' });
    const requests: [string, object][] = [
      ['links', link],
      ['coupons', { affiliate_id: id, code: 'LATE' }],
      ['clicks', { affiliate_id: id }],
      ['clicks', { link_id: linkId }],
    ];
    for (const [path, body] of requests) {
      const answer = await call<Failure>(`POST /v1/${path}`, body);
      assert.deepEqual([answer.status, answer.body.error.code], [422, 'not_possible'], path);
    }
    await patch(id, { state: 'active' });
    for (const [path, body] of requests)
      assert.equal((await call(`POST /v1/${path}`, body)).status, 201, path);
  });

  test('a suspended affiliate earns and is not paid, except for a payout that was reserved before', async () => {
    const paid = await withPaidAffiliate(api);
    const { id } = (await paid.call<Body>('GET /v1/affiliates')).body.data[0]!;
    const suspend = (state: string) => paid.call(`PATCH /v1/affiliates/${id}`, { state });
    const payOut = (idempotencyKey: string) =>
      paid.call<Failure & { id: string }>(
        'POST /v1/payouts',
        { affiliate_id: id, currency: 'USD' },
        { 'idempotency-key': idempotencyKey },
      );
    await paid.sale('before', '10');
    await paid.release();
    const { body: first } = await payOut('first');
    await suspend('suspended');
    await paid.sale('meanwhile', '6');
    await paid.release();
    const refused = await payOut('second');
    assert.deepEqual([refused.status, refused.body.error.code], [422, 'not_possible']);
    assert.equal(await paid.balance(), '0.00 6.00 10.00 0.00 0.00');
    assert.equal((await payOut('first')).body.id, first.id, 'a repeated request is answered as the first');
    await suspend('active');
    assert.equal((await payOut('second')).status, 201);
  });
});

describe('the dated parent of an affiliate', () => {
  const parentOf = async (id: string) => {
    const { parent_id: parent, parent_since: since } = (await call(`GET /v1/affiliates/${id}`)).body;
    return [parent, since];
  };

  test('a parent given with a new affiliate may begin at a time', async () => {
    const { id: parent } = await anAffiliate();
    const since = '2026-10-01T00:00:00.000Z';
    const made = await anAffiliate({ parent_id: parent, parent_since: since });
    assert.deepEqual([made['parent_id'], made['parent_since']], [parent, since]);
    const later = '2099-01-01T00:00:00Z';
    assert.equal((await anAffiliate({ parent_id: parent, parent_since: later }))['parent_id'], null);
    const alone = await call<Failure>('POST /v1/affiliates', { name: 'x', parent_since: since });
    assert.deepEqual(
      [alone.status, alone.body.error.issues?.map(({ path, code }) => `${path} ${code}`)],
      [400, ['parent_since not_applicable']],
    );
  });

  test('a parent given with a new affiliate is its parent from the beginning', async () => {
    const { id: parent } = await anAffiliate();
    const { id, parent_id: shown, parent_since: since } = await anAffiliate({ parent_id: parent });
    assert.deepEqual([shown, since], [parent, null]);
    const listed = (await call('GET /v1/affiliates')).body.data.find((row) => row.id === id)!;
    assert.deepEqual([listed['parent_id'], listed['parent_since']], [parent, null]);
  });

  test('a parent counts from its date on: now, in the past, or in the future', async () => {
    const [now, past, future] = [await anAffiliate(), await anAffiliate(), await anAffiliate()];
    const { id } = await anAffiliate();
    const answer = await patch(id, { parent_id: now.id });
    assert.ok(Math.abs(Date.parse(String(answer.body['parent_since'])) - Date.now()) < 60_000);
    await patch(id, { parent_id: past.id, parent_since: '2026-01-01T00:00:00Z' });
    await patch(id, { parent_id: future.id, parent_since: '2099-01-01T00:00:00Z' });
    assert.deepEqual(await parentOf(id), [now.id, answer.body['parent_since']]);
    await patch(id, { parent_id: now.id });
    assert.deepEqual(await parentOf(id), [now.id, answer.body['parent_since']], 'the same parent again');
    const { rows } = await api.pool.query(
      `select parent_id from affiliate_parents where affiliate_id = $1 order by since`,
      [id],
    );
    assert.deepEqual(rows, [{ parent_id: past.id }, { parent_id: now.id }, { parent_id: future.id }]);
    const refused = await call<Failure>(`PATCH /v1/affiliates/${id}`, {
      parent_since: '2026-01-01T00:00:00Z',
    });
    assert.deepEqual(
      refused.body.error.issues?.map((issue) => `${issue.path} ${issue.code}`),
      ['parent_since not_applicable'],
    );
  });

  test('a parent is refused who would come below the affiliate at any date, and nothing is changed then', async () => {
    const [a, b] = [await anAffiliate(), await anAffiliate()];
    await patch(b.id, { parent_id: a.id, parent_since: '2099-01-01T00:00:00Z' });
    const change = { name: 'Changed', parent_id: b.id };
    const refused = await call<Failure>(`PATCH /v1/affiliates/${a.id}`, change);
    assert.deepEqual(
      refused.body.error.issues?.map((issue) => `${issue.path} ${issue.code}`),
      ['parent_id circle'],
    );
    assert.equal((await call(`GET /v1/affiliates/${a.id}`)).body['name'], 'Media');
    const until2099 = { parent_id: b.id, parent_since: '2098-01-01T00:00:00Z' };
    assert.equal((await patch(a.id, until2099)).status, 400);
    await patch(a.id, { parent_id: null, parent_since: '2099-01-01T00:00:00Z' });
    assert.equal((await patch(a.id, until2099)).status, 200);
  });
});
