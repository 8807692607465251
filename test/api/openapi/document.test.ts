// The OpenAPI document: it is valid, lists exactly the routes, and describes their answers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { SCOPES } from '../../../api/http/admission.ts';
import { ERROR_CODES } from '../../../api/http/errors.ts';
import type { DocumentedOperation, OpenApiDocument } from '../../../api/openapi/types.ts';
import type { Health } from '../../../domain/delivery/breaker.ts';
import { afterGivenUp, bodyOf, testBodyOf } from '../../../domain/delivery/bodies.ts';
import {
  endpointData,
  givenUpData,
  NOTICE_TYPES,
  payoutRunData,
  type NoticeType,
} from '../../../domain/delivery/notices.ts';
import { NEWEST_API_VERSION } from '../../../domain/delivery/versions.ts';
import { newId } from '../../../store/db/ids.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';
import { documentedSuccesses } from '../../support/conformance.ts';
import { callEveryOperation } from '../../support/every-operation.ts';

type Refused = { error: { code: string; message: string; issues?: { path: string; code: string }[] } };
type Described = { name: string; method: string; path: string; operation: DocumentedOperation };

let api: TestApi;
let document: OpenApiDocument;
let operations: Described[];
let operator: { id: string; key: string };

before(async () => {
  api = await withApi();
  operator = await api.newOperator();
  document = (await api.call<OpenApiDocument>('GET /openapi.json')).body;
  operations = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      // Where something must be in the path, it is something that is not there.
      const path = template
        .replace('{period}', '2026-01')
        .replace('/c/{id}', `/c/${newId('link')}`)
        .replaceAll(/\{\w+\}/g, newId('evt'));
      return { name: `${method.toUpperCase()} ${template}`, method: method.toUpperCase(), path, operation };
    }),
  );
});
after(() => api.close());

test('the OpenAPI document is valid OpenAPI 3.1, and needs no key', async () => {
  const result = await new Validator().validate(structuredClone(document));
  assert.deepEqual({ valid: result.valid, errors: result.errors }, { valid: true, errors: undefined });
  assert.match(document.openapi, /^3\.1\./);
  assert.deepEqual(document.servers, [{ url: 'http://track.example' }]);
});

test('every reference in the OpenAPI document resolves', () => {
  const named = new Set(
    Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`),
  );
  const refs = new Set(JSON.stringify(document).match(/(?<="\$ref":")[^"]*/g));
  assert.ok(refs.size > 20);
  assert.deepEqual(
    [...refs].filter((ref) => !named.has(ref)),
    [],
  );
});

test('the OpenAPI document lists every route and no other', () => {
  const routes = api.routes.flatMap(({ methods, path }) =>
    methods.map((method) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  );
  assert.ok(routes.length > 80, `${routes.length} routes`);
  assert.deepEqual(operations.map(({ name }) => name).toSorted(), routes.toSorted());
});

test('every error code is documented at an operation', () => {
  const documented = new Set(
    operations.flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap((each) => each['x-error-codes'] ?? []),
    ),
  );
  assert.deepEqual([...documented].toSorted(), [...ERROR_CODES].toSorted());
});

describe('the server agrees with the document', () => {
  test('the scope that an operation requires is the documented one', async () => {
    const keys = new Map<string, string>();
    for (const scope of SCOPES) {
      const scopes = SCOPES.filter((other) => other !== scope);
      const { body } = await api.call<{ api_key: string }>('POST /v1/api-keys', {
        key: operator.key,
        body: { name: `all but ${scope}`, scopes },
      });
      keys.set(scope, body.api_key);
    }
    for (const { name, method, path, operation } of operations) {
      const scope = operation['x-scope'];
      const stranger = await raw(method, path, {});
      if (scope === undefined) {
        assert.notEqual(stranger.status, 401, name);
        continue;
      }
      assert.equal(stranger.status, 401, name);
      const wrong = await raw(method, path, { key: scope === 'admin' ? operator.key : keys.get(scope)! });
      assert.equal(wrong.status, scope === 'admin' ? 401 : 403, name);
      if (scope !== 'admin') assert.match(wrong.text, new RegExp(`lacks the scope ${scope}"`), name);
    }
  });

  test('the operations with a body, and the types of the body, are the documented ones', async () => {
    for (const { name, method, path, operation } of operations.filter((each) =>
      ['POST', 'PUT', 'PATCH'].includes(each.method),
    )) {
      const { status } = await raw(method, path, { key: keyFor(operation), type: 'text/plain', body: 'x' });
      assert.equal(
        status === 415,
        operation.requestBody !== undefined,
        `${name} answers text with ${status}`,
      );
      if (operation.requestBody === undefined || operation['x-scope'] === 'events:write') continue;
      const empty = await raw(method, path, { key: keyFor(operation) });
      const { required } = operation.requestBody;
      // An empty body is refused for its missing fields, unless the path is not found first.
      if (!required) assert.ok(!/"required"/.test(empty.text), `${name} needs a body: ${empty.text}`);
      else assert.ok([400, 404, 415].includes(empty.status), `${name} needs no body: ${empty.status}`);
    }
  });

  test('the query parameters that an operation accepts are the documented ones', async () => {
    let refused = 0;
    for (const { name, method, path, operation } of operations.filter((each) => each.method === 'GET')) {
      const names = operation.parameters.filter((each) => each.in === 'query').map((each) => each.name);
      if (names.length === 0 || path === '/postback' || path.startsWith('/c/')) continue;
      const unknown = await raw(
        method,
        `${path}?${['no_such', ...names].map((each) => `${each}=`).join('&')}`,
        {
          key: keyFor(operation),
        },
      );
      if (unknown.status === 404) continue;
      const { error } = JSON.parse(unknown.text) as Refused;
      const strangers = error
        .issues!.filter(({ code }) => code === 'unknown_field')
        .map((issue) => issue.path);
      assert.deepEqual(strangers, ['no_such'], name);
      refused++;
    }
    assert.ok(refused >= 15, `${refused} operations judge their query`);
  });

  test('the body fields that an operation accepts are the documented ones', async () => {
    let refused = 0;
    for (const { name, method, path, operation } of operations) {
      const media = operation.requestBody?.content['application/json'];
      if (media === undefined || name === 'POST /postback') continue;
      const fields = Object.keys(propertiesOf(media.schema));
      assert.ok(fields.length > 0, name);
      const body = Object.fromEntries(['no_such', ...fields].map((field) => [field, { wrong: true }]));
      const answer = await raw(method, path, {
        key: keyFor(operation),
        type: 'application/json',
        body: JSON.stringify(body),
      });
      if (answer.status === 404) continue;
      const { error } = JSON.parse(answer.text) as Refused;
      const strangers = error.issues!.filter(
        ({ code, path: at }) => code === 'unknown_field' && !at.includes('.'),
      );
      assert.deepEqual(
        strangers.map((issue) => issue.path),
        ['no_such'],
        name,
      );
      refused++;
    }
    assert.ok(refused >= 25, `${refused} operations judge their body`);
  });
});

/**
 * Answers that the working day does not get: no JSON, which other tests look at; a month that is
 * closed, which is in `books.test.ts`.
 */
const ELSEWHERE = [
  'GET /capture.js 200',
  'GET /capture.js 304',
  'GET /codec 200',
  'GET /docs 200',
  'GET /metrics 200',
  'GET /reference 200',
  'GET /reference/scalar-1.76.0.js 200',
  'GET /v1/statements/{id} 200',
  'POST /v1/periods/{period}/close 200',
  'POST /v1/periods/{period}/close 202',
];

test('a response of every operation and every kind of postback match their documented schemas', async () => {
  const bodies = await callEveryOperation(api);
  const missing = documentedSuccesses().filter((name) => !api.conformance.seen.has(name));
  assert.deepEqual(missing.toSorted(), ELSEWHERE);
  for (const body of bodies) api.conformance.checkWebhook(body);
  for (const body of otherMessages()) api.conformance.checkWebhook(body);
  for (const type of NOTICE_TYPES) assert.ok(type in document.webhooks, type);
  const unseen = Object.keys(document.webhooks).filter((type) => !api.conformance.seen.has(type));
  assert.deepEqual(unseen, []);
});

/** Postbacks that `callEveryOperation` does not cause: endpoint tests and notices. */
function otherMessages(): unknown[] {
  const at = new Date();
  const trial = testBodyOf(
    { affiliateId: null, shareCustomerId: true, apiVersion: NEWEST_API_VERSION },
    { currency: 'USD', timestamp: at },
  );
  const health = {
    failingSince: at.getTime(),
    failuresInARow: 3,
    lastError: 'http_503',
    state: 'active',
    stateReason: null,
  } as Health;
  const about = { endpointId: newId('ep'), affiliateId: newId('aff') };
  const givenUp = givenUpData({
    ...about,
    deliveryId: newId('dlv'),
    eventId: null,
    type: 'conversion.created',
    tries: 10,
    lastError: 'timeout',
  });
  const noticeBody = (type: NoticeType, data: object, timestamp: Date) =>
    bodyOf(
      { type, data: { ...data } },
      { shareCustomerId: false, apiVersion: NEWEST_API_VERSION },
      timestamp,
    );
  const notices = [
    noticeBody('endpoint.failing', endpointData({ ...about, health }), at),
    noticeBody('endpoint.disabled', endpointData({ ...about, health }), at),
    noticeBody(
      'payout_run.done',
      payoutRunData({ id: newId('run'), currency: 'USD', amountMinor: 5n, created: 1, done: 2 }),
      at,
    ),
    afterGivenUp(noticeBody('delivery.gave_up', givenUp, at), { id: newId('dlv'), body: trial }),
  ];
  return [trial, ...notices].map((body) => JSON.parse(body) as unknown);
}

test('the reference page shows every operation and every message, and runs no script', async () => {
  const response = await fetch(`${api.url}/docs`);
  const page = await response.text();
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(
    response.headers.get('content-security-policy')!,
    /^default-src 'none'; style-src 'sha256-[\w+/=]+'; /,
  );
  for (const { operation } of operations)
    assert.ok(page.includes(`<details id="${operation.operationId}">`), operation.operationId);
  for (const name of [...Object.keys(document.webhooks), ...Object.keys(document.components.schemas)])
    assert.ok(page.includes(`<details id="${name}">`), name);
  const anchors = new Set(Array.from(page.matchAll(/ id="([^"]+)"/g), ([, id]) => id));
  const dead = Array.from(page.matchAll(/ href="#([^"]+)"/g), ([, id]) => id).filter(
    (id) => !anchors.has(id),
  );
  assert.deepEqual(dead, []);
  assert.doesNotMatch(
    page,
    /<script|<link|<[a-z][^>]*(javascript:|\ssrc=|\son\w+=|https?:\/\/(?!track\.example)[^\s<"]*\.(js|css))/,
  );
});

test('the reference page shows bodies and answers as tables of fields, and no schema as JSON', async () => {
  const page = await (await fetch(`${api.url}/docs`)).text();
  assert.doesNotMatch(page, /&quot;(anyOf|additionalProperties|maxLength|\$ref)&quot;:/);
  const sendEvent = page.slice(page.indexOf('<details id="sendEvent">'));
  const body = sendEvent.slice(0, sendEvent.indexOf('</details>'));
  for (const cells of [
    /<td><code>event<\/code><\/td><td>.*?<\/td><td>required<\/td><td>what the customer did/,
    /<td><code>transaction_id<\/code><\/td><td>text.*?<\/td><td>optional<\/td>/,
    /<td><code>prefer<\/code><\/td><td>text<\/td><td>header<\/td>/i,
  ])
    assert.match(body, cells);
  assert.match(
    page,
    /<td><code>rows\[\]\.transaction_id<\/code><\/td>/,
    'fields inside a list have their paths',
  );
});

test('every documented example of a body is accepted, as far as its ids exist', async () => {
  let [accepted, sent] = [0, 0];
  for (const { name, method, path, operation } of operations) {
    for (const [type, { example }] of Object.entries(operation.requestBody?.content ?? {})) {
      const body = encoded(type, example);
      const { status, text } = await raw(method, path, { key: keyFor(operation), type, body });
      sent++;
      if (status < 300) accepted++;
      else assert.ok(isAboutIds(status, text), `${name} ${type}: ${status} ${text}`);
    }
  }
  assert.ok(sent >= 60 && accepted >= 25, `${accepted} of ${sent}`);
});

/** Examples name things that do not exist here, and secrets that nobody has. */
function isAboutIds(status: number, text: string): boolean {
  const { error } = JSON.parse(text) as Refused;
  const codes = new Set(error.issues?.map(({ code }) => code));
  return (
    status === 404 ||
    (status === 401 && text.includes('key')) ||
    (status === 400 && codes.size === 1 && /^unknown_(affiliate|link|endpoint)$/.test([...codes][0]!))
  );
}

function encoded(type: string, example: unknown): string {
  if (type === 'application/x-www-form-urlencoded')
    return String(new URLSearchParams(example as Record<string, string>));
  return typeof example === 'string' ? example : JSON.stringify(example);
}

test('no documented pattern uses Unicode classes, which most client generators cannot read', () => {
  assert.doesNotMatch(JSON.stringify(document), /"pattern":"[^"]*\\\\p\{/);
});

function keyFor(operation: DocumentedOperation): string {
  return operation['x-scope'] === 'admin' ? ADMIN_TOKEN : operator.key;
}

type Schema = { $ref?: string; properties?: object; oneOf?: Schema[] };

function propertiesOf(schema: Schema): object {
  if (schema.oneOf !== undefined) return Object.assign({}, ...schema.oneOf.map(propertiesOf)) as object;
  if (schema.$ref === undefined) return schema.properties ?? {};
  return document.components.schemas[schema.$ref.split('/').at(-1)!]!['properties'] as object;
}

async function raw(
  method: string,
  path: string,
  { key, type, body }: { key?: string; type?: string; body?: string },
) {
  const headers = { ...(key && { authorization: `Bearer ${key}` }), ...(type && { 'content-type': type }) };
  const response = await fetch(api.url + path, {
    method,
    headers,
    redirect: 'manual',
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text() };
}
