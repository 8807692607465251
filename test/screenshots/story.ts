// Story that the pictures of README.md and docs/OPERATIONS.md show: the demo, an endpoint that is
// down, one that gave up, and events without an exchange rate.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { seedDemo } from '../../local/demo.ts';
import type { Stack } from '../../local/stack.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';

type Id = { id: string };
type Demo = { api_key: string; affiliates: { name: string; id: string; link_url: string }[] };
type Row = { id: string; state: string; endpoint_id: string; event_id: string; affiliate_id: string };

/** Workflows to show, by what their pictures are about; and how the stuck postback is delivered. */
export type Story = {
  stuck: string;
  down: string;
  gaveUp: string;
  setAside: string;
  /** For console and portal: the operator's key, an event whose postback is stuck, and its own. */
  key: string;
  event: string;
  endpointId: string;
  affiliateId: string;
  heal(): Promise<void>;
};

const SECONDS = 60_000;

/** Resolves once everything stands in Temporal as the pictures need it. */
export async function tell(
  stack: Pick<Stack, 'apiUrl' | 'adminToken' | 'receiverUrl' | 'dataDir' | 'temporalAddress'>,
): Promise<Story> {
  await seedDemo({ ...stack, temporalUiUrl: '', print: () => {} });
  const demo = JSON.parse(readFileSync(join(stack.dataDir, 'demo.json'), 'utf8')) as Demo;
  const api = callerOf(stack.apiUrl, demo.api_key);
  const { id: operatorId } = await api.get<Id>('/v1/operator');

  const down = await anAffiliate(api, 'Casey Clicks', {
    name: 'Casey tracker',
    url: `http://127.0.0.1:${await freePort()}/postback`,
    // All of its postbacks go through its queue.
    rate_per_second: 50,
  });
  const gaveUp = await anAffiliate(api, 'Dana Deals', {
    name: 'Dana pixel',
    url: `${stack.receiverUrl}/no-such-path`,
    schedule: [0, 1],
  });
  await sales(api, down, 40, { amount: '120.00', currency: 'USD' });
  await sales(api, gaveUp, 7, { amount: '80.00', currency: 'USD' });
  for (const amount of ['1000.00', '150.00', '100.00']) {
    const inPounds = { event: 'revenue', customer_id: 'ben', currency: 'GBP' };
    await api.post('/v1/events', { ...inPounds, transaction_id: `in-pounds-${amount}`, amount });
  }

  const deliveries = (query: string) => api.get<{ data: Row[] }>(`/v1/deliveries?limit=200&${query}`);
  await eventually(
    'seven postbacks to be given up',
    async () => (await deliveries(`state=gave_up&endpoint_id=${gaveUp.endpointId}`)).data.length === 7,
    SECONDS,
  );
  await eventually(
    'the endpoint to be down',
    async () => (await api.get<{ breaker: string }>(`/v1/endpoints/${down.endpointId}`)).breaker === 'open',
    SECONDS,
  );
  const shown = await Connection.connect({ address: stack.temporalAddress });
  await eventually(
    'all that was given up to be counted',
    async () => (await new Client({ connection: shown }).workflow.count('GaveUp=7')).count === 1,
    SECONDS,
  );
  await shown.close();
  const stuck = await eventually(
    'a postback to be retried',
    async () => (await deliveries('state=retrying')).data.find((row) => row.endpoint_id !== down.endpointId),
    SECONDS,
  );
  return {
    stuck: `delivery/${stuck.id}`,
    down: `endpoint/${down.endpointId}`,
    gaveUp: `endpoint/${gaveUp.endpointId}`,
    setAside: `set-aside/${operatorId}/no_exchange_rate`,
    key: demo.api_key,
    event: stuck.event_id,
    endpointId: stuck.endpoint_id,
    affiliateId: stuck.affiliate_id,
    async heal() {
      await fetch(`${stack.receiverUrl}/heal`, { method: 'POST', redirect: 'manual' });
      await api.post(`/v1/deliveries/${stuck.id}/retry`, {});
    },
  };
}

type Affiliate = { endpointId: string; clickId: string };

async function anAffiliate(api: Caller, name: string, endpoint: object): Promise<Affiliate> {
  const { id } = await api.post<Id>('/v1/affiliates', { name });
  const terms = { components: [{ kind: 'percent', on: 'sale', percent: '10' }] };
  await api.post('/v1/deals', { name: `${name}: standard`, affiliate_id: id, terms });
  const { id: endpointId } = await api.post<Id>('/v1/endpoints', { affiliate_id: id, ...endpoint });
  const { click_id: clickId } = await api.post<{ click_id: string }>('/v1/clicks', { affiliate_id: id });
  return { endpointId, clickId };
}

/** Sales of customers of their own. */
async function sales(
  api: Caller,
  { clickId, endpointId }: Affiliate,
  count: number,
  value: object,
): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    event: 'sale',
    transaction_id: `${endpointId}-${index}`,
    customer_id: `${endpointId}-${index}`,
    click_id: clickId,
    ...value,
  }));
  await api.post('/v1/events/batch', { events });
}

type Caller = ReturnType<typeof callerOf>;

function callerOf(apiUrl: string, key: string) {
  async function call<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(apiUrl + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Body;
  }
  return {
    get: <Body>(path: string) => call<Body>('GET', path),
    post: <Body>(path: string, body: object) => call<Body>('POST', path, body),
  };
}
