// Lists as CSV over HTTP: every list has them, in the columns of its documented rows, with the next
// page in a `Link`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { createDocument } from '../../../api/openapi/document.ts';
import { RESOURCES } from '../../../api/resources.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
let operator: { id: string; key: string };

before(async () => {
  api = await withApi();
  operator = await api.newOperator();
  await api.pool.query(
    `insert into affiliates (operator_id, id, name, external_id)
     select $1, 'aff_' || lpad(i::text, 26, '0'), '=HYPERLINK("http://evil.example")', 'm-' || i
     from generate_series(1, 6000) i`,
    [operator.id],
  );
});
after(() => api.close());

async function csv(path: string, key = operator.key) {
  const headers = { authorization: `Bearer ${key}`, accept: 'text/csv' };
  const answer = await fetch(api.url + path, { headers });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${path}: ${text}`);
  const [, next = null] = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '') ?? [];
  return { headers: answer.headers, rows: parse(text), text, next };
}

test('every list answers as CSV where that is accepted, with the fields of its rows as columns', async () => {
  const { paths, components } = createDocument(api.url, RESOURCES);
  const lists = Object.entries(paths).flatMap(([path, { get }]) => {
    const content = get?.responses['200']?.content ?? {};
    const properties = (content['application/json']?.schema as { properties?: Record<string, unknown> })
      ?.properties;
    const key = get?.['x-scope'] === 'admin' ? ADMIN_TOKEN : operator.key;
    const isList = properties?.['data'] && (properties['next_cursor'] || 'text/csv' in content);
    return isList ? [{ path, key, content, properties }] : [];
  });
  const withoutPages = lists.filter(({ properties }) => !properties['next_cursor']);
  assert.deepEqual(
    withoutPages.map(({ path }) => path),
    ['/v1/set-aside', '/v1/stuck', '/v1/balances/totals'],
  );
  assert.ok(lists.length >= 35, `${lists.length} lists`);
  for (const { path, key, content, properties } of lists) {
    assert.deepEqual(Object.keys(content), ['application/json', 'text/csv'], path);
    const { items } = properties['data'] as { items: { $ref?: string; properties?: object } };
    const named = components.schemas[items.$ref?.split('/').at(-1) ?? ''];
    const fields = Object.keys((named?.['properties'] as object | undefined) ?? items.properties!);
    const { rows, headers } = await csv(path.replace('{id}', `aff_${'1'.padStart(26, '0')}`), key);
    assert.match(headers.get('content-type')!, /^text\/csv/);
    assert.match(headers.get('content-disposition')!, /^attachment; filename="?[\w-]+\.csv"?$/);
    const columns = rows[0]!.map((name) => name.split('.')[0]!);
    assert.deepEqual([...new Set(columns)], fields, path);
  }
});

test('a list as CSV holds 5,000 rows, and its Link the rest; each row once, formulas as text', async () => {
  const first = await csv('/v1/affiliates?state=active');
  assert.equal(first.rows.length, 5001);
  const [header, row] = first.rows;
  assert.deepEqual(header!.slice(0, 3), ['id', 'name', 'external_id']);
  assert.deepEqual(row!.slice(1, 3), [`'=HYPERLINK("http://evil.example")`, 'm-6000']);
  assert.match(first.next!, /^\/v1\/affiliates\?state=active&cursor=aff_/);
  const second = await csv(first.next!);
  assert.deepEqual([second.rows.length, second.next], [1001, null]);
  const ids = [...first.rows.slice(1), ...second.rows.slice(1)].map(([id]) => id);
  assert.equal(new Set(ids).size, 6000);
});

test('a list as CSV with a limit is one page, as it is as JSON, which has the Link too', async () => {
  const { rows, next } = await csv('/v1/affiliates?limit=3');
  assert.equal(rows.length, 4);
  const json = await api.call<{ data: { id: string }[]; next_cursor: string }>('GET /v1/affiliates?limit=3', {
    key: operator.key,
  });
  assert.deepEqual(
    rows.slice(1).map(([id]) => id),
    json.body.data.map(({ id }) => id),
  );
  assert.equal(next, `/v1/affiliates?limit=3&cursor=${json.body.next_cursor}`);
  assert.equal(json.headers.get('link'), `<${next}>; rel="next"`);
});

test('a list stays JSON for callers that take anything, and says that it depends on Accept', async () => {
  for (const accept of ['*/*', 'application/json, text/csv;q=0.9', 'text/html']) {
    const answer = await fetch(`${api.url}/v1/affiliates`, {
      headers: { authorization: `Bearer ${operator.key}`, accept },
    });
    assert.match(answer.headers.get('content-type')!, /^application\/json/, accept);
    assert.match(answer.headers.get('vary')!, /accept/i);
    await answer.arrayBuffer();
  }
});
