// Progress over HTTP: customers of an affiliate who are on their way to a CPA, what counts so far,
// and of how much.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Progress = {
  id: string;
  customer_id?: string | null;
  label: string;
  formula: string;
  state: string;
  amount: { reached: string; of: string } | null;
  volume: { reached: string; of: string } | null;
  conversions: number;
  since: string;
  until: string | null;
};
type List = { data: Progress[]; next_cursor: string | null };

const DAY_MS = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

let api: TestApi;
before(async () => (api = await withApi()));
after(() => api.close());

/** An affiliate on a deal with this CPA, and a way to settle events of its customers. */
async function withDeal(component: object) {
  const { id: operatorId, key } = await api.newOperator();
  const ask = async <Body = { id: string }>(request: string, body?: object, by = key): Promise<Body> => {
    const answer = await api.call<Body>(request, { key: by, ...(body && { body }) });
    assert.ok(answer.status < 300, `${request}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  await ask('POST /v1/deals', { name: 'd', terms: { components: [{ kind: 'cpa', ...component }] } });
  const { id: affiliate } = await ask('POST /v1/affiliates', { name: 'A' });
  const clicks = new Map<string, string>();
  let sent = 0;
  async function settle(
    event: string,
    customer: string,
    amount: string,
    days: number,
    more: object = {},
  ): Promise<string> {
    if (!clicks.has(customer)) {
      const click = { affiliate_id: affiliate, clicked_at: daysAgo(300) };
      clicks.set(customer, (await ask<{ click_id: string }>('POST /v1/clicks', click)).click_id);
      await api.call('PATCH /v1/operator', { key, body: { click_window_days: 3650 } });
    }
    const { id } = await ask('POST /v1/events', {
      event,
      customer_id: customer,
      click_id: clicks.get(customer),
      transaction_id: `t-${++sent}`,
      amount,
      currency: 'USD',
      occurred_at: daysAgo(days),
      ...more,
    });
    const operators = [{ operatorId, eventIds: [id] }];
    await createSettle({ pool: api.pool }).settle({ batchId: newId('bat'), operators, owner: 'endpoint' });
    return `t-${sent}`;
  }
  const progress = async (query = '', by = key) =>
    ask<List>(`GET /v1/affiliates/${affiliate}/progress${query}`, undefined, by);
  return { key, affiliate, ask, settle, progress };
}

const CUMULATIVE = {
  on: ['deposit'],
  amount: '50.00',
  qualify: 'cumulative',
  min_amount: '500.00',
  within_days: 30,
};

test('the progress of a customer says what counts so far, of how much, and until when', async () => {
  const { settle, progress } = await withDeal(CUMULATIVE);
  await settle('deposit', 'anna', '100.00', 10);
  await settle('deposit', 'anna', '50.00', 9);
  await settle('deposit', 'ben', '500.00', 9);
  const { data } = await progress();
  assert.equal(data.length, 1, 'ben has qualified');
  const [anna] = data;
  assert.deepEqual(
    [anna!.customer_id, anna!.state, anna!.amount, anna!.volume, anna!.conversions],
    ['anna', 'on_the_way', { reached: '150.00', of: '500.00' }, null, 2],
  );
  assert.match(
    anna!.formula,
    /^50\.00 USD once per customer whose deposit came to 500\.00 USD within 30 days/,
  );
  assert.equal(Date.parse(anna!.until!) - Date.parse(anna!.since), 30 * DAY_MS);
  await settle('deposit', 'anna', '350.00', 1);
  assert.deepEqual((await progress()).data, []);
});

test('progress counts what reversals left, and nothing after the days of the deal', async () => {
  const { settle, progress } = await withDeal(CUMULATIVE);
  const large = await settle('deposit', 'anna', '400.00', 60);
  await settle('deposit', 'anna', '50.00', 59);
  await settle('deposit', 'anna', '450.00', 10);
  await settle('refund', 'anna', '100.00', 5, { reference: large });
  const [anna] = (await progress()).data;
  assert.deepEqual([anna!.state, anna!.amount?.reached, anna!.conversions], ['too_late', '350.00', 2]);
});

test('a first deposit below the minimum of a deal is shown as missed', async () => {
  const { settle, progress } = await withDeal({ on: ['ftd'], amount: '50.00', min_amount: '100.00' });
  await settle('ftd', 'anna', '20.00', 2);
  const [anna] = (await progress()).data;
  assert.deepEqual(
    [anna!.state, anna!.amount, anna!.until],
    ['missed', { reached: '20.00', of: '100.00' }, null],
  );
});

test('progress pages through many customers, those who qualified among them', async () => {
  const { settle, progress } = await withDeal(CUMULATIVE);
  for (const [index, amount] of ['10', '600', '20', '600', '600', '30'].entries())
    await settle('deposit', `c${index}`, amount, 3);
  const seen: (string | null | undefined)[] = [];
  for (let query = '?limit=1'; ;) {
    const { data, next_cursor: next } = await progress(query);
    seen.push(...data.map((row) => row.customer_id));
    if (next === null) break;
    query = `?limit=1&cursor=${next}`;
  }
  assert.deepEqual(seen, ['c5', 'c2', 'c0']);
});

test('an affiliate sees its own progress without the ids of customers', async () => {
  const { key, affiliate, ask, settle, progress } = await withDeal(CUMULATIVE);
  await settle('deposit', 'anna', '100.00', 2);
  const made = { name: 'k', scopes: ['own:read'], affiliate_id: affiliate };
  const { api_key: own } = await ask<{ api_key: string }>('POST /v1/api-keys', made);
  const [hidden] = (await progress('', own)).data;
  assert.ok(!('customer_id' in hidden!));
  assert.equal(hidden!.amount?.reached, '100.00');
  await ask('PATCH /v1/operator', { share_customer_ids: true }, key);
  assert.equal((await progress('', own)).data[0]!.customer_id, 'anna');
});
