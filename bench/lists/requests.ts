// Every request that reads, with every filter that it takes: made from the OpenAPI document, so
// that none can be forgotten. A new parameter fails here until it has values. And those that read
// much before they write: deals, replays, actions on what is stuck.
import type { DocumentedOperation, OpenApiDocument } from '../../api/openapi/types.ts';
import type { ListsData } from './data.ts';
import { numbered } from './sql.ts';

/**
 * A request, written `GET /v1/events?status=set_aside`. `isLong`: it works out what it answers from
 * all conversions of a time.
 */
export type Reading = { request: string; body?: object; isLong?: boolean };

/** Values of a parameter: common ones first, the rarest last. */
type Values = readonly string[];

/** All readings: each filter alone with each of its values, and each two with their rarest. */
export function readingsOf(document: OpenApiDocument, data: ListsData): Reading[] {
  const lists = Object.entries(document.paths).flatMap(([path, { get }]) =>
    get?.['x-scope'] === 'read' || get?.['x-scope'] === 'manage' ? readingsOfPath(path, get, data) : [],
  );
  return [...lists, ...otherReadings(data)];
}

function readingsOfPath(path: string, { parameters }: DocumentedOperation, data: ListsData): Reading[] {
  const filters = parameters.flatMap(({ name, in: place, schema }): [string, Values][] =>
    place === 'query' ? [[name, valuesOf(path, name, schema['enum'] as Values | undefined, data)]] : [],
  );
  const alone = filters.flatMap(([name, values]) =>
    values.map((value): [string, string][] => [[name, value]]),
  );
  const rarest = filters
    .filter(([name, values]) => name !== 'limit' && values.length > 0)
    .map(([name, values]): [string, string] => [name, values.at(-1)!]);
  const pairs = rarest.flatMap((one, index) => rarest.slice(index + 1).map((other) => [one, other]));
  const queries = [[], ...alone, ...pairs].map((query) => new URLSearchParams(query).toString());
  return pathsOf(path, data).flatMap((filled) =>
    queries.map((query) => ({ request: `GET ${filled}${query && '?'}${query}` })),
  );
}

/** The path with ids in place of its parameter: of what is largest, and of what is smallest. */
function pathsOf(path: string, data: ListsData): string[] {
  const [, resource = '', name] = /^\/v1\/(.+?)\/\{(\w+)\}/.exec(path) ?? [];
  if (name === undefined) return [path];
  const values = idsOf(data)[resource];
  if (values === undefined) throw new Error(`bench/lists/requests.ts has no ids for ${path}`);
  return values.map((value) => path.replace(`{${name}}`, value));
}

/** Ids in paths, by resource. */
function idsOf({ samples, affiliates }: ListsData): Record<string, Values> {
  return {
    events: samples.map(({ event }) => event),
    clicks: samples.map(({ click }) => click),
    customers: ['c-0', `c-${affiliates}`, 'nobody'],
    links: [numbered('link', 0)],
    deals: [numbered('deal', 0)],
    affiliates: [numbered('aff', 0), numbered('aff', affiliates - 1)],
    statements: [numbered('stm', 1)],
    endpoints: [numbered('ep', 3), numbered('ep', affiliates - 1)],
    deliveries: samples.map(({ delivery }) => delivery),
    replays: [numbered('rpl', 1), numbered('rpl', 2)],
    commissions: samples.map(({ slot }) => slot),
    transfers: samples.map(({ transfer }) => transfer),
    payouts: [numbered('pay', affiliates)],
    'payout-runs': [numbered('run', 1), numbered('run', 2)],
    imports: [numbered('imp', 1), numbered('imp', 2)],
    erasures: [numbered('ers', 1)],
    periods: samples.map(({ month }) => month),
    'stuck/actions': [numbered('act', 1), numbered('act', 2)],
  };
}

/** Values in queries: those of a list of choices, or by name. */
function valuesOf(path: string, name: string, choices: Values | undefined, data: ListsData): Values {
  if (name === 'cursor') return [cursorOf(path, data)];
  if (name === 'format') return ['csv'];
  if (name === 'period' && path.endsWith('/current')) return [];
  if (path === '/v1/reports' && (name === 'from' || name === 'to')) return reportDays(name);
  const values = choices ?? filtersOf(data)[name];
  if (values === undefined) throw new Error(`bench/lists/requests.ts has no value for ${name} of ${path}`);
  return values;
}

function filtersOf({ samples, affiliates }: ListsData): Record<string, Values> {
  const months = samples.map(({ month }) => month);
  return {
    limit: ['200'],
    customer_id: [`c-${affiliates}`, 'c-0', 'nobody'],
    affiliate_id: [0, affiliates - 2, affiliates - 1].map((number) => numbered('aff', number)),
    recipient_id: [0, affiliates - 1].map((number) => numbered('aff', number)),
    endpoint_id: [0, 3, affiliates - 1].map((number) => numbered('ep', number)),
    link_id: [0, affiliates * 2 - 1].map((number) => numbered('link', number)),
    key_id: [numbered('key', 0)],
    subject_id: [numbered('ep', 3), 'nobody'],
    resource: ['endpoints', 'nothing'],
    event_id: samples.map(({ event }) => event),
    click_id: samples.map(({ click }) => click),
    transaction_id: ['tx-1000', 'nobody'],
    currency: ['USD', 'EUR', 'GBP'],
    base: ['EUR', 'CHF'],
    quote: ['USD', 'CHF'],
    q: ['ffiliate', 'x-19'],
    ids: [`${numbered('aff', 0)},${numbered('aff', affiliates - 1)}`],
    minimum_payable: ['10.00', '1000000.00'],
    period: months,
    reason: ['invalid_request', 'bad_signature', 'http_500', 'nobody'],
    last_error: ['http_500', 'timeout'],
    address: ['192.0.2.7', '198.51.100.1'],
    from: [`${months[0]}-01T00:00:00Z`, '2001-01-01T00:00:00Z'],
    to: [`${months[0]}-01T00:00:00Z`, `${months[1]}-20T00:00:00Z`, '2001-01-01T00:00:00Z'],
  };
}

/** As many days as one report may have, the latest; and some of a year ago. */
function reportDays(name: 'from' | 'to'): Values {
  const dayAgo = (days: number): string =>
    new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  return name === 'from' ? [dayAgo(90)] : [dayAgo(300), dayAgo(0)];
}

/** Where the last pages of a list begin. */
function cursorOf(path: string, { samples }: ListsData): string {
  const old = samples[1]!;
  if (path === '/v1/periods') return old.month;
  if (path === '/v1/imports/{id}') return '99000';
  if (path === '/v1/reports') return 'type';
  if (path === '/v1/balances') return `${numbered('aff', 5)}.USD`;
  if (path.includes('deliveries')) return old.delivery;
  if (path.includes('commissions')) return old.slot;
  return path.includes('clicks') ? old.click : old.event;
}

/** Reports that are asked for by POST. */
function otherReadings({ samples, affiliates }: ListsData): Reading[] {
  const rows = [{ transaction_id: 'tx-1000', amount: '10.00' }, { transaction_id: 'gone' }];
  const [month, oldMonth] = samples.map((sample) => sample.month);
  const ofMonth = { from: `${month}-01T00:00:00Z`, to: `${month}-02T00:00:00Z` };
  const replay = (filter: object): Reading => ({
    request: 'POST /v1/replays',
    body: { dry_run: true, ...filter },
  });
  const states = ['delivered'];
  const stuck = (action: string, filter: object): Reading => ({
    request: `POST /v1/stuck/${action}`,
    body: { dry_run: true, ...filter },
  });
  return [
    { request: 'POST /v1/reconciliations', body: { rows } },
    { request: 'POST /v1/reconciliations', body: { rows, ...ofMonth } },
    {
      request: 'POST /v1/reconciliations',
      body: { rows, from: '2001-01-01T00:00:00Z', to: '2001-02-01T00:00:00Z' },
    },
    replay({}),
    replay({ states }),
    replay({ states, from: `${oldMonth}-01T00:00:00Z` }),
    replay({ states, affiliate_id: numbered('aff', affiliates - 1) }),
    replay({ states, endpoint_id: numbered('ep', affiliates - 1) }),
    stuck('retry', { all: true }),
    stuck('retry', { reason: 'timeout' }),
    stuck('give-up', { endpoint_id: numbered('ep', 3) }),
    stuck('acknowledge', { state: 'gave_up', last_error: 'http_500' }),
    stuck('pause', { all: true }),
    ...dealReadings(affiliates),
  ];
}

/** Deals look at what was settled when they are saved; previews rate it. */
function dealReadings(affiliates: number): Reading[] {
  const terms = { currency: 'USD', components: [{ kind: 'percent', on: ['deposit'], percent: '12' }] };
  const [hour, day] = [3_600_000, 86_400_000].map((ms) => new Date(Date.now() - ms).toISOString());
  const deal = (affiliate: number): Reading => ({
    request: 'POST /v1/deals',
    body: { name: 'Bench', affiliate_id: numbered('aff', affiliate), terms },
  });
  return [
    deal(0),
    deal(affiliates - 1),
    { request: 'POST /v1/deals', body: { name: 'Bench', terms } },
    { request: `POST /v1/deals/${numbered('deal', 0)}/versions`, body: { terms } },
    {
      request: `POST /v1/deals/${numbered('deal', Math.ceil(affiliates / 5))}/preview`,
      body: { terms, from: day, to: hour },
      isLong: true,
    },
  ];
}
