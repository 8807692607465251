// Tests of an operator's agreements over HTTP: exchange rates, backdated versions, previews, and
// overrides of parents.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { PROPOSED } from '../../../domain/settlement/preview.ts';
import { compileTerms } from '../../../domain/commission/terms.ts';
import { newId } from '../../../store/db/ids.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { createPreviewing, PREVIEWED_AT_MOST } from '../../../store/settlement/previews.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { wireTerms } from '../../support/builders.ts';

type Body = Record<string, never> & { id: string; data: Body[]; [name: string]: unknown };

let api: TestApi;
let key: string;
let operatorId: string;
before(async () => {
  api = await withApi();
});
after(() => api.close());
beforeEach(async () => {
  ({ key, id: operatorId } = await api.newOperator());
});

const call = (request: string, body?: object) => api.call<Body>(request, { key, ...(body && { body }) });

async function made(path: string, body: object): Promise<Body> {
  const answer = await call(`POST /v1/${path}`, body);
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

async function issuesOf(request: string, body: object): Promise<string[]> {
  const answer = await call(request, body);
  assert.equal(answer.status, 400, JSON.stringify(answer.body));
  const { error } = answer.body as unknown as { error: { issues: { path: string; code: string }[] } };
  return error.issues.map(({ path, code }) => `${path} ${code}`);
}

/** Sends events and settles them; gives their ids. */
async function settled(...events: object[]): Promise<string[]> {
  const ids: string[] = [];
  for (const event of events) ids.push((await made('events', { currency: 'USD', ...event })).id);
  const { settle } = createSettle({ pool: api.pool });
  const result = await settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId, eventIds: ids }],
  });
  assert.deepEqual(result.setAside, []);
  return ids;
}

/** An affiliate with a click and a deal of its own. */
async function partner(
  terms: object,
  parentId?: string,
): Promise<{ affiliateId: string; click: string; dealId: string }> {
  const { id: affiliateId } = await made('affiliates', {
    name: 'Partner',
    ...(parentId && { parent_id: parentId }),
  });
  const { click_id: click } = await made('clicks', {
    affiliate_id: affiliateId,
    clicked_at: '2026-10-01T00:00:00Z',
  });
  const { id: dealId } = await made('deals', { name: 'd', affiliate_id: affiliateId, terms });
  return { affiliateId, click: String(click), dealId };
}

const SALES = { components: [{ kind: 'percent', on: 'sale', percent: '10' }] };
const aSale = (click: string, number: number, more: object = {}) => ({
  event: 'sale',
  transaction_id: `s${number}`,
  click_id: click,
  customer_id: `c${number}`,
  amount: '100.00',
  occurred_at: '2026-10-02T00:00:00Z',
  ...more,
});

const balanceOf = async (affiliateId: string) => {
  const { balances } = (await call(`GET /v1/affiliates/${affiliateId}/balance`)).body as unknown as {
    balances: { pending: string; currency: string }[];
  };
  return balances.map(({ pending, currency }) => `${pending} ${currency}`);
};

describe('an exchange rate', () => {
  const rate = { base: 'eur', quote: 'USD', rate: '1.084200', as_of: '2026-10-01T00:00:00Z', source: 'ECB' };

  test('an exchange rate of the same pair and moment replaces the former, which is kept and marked', async () => {
    const first = await call('POST /v1/fx-rates', rate);
    assert.equal(first.status, 201);
    const { id, base, quote, rate: text, source, as_of: asOf } = first.body;
    assert.deepEqual(
      [base, quote, text, source, asOf],
      ['EUR', 'USD', '1.0842', 'ECB', '2026-10-01T00:00:00.000Z'],
    );
    const again = await call('POST /v1/fx-rates', { ...rate, rate: '1.0842' });
    assert.deepEqual([again.status, again.body.id], [200, id]);
    const corrected = await call('POST /v1/fx-rates', { ...rate, rate: '1.0843' });
    assert.deepEqual([corrected.status, corrected.body['replaced_at']], [201, null]);
    const { data } = (await call('GET /v1/fx-rates')).body;
    assert.deepEqual(
      data.map(({ rate: kept, replaced_at: replacedAt }) => [kept, replacedAt !== null]),
      [
        ['1.0843', false],
        ['1.0842', true],
      ],
    );
  });

  test('exchange rates are listed newest first, page by page, by currencies', async () => {
    for (const quote of ['USD', 'GBP', 'USD'])
      await call('POST /v1/fx-rates', { ...rate, quote, source: newId('req') });
    const page = (await call('GET /v1/fx-rates?limit=2')).body;
    assert.deepEqual(
      page.data.map(({ quote }) => quote),
      ['USD', 'GBP'],
    );
    const rest = (await call(`GET /v1/fx-rates?limit=2&cursor=${String(page['next_cursor'])}`)).body;
    assert.deepEqual(
      rest.data.map(({ quote }) => quote),
      ['USD'],
    );
    assert.equal((await call('GET /v1/fx-rates?base=EUR&quote=gbp')).body.data.length, 1);
    const other = await api.newOperator();
    assert.deepEqual((await api.call<Body>('GET /v1/fx-rates', { key: other.key })).body.data, []);
  });

  const refused: [string, object, string][] = [
    ['of zero', { rate: '0.000' }, 'rate invalid_format'],
    ['below zero', { rate: '-1' }, 'rate invalid_format'],
    ['with more than 12 decimals', { rate: '1.0000000000001' }, 'rate invalid_format'],
    ['as a number', { rate: 1.5 }, 'rate invalid_type'],
    ['of an unknown currency', { base: 'XYZ' }, 'base unknown_currency'],
    ['between a currency and itself', { quote: 'EUR' }, 'quote same_currency'],
    ['of tomorrow', { as_of: '2999-01-01T00:00:00Z' }, 'as_of invalid_time'],
    ['without a source', { source: undefined }, 'source required'],
  ];
  for (const [what, change, issue] of refused)
    test(`an exchange rate ${what} is refused`, async () =>
      assert.deepEqual(await issuesOf('POST /v1/fx-rates', { ...rate, ...change }), [issue]));

  test('storing an exchange rate needs the manage scope', async () => {
    const { api_key: reader } = await made('api-keys', { name: 'r', scopes: ['read'] });
    assert.equal((await api.call('POST /v1/fx-rates', { key: String(reader), body: rate })).status, 403);
  });

  test('a sale is converted at the exchange rate of its date, which the trace names with its source, and a chargeback reverses the converted amount', async () => {
    const { affiliateId, click } = await partner(SALES);
    await made('fx-rates', { ...rate, rate: '1.10' });
    const [sale] = await settled(aSale(click, 1, { currency: 'EUR' }));
    assert.deepEqual(await balanceOf(affiliateId), ['11.00 USD']);
    await made('fx-rates', { ...rate, rate: '1.30', as_of: '2026-10-01T12:00:00Z' });
    const trace = (await call(`GET /v1/events/${sale}`)).body as unknown as {
      exchange_rates: Body[];
      commissions: { inputs: Record<string, string> }[];
    };
    assert.deepEqual(
      trace.exchange_rates.map(
        ({ base, quote, rate: used, source }) =>
          `${String(base)}/${String(quote)} ${Number(used)} ${String(source)}`,
      ),
      ['EUR/USD 1.1 ECB'],
    );
    assert.equal(trace.commissions[0]!.inputs['rate_id'], trace.exchange_rates[0]!.id);
    await settled({
      event: 'refund',
      transaction_id: 'r1',
      reference: 's1',
      amount: '50.00',
      currency: 'EUR',
    });
    assert.deepEqual(await balanceOf(affiliateId), ['5.50 USD']);
    await settled({ event: 'chargeback', transaction_id: 'x1', reference: 's1', currency: 'EUR' });
    assert.deepEqual(await balanceOf(affiliateId), ['0.00 USD']);
  });
});

describe('a preview', () => {
  const window = { from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' };
  const terms = {
    components: [
      { kind: 'percent', on: 'sale', percent: '20' },
      { kind: 'cpa', amount: '30', cap: { count: 1 } },
    ],
    clawback: { refund: 'none' },
  };

  /** How many rows each table holds. */
  /** Without the refusals of earlier tests, which the API writes up to a second later. */
  async function rowCounts(): Promise<string> {
    const { rows } = await api.pool.query<{ name: string }>(
      `select tablename as name from pg_tables
       where schemaname = 'public' and tablename not in ('refusals', 'refusal_counts', 'audit_log')
       order by 1`,
    );
    const counts = [];
    for (const { name } of rows) {
      const count = await api.pool.query<{ count: bigint }>(`select count(*) from "${name}"`);
      counts.push(`${name} ${count.rows[0]!.count}`);
    }
    return counts.join(', ');
  }

  test('a preview compares the amounts past events would earn with the booked amounts, and posts nothing', async () => {
    const { affiliateId, click, dealId } = await partner(SALES);
    const deposit = { event: 'ftd', click_id: click, amount: '100.00', occurred_at: '2026-10-03T00:00:00Z' };
    await settled(
      aSale(click, 1),
      aSale(click, 2, { amount: '50.00' }),
      aSale(click, 3, { occurred_at: '2026-11-01T00:00:00Z', click_id: undefined, customer_id: 'c1' }),
      { ...deposit, transaction_id: 'd1', customer_id: 'c1' },
      { ...deposit, transaction_id: 'd2', customer_id: 'c2' },
      { event: 'refund', transaction_id: 'r1', reference: 's1', amount: '50.00' },
      aSale(click, 4, { currency: 'USD', amount: '10.00' }),
    );
    const counted = await rowCounts();
    const { status, body } = await call(`POST /v1/deals/${dealId}/preview`, { terms, ...window });
    assert.equal(status, 200, JSON.stringify(body));
    // Paid: half of 10.00, 5.00 and 1.00. Would be: 20.00, 10.00 and 2.00, since refunds are
    // forgiven, and one CPA.
    const amounts = { events: 5, would_pay: '62.00', paid: '11.00', difference: '51.00' };
    assert.deepEqual(body, {
      deal_id: dealId,
      from: '2026-10-01T00:00:00.000Z',
      to: '2026-11-01T00:00:00.000Z',
      currency: 'USD',
      ...amounts,
      left_out: {},
      affiliates: [
        {
          affiliate_id: affiliateId,
          ...amounts,
          months: [
            {
              month: '2026-10',
              ...amounts,
              components: [
                { component: 'cpa:ftd', amount: '30.00' },
                { component: 'percent:sale', amount: '32.00' },
              ],
              paid_in_other_currencies: [],
            },
          ],
        },
      ],
    });
    assert.equal(await rowCounts(), counted);
  });

  test('a preview of the terms in force equals the booked amounts, with revenue shares and overrides', async () => {
    const { id: parentId } = await made('affiliates', { name: 'Parent' });
    const own = {
      components: [
        {
          kind: 'revshare',
          tiers: {
            metric: 'revenue',
            mode: 'marginal',
            steps: [
              { from: '0', percent: '20' },
              { from: '100', percent: '30' },
            ],
          },
        },
        { kind: 'cpa', amount: '7.01', min_amount: '10' },
      ],
      overrides: [{ percent: '33.3333' }],
    };
    const { affiliateId, click, dealId } = await partner(own, parentId);
    const share = {
      event: 'revenue',
      click_id: click,
      customer_id: 'c1',
      amount: '77.77',
      occurred_at: '2026-10-05T00:00:00Z',
    };
    await settled(
      { ...share, transaction_id: 'n1' },
      { ...share, transaction_id: 'n2', amount: '55.55' },
      { ...share, transaction_id: 'n3', amount: '-20.01' },
      { ...share, event: 'ftd', transaction_id: 'd1' },
    );
    const { body } = await call(`POST /v1/deals/${dealId}/preview`, { terms: own, ...window });
    const rows = body['affiliates'] as unknown as {
      affiliate_id: string;
      would_pay: string;
      difference: string;
    }[];
    assert.deepEqual(new Set(rows.map(({ affiliate_id: id }) => id)), new Set([affiliateId, parentId]));
    for (const row of rows) assert.deepEqual([row.difference, row.would_pay === '0.00'], ['0.00', false]);
  });

  describe('a preview of a window after earlier events', () => {
    const later = { from: '2026-10-15T00:00:00Z', to: '2026-11-01T00:00:00Z' };

    /**
     * A partner by these terms, and two events of every kind before the window: in the month before
     * it and in its own.
     */
    async function longPartner(
      components: object[],
    ): Promise<{ dealId: string; at: (day: string, event: object) => object }> {
      const { id: affiliateId } = await made('affiliates', { name: 'Long' });
      const clickOf = async (moment: string) =>
        String((await made('clicks', { affiliate_id: affiliateId, clicked_at: moment }))['click_id']);
      const clicks = {
        '09': await clickOf('2026-09-01T00:00:00Z'),
        '10': await clickOf('2026-10-01T00:00:00Z'),
      };
      const { id: dealId } = await made('deals', {
        name: 'd',
        affiliate_id: affiliateId,
        terms: { components },
        effective_from: '2026-01-01T00:00:00Z',
      });
      let count = 0;
      const at = (day: string, event: object): object => ({
        transaction_id: `${affiliateId} ${++count}`,
        amount: '100.00',
        click_id: clicks[day.slice(0, 2) as '09'],
        occurred_at: `2026-${day}T00:00:00Z`,
        ...event,
      });
      return { dealId, at };
    }

    async function wouldPay(dealId: string, components: object[]): Promise<string[]> {
      const { status, body } = await call(`POST /v1/deals/${dealId}/preview`, {
        terms: { components },
        ...later,
      });
      assert.equal(status, 200, JSON.stringify(body));
      return [String(body['would_pay']), String(body['events'])];
    }

    test('a preview counts earlier first deposits and used places of the month’s cap without listing them', async () => {
      const { dealId, at } = await longPartner([{ kind: 'cpa', amount: '10' }]);
      const ftd = (day: string, customer: string) => at(day, { event: 'ftd', customer_id: customer });
      await settled(ftd('09-05', 'c1'), ftd('10-05', 'c2'));
      await settled(ftd('10-20', 'c1'), ftd('10-21', 'c3'), ftd('10-22', 'c4'));
      // The version before pays c1 and c2 without a cap, so they take no place under the new one's;
      // c1's second deposit is no first.
      assert.deepEqual(await wouldPay(dealId, [{ kind: 'cpa', amount: '30', cap: { count: 1 } }]), [
        '30.00',
        '3',
      ]);
      assert.deepEqual(await wouldPay(dealId, [{ kind: 'cpa', amount: '30' }]), ['60.00', '3']);
      const capped = await longPartner([{ kind: 'cpa', amount: '10', cap: { count: 2 } }]);
      const capped5 = (day: string, customer: string) =>
        capped.at(day, { event: 'ftd', customer_id: customer });
      await settled(capped5('10-05', 'd1'), capped5('10-20', 'd2'), capped5('10-21', 'd3'));
      assert.deepEqual(await wouldPay(capped.dealId, [{ kind: 'cpa', amount: '30', cap: { count: 2 } }]), [
        '30.00',
        '2',
      ]);
    });

    test('a preview carries losses of earlier months into its window', async () => {
      const share = (percent: string) => [{ kind: 'revshare', percent, negative: 'carry' }];
      const { dealId, at } = await longPartner(share('10'));
      const revenue = (day: string, amount: string) =>
        at(day, { event: 'revenue', customer_id: 'c1', amount });
      await settled(revenue('09-05', '-100.00'), revenue('10-05', '-50.00'), revenue('10-20', '300.00'));
      // 10 % of what came before the window, −100.00 and −50.00, and 20 % of 300.00.
      assert.deepEqual(await wouldPay(dealId, share('20')), ['45.00', '1']);
      // The same share, of deposits too.
      const wider = share('20').map((one) => ({ ...one, on: ['revenue', 'deposit'] }));
      assert.deepEqual(await wouldPay(dealId, wider), ['45.00', '1']);
      // Without a carry the loss of September is forgotten; that of October belongs to the month.
      assert.deepEqual(await wouldPay(dealId, [{ kind: 'revshare', percent: '20' }]), ['55.00', '1']);
    });
  });

  test('a preview with more conversions than its limit is refused before any of them is rated', async () => {
    const { click, dealId, affiliateId } = await partner(SALES);
    await settled(aSale(click, 1), aSale(click, 2), aSale(click, 3));
    const compiled = compileTerms(wireTerms(SALES as object));
    assert.equal(compiled.kind, 'ok');
    const times = { from: new Date(window.from), to: new Date(window.to) };
    const version = {
      dealId,
      version: PROPOSED,
      affiliateId,
      effectiveFrom: times.from.getTime(),
      terms: compiled.terms,
    };
    const asked: string[] = [];
    const query = (statement: string | { text: string }, values: unknown[]) => {
      asked.push(typeof statement === 'string' ? statement : statement.text);
      return api.pool.query(statement as string, values);
    };
    const noting = Object.create(api.pool, { query: { value: query } }) as Pool;
    const previewed = async (atMost: number) => {
      asked.length = 0;
      return createPreviewing(noting, atMost).preview(operatorId, { version, ...times });
    };
    const rates = () => asked.some((statement) => statement.includes('"boundSub3"'));
    const three = await previewed(3);
    assert.ok(three !== 'too_many');
    assert.equal(three.events[0]?.count, 3);
    assert.ok(rates());
    assert.equal(await previewed(2), 'too_many');
    assert.ok(!rates());
    assert.equal(PREVIEWED_AT_MOST, 50_000);
  });

  test('a preview is refused with a window that ends before its start, invalid terms, or an unknown deal', async () => {
    const { dealId } = await partner(SALES);
    const path = `POST /v1/deals/${dealId}/preview`;
    assert.deepEqual(await issuesOf(path, { terms, from: window.to, to: window.from }), ['to not_rising']);
    const nonsense = { components: [{ kind: 'percent', percent: '-1' }] };
    assert.deepEqual(await issuesOf(path, { terms: nonsense, ...window }), [
      'terms.components.0.percent invalid_decimal',
    ]);
    assert.equal((await call(`POST /v1/deals/${newId('deal')}/preview`, { terms, ...window })).status, 404);
  });
});

describe('a deal', () => {
  test('a deal keeps its currency: a version with another one is refused', async () => {
    const { dealId } = await partner(SALES);
    const other = { terms: { ...SALES, currency: 'EUR' } };
    assert.deepEqual(await issuesOf(`POST /v1/deals/${dealId}/versions`, other), [
      'terms.currency other_currency',
    ]);
  });

  test('a deal version backdated before settled events is marked for rerating, also while Temporal is away', async () => {
    const { dealId, click } = await partner(SALES);
    await settled(aSale(click, 1));
    const version = { terms: SALES, effective_from: '2026-09-01T00:00:00Z' };
    assert.equal((await call(`POST /v1/deals/${dealId}/versions`, version)).status, 201);
    const { rows } = await api.pool.query(`select version, finished_at from reratings where deal_id = $1`, [
      dealId,
    ]);
    assert.deepEqual(rows, [{ version: 2, finished_at: null }]);
    assert.equal(api.workflowCalls.at(-1), `rerate ${dealId}/2`);
  });
});

describe('an affiliate’s parent', () => {
  const affiliate = async (parentId?: string) =>
    (await made('affiliates', { name: 'One', ...(parentId && { parent_id: parentId }) })).id;
  const parentOf = async (id: string) => (await call(`GET /v1/affiliates/${id}`)).body['parent_id'];

  test('the parent of an affiliate may be set, changed and cleared', async () => {
    const [a, b] = [await affiliate(), await affiliate()];
    assert.equal((await call(`PATCH /v1/affiliates/${a}`, { parent_id: b })).status, 200);
    assert.equal(await parentOf(a), b);
    await call(`PATCH /v1/affiliates/${a}`, { name: 'Other' });
    assert.equal(await parentOf(a), b, 'a name took the parent away');
    await call(`PATCH /v1/affiliates/${a}`, { parent_id: null });
    assert.equal(await parentOf(a), null);
  });

  test('the parent of an affiliate cannot be itself, one of its descendants, or unknown', async () => {
    const a = await affiliate();
    const b = await affiliate(a);
    const c = await affiliate(b);
    for (const parent_id of [a, b, c])
      assert.deepEqual(await issuesOf(`PATCH /v1/affiliates/${a}`, { parent_id }), ['parent_id circle']);
    assert.deepEqual(await issuesOf(`PATCH /v1/affiliates/${a}`, { parent_id: newId('aff') }), [
      'parent_id unknown_affiliate',
    ]);
  });

  test('of two affiliates that set each other as parent concurrently, one is refused', async () => {
    for (let round = 0; round < 10; round++) {
      const [one, two] = [await affiliate(), await affiliate()];
      const answers = await Promise.all([
        call(`PATCH /v1/affiliates/${one}`, { parent_id: two }),
        call(`PATCH /v1/affiliates/${two}`, { parent_id: one }),
      ]);
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, 400],
      );
    }
  });

  test('overrides of a conversion and their reversals are reported to parents five levels up and to the operator', async () => {
    const levels: string[] = [];
    for (let level = 0; level < 6; level++) levels.unshift(await affiliate(levels[0]));
    const overrides = ['10', '8', '6', '4', '2'].map((percent) => ({ percent }));
    const { affiliateId, click } = await partner(
      { components: [{ kind: 'percent', on: 'sale', percent: '10', cap: { count: 1 } }], overrides },
      levels[0],
    );
    const parentEndpoint = await made('endpoints', { affiliate_id: levels[0], url: 'http://127.0.0.1:9/' });
    const own = await made('endpoints', { url: 'http://127.0.0.1:9/' });
    const [sale] = await settled(aSale(click, 1), aSale(click, 2, { occurred_at: '2026-10-03T00:00:00Z' }));
    const pendings = async () =>
      (await Promise.all(levels.map(balanceOf))).map(([pending]) => pending ?? 'nothing');
    assert.deepEqual(await balanceOf(affiliateId), ['10.00 USD']);
    assert.deepEqual(await pendings(), [
      '1.00 USD',
      '0.80 USD',
      '0.60 USD',
      '0.40 USD',
      '0.20 USD',
      'nothing',
    ]);
    // The only place under the cap moves to the second sale, with the overrides of the parents.
    await settled({ event: 'chargeback', transaction_id: 'x1', reference: 's1' });
    assert.deepEqual(await balanceOf(affiliateId), ['10.00 USD']);
    await settled({ event: 'chargeback', transaction_id: 'x2', reference: 's2' });
    assert.deepEqual(await pendings(), [
      '0.00 USD',
      '0.00 USD',
      '0.00 USD',
      '0.00 USD',
      '0.00 USD',
      'nothing',
    ]);

    const postbacksOf = async (endpointId: string) => {
      const { rows } = await api.pool.query<{ body: string }>(
        `select body from deliveries where endpoint_id = $1 order by id`,
        [endpointId],
      );
      return rows.map(({ body }) => JSON.parse(body) as { type: string; data: Record<string, string> });
    };
    const parents = await postbacksOf(parentEndpoint.id);
    assert.deepEqual(
      parents.map(({ type, data }) => [type, data['via'], data['payout_delta'], data['payout']]),
      [
        ['conversion.created', affiliateId, '1.00', '1.00'],
        // The place under the cap moved from the first sale to the second, which then loses it.
        ['conversion.reversed', affiliateId, '-1.00', '0.00'],
        ['conversion.adjusted', affiliateId, '1.00', '1.00'],
        ['conversion.reversed', affiliateId, '-1.00', '0.00'],
      ],
    );
    assert.deepEqual([parents[0]!.data['event_id'], parents[0]!.data['affiliate_id']], [sale, levels[0]]);
    const operators = (await postbacksOf(own.id)).filter(({ data }) => data['event_id'] === sale);
    assert.deepEqual(
      operators.map(({ data }) => data['via'] ?? 'its own'),
      ['its own', ...Array<string>(5).fill(affiliateId)],
    );
  });
});
