// Balances of all affiliates: their filters, pages, totals and order over HTTP.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import type { Failure } from '../../support/paid-affiliate.ts';

type Balance = Record<string, string | null> & { affiliate_id: string; currency: string };
type List = { data: Balance[]; next_cursor: string | null };

let api: TestApi;
let operator: { id: string; key: string };
const affiliates: string[] = [];

const call = <T = Record<string, unknown>>(request: string, body?: object) =>
  api.call<T>(request, { key: operator.key, ...(body && { body }) });
const list = async (query = '') => (await call<List>(`GET /v1/balances${query}`)).body;

/** Three affiliates: 10 payable in USD and EUR, 20 in USD, and 5 payable with a debt of 7. */
before(async () => {
  api = await withApi();
  operator = await api.newOperator();
  const amounts: [string, string][][] = [
    [
      ['USD', '10.00'],
      ['EUR', '10.00'],
    ],
    [['USD', '20.00']],
    [
      ['USD', '5.00'],
      ['USD', '-7.00'],
    ],
  ];
  for (const [index, of] of amounts.entries()) {
    const made = await call<{ id: string }>('POST /v1/affiliates', {
      name: `Media ${index}`,
      external_id: `m-${index}`,
    });
    affiliates.push(made.body.id);
    for (const [currency, amount] of of) {
      const body = { currency, amount, reason: 'a test', idempotency_key: newId('req') };
      assert.equal((await call(`POST /v1/affiliates/${made.body.id}/adjustments`, body)).status, 201);
    }
  }
});
after(() => api.close());

test('balances name the affiliate, the same parts as the balance of one, and what a payout would reserve', async () => {
  const { data, next_cursor: cursor } = await list();
  assert.equal(cursor, null);
  assert.deepEqual(
    data.map((row) => [row['external_id'], row.currency, row['payable'], row['debt'], row['due']]),
    [
      ['m-2', 'USD', '5.00', '7.00', '0.00'],
      ['m-1', 'USD', '20.00', '0.00', '20.00'],
      ['m-0', 'USD', '10.00', '0.00', '10.00'],
      ['m-0', 'EUR', '10.00', '0.00', '10.00'],
    ],
  );
  for (const affiliate of affiliates) {
    const { body } = await call<{ balances: Record<string, string>[] }>(
      `GET /v1/affiliates/${affiliate}/balance`,
    );
    for (const one of body.balances) {
      const listed = data.find((row) => row.affiliate_id === affiliate && row.currency === one['currency'])!;
      for (const [part, amount] of Object.entries(one)) assert.equal(listed[part], amount, part);
    }
  }
  assert.deepEqual([data[1]!['affiliate_name'], data[1]!['affiliate_state']], ['Media 1', 'active']);
});

test('balances are filtered by currency, state, affiliate and minimum', async () => {
  const found = async (query: string) =>
    (await list(query)).data.map((row) => `${row['external_id']} ${row.currency}`);
  assert.deepEqual(await found('?currency=eur'), ['m-0 EUR']);
  assert.deepEqual(await found(`?affiliate_id=${affiliates[0]}`), ['m-0 USD', 'm-0 EUR']);
  assert.deepEqual(await found('?currency=USD&minimum_payable=10'), ['m-1 USD', 'm-0 USD']);
  await call(`PATCH /v1/affiliates/${affiliates[1]}`, { state: 'suspended' });
  assert.deepEqual(await found('?state=suspended'), ['m-1 USD']);
  await call(`PATCH /v1/affiliates/${affiliates[1]}`, { state: 'active' });
  const { status, body } = await call<Failure>('GET /v1/balances?minimum_payable=10');
  assert.deepEqual(
    [status, body.error.issues![0]!.path, body.error.issues![0]!.code],
    [400, 'minimum_payable', 'required'],
  );
  assert.equal((await call('GET /v1/balances?cursor=nonsense')).status, 400);
});

test('balances come in pages, each row once, also where an affiliate is cut by a page', async () => {
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { data, next_cursor: next }: List = await list(`?limit=1${cursor && `&cursor=${cursor}`}`);
    seen.push(...data.map((row) => `${row['external_id']} ${row.currency}`));
    cursor = next;
  }
  assert.deepEqual(seen, ['m-2 USD', 'm-1 USD', 'm-0 USD', 'm-0 EUR']);
});

test('balances that a filter leaves out do not make a page endless: the next page begins behind them', async (t) => {
  const many = await api.newOperator();
  t.after(() => api.pool.query(`delete from balances where operator_id = $1`, [many.id]));
  await api.pool.query(
    `with a as (
       insert into affiliates (operator_id, id, name)
       select $1, 'aff_' || lpad(i::text, 26, '0'), 'x' from generate_series(1, 12000) i returning id)
     insert into balances (operator_id, affiliate_id, currency, payable_minor)
     select $1, id, 'USD', case when id < 'aff_00000000000000000000000004' then 500 else 0 end from a`,
    [many.id],
  );
  const page = async (cursor = '') =>
    (await api.call<List>(`GET /v1/balances?currency=USD&minimum_payable=5${cursor}`, { key: many.key }))
      .body;
  const first = await page();
  assert.deepEqual(first.data, []);
  const { data, next_cursor: end } = await page(`&cursor=${first.next_cursor}`);
  assert.deepEqual([data.length, end], [3, null]);
});

test('balances of all affiliates are summed by currency', async () => {
  const { body } = await call<{ data: Record<string, unknown>[] }>('GET /v1/balances/totals');
  assert.deepEqual(
    body.data.map((row) => [row['currency'], row['affiliates'], row['payable'], row['debt']]),
    [
      ['EUR', 1, '10.00', '0.00'],
      ['USD', 3, '35.00', '7.00'],
    ],
  );
});
