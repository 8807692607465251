// Currencies that operators add: codes of the installation, usable by those operators that added
// them, with their own decimals wherever an amount is taken, booked or shown.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type Answer, type TestApi } from '../../support/api.ts';
import { auditOf } from '../../support/settling.ts';

type Body = { id: string; [name: string]: unknown };
type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };
type Row = Record<string, string>;

const AS_OF = '2026-10-01T00:00:00Z';
const USDT = { code: 'USDT', exponent: 6 };
const BTC = { code: 'BTC', exponent: 8 };

let api: TestApi;
let operator: { id: string; key: string };
before(async () => {
  api = await withApi();
});
after(() => api.close());
beforeEach(async () => {
  operator = await api.newOperator();
});

const call = <T = Body>(request: string, body?: unknown, key = operator.key): Promise<Answer<T>> =>
  api.call<T>(request, { key, ...(body !== undefined && { body }) });

async function made(path: string, body: object): Promise<Body> {
  const answer = await call(`POST /v1/${path}`, body);
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

async function issuesOf(request: string, body?: object, key = operator.key): Promise<string[]> {
  const { body: answer } = await call<Failure>(request, body, key);
  return answer.error.issues?.map(({ path, code }) => `${path} ${code}`) ?? [answer.error.code];
}

/** An affiliate by these terms, with a click from the first of October. */
async function anAffiliate(terms: object): Promise<{ affiliateId: string; click: unknown }> {
  const { id: affiliateId } = await made('affiliates', { name: 'Partner' });
  await made('deals', { name: 'd', affiliate_id: affiliateId, terms });
  const { click_id: click } = await made('clicks', { affiliate_id: affiliateId, clicked_at: AS_OF });
  return { affiliateId, click };
}

async function settled(fields: object): Promise<string> {
  const common = { customer_id: 'c', transaction_id: newId('test'), occurred_at: '2026-10-05T00:00:00Z' };
  const { id } = await made('events', { ...common, ...fields });
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId: operator.id, eventIds: [id] }],
  });
  return id;
}

describe('a currency is added', () => {
  test('once: the first time it is made, then it is there already, and it is listed', async () => {
    const first = await call('POST /v1/currencies', { code: 'usdt', exponent: 6 });
    assert.equal(first.status, 201);
    const { code, exponent } = first.body;
    assert.deepEqual({ code, exponent }, USDT);
    const again = await call('POST /v1/currencies', USDT);
    assert.deepEqual([again.status, again.body], [200, first.body]);
    await made('currencies', BTC);
    const { body } = await call<{ data: Body[] }>('GET /v1/currencies');
    assert.deepEqual(
      body.data.map((one) => one['code']),
      ['BTC', 'USDT'],
    );
  });

  test('with the decimals that this installation knows it by, and with no others', async () => {
    await made('currencies', USDT);
    operator = await api.newOperator();
    const other = await call<Failure>('POST /v1/currencies', { code: 'USDT', exponent: 2 });
    assert.deepEqual([other.status, other.body.error.code], [409, 'conflict']);
    assert.equal((await call('POST /v1/currencies', USDT)).status, 201);
  });

  for (const [title, body, issue] of [
    ['a code of ISO 4217', { code: 'USD', exponent: 2 }, 'code iso_currency'],
    ['a code of two characters', { code: 'XX', exponent: 2 }, 'code invalid_format'],
    ['a code of eleven characters', { code: 'ABCDEFGHIJK', exponent: 2 }, 'code invalid_format'],
    ['a code with a sign', { code: 'US-DT', exponent: 2 }, 'code invalid_format'],
    ['nine decimals', { code: 'WEI', exponent: 9 }, 'exponent too_large'],
    ['decimals below none', { code: 'WEI', exponent: -1 }, 'exponent too_small'],
  ] as const) {
    test(`not with ${title}`, async () =>
      assert.deepEqual(await issuesOf('POST /v1/currencies', body), [issue]));
  }
});

test('a JSON number is taken where it is exact at eight decimals, however small', async () => {
  await made('currencies', BTC);
  const { affiliateId, click } = await anAffiliate({
    currency: 'BTC',
    components: [{ kind: 'percent', on: 'sale', percent: '50' }],
  });
  const sale = { event: 'sale', click_id: click, currency: 'BTC' };
  for (const amount of [0.00000004, 0.00000122, 0.1]) await settled({ ...sale, amount });
  const { body } = await call<{ balances: Row[] }>(`GET /v1/affiliates/${affiliateId}/balance`);
  assert.equal(body.balances[0]!['pending'], '0.05000063');
  const event = { ...sale, customer_id: 'c', transaction_id: 't' };
  for (const amount of [0.000000001, 0.0000000123456789012345, 1e22])
    assert.match((await issuesOf('POST /v1/events', { ...event, amount })).join(), /^amount too_/);
});

test('a currency that another operator added is unknown to an operator that did not', async () => {
  await made('currencies', USDT);
  const stranger = await api.newOperator();
  const ask = (request: string, body?: object) => issuesOf(request, body, stranger.key);
  const event = { event: 'sale', transaction_id: 't', customer_id: 'c', amount: '1', currency: 'USDT' };
  assert.deepEqual(await ask('POST /v1/events', event), ['currency unknown_currency']);
  assert.deepEqual(
    await ask('POST /v1/events', { ...event, currency: 'USD', payout: '1', payout_currency: 'USDT' }),
    ['payout_currency unknown_currency'],
  );
  const components = [{ kind: 'cpa', amount: '1' }];
  assert.deepEqual(await ask('POST /v1/deals', { name: 'd', terms: { currency: 'USDT', components } }), [
    'terms.currency unknown_currency',
  ]);
  const rate = { base: 'USDT', quote: 'USD', rate: '1', source: 'bank' };
  assert.deepEqual(await ask('POST /v1/fx-rates', rate), ['base unknown_currency']);
  assert.deepEqual(await ask('GET /v1/commissions?currency=USDT'), ['currency unknown_currency']);
});

test('amounts in an added currency keep all of its decimals, from the event to the payout', async () => {
  await made('currencies', USDT);
  const terms = {
    currency: 'usdt',
    hold_days: 0,
    components: [{ kind: 'percent', on: 'sale', percent: '10' }],
  };
  const { affiliateId, click } = await anAffiliate(terms);
  const sale = { event: 'sale', click_id: click, currency: 'usdt' };
  assert.deepEqual(await issuesOf('POST /v1/events', { ...sale, transaction_id: 't', amount: '0.1234567' }), [
    'amount too_precise',
  ]);
  const id = await settled({ ...sale, amount: '12.345678' });
  const { body: trace } = await call<{ event: Row; commissions: Row[] }>(`GET /v1/events/${id}`);
  assert.deepEqual([trace.event['amount'], trace.event['currency']], ['12.345678', 'USDT']);
  assert.deepEqual(
    trace.commissions.map(({ amount, currency }) => `${amount} ${currency}`),
    ['1.234568 USDT'],
  );
  await call('POST /v1/holds/release', {});
  const { body: balance } = await call<{ balances: Row[] }>(`GET /v1/affiliates/${affiliateId}/balance`);
  assert.deepEqual(balance.balances[0]?.['payable'], '1.234568');
  const payout = await made('payouts', { affiliate_id: affiliateId, currency: 'usdt', minimum: '1.234568' });
  assert.equal(payout['amount'], '1.234568');
  const { body: open } = await call<{ closing: Row }>(
    `GET /v1/affiliates/${affiliateId}/statements/current?currency=USDT`,
  );
  assert.equal(open.closing['in_payout'], '1.234568');
  const { rows } = await api.pool.query(
    `select distinct exponent from accounts where operator_id = $1 and currency = 'USDT'`,
    [operator.id],
  );
  assert.deepEqual(rows, [{ exponent: 6 }]);
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});

test('amounts are converted between currencies of eight, six and two decimals', async () => {
  for (const currency of [BTC, USDT]) await made('currencies', currency);
  for (const [base, quote, rate] of [
    ['BTC', 'USD', '64250.5'],
    ['BTC', 'USDT', '64187.25'],
  ])
    await made('fx-rates', { base, quote, rate, as_of: AS_OF, source: 'exchange' });
  for (const [currency, earned] of [
    ['USD', '0.79'],
    ['USDT', '0.792392'],
  ]) {
    const components = [{ kind: 'percent', on: 'sale', percent: '10' }];
    const { click } = await anAffiliate({ currency, components });
    const id = await settled({
      event: 'sale',
      click_id: click,
      customer_id: currency,
      amount: '0.00012345',
      currency: 'BTC',
    });
    const { body: trace } = await call<{ commissions: Row[] }>(`GET /v1/events/${id}`);
    assert.deepEqual(
      trace.commissions.map(({ amount }) => amount),
      [earned],
    );
  }
  assert.deepEqual((await auditOf(api.pool)).findings, []);
});
