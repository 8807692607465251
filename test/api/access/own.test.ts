// Affiliates as callers, route by route over the OpenAPI document: a key of an affiliate finds
// and changes only what is the affiliate's own, and everything that is not declared is closed.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Request } from 'express';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { createCountReports } from '../../../activities/upkeep/count-reports.ts';
import { createAdmission } from '../../../api/http/admission.ts';
import type { ApiError } from '../../../api/http/errors.ts';
import { createRateLimits } from '../../../api/http/rate-limits.ts';
import type { DocumentedOperation, OpenApiDocument } from '../../../api/openapi/types.ts';
import type { Caller } from '../../../store/access/callers.ts';
import { newId } from '../../../store/db/ids.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';

type Row = Record<string, unknown> & { id: string };
type Failure = { error: { code: string; message: string; issues?: { path: string; code: string }[] } };
type Described = { name: string; method: string; template: string; operation: DocumentedOperation };

/** Text that stands in no answer by chance. */
const CUSTOMER = 'person-4711';

let api: TestApi;
let operator: { id: string; key: string };
let operations: Described[];
/** Things of two affiliates of the operator, by the noun of their path. */
const [mine, theirs] = [new Map<string, string>(), new Map<string, string>()];
let ownKey: string;
let readKey: string;

const ask = async <Body = Row>(request: string, body?: unknown, key = operator.key): Promise<Body> => {
  const answer = await api.call<Body>(request, { key, ...(body !== undefined && { body }) });
  assert.ok(answer.status < 300, `${request}: ${JSON.stringify(answer.body)}`);
  return answer.body;
};

async function makeThings(things: Map<string, string>, name: string): Promise<void> {
  const make = async (noun: string, body: object) => {
    const made = await ask<Record<string, string>>(`POST /v1/${noun}`, body);
    things.set(noun, made['id'] ?? made['click_id']!);
    return things.get(noun)!;
  };
  const affiliate = await make('affiliates', { name });
  await make('endpoints', { affiliate_id: affiliate, url: 'http://127.0.0.1:9/', share_customer_id: true });
  await make('links', { affiliate_id: affiliate, landing_url: 'http://shop.example/' });
  await make('coupons', { affiliate_id: affiliate, code: `CODE-${name}` });
  const click = await make('clicks', { affiliate_id: affiliate });
  const customer = `${CUSTOMER}-${name}`;
  const metadata = { note: customer };
  await make('events', {
    event: 'ftd',
    customer_id: customer,
    click_id: click,
    amount: '100',
    currency: 'USD',
    metadata,
  });
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    operators: [{ operatorId: operator.id, eventIds: [things.get('events')!] }],
    owner: 'endpoint',
  });
  const first = async (path: string) => (await ask<{ data: Row[] }>(path)).data[0]!.id;
  things.set('deliveries', await first(`GET /v1/deliveries?endpoint_id=${things.get('endpoints')}`));
  things.set('commissions', await first(`GET /v1/commissions?affiliate_id=${affiliate}`));
  await ask(`POST /v1/commissions/${things.get('commissions')}/approve`, {});
  things.set('transfers', await first(`GET /v1/affiliates/${affiliate}/ledger`));
  await make('payouts', { affiliate_id: affiliate, currency: 'USD' });
  await make('replays', { endpoint_id: things.get('endpoints'), states: ['delivered'], dry_run: true });
  things.set('statements', await makeStatement(affiliate));
}

/** A statement without lines, of a month that was closed. */
async function makeStatement(affiliateId: string): Promise<string> {
  const id = newId('stm');
  await api.pool.query(
    `insert into periods (operator_id, period, status, closed_at, transfers_count, seal)
     values ($1, '2020-01', 'closed', now(), 0, '') on conflict do nothing`,
    [operator.id],
  );
  await api.pool.query(
    `insert into statements values ($1, $2, $3, 'USD', '2020-01', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
    [operator.id, id, affiliateId],
  );
  return id;
}

before(async () => {
  api = await withApi();
  operator = await api.newOperator();
  await ask('POST /v1/deals', {
    name: 'd',
    terms: { components: [{ kind: 'cpa', on: 'ftd', amount: '60.00' }] },
  });
  // Hears of both affiliates, and is of neither.
  await ask('POST /v1/endpoints', { url: 'http://127.0.0.1:9/operator' });
  await makeThings(mine, 'A');
  await makeThings(theirs, 'B');
  await createCountReports({ pool: api.pool, budgetMs: 20_000 }).countReports();
  const keyWith = async (scopes: string[]) => {
    const body = { name: 'own', scopes, affiliate_id: mine.get('affiliates'), rate_per_second: 1000 };
    return (await ask<{ api_key: string }>('POST /v1/api-keys', body)).api_key;
  };
  [ownKey, readKey] = [await keyWith(['own:read', 'own:endpoints']), await keyWith(['own:read'])];
  const { body: document } = await api.call<OpenApiDocument>('GET /openapi.json');
  operations = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      return {
        name: `${method.toUpperCase()} ${template}`,
        method: method.toUpperCase(),
        template,
        operation,
      };
    }),
  );
});
after(() => api.close());

/** The path with the id of one of these things. */
function pathTo(template: string, things: Map<string, string>): string {
  const [, noun = ''] = /^\/v1\/([\w-]+)\/\{/.exec(template) ?? [];
  return template
    .replace('{period}', '2020-01')
    .replace('{customer_id}', `${CUSTOMER}-B`)
    .replaceAll(/\{\w+\}/g, things.get(noun) ?? newId('evt'));
}

/** A body that the operation accepts. */
function bodyFor(
  { method, template, operation }: Described,
  things: Map<string, string>,
): object | undefined {
  if (operation.requestBody === undefined) return undefined;
  if (template === '/v1/endpoints') return { url: 'http://127.0.0.1:9/new' };
  if (template === '/v1/endpoints/import') return { dialect: 'auto', url: 'https://n.example/?c={clickid}' };
  if (template === '/v1/replays') return { endpoint_id: things.get('endpoints'), dry_run: true };
  return method === 'PATCH' ? { events: ['*'] } : {};
}

const isOwn = ({ operation }: Described): boolean => operation['x-own-scope'] !== undefined;

test('every operation that is not declared as an affiliate’s own is closed to the key of an affiliate', async () => {
  const closed = operations.filter(
    (each) => !isOwn(each) && !['admin', undefined].includes(each.operation['x-scope']),
  );
  assert.ok(closed.length > 50, `${closed.length} operations`);
  for (const each of closed)
    for (const things of [mine, theirs]) {
      const body = bodyFor(each, things);
      const path = pathTo(each.template, things);
      const { status, body: answer } = await api.call<Failure>(`${each.method} ${path}`, {
        key: ownKey,
        ...(body && { body }),
      });
      assert.deepEqual([status, answer?.error.code], [403, 'forbidden'], `${each.method} ${path}`);
    }
});

test('an affiliate’s key opens no route of the administrator', async () => {
  for (const { method, template } of operations.filter(({ operation }) => operation['x-scope'] === 'admin'))
    assert.equal(
      (await api.call(`${method} ${template.replaceAll(/\{\w+\}/g, operator.id)}`, { key: ownKey })).status,
      401,
      `${method} ${template}`,
    );
});

describe('an operation that is declared as an affiliate’s own', () => {
  test('finds the affiliate’s things and no other affiliate’s', async () => {
    const withId = operations.filter((each) => isOwn(each) && each.template.includes('{'));
    assert.ok(withId.length >= 20, `${withId.length} operations`);
    for (const each of withId) {
      const call = (things: Map<string, string>) => {
        const body = bodyFor(each, things);
        return api.call<Failure>(`${each.method} ${pathTo(each.template, things)}`, {
          key: ownKey,
          ...(body && { body }),
        });
      };
      const other = await call(theirs);
      assert.deepEqual([other.status, other.body.error.code], [404, 'not_found'], each.name);
      // What is mine is needed by what follows; see the test of removed endpoints.
      if (each.method === 'DELETE') continue;
      const own = await call(mine);
      // Some need another state, such as a paused endpoint; all of them find it.
      assert.ok([200, 422].includes(own.status), `${each.name}: ${own.status} ${JSON.stringify(own.body)}`);
    }
  });

  test('lists what is the affiliate’s own, and refuses a filter by another', async () => {
    const lists = operations.filter(
      (each) => isOwn(each) && each.method === 'GET' && !each.template.includes('{'),
    );
    assert.ok(lists.length >= 7, `${lists.length} lists`);
    for (const { template } of lists) {
      const { data } = await ask<{ data: Row[] }>(`GET ${template}`, undefined, ownKey);
      assert.ok(data.length > 0, `${template} has something to list`);
      for (const row of data) assert.equal(row['affiliate_id'], mine.get('affiliates'), template);
      const all = await ask<{ data: Row[] }>(`GET ${template}?limit=200`);
      assert.ok(all.data.length > data.length, `${template} has more for the operator`);
      for (const affiliate of [theirs.get('affiliates')!, newId('aff')]) {
        const other = await api.call<Failure>(`GET ${template}?affiliate_id=${affiliate}`, { key: ownKey });
        assert.equal(other.status, 404, template);
      }
      const asOneself = `GET ${template}?affiliate_id=${mine.get('affiliates')}`;
      assert.equal((await ask<{ data: Row[] }>(asOneself, undefined, ownKey)).data.length, data.length);
    }
  });

  test('changes nothing by a key that only reads', async () => {
    const changing = operations.filter(({ operation }) => operation['x-own-scope'] === 'own:endpoints');
    assert.ok(changing.length >= 9, `${changing.length} operations`);
    for (const each of changing) {
      const body = bodyFor(each, mine);
      const { status, body: answer } = await api.call<Failure>(
        `${each.method} ${pathTo(each.template, mine)}`,
        { key: readKey, ...(body && { body }) },
      );
      assert.equal(status, 403, each.name);
      assert.equal(answer.error.message, 'this API key lacks the scope own:endpoints', each.name);
    }
  });
});

test('postbacks to the operator’s webhook are not the affiliate’s, though they are about it', async () => {
  const { data } = await ask<{ data: Row[] }>(`GET /v1/deliveries?affiliate_id=${mine.get('affiliates')}`);
  const toOperator = data.find(({ endpoint_id: endpointId }) => endpointId !== mine.get('endpoints'))!;
  assert.ok(toOperator);
  for (const request of [`GET /v1/deliveries/${toOperator.id}`, `POST /v1/deliveries/${toOperator.id}/retry`])
    assert.equal((await api.call(request, { key: ownKey })).status, 404, request);
  const { data: own } = await ask<{ data: Row[] }>('GET /v1/deliveries', undefined, ownKey);
  assert.deepEqual([...new Set(own.map((row) => row['endpoint_id']))], [mine.get('endpoints')]);
  const replay = { endpoint_id: toOperator['endpoint_id'], dry_run: true };
  const refused = await api.call<Failure>('POST /v1/replays', { key: ownKey, body: replay });
  assert.deepEqual([refused.status, refused.body.error.issues?.[0]?.code], [400, 'unknown_endpoint']);
});

test('an affiliate removes an endpoint of its own, and still sees the postbacks that it was sent', async () => {
  const { key } = await api.newOperator();
  const { id } = await ask('POST /v1/affiliates', { name: 'A' }, key);
  const made = { name: 'k', scopes: ['own:read', 'own:endpoints'], affiliate_id: id };
  const { api_key: own } = await ask<{ api_key: string }>('POST /v1/api-keys', made, key);
  const endpoint = await ask('POST /v1/endpoints', { url: 'http://127.0.0.1:9/' }, own);
  const removed = await api.call(`DELETE /v1/endpoints/${endpoint.id}`, { key: own });
  assert.equal(removed.status, 204);
  assert.equal((await api.call(`GET /v1/endpoints/${endpoint.id}`, { key: own })).status, 404);
  assert.deepEqual((await ask<{ data: Row[] }>('GET /v1/endpoints', undefined, own)).data, []);
  assert.deepEqual((await ask<{ data: Row[] }>('GET /v1/deliveries', undefined, own)).data, []);
});

test('the trace of an affiliate’s event leaves out its parent, other affiliates and the operator’s webhooks', async () => {
  const { id: operatorId, key } = await api.newOperator();
  const add = async (body: object) => (await ask('POST /v1/affiliates', body, key)).id;
  const [parent, other] = [await add({ name: 'parent' }), await add({ name: 'other' })];
  const child = await add({ name: 'child', parent_id: parent });
  const components = [{ kind: 'percent', on: 'sale', percent: '10' }];
  const terms = { components, overrides: [{ percent: '5' }] };
  await ask('POST /v1/deals', { name: 'd', terms }, key);
  await ask('POST /v1/endpoints', { url: 'http://127.0.0.1:9/operator' }, key);
  for (const affiliate of [parent, child])
    await ask('POST /v1/endpoints', { url: 'http://127.0.0.1:9/', affiliate_id: affiliate }, key);
  await ask('POST /v1/coupons', { affiliate_id: other, code: 'OTHER' }, key);
  const { click_id: click } = await ask('POST /v1/clicks', { affiliate_id: child }, key);
  const sale = { event: 'sale', transaction_id: 't-1', amount: '50.00', currency: 'USD', coupon: 'OTHER' };
  const { id: event } = await ask(
    'POST /v1/events',
    { ...sale, click_id: click, customer_id: CUSTOMER },
    key,
  );
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    operators: [{ operatorId, eventIds: [event] }],
    owner: 'endpoint',
  });
  const keyOf = async (affiliate: string) => {
    const body = { name: 'k', scopes: ['own:read'], affiliate_id: affiliate };
    return (await ask<{ api_key: string }>('POST /v1/api-keys', body, key)).api_key;
  };
  type Trace = Record<'considered' | 'commissions' | 'transfers' | 'deliveries', Row[]>;
  const whole = await ask<Trace>(`GET /v1/events/${event}`, undefined, key);
  const counts = ({ considered, commissions, transfers, deliveries }: Trace) =>
    [considered, commissions, transfers, deliveries].map(({ length }) => length);
  assert.deepEqual(counts(whole), [2, 1, 1, 4]);
  const own = await ask<Trace>(`GET /v1/events/${event}`, undefined, await keyOf(child));
  assert.deepEqual(counts(own), [1, 1, 1, 1]);
  const text = JSON.stringify(own);
  for (const hidden of [parent, other, CUSTOMER, 'conversions/']) assert.ok(!text.includes(hidden), hidden);
  for (const affiliate of [parent, other]) {
    const foreign = await api.call(`GET /v1/events/${event}`, { key: await keyOf(affiliate) });
    assert.equal(foreign.status, 404);
  }
});

test('answers to an affiliate, statements too, say that the operator acted and not by which key', async () => {
  const statement = `GET /v1/affiliates/${mine.get('affiliates')}/statements/current`;
  type Lines = { lines: { actor: string | null }[] };
  const actors = (read: Lines) => new Set(read.lines.map(({ actor }) => actor));
  const seen = await ask<Lines>(statement);
  assert.ok(
    [...actors(seen)].some((actor) => actor?.startsWith('key_')),
    'the operator sees the key',
  );
  assert.deepEqual(actors(await ask<Lines>(statement, undefined, ownKey)), new Set([null, 'operator']));
  for (const each of operations.filter((one) => isOwn(one) && one.method === 'GET')) {
    const { body } = await api.call(`GET ${pathTo(each.template, mine)}`, { key: ownKey });
    assert.doesNotMatch(JSON.stringify(body), /key_/, each.name);
  }
});

test('an affiliate makes endpoints for itself alone, and no more than twenty', async () => {
  const { key } = await api.newOperator();
  const { id } = await ask('POST /v1/affiliates', { name: 'A' }, key);
  const { id: other } = await ask('POST /v1/affiliates', { name: 'B' }, key);
  const made = { name: 'k', scopes: ['own:read', 'own:endpoints'], affiliate_id: id, rate_per_second: 100 };
  const { api_key: own } = await ask<{ api_key: string }>('POST /v1/api-keys', made, key);
  const url = 'http://127.0.0.1:9/';
  const endpoint = await ask('POST /v1/endpoints', { url }, own);
  assert.equal(endpoint['affiliate_id'], id);
  const foreign = await api.call<Failure>('POST /v1/endpoints', {
    key: own,
    body: { url, affiliate_id: other },
  });
  assert.deepEqual([foreign.status, foreign.body.error.issues?.[0]?.code], [400, 'unknown_affiliate']);
  for (let count = 1; count < 20; count++) await ask('POST /v1/endpoints', { url: `${url}${count}` }, own);
  const more = await api.call<Failure>('POST /v1/endpoints', { key: own, body: { url } });
  assert.deepEqual([more.status, more.body.error.code], [422, 'not_possible']);
  await ask('POST /v1/endpoints', { url, affiliate_id: id }, key);
});

test('who the customers are is in no answer to an affiliate, unless the operator shares it', async () => {
  const reads = operations.filter((each) => isOwn(each) && each.method === 'GET');
  const allAnswers = async () => {
    const answers = [];
    for (const { template } of reads) {
      const path = pathTo(template, mine);
      answers.push(JSON.stringify((await api.call(`GET ${path}`, { key: ownKey })).body));
      const headers = { authorization: `Bearer ${ownKey}`, accept: 'text/csv' };
      answers.push(await (await fetch(api.url + path, { headers })).text());
    }
    return answers.join('\n');
  };
  const delivery = await ask(`GET /v1/deliveries/${mine.get('deliveries')}`);
  assert.ok(JSON.stringify(delivery).includes(CUSTOMER), 'the operator sees the customer');
  assert.ok(!(await allAnswers()).includes(CUSTOMER));
  const sharing = { share_customer_id: true };
  const path = `PATCH /v1/endpoints/${mine.get('endpoints')}`;
  const refused = await api.call<Failure>(path, { key: ownKey, body: sharing });
  assert.deepEqual([refused.status, refused.body.error.code], [403, 'forbidden']);
  await ask('PATCH /v1/operator', { share_customer_ids: true });
  assert.ok((await allAnswers()).includes(`${CUSTOMER}-A`));
  assert.ok(!(await allAnswers()).includes(`${CUSTOMER}-B`));
  await ask(path, sharing, ownKey);
  await ask('PATCH /v1/operator', { share_customer_ids: false });
});

test('answers to an affiliate name neither its parent nor the operator’s Temporal', async () => {
  const { key } = await api.newOperator();
  const parent = await ask('POST /v1/affiliates', { name: 'parent' }, key);
  const { id } = await ask('POST /v1/affiliates', { name: 'child', parent_id: parent.id }, key);
  const body = { name: 'k', scopes: ['own:read'], affiliate_id: id };
  const { api_key: own } = await ask<{ api_key: string }>('POST /v1/api-keys', body, key);
  const itself = await ask(`GET /v1/affiliates/${id}`, undefined, own);
  assert.deepEqual([itself['name'], itself['parent_id']], ['child', null]);
  const delivery = await ask(`GET /v1/deliveries/${mine.get('deliveries')}`);
  assert.equal(typeof delivery['workflow_url'], 'string');
  const seen = await ask(`GET /v1/deliveries/${mine.get('deliveries')}`, undefined, ownKey);
  assert.equal(seen['workflow_url'], null);
});

test('an affiliate that is suspended or closed can read, and change nothing', async () => {
  const affiliate = `PATCH /v1/affiliates/${theirs.get('affiliates')}`;
  const body = { name: 'k', scopes: ['own:read', 'own:endpoints'], affiliate_id: theirs.get('affiliates') };
  const { api_key: key } = await ask<{ api_key: string }>('POST /v1/api-keys', body);
  const change = `PATCH /v1/endpoints/${theirs.get('endpoints')}`;
  await ask(change, { name: 'before' }, key);
  for (const state of ['suspended', 'closed']) {
    await ask(affiliate, { state });
    await ask('GET /v1/commissions', undefined, key);
    const { status, body: answer } = await api.call<Failure>(change, { key, body: { name: 'after' } });
    assert.equal(status, 403);
    assert.match(answer.error.message, new RegExp(`the affiliate is ${state}`));
    const { scopes } = await ask<{ scopes: string[] }>('GET /session', undefined, key);
    assert.deepEqual(scopes, ['own:read']);
  }
  const another = await api.call<Failure>('POST /v1/api-keys', { key: operator.key, body });
  assert.deepEqual([another.status, another.body.error.code], [422, 'not_possible']);
  await ask(affiliate, { state: 'active' });
});

test('scopes of affiliates go with an affiliate, and scopes of operators without one', async () => {
  const affiliate = { affiliate_id: mine.get('affiliates') };
  for (const body of [
    { scopes: ['own:read'] },
    { scopes: ['read', 'own:read'] },
    { scopes: ['read'], ...affiliate },
    { scopes: ['own:read', 'manage'], ...affiliate },
  ]) {
    const { status, body: answer } = await api.call<Failure>('POST /v1/api-keys', {
      key: operator.key,
      body: { name: 'k', ...body },
    });
    assert.deepEqual([status, answer.error.issues?.[0]?.path], [400, 'scopes'], JSON.stringify(body));
  }
  const foreign = await api.newOperator();
  const body = { name: 'k', scopes: ['own:read'], ...affiliate };
  const { status } = await api.call('POST /v1/api-keys', { key: foreign.key, body });
  assert.equal(status, 400, 'another operator’s affiliate is unknown');
  assert.equal((await api.call('POST /v1/operators', { key: ADMIN_TOKEN, body: {} })).status, 400);
});

test('all keys of an affiliate and links to its portal together make twenty requests per second', () => {
  const admission = createAdmission(
    { requireHttps: false, trustProxy: false },
    createRateLimits(() => 0),
  );
  const callerBy = (by: 'key' | 'portal', id: string, affiliateId: string, ratePerSecond: number | null) =>
    ({
      operator: { ratePerSecond: null, allowedIps: [] },
      key: { id, scopes: ['own:read'], expiresAt: null, isRevoked: false, ratePerSecond },
      by,
      affiliate: { id: affiliateId, name: 'A', state: 'active' },
    }) as unknown as Caller;
  const isLetIn = (caller: Caller) => {
    try {
      admission.admit({} as Request, caller, 'own:read');
      return true;
    } catch (error) {
      assert.equal((error as ApiError).code, 'rate_limited');
      return false;
    }
  };
  const alike = [
    callerBy('key', 'key_1', 'aff_1', null),
    callerBy('key', 'key_2', 'aff_1', null),
    callerBy('portal', 'key_operator', 'aff_1', 1000),
  ];
  const let20 = Array.from({ length: 30 }, (_, number) => isLetIn(alike[number % 3]!));
  assert.deepEqual(let20.lastIndexOf(true), 19);
  assert.equal(isLetIn(callerBy('key', 'key_3', 'aff_2', null)), true, 'another affiliate');
  assert.equal(isLetIn(callerBy('key', 'key_4', 'aff_1', 100)), true, 'a key with a rate of its own');
});
