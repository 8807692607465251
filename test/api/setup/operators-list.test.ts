// The administrator's view of operators: the list, and keys for those who lost theirs; and the
// search among affiliates.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';

type List = { data: { id: string; name: string }[]; next_cursor: string | null };

let api: TestApi;
before(async () => (api = await withApi()));
after(() => api.close());

const admin = { key: ADMIN_TOKEN };

test('the administrator lists operators page by page, and finds them by a part of their name', async () => {
  const made: string[] = [];
  for (const name of ['Northwind Brokers', 'Southwind', 'Eastgate'])
    made.unshift(
      (await api.call<{ id: string }>('POST /v1/operators', { ...admin, body: { name, currency: 'EUR' } }))
        .body.id,
    );
  const { body: first } = await api.call<List>('GET /v1/operators?limit=2', admin);
  const { body: rest } = await api.call<List>(`GET /v1/operators?cursor=${first.next_cursor}`, admin);
  assert.deepEqual(
    [...first.data, ...rest.data].map(({ id }) => id),
    made,
  );
  const found = await api.call<List>('GET /v1/operators?q=WIND', admin);
  assert.deepEqual(
    found.body.data.map(({ name }) => name),
    ['Southwind', 'Northwind Brokers'],
  );
  const byId = await api.call<List>(`GET /v1/operators?q=${made[0]}`, admin);
  assert.deepEqual(
    byId.body.data.map(({ name }) => name),
    ['Eastgate'],
  );
  for (const wild of ['%25', '_', '%5C'])
    assert.deepEqual((await api.call<List>(`GET /v1/operators?q=${wild}`, admin)).body.data, [], wild);
});

test('a key that the administrator makes for an operator works, and is listed', async () => {
  const { id, key } = await api.newOperator();
  const { status, body } = await api.call<{ id: string; api_key: string; scopes: string[] }>(
    `POST /v1/operators/${id}/api-keys`,
    admin,
  );
  assert.deepEqual([status, body.scopes], [201, ['events:write', 'read', 'manage']]);
  assert.equal((await api.call<{ id: string }>('GET /v1/operator', { key: body.api_key })).body.id, id);
  const keys = await api.call<List>('GET /v1/api-keys', { key });
  assert.deepEqual(
    keys.body.data.map(({ name }) => name),
    ['made by the administrator', 'first'],
  );
  const unknown = await api.call(`POST /v1/operators/${newId('opr')}/api-keys`, admin);
  assert.equal(unknown.status, 404);
  const foreign = await api.call(`POST /v1/operators/${id}/api-keys`, { key });
  assert.equal(foreign.status, 401);
});

test('affiliates are found by a part of their name or of the operator’s own id', async () => {
  const { key } = await api.newOperator();
  for (const [name, externalId] of [
    ['Bob Media', 'p-17'],
    ['Dana', 'bobcat-9'],
    ['Casey 100%', 'p-18'],
  ])
    await api.call('POST /v1/affiliates', { key, body: { name, external_id: externalId } });
  const names = async (query: string) =>
    (await api.call<List>(`GET /v1/affiliates?${query}`, { key })).body.data.map(({ name }) => name);
  assert.deepEqual(await names('q=BOB'), ['Dana', 'Bob Media']);
  assert.deepEqual(await names('q=p-1'), ['Casey 100%', 'Bob Media']);
  assert.deepEqual(await names('q=%25'), ['Casey 100%']);
  assert.deepEqual(await names('q=bob&state=closed'), []);
});

test('affiliates are found by several ids at once, those of other operators not', async () => {
  const [{ key }, other] = [await api.newOperator(), await api.newOperator()];
  const made = async (name: string, of = key) =>
    (await api.call<{ id: string }>('POST /v1/affiliates', { key: of, body: { name } })).body.id;
  const ids = [await made('One'), await made('Two'), await made('Not theirs', other.key)];
  await made('Three');
  const found = (list: readonly string[]) =>
    api.call<List>(`GET /v1/affiliates?ids=${list.join(',')}`, { key });
  assert.deepEqual(
    (await found(ids)).body.data.map(({ name }) => name),
    ['Two', 'One'],
  );
  for (const refused of [[''], ['one'], Array.from({ length: 201 }, () => ids[0]!)])
    assert.equal((await found(refused)).status, 400, `${refused.length} ids`);
});
