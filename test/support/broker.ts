// Operator set up over HTTP as its engineer would: an affiliate with a deal, a link and an
// endpoint.
import assert from 'node:assert/strict';
import type { TestStack } from './stack.ts';

export interface Broker {
  readonly key: string;
  readonly affiliateId: string;
  readonly linkId: string;
  readonly endpoint: { readonly id: string; readonly secret: string };
}

/** Body of a sale of 100.00 USD, by the click, of a customer of its own. */
export function saleOf(id: string, clickId: unknown) {
  return {
    event: 'sale',
    transaction_id: id,
    customer_id: id,
    click_id: clickId,
    amount: '100.00',
    currency: 'USD',
  };
}

type NewEndpoint = { url: string; max_in_flight?: number; schedule?: number[] };

/**
 * The affiliate earns 200.00 for a first deposit and 10 % of a sale. `endpoint`: endpoint settings
 * beside the affiliate.
 */
export async function withBroker({ call }: TestStack, endpoint: NewEndpoint): Promise<Broker> {
  async function make<Made>(path: string, body: object, key?: string): Promise<Made> {
    const answer = await call<Made>(`POST ${path}`, { body, ...(key === undefined ? {} : { key }) });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  }
  const operator = { name: 'Test Broker', currency: 'USD' };
  const { api_key: key } = await make<{ api_key: string }>('/v1/operators', operator);
  const { id: affiliateId } = await make<{ id: string }>('/v1/affiliates', { name: 'Test Media' }, key);
  const components = [
    { kind: 'cpa', on: 'ftd', amount: '200.00', min_amount: '100.00' },
    { kind: 'percent', on: 'sale', percent: '10' },
  ];
  await make('/v1/deals', { name: 'Standard', affiliate_id: affiliateId, terms: { components } }, key);
  const link = { affiliate_id: affiliateId, landing_url: 'https://broker.example/welcome' };
  const { id: linkId } = await make<{ id: string }>('/v1/links', link, key);
  const made = await make<Broker['endpoint']>(
    '/v1/endpoints',
    { affiliate_id: affiliateId, ...endpoint },
    key,
  );
  return { key, affiliateId, linkId, endpoint: made };
}
