// Seeds data for generated requests: the demo, other operators for operations that lock out
// callers, and one row of every other kind with an id.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seedDemo } from '../../local/demo.ts';
import type { Stack } from '../../local/stack.ts';

/** Values for Schemathesis, by the names that `schemathesis.toml` and `hooks.py` read. */
type Seeded = {
  POSTRIDER_ADMIN_TOKEN: string;
  POSTRIDER_KEY: string;
  POSTRIDER_KEY_OF_SECOND: string;
  POSTRIDER_KEY_OF_THIRD: string;
  POSTRIDER_KNOWN: string;
};

const COLLECTIONS = [
  'affiliates',
  'deals',
  'links',
  'clicks',
  'endpoints',
  'events',
  'deliveries',
  'commissions',
  'payouts',
  'payout-runs',
  'replays',
];
const NOW = new Date();
const LONG_AGO = new Date(NOW.getTime() - 60 * 86_400_000);
const THIS_MONTH = NOW.toISOString().slice(0, 7);

const TERMS = {
  components: [
    { kind: 'cpa', on: 'ftd', amount: '200.00', min_amount: '100.00' },
    { kind: 'revshare', percent: '25', negative: 'carry' },
  ],
};

/** Throws when the API refuses a request. */
export async function seed(stack: Stack): Promise<Seeded> {
  await seedDemo({ ...stack, temporalUiUrl: stack.temporalUiUrl ?? '', print: () => {} });
  const demo = JSON.parse(readFileSync(join(stack.dataDir, 'demo.json'), 'utf8')) as { api_key: string };
  const key = demo.api_key;

  async function ask<Body = { id: string }>(request: string, body?: unknown, token = key): Promise<Body> {
    const [method = '', path = ''] = request.split(' ');
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(stack.apiUrl + path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${request}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  }
  async function idsOf(collection: string): Promise<string[]> {
    const { data } = await ask<{ data: { id: string }[] }>(`GET /v1/${collection}?limit=200`);
    return data.map(({ id }) => id);
  }
  async function newOperator(): Promise<string> {
    const made = await ask<{ api_key: string }>(
      'POST /v1/operators',
      { name: 'Other', currency: 'USD' },
      stack.adminToken,
    );
    return made.api_key;
  }

  const [affiliate = ''] = await idsOf('affiliates');
  const adjustment = { currency: 'USD', amount: '70.00', reason: 'a bonus', idempotency_key: 'seed' };
  await ask(`POST /v1/affiliates/${affiliate}/adjustments`, adjustment);
  await ask('POST /v1/payouts', { affiliate_id: affiliate, currency: 'USD' });
  await ask('POST /v1/payout-runs', { currency: 'USD', dry_run: true });
  await ask('POST /v1/coupons', { code: 'SEED', affiliate_id: affiliate });
  await ask('POST /v1/event-types', { name: 'first_money', standard: 'ftd' });
  await ask('POST /v1/replays', { affiliate_id: affiliate, dry_run: true });
  const { id: action } = await ask('POST /v1/stuck/retry', { all: true, dry_run: true });
  const { id: orphan } = await ask('POST /v1/events', { event: 'kyc', customer_id: 'nobody’s' });
  const [click] = await idsOf('clicks');
  // In a currency without a rate, so that the event is set aside.
  const inYen = { event: 'ftd', customer_id: 'yuki', click_id: click, amount: '50000', currency: 'JPY' };
  const { id: setAside } = await ask('POST /v1/events', inYen);

  const ids: Record<string, string[]> = {};
  for (const collection of COLLECTIONS) ids[collection] = await idsOf(collection);
  return {
    POSTRIDER_ADMIN_TOKEN: stack.adminToken,
    POSTRIDER_KEY: key,
    POSTRIDER_KEY_OF_SECOND: await newOperator(),
    POSTRIDER_KEY_OF_THIRD: await newOperator(),
    POSTRIDER_KNOWN: JSON.stringify({
      ...ids,
      transfers: await idsOf(`affiliates/${affiliate}/ledger`),
      c: ids['links'],
      orphans: [orphan],
      actions: [action],
      'set-aside': [setAside],
      periods: [THIS_MONTH],
      customers: ['anna', 'ben', 'carla'],
      api_key: [key],
      operators: (
        await ask<{ data: { id: string }[] }>('GET /v1/operators', undefined, stack.adminToken)
      ).data.map(({ id }) => id),
      ...fields(ids, stack.receiverUrl),
    }),
  };
}

/** Valid values of fields that the document can only describe as text. */
function fields(ids: Record<string, string[]>, receiverUrl: string) {
  return {
    affiliate_id: ids['affiliates'],
    recipient_id: ids['affiliates'],
    parent_id: ids['affiliates'],
    click_id: ids['clicks'],
    endpoint_id: ids['endpoints'],
    link_id: ids['links'],
    reason: ['http_404', 'queued'],
    last_error: ['http_404', 'timeout'],
    url: [`${receiverUrl}/postbacks/any?click={click_id}`, `${receiverUrl}/failing/any`],
    landing_url: [`${receiverUrl}/landing?sub={sub1}`],
    event: [
      'registration',
      'ftd',
      'deposit',
      'revenue',
      'trade',
      'sale',
      'chargeback',
      'refund',
      'first_money',
    ],
    customer_id: ['anna', 'ben', 'carla'],
    reference: ['anna-1', 'ben-2'],
    currency: ['USD', 'EUR', 'jpy'],
    base: ['EUR', 'GBP'],
    quote: ['USD'],
    rate: ['1.25'],
    iban: ['DE89370400440532013000', 'FR1420041010050500013M02606'],
    bic: ['COBADEFFXXX'],
    timezone: ['Europe/Berlin', 'UTC'],
    amount: ['0', '12', '1250.00'],
    payout: ['3'],
    percent: ['25', '0.5'],
    volume: ['0.01', '3'],
    occurred_at: [NOW.toISOString()],
    clicked_at: [NOW.toISOString()],
    as_of: [NOW.toISOString()],
    at: [NOW.toISOString()],
    parent_since: [LONG_AGO.toISOString()],
    from: [LONG_AGO.toISOString()],
    to: [NOW.toISOString()],
    terms: [TERMS],
    period: [THIS_MONTH],
  };
}
