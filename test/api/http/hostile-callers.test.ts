// Invalid requests to every route except events (hostile-requests.test.ts): every field, query
// parameter and path place of the OpenAPI document. Answers name the place, no row is stored, and
// memory does not grow.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { OpenApiDocument } from '../../../api/openapi/types.ts';
import { newId } from '../../../store/db/ids.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';

type Refused = { error: { code: string; issues?: { path: string }[] } };
type Schema = { $ref?: string; properties?: Record<string, Schema>; anyOf?: Schema[]; type?: string };
type Operation = { request: string; key: string; operation: OpenApiDocument['paths'][string][string] };

let api: TestApi;
let document: OpenApiDocument;
let key: string;
let operations: Operation[];
/** Ids of existing resources, by the path segment before the id. */
const existing: Record<string, string> = {};

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  document = (await api.call<OpenApiDocument>('GET /openapi.json')).body;
  for (const [collection, body] of [
    ['affiliates', { name: 'A' }],
    ['deals', { name: 'd', terms: { components: [{ kind: 'cpa', on: 'ftd', amount: '1.00' }] } }],
    ['endpoints', { url: 'http://127.0.0.1:9/' }],
  ] as const) {
    const made = await api.call<{ id: string }>(`POST /v1/${collection}`, { key, body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    existing[collection] = made.body.id;
  }
  operations = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const collection = /^\/v1\/(\w+)\/\{/.exec(template)?.[1] ?? '';
      const path = template
        .replace('{period}', '2026-01')
        .replace(/\{\w+\}/, existing[collection] ?? newId('evt'));
      const request = `${method.toUpperCase()} ${path}`;
      return { request, key: operation['x-scope'] === 'admin' ? ADMIN_TOKEN : key, operation };
    }),
  );
});
after(() => api.close());

/** Number of rows of each table, except those that count refusals. */
async function rowsKept(): Promise<Record<string, number>> {
  const { rows: tables } = await api.pool.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname not like 'refus%' and relname <> 'audit_log' order by 1`,
  );
  const counts = tables.map(({ name }) => `select '${name}' as name, count(*)::int as count from ${name}`);
  const { rows } = await api.pool.query<{ name: string; count: number }>(counts.join(' union all '));
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

/** JSON values that no field takes. Numbers are text, since JavaScript would round them. */
const NEVER: readonly string[] = [
  '"a\\u0000b"',
  '"a\\ud800"',
  '-9007199254740993',
  '9007199254740993',
  '1e400',
  '{"__proto__":{"a":1},"constructor":{"prototype":{}}}',
  '['.repeat(500) + ']'.repeat(500),
  '{"a":'.repeat(500) + '1' + '}'.repeat(500),
];

/** Bodies of valid form, for fields whose meaning is checked only after the form. */
const GOOD: Record<string, object> = {
  'POST /v1/endpoints/import': { dialect: 'everflow' },
  adjustments: { currency: 'USD', reason: 'r', idempotency_key: 'k' },
  'write-offs': { currency: 'USD', reason: 'r' },
  'POST /v1/payout-runs': { currency: 'USD' },
  'POST /v1/payouts': { affiliate_id: newId('aff'), currency: 'USD' },
};

test('an invalid value in any field of a body is answered 400 with its path, and no row is stored', async () => {
  const earlier = await rowsKept();
  let sent = 0;
  for (const { request, key: operationKey, operation } of operations) {
    // Events have tests of their own, and the rows of lists are checked one by one.
    if (['POST /v1/events', 'POST /v1/events/batch', 'POST /v1/reconciliations'].includes(request)) continue;
    const good = GOOD[request] ?? GOOD[request.split('/').at(-1)!] ?? {};
    const schema = operation.requestBody?.content['application/json']?.schema as Schema | undefined;
    for (const field of Object.keys(propertiesOf(schema))) {
      for (const value of NEVER) {
        const about = `${request} ${field}: ${value.slice(0, 30)}`;
        const rest = JSON.stringify({ ...good, [field]: 0 }).replace(
          `"${field}":0`,
          () => `"${field}":${value}`,
        );
        const { status, body } = await api.call<Refused>(request, { key: operationKey, body: rest });
        assert.ok([400, 404].includes(status), `${status} for ${about}: ${JSON.stringify(body)}`);
        const paths = body.error.issues?.map(({ path }) => path.split('.')[0]) ?? [];
        assert.ok(status === 404 || paths.includes(field), `${about}: ${JSON.stringify(body.error)}`);
        sent++;
      }
    }
  }
  assert.ok(sent > 500, `${sent} were sent`);
  assert.deepEqual(await rowsKept(), earlier);
});

test('an invalid query parameter is answered 400 with its name, or ignored', async () => {
  let refused = 0;
  for (const { request, key: operationKey, operation } of operations) {
    if (!request.startsWith('GET /v1')) continue;
    const names = operation.parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name);
    for (const name of [...names, '__proto__', 'constructor', 'no_such']) {
      for (const value of ['%00', '%ed%a0%80', '9007199254740993', 'x'.repeat(5000), '1&' + name + '=2']) {
        const about = `${request}?${name}=${value.slice(0, 30)}`;
        const { status, body } = await api.call<Refused>(`${request}?${name}=${value}`, {
          key: operationKey,
        });
        assert.ok([200, 400, 404].includes(status), `${status} for ${about}`);
        if (status !== 400) continue;
        assert.deepEqual([...new Set(body.error.issues?.map(({ path }) => path))], [name], about);
        refused++;
      }
    }
  }
  assert.ok(refused > 300, `${refused} were refused`);
});

test('an invalid id in any path is answered as not found', async () => {
  const places = Object.entries(document.paths).filter(
    ([template]) => template.includes('{') && !template.endsWith('/seen'),
  );
  const odd = [
    '%00',
    '%ff',
    '%',
    '..%2f..%2fetc',
    '__proto__',
    'constructor',
    "'%20or%20''='",
    'x'.repeat(4000),
    '9007199254740993',
  ];
  for (const [template, methods] of places) {
    for (const [method, operation] of Object.entries(methods)) {
      for (const place of odd) {
        const request = `${method.toUpperCase()} ${template.replace(/\{\w+\}/, place)}`;
        const types = Object.keys(operation.requestBody?.content ?? {});
        const json = types.length === 0 ? {} : { body: {} };
        // A body in another form than JSON is refused by its form first.
        const statuses = [
          400,
          404,
          ...(types.length > 0 && !types.includes('application/json') ? [415] : []),
          // Any text may be the id of a customer, also of one of whom nothing is known.
          ...(template.endsWith('/erase') ? [202] : []),
        ];
        const by = operation['x-scope'] === 'admin' ? ADMIN_TOKEN : key;
        const { status } = await api.call(request, { key: by, ...json });
        assert.ok(statuses.includes(status), `${status} for ${request.slice(0, 80)}`);
      }
    }
  }
});

test('hundreds of invalid requests do not grow memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => (collect(), process.memoryUsage().heapUsed);
  /** Each request has a key, a path and a body of its own. */
  async function sendMany(round: string): Promise<void> {
    for (let at = 0; at < 150; at++) {
      const [mark, long] = [`${round}${at}`, `${round}${at}`.repeat(4096)];
      await Promise.all([
        api.call('POST /v1/affiliates', { key, body: { name: long } }),
        api.call(`GET /v1/events/${mark}`, { key: `pk_${long.slice(0, 4096)}` }),
        api.call(`GET /v1/deals/${mark}?${mark}=${long.slice(0, 4096)}`, {
          key,
          headers: { 'x-request-id': mark },
        }),
      ]);
    }
  }
  await sendMany('warm');
  const earlier = heap();
  await sendMany('more');
  const grown = heap() - earlier;
  assert.ok(grown < 1.5 * 2 ** 20, `${grown} bytes more after 450 requests with 4 MiB in them`);
});

/** The fields of an object schema, also of one inside `anyOf`. */
function propertiesOf(schema: Schema | undefined): Record<string, Schema> {
  if (schema?.$ref !== undefined)
    return propertiesOf(document.components.schemas[schema.$ref.split('/').at(-1)!]);
  return { ...schema?.properties, ...Object.assign({}, ...(schema?.anyOf ?? []).map(propertiesOf)) };
}
