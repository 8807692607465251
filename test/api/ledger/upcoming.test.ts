// Upcoming money of an affiliate over HTTP: days on which pending money becomes payable, what a
// payout would be now, and the operator's minimum.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { LATEST_TRANSFERS } from '../../../store/ledger/commissions.ts';
import { LOOKED_AT } from '../../../store/db/look-through.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Upcoming = {
  currency: string;
  due: string;
  minimum_payout: string | null;
  becomes_payable: { day: string; amount: string; commissions: number }[];
  of_older: string;
};
type Row = Record<string, unknown> & { id: string };

const DAY_MS = 86_400_000;
const HOLD_DAYS = 30;

let api: TestApi;
before(async () => (api = await withApi()));
after(() => api.close());

/** An affiliate that earns 10 % of a sale, held for 30 days. */
async function withAffiliate() {
  const { id: operatorId, key } = await api.newOperator();
  const ask = async <Body = Row>(request: string, body?: object): Promise<Body> => {
    const answer = await api.call<Body>(request, { key, ...(body && { body }) });
    assert.ok(answer.status < 300, `${request}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  await ask('PATCH /v1/operator', { click_window_days: 3650, minimum_payouts: { USD: '50.00' } });
  const components = [{ kind: 'percent', on: 'sale', percent: '10' }];
  await ask('POST /v1/deals', { name: 'd', terms: { components, hold_days: HOLD_DAYS } });
  const { id: affiliate } = await ask('POST /v1/affiliates', { name: 'A' });
  const clicked = new Date(Date.now() - 90 * DAY_MS).toISOString();
  const { click_id: click } = await ask('POST /v1/clicks', { affiliate_id: affiliate, clicked_at: clicked });
  let sent = 0;
  /** Settles a sale of this long ago; returns the day on which its hold ends. */
  async function sell(amount: string, daysAgo: number, currency = 'USD'): Promise<string> {
    const at = Date.now() - daysAgo * DAY_MS;
    const sale = { event: 'sale', transaction_id: `t-${++sent}`, click_id: click, amount, currency };
    const { id } = await ask('POST /v1/events', { ...sale, occurred_at: new Date(at).toISOString() });
    const operators = [{ operatorId, eventIds: [id] }];
    await createSettle({ pool: api.pool }).settle({ batchId: newId('bat'), operators, owner: 'endpoint' });
    return new Date(at + HOLD_DAYS * DAY_MS).toISOString().slice(0, 10);
  }
  const upcoming = async () =>
    (await ask<{ data: Upcoming[] }>(`GET /v1/affiliates/${affiliate}/upcoming`)).data;
  return { operatorId, affiliate, ask, sell, upcoming };
}

test('what is pending is listed by the day on which it becomes payable, with the minimum of the operator', async () => {
  const { affiliate, ask, sell, upcoming } = await withAffiliate();
  assert.deepEqual(await upcoming(), []);
  const late = await sell('30.00', 5);
  const soon = await sell('10.00', 20);
  assert.equal(await sell('20.50', 20), soon);
  const expected: Upcoming = {
    currency: 'USD',
    due: '0.00',
    minimum_payout: '50.00',
    becomes_payable: [
      { day: soon, amount: '3.05', commissions: 2 },
      { day: late, amount: '3.00', commissions: 1 },
    ],
    of_older: '0.00',
  };
  assert.deepEqual(await upcoming(), [expected]);
  const { data } = await ask<{ data: Row[] }>(`GET /v1/commissions?affiliate_id=${affiliate}`);
  const latest = data.find((row) => row['amount'] === '3.00')!;
  await ask(`POST /v1/commissions/${latest.id}/approve`, {});
  assert.deepEqual(await upcoming(), [
    { ...expected, due: '3.00', becomes_payable: [expected.becomes_payable[0]] },
  ]);
});

test('money that is owed lowers what a payout would be, down to nothing', async () => {
  const { affiliate, ask, upcoming } = await withAffiliate();
  for (const [amount, due] of [
    ['10.00', '10.00'],
    ['-25.00', '0.00'],
  ]) {
    const body = { currency: 'USD', amount, reason: 'a test', idempotency_key: newId('req') };
    await ask(`POST /v1/affiliates/${affiliate}/adjustments`, body);
    assert.equal((await upcoming())[0]!.due, due);
  }
});

test('days are of the newest commissions, and what is pending for older ones is one sum', async () => {
  const { operatorId, affiliate, sell, upcoming } = await withAffiliate();
  const day = await sell('30.00', 5);
  await api.pool.query(
    `insert into slots (operator_id, id, key, affiliate_id, deal_id, deal_version, component, kind, currency, hold_until)
     select operator_id, 'slot_~' || n, 'test/' || n, affiliate_id, deal_id, deal_version, component, kind, currency,
       hold_until
     from slots, generate_series(2, $3) n where operator_id = $1 and affiliate_id = $2`,
    [operatorId, affiliate, LOOKED_AT],
  );
  assert.deepEqual((await upcoming())[0]!.becomes_payable, [{ day, amount: '3.00', commissions: 1 }]);
  await api.pool.query(`update slots set id = 'slot_~1' where operator_id = $1 and id = 'slot_~2'`, [
    operatorId,
  ]);
  await api.pool.query(
    `insert into slots (operator_id, id, key, affiliate_id, deal_id, deal_version, component, kind, currency, hold_until)
     select operator_id, 'slot_~~', 'test/newest', affiliate_id, deal_id, deal_version, component, kind, currency, hold_until
     from slots where operator_id = $1 and id = 'slot_~1'`,
    [operatorId],
  );
  const [usd] = await upcoming();
  assert.deepEqual([usd!.becomes_payable, usd!.of_older], [[], '3.00']);
});

test('a commission names its latest transfers, each with the event that caused it', async () => {
  const { operatorId, affiliate, ask, sell } = await withAffiliate();
  await sell('30.00', 5);
  const { data } = await ask<{ data: Row[] }>(`GET /v1/commissions?affiliate_id=${affiliate}`);
  const { data: events } = await ask<{ data: Row[] }>('GET /v1/events');
  const path = `GET /v1/commissions/${data[0]!.id}`;
  const transfersOf = async () => (await ask<{ transfers: Row[] }>(path)).transfers;
  const [only, ...none] = await transfersOf();
  assert.deepEqual([only!['event_id'], only!['amount'], none], [events[0]!.id, '3.00', []]);
  // No id has the letter u, so that none of these is there already.
  await api.pool.query(
    `insert into transfers select operator_id, left(id, -3) || 'u' || 10 + n, posting_group, currency, debit_account, credit_account,
       amount_minor, code, affiliate_id, slot_id, slot_seq + n, event_id, null, actor, reason, occurred_at, posted_at,
       period, origin_period, payout_id
     from transfers, generate_series(1, $2) n where operator_id = $1`,
    [operatorId, LATEST_TRANSFERS],
  );
  const latest = await transfersOf();
  assert.deepEqual(
    [latest.length, latest[0]!.id],
    [LATEST_TRANSFERS, `${only!.id.slice(0, -3)}u${10 + LATEST_TRANSFERS}`],
  );
});
