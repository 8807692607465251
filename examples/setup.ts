// Sets up the example through the public API: a new operator, the twelve affiliates with their
// deals and endpoints, and a click for each customer.
import { AFFILIATES, DEFAULT_TERMS, affiliateIndexOf, type Affiliate } from './affiliates.ts';
import { GET_QUERY, nothingReceived, type AffiliateServers, type Received } from './affiliate-servers.ts';
import type { Client } from './client.ts';
import type { Customer } from './story.ts';

/** An affiliate as the API knows it, with the postbacks its server received. */
export interface Member {
  affiliate: Affiliate;
  id: string;
  linkId: string;
  received: Received;
}

/**
 * Deals start before the first purchase; clicks are a little before their customer's registration.
 */
const DEALS_FROM = '2002-01-01T00:00:00Z';
const CLICK_BEFORE_MS = 3_600_000;
const CALLERS = 16;

/**
 * Creates an operator for this run; returns its API key. `admin`: a client with the admin token.
 */
export async function createOperator(admin: Client): Promise<string> {
  const operator = { name: `Example ${new Date().toISOString()}`, currency: 'USD', timezone: 'UTC' };
  const { api_key: apiKey } = await admin.request<{ api_key: string }>('POST', '/v1/operators', operator);
  return apiKey;
}

/** Creates the affiliates, in the order of `AFFILIATES`, and the default deal. */
export async function createMembers(client: Client, servers: AffiliateServers): Promise<Member[]> {
  await client.request('POST', '/v1/deals', {
    name: 'Default',
    effective_from: DEALS_FROM,
    terms: DEFAULT_TERMS,
  });
  const members: Member[] = [];
  for (const affiliate of AFFILIATES) members.push(await createMember(client, servers, affiliate));
  return members;
}

async function createMember(
  client: Client,
  servers: AffiliateServers,
  affiliate: Affiliate,
): Promise<Member> {
  const { name, terms, method } = affiliate;
  const { id } = await client.request<{ id: string }>('POST', '/v1/affiliates', { name });
  if (terms)
    await client.request('POST', '/v1/deals', { name, affiliate_id: id, effective_from: DEALS_FROM, terms });
  const link = { affiliate_id: id, landing_url: 'https://shop.example/welcome' };
  const { id: linkId } = await client.request<{ id: string }>('POST', '/v1/links', link);
  const received = nothingReceived();
  const url = `${servers.url}/${id}${method === 'GET' ? `?${GET_QUERY}` : ''}`;
  const endpoint = await client.request<{ secret: string }>('POST', '/v1/endpoints', {
    affiliate_id: id,
    url,
    method,
  });
  servers.open(id, endpoint.secret, received);
  return { affiliate, id, linkId, received };
}

/**
 * Records a click for each customer, an hour before the registration; returns the click ids by
 * customer.
 */
export async function createClicks(
  client: Client,
  members: Member[],
  customers: Customer[],
): Promise<Map<string, string>> {
  const clickIds = new Map<string, string>();
  await inParallel(customers, CALLERS, async ({ id, purchases: [first] }) => {
    const { linkId } = members[affiliateIndexOf(id)] as Member;
    const clickedAt = new Date(first.occurredAt.getTime() - CLICK_BEFORE_MS).toISOString();
    const click = { link_id: linkId, clicked_at: clickedAt, sub1: `customer-${id}` };
    const { click_id: clickId } = await client.request<{ click_id: string }>('POST', '/v1/clicks', click);
    clickIds.set(id, clickId);
  });
  return clickIds;
}

/**
 * Runs `task` for every item, at most `width` at a time, starting in order. Rejects with the first
 * failure.
 */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: width }, async () => {
    for (const item of queue) await task(item);
  });
  await Promise.all(workers);
}
