// Seeds the demo through the public API: an operator, two affiliates with different deals, links,
// endpoints at the bundled receiver (one of them failing), the clicks and conversions of a month,
// and those of today including a chargeback.
// `demo.json` is written only at the end. An interrupted start leaves an operator without a file,
// which nothing uses, and the next start creates another.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Caller, callerOf } from './demo-caller.ts';
import { dealsStartAt, HOLD_DAYS, sendMonth } from './demo-month.ts';

interface DemoOptions {
  apiUrl: string;
  adminToken: string;
  /** URL of the bundled receiver, without a trailing slash. */
  receiverUrl: string;
  dataDir: string;
  temporalUiUrl: string;
  print: (line: string) => void;
}

/** Query of a GET postback: the affiliate's own parameter names, with macros as values. */
const MACROS =
  'click_id={click_id}&sub={sub1}&event={event}&type={event_type}' +
  '&payout={payout}&payout_delta={payout_delta}&payout_currency={payout_currency}';

/** Content of `demo.json`. The file holds an API key and is readable by its owner only. */
interface Demo {
  operator_id: string;
  api_key: string;
  affiliates: { name: string; id: string; link_url: string; endpoint_ids: string[] }[];
}

interface Affiliate {
  name: string;
  id: string;
  linkId: string;
  linkUrl: string;
  endpointIds: string[];
}

/**
 * Seeds the demo unless the API still knows the one in this data folder, and prints commands to
 * try. Throws when the API refuses a request.
 */
export async function seedDemo(options: DemoOptions): Promise<void> {
  const known = readDemo(options.dataDir);
  const isAlive =
    known !== undefined && (await callerOf(options.apiUrl, known.api_key).succeeds('/v1/operator'));
  const demo = isAlive ? known : await makeDemo(options);
  if (!isAlive) writeDemo(options.dataDir, demo);
  printSummary(options, demo);
}

async function makeDemo({ apiUrl, adminToken, receiverUrl }: DemoOptions): Promise<Demo> {
  const admin = callerOf(apiUrl, adminToken);
  const operator = await admin.post<{ id: string; api_key: string }>('/v1/operators', {
    name: 'Demo Broker',
    currency: 'USD',
  });
  const api = callerOf(apiUrl, operator.api_key);
  // Names differ per run: endpoints left by an interrupted start have other secrets.
  const run = randomBytes(3).toString('hex');
  const northwind = await createAffiliate(api, 'Northwind Media', receiverUrl, [
    { kind: 'cpa', on: 'ftd', amount: '200.00', min_amount: '100.00' },
    { kind: 'percent', on: ['challenge_purchase'], percent: '20' },
  ]);
  const lotstreet = await createAffiliate(api, 'Lot Street', receiverUrl, [
    { kind: 'revshare', on: ['revenue'], percent: '25' },
    { kind: 'per_lot', on: ['trade'], amount: '4.00' },
  ]);
  await createEndpoint(api, northwind, { receiverUrl, name: `northwind-${run}`, path: 'postbacks' });
  await createEndpoint(api, lotstreet, {
    receiverUrl,
    name: `lot-street-${run}`,
    path: 'postbacks',
    query: MACROS,
  });
  // Before the failing endpoint is there, of which only today's postbacks should be stuck.
  await sendMonth(api, { buyers: northwind, traders: lotstreet });
  await createEndpoint(api, northwind, { receiverUrl, name: `northwind-crm-${run}`, path: 'failing' });
  await sendConversions(api, northwind, lotstreet);
  const affiliates = [northwind, lotstreet].map(({ name, id, linkUrl, endpointIds }) => {
    return { name, id, link_url: linkUrl, endpoint_ids: endpointIds };
  });
  return { operator_id: operator.id, api_key: operator.api_key, affiliates };
}

async function createAffiliate(
  api: Caller,
  name: string,
  receiverUrl: string,
  components: unknown[],
): Promise<Affiliate> {
  const { id } = await api.post<{ id: string }>('/v1/affiliates', { name });
  await api.post('/v1/deals', {
    name: `${name}: standard`,
    affiliate_id: id,
    effective_from: dealsStartAt(),
    terms: { components, hold_days: HOLD_DAYS },
  });
  const link = await api.post<{ id: string; url: string }>('/v1/links', {
    affiliate_id: id,
    landing_url: `${receiverUrl}/landing`,
  });
  return { name, id, linkId: link.id, linkUrl: link.url, endpointIds: [] };
}

/** Creates a GET endpoint when a query of macros is given, otherwise a POST endpoint with JSON. */
async function createEndpoint(
  api: Caller,
  affiliate: Affiliate,
  { receiverUrl, name, path, query }: { receiverUrl: string; name: string; path: string; query?: string },
): Promise<void> {
  const target = `${receiverUrl}/${path}/${name}`;
  const how =
    query === undefined ? { url: target, method: 'POST' } : { url: `${target}?${query}`, method: 'GET' };
  const endpoint = await api.post<{ id: string; secret: string }>('/v1/endpoints', {
    affiliate_id: affiliate.id,
    name,
    ...how,
  });
  affiliate.endpointIds.push(endpoint.id);
  const body = JSON.stringify({ secret: endpoint.secret });
  const response = await fetch(`${receiverUrl}/secrets/${name}`, { method: 'PUT', body });
  if (!response.ok) throw new Error(`the receiver refused the secret of ${name}: ${response.status}`);
}

async function sendConversions(api: Caller, northwind: Affiliate, lotstreet: Affiliate): Promise<void> {
  const clickOf = ({ linkId }: Affiliate, sub1: string) =>
    api.post<{ click_id: string }>('/v1/clicks', { link_id: linkId, sub1 });
  const anna = { customer_id: 'anna' };
  const ben = { customer_id: 'ben' };
  const usd = (amount: string) => ({ amount, currency: 'USD' });
  const events = [
    { event: 'registration', ...anna, ...(await clickOf(northwind, 'campaign_spring')) },
    { event: 'registration', ...ben, ...(await clickOf(lotstreet, 'newsletter_42')) },
    { event: 'ftd', transaction_id: 'anna-1', ...anna, ...usd('500.00') },
    { event: 'challenge_purchase', transaction_id: 'anna-2', ...anna, ...usd('299.00') },
    { event: 'trade', transaction_id: 'ben-1', ...ben, volume: '3.50' },
    { event: 'revenue', transaction_id: 'ben-2', ...ben, ...usd('120.40') },
    { event: 'chargeback', transaction_id: 'anna-3', reference: 'anna-1', ...anna, ...usd('500.00') },
  ];
  // Sent one by one, each waiting for its outcome, so that postbacks arrive in order.
  for (const event of events) await api.post('/v1/events', event, { prefer: 'wait=5' });
}

function printSummary({ apiUrl, receiverUrl, temporalUiUrl, print }: DemoOptions, demo: Demo): void {
  const event =
    '{"event":"revenue","transaction_id":"my-1","customer_id":"ben","amount":"100.00","currency":"USD"}';
  print(`operator      Demo Broker ${demo.operator_id}, API key ${demo.api_key}`);
  for (const { name, link_url: linkUrl } of demo.affiliates) print(`link          ${linkUrl}  (${name})`);
  print(`postbacks     ${receiverUrl}/ shows what the affiliates' servers received`);
  const ui = temporalUiUrl || 'the Temporal UI';
  print(`stuck         ${ui} shows the postbacks to northwind-crm, which answers 503`);
  print(`heal it       curl -X POST ${receiverUrl}/heal`);
  const headers = `-H 'authorization: Bearer ${demo.api_key}' -H 'content-type: application/json'`;
  print(`send an event curl -sS ${apiUrl}/v1/events ${headers} -d '${event}'`);
}

function readDemo(dataDir: string): Demo | undefined {
  const file = join(dataDir, 'demo.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Demo) : undefined;
}

function writeDemo(dataDir: string, demo: Demo): void {
  const file = join(dataDir, 'demo.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
