// Isolation of tenants: every route, called with another operator's key, finds and changes nothing.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { createCountReports } from '../../../activities/upkeep/count-reports.ts';
import type { OpenApiDocument } from '../../../api/openapi/types.ts';
import { newId, type IdPrefix } from '../../../store/db/ids.ts';
import { deliveriesOf } from '../../support/deliveries.ts';
import { withApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
let owner: { id: string; key: string };
let stranger: { id: string; key: string };
let strangersAffiliate: string;
/** Ids of the owner's resources, by the noun of their path. */
const resources = new Map<string, string>();

/**
 * Months exist for every operator, and so do ids of customers, which are the operator's own; other
 * tests cover their contents. Operators are the administrator's.
 */
const OF_EVERYBODY = new Set(['periods', 'customers', 'operators']);
/** Id prefixes for nouns of which this test creates none. */
const PREFIXES: Record<string, IdPrefix> = { replays: 'rpl', statements: 'stm', 'stuck/actions': 'act' };

before(async () => {
  api = await withApi();
  [owner, stranger] = [await api.newOperator(), await api.newOperator()];
  const { body } = await api.call<{ id: string }>('POST /v1/affiliates', {
    key: stranger.key,
    body: { name: 'other' },
  });
  strangersAffiliate = body.id;
  const make = async (noun: string, thing: object) => {
    const answer = await api.call<Record<string, string>>(`POST /v1/${noun}`, {
      key: owner.key,
      body: thing,
    });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    resources.set(noun, answer.body['id'] ?? answer.body['click_id']!);
    return resources.get(noun)!;
  };
  const affiliate = await make('affiliates', { name: 'a' });
  await make('deals', { name: 'd', terms: { components: [{ kind: 'cpa', on: 'ftd', amount: '1' }] } });
  await make('endpoints', { affiliate_id: affiliate, url: 'http://127.0.0.1:9/' });
  await make('links', { affiliate_id: affiliate, landing_url: 'http://shop.example/' });
  const click = await make('clicks', { affiliate_id: affiliate });
  const event = await make('events', { event: 'kyc', customer_id: 'c', click_id: click });
  const deposit = await make('events', { event: 'ftd', customer_id: 'c', amount: '100', currency: 'USD' });
  await make('coupons', { code: 'OWN', affiliate_id: affiliate });
  await make('event-types', { name: 'own', standard: 'sale' });
  await make('api-keys', { name: 'k', scopes: ['read'] });
  await make('notice-channels', { kind: 'mail', address: 'ops@broker.example' });
  await api.call('POST /v1/events', { key: owner.key, body: { event: 'party' } });
  const sendTwice = () =>
    api.call<{ id: string }>(`GET /postback?key=${owner.key}&event=sale&customer_id=twice`);
  const { id: orphan } = (await sendTwice()).body;
  await sendTwice();
  const operators = [{ operatorId: owner.id, eventIds: [event, deposit, orphan] }];
  await createSettle({ pool: api.pool }).settle({ batchId: newId('bat'), operators, owner: 'endpoint' });
  const [delivery] = await deliveriesOf(api.pool, { operatorId: owner.id });
  resources.set('deliveries', delivery!.id);
  const earned = await api.call<{ data: { id: string }[] }>('GET /v1/commissions', { key: owner.key });
  resources.set('commissions', earned.body.data[0]!.id);
  await api.call(`POST /v1/commissions/${resources.get('commissions')}/approve`, { key: owner.key });
  const ledger = `GET /v1/affiliates/${affiliate}/ledger`;
  const booked = await api.call<{ data: { id: string }[] }>(ledger, { key: owner.key });
  resources.set('transfers', booked.body.data[0]!.id);
  await make('payouts', { affiliate_id: affiliate, currency: 'USD' });
  await make('payout-runs', { currency: 'USD' });
  const file = await api.call<{ id: string }>('POST /v1/imports', {
    key: owner.key,
    body: 'event,customer_id\nkyc,c\n',
    headers: { 'content-type': 'text/csv' },
  });
  resources.set('imports', file.body.id);
  const erasure = await api.call<{ id: string }>('POST /v1/customers/nobody/erase', { key: owner.key });
  resources.set('erasures', erasure.body.id);
  await api.call(`PUT /v1/affiliates/${affiliate}/payment-details`, { key: owner.key, body: DETAILS });
  await createCountReports({ pool: api.pool, budgetMs: 20_000 }).countReports();
  resources.set('orphans', orphan);
  resources.set('set-aside', event);
  resources.set('deposit', deposit);
});
after(() => api.close());

/** Routes with an id in their path, with each of their methods. */
function routesToThings(): { request: string; noun: string }[] {
  return api.routes.flatMap(({ path, methods }) => {
    const [, noun] = /^\/v1\/([^:]+)\/:/.exec(path) ?? [];
    if (noun === undefined || OF_EVERYBODY.has(noun)) return [];
    const prefix = PREFIXES[noun];
    const id = resources.get(noun) ?? (prefix === undefined ? undefined : newId(prefix));
    assert.ok(
      id !== undefined,
      `make one of "${noun}" here, so that ${path} can be tried by another operator`,
    );
    return methods.map((method) => ({ request: `${method} ${path.replace(/:[a-z_]+/g, id)}`, noun }));
  });
}

/** Everything the owner has, as its own lists show it. */
async function allOf(key: string): Promise<Record<string, unknown>> {
  const lists = api.routes.filter(
    ({ path, methods }) => /^\/v1\/[^:]+$/.test(path) && methods.includes('GET'),
  );
  const bodies = lists.map(
    async ({ path }) => [path, (await api.call(`GET ${path}`, { key })).body] as const,
  );
  return Object.fromEntries(await Promise.all(bodies));
}

test('resources of one operator are not found by another, by any method', async () => {
  const routes = routesToThings();
  assert.ok(routes.length >= 15, `${routes.length} routes`);
  for (const { request } of routes) {
    // Both an empty and a valid body, so that neither a check of the body nor its absence hides the
    // look-up.
    const bodies = request.startsWith('GET') ? [undefined] : [undefined, bodyFor(request)];
    const answers = [];
    for (const body of bodies)
      answers.push(
        await api.call<{ error?: { code: string } }>(request, {
          key: stranger.key,
          ...(body && { body }),
          ...(typeof body === 'string' && { headers: { 'content-type': 'text/csv' } }),
        }),
      );
    const last = answers.at(-1)!;
    assert.deepEqual(
      [last.status, last.body.error?.code],
      [404, 'not_found'],
      `${request}: ${JSON.stringify(last.body)}`,
    );
    assert.ok(
      answers.every(({ status }) => status >= 400 && status < 500),
      request,
    );
  }
});

test('every look-up finds the resource for its own operator, so that the isolation test is meaningful', async () => {
  for (const { request, noun } of routesToThings()) {
    if (!request.startsWith('GET') || !resources.has(noun)) continue;
    const { status } = await api.call(request, { key: owner.key });
    assert.equal(status, 200, request);
  }
});

test('the lists of a new operator are empty, while those of the other operator are not', async () => {
  const newcomer = await api.newOperator();
  const [own, foreign] = [await allOf(owner.key), await allOf(newcomer.key)];
  const lengths = (lists: Record<string, unknown>) =>
    Object.entries(lists).flatMap(([path, body]) => {
      const { data } = body as { data?: unknown[] };
      return data === undefined || path === '/v1/api-keys' || path === '/v1/periods'
        ? []
        : [[path, data.length] as const];
    });
  assert.deepEqual(
    lengths(foreign).filter(([, length]) => length > 0),
    [],
  );
  const countsOf = (lists: Record<string, unknown>) =>
    Object.entries(lists).flatMap(([path, body]) => {
      const { counts } = body as { counts?: Record<string, unknown> };
      return Object.values(counts ?? {}).some((count) => typeof count === 'number' && count > 0)
        ? [path]
        : [];
    });
  assert.deepEqual([countsOf(own), countsOf(foreign)], [['/v1/orphans', '/v1/refusals'], []]);
  const full = new Map(lengths(own));
  for (const noun of [
    'affiliates',
    'deals',
    'endpoints',
    'links',
    'events',
    'event-types',
    'notice-channels',
    'deliveries',
    'refusals',
    'repeats',
    'orphans',
    'commissions',
    'payouts',
    'payout-runs',
    'balances',
    'reports',
    'imports',
  ])
    assert.ok(full.get(`/v1/${noun}`)! > 0, `the owner has some ${noun}`);
  // The newcomer's own resources, such as its first key and settings, name nothing of the owner.
  const text = JSON.stringify(foreign);
  assert.deepEqual(
    [owner.id, ...resources.values()].filter((id) => text.includes(id)),
    [],
  );
});

test('ids in a query find rows only for the operator that owns them', async () => {
  const { paths } = (await api.call<OpenApiDocument>('GET /openapi.json')).body;
  const values: Record<string, string | undefined> = {
    affiliate_id: resources.get('affiliates'),
    endpoint_id: resources.get('endpoints'),
    event_id: resources.get('deposit'),
    link_id: resources.get('links'),
    customer_id: 'c',
  };
  const found: string[] = [];
  for (const [path, { get }] of Object.entries(paths)) {
    if (path.includes('{')) continue;
    for (const { name, in: place } of get?.parameters ?? []) {
      if (place !== 'query' || values[name] === undefined || path === '/postback') continue;
      const ask = async (key: string) =>
        (await api.call<{ data: unknown[] }>(`GET ${path}?${name}=${values[name]}`, { key })).body.data;
      assert.deepEqual(await ask(stranger.key), [], `${path}?${name}`);
      if ((await ask(owner.key)).length > 0) found.push(`${path}?${name}`);
    }
  }
  assert.ok(found.length >= 8, found.join(' '));
});

const DETAILS = { method: 'other', holder: 'h', kind: 'wallet', account: 'a' };
const TERMS = { terms: { components: [{ kind: 'cpa', on: 'ftd', amount: '1' }] } };

/** A body that the route would accept from the owner; text is CSV. */
function bodyFor(request: string): object | string {
  if (/payout-runs.*\/confirm$/.test(request)) return 'payout_id,status\n';
  if (request.endsWith('/preview'))
    return { ...TERMS, from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' };
  if (request.endsWith('/versions')) return TERMS;
  if (request.endsWith('/assign')) return { affiliate_id: strangersAffiliate };
  if (request.endsWith('/amend')) return { amount: '1.00', currency: 'USD' };
  if (/\/(reject|void)$/.test(request)) return { reason: 'not mine' };
  if (request.endsWith('/write-offs')) return { currency: 'USD', reason: 'not mine' };
  if (request.endsWith('/adjustments'))
    return { currency: 'USD', amount: '1.00', reason: 'not mine', idempotency_key: 'k' };
  if (request.endsWith('/payment-details')) return DETAILS;
  if (!request.startsWith('PATCH')) return {};
  if (request.includes('/links/')) return { state: 'off' };
  return request.includes('/endpoints/') ? { events: ['*'] } : { name: 'stolen' };
}
