// Time decides whose an event is, as an operator's engineer meets it: events before clicks, known
// customers, assignments from a date on, closed affiliates, and customers moved by hand.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createMatchOrphans } from '../../../activities/settlement/match-orphans.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { applyChanges, createSettling } from '../../support/settling.ts';

type Body = Record<string, unknown> & { id: string };
type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };

let api: TestApi;

before(async () => {
  api = await withApi();
});
after(() => api.close());

const DAY_MS = 86_400_000;
/** A moment so many days ago, as RFC 3339. */
const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

/** An operator of the test's own with a default deal, and the calls that the tests need. */
async function withBroker(components: object[]) {
  const { id: operatorId, key } = await api.newOperator();
  const call = async <Made = Body>(request: string, body: object, expected: number): Promise<Made> => {
    const answer = await api.call<Made>(request, { key, body });
    assert.equal(answer.status, expected, JSON.stringify(answer.body));
    return answer.body;
  };
  const post = <Made = Body>(path: string, body: object, expected = 201) =>
    call<Made>(`POST /v1/${path}`, body, expected);
  const get = async <Found = Body>(path: string): Promise<Found> =>
    (await api.call<Found>(`GET /v1/${path}`, { key })).body;
  await post('deals', { name: 'D', terms: { hold_days: 0, components } });
  const settle = createSettling(api.pool);
  const { matchOrphans } = createMatchOrphans({
    pool: api.pool,
    ...createSettle({ pool: api.pool }),
    handOver: () => Promise.resolve({ workflows: 0 }),
  });
  return {
    operatorId,
    post,
    get,
    patch: (path: string, body: object) => call(`PATCH /v1/${path}`, body, 200),
    affiliate: async (name: string) => (await post('affiliates', { name })).id,
    click: async (affiliateId: string, more: object = {}) =>
      String((await post('clicks', { affiliate_id: affiliateId, ...more }))['click_id']),
    /** Takes an event in and settles it as a batch of its own. */
    send: async (event: object): Promise<string> => {
      const { id } = await post('events', { currency: 'USD', ...event }, 202);
      await settle(operatorId, [id]);
      return id;
    },
    again: (id: string) => settle(operatorId, [id]),
    /** Settles orphans whose evidence came; returns how many. */
    rematch: async () => (await matchOrphans({ operatorId, after: null })).settled,
    /** The sum that an affiliate has earned and not lost, in USD. */
    earned: async (affiliateId: string) => {
      const { balances } = await get<{ balances: { pending: string }[] }>(
        `affiliates/${affiliateId}/balance`,
      );
      return balances[0]?.pending ?? '0.00';
    },
    counts: async () => (await get<{ counts: Record<string, number> }>('orphans')).counts,
    trace: async (id: string) => {
      const { status, reason, attribution, considered } = await get<{
        status: string;
        reason?: string;
        attribution: { affiliate_id: string; method: string } | null;
        considered: { evidence: string; verdict: string }[];
      }>(`events/${id}`);
      const verdicts = considered.map(({ evidence, verdict }) => `${evidence} ${verdict}`);
      return [[status, reason ?? attribution?.method].join(' '), ...verdicts];
    },
  };
}

const FTD_AND_REVENUE = [
  { kind: 'cpa', on: 'ftd', amount: '200.00' },
  { kind: 'revshare', on: ['revenue'], percent: '25' },
];
const EVERY_SALE = [{ kind: 'percent', on: ['sale', 'ftd', 'deposit'], percent: '10' }];

/** A first deposit 300 days ago, and nine revenues of 1,000.00 since, all without evidence. */
async function sendOldHistory(send: (event: object) => Promise<string>): Promise<void> {
  const of = { customer_id: 'vip' };
  await send({ ...of, event: 'ftd', amount: '500.00', occurred_at: ago(300) });
  for (let month = 1; month <= 9; month++)
    await send({
      ...of,
      event: 'revenue',
      transaction_id: `r${month}`,
      amount: '1000.00',
      occurred_at: ago(300 - 30 * month),
    });
}

describe('an event before the click of its customer', () => {
  const revenue = { event: 'revenue', customer_id: 'vip', transaction_id: 'now', amount: '10.00' };

  test('earns nothing when the customer clicks a link later, nor is it looked at again and again', async () => {
    const { affiliate, click, send, earned, counts, rematch, get, trace } = await withBroker(FTD_AND_REVENUE);
    const id = await affiliate('A');
    await sendOldHistory(send);
    assert.deepEqual(await counts(), { no_evidence: 10 });
    await send({ ...revenue, click_id: await click(id) });
    assert.equal(await earned(id), '2.50');
    assert.deepEqual(await counts(), { before_click: 10 });
    assert.equal(await rematch(), 0);
    const old = await send({ ...revenue, transaction_id: 'late', occurred_at: ago(1) });
    assert.deepEqual(await trace(old), ['orphaned before_click', 'binding before_click']);
    assert.equal(await rematch(), 0);

    type Checks = { checks: { check: string; state: string; events?: number; examples?: string[] }[] };
    const { checks } = await get<Checks>('onboarding');
    const check = checks.find((one) => one.check === 'events_before_clicks');
    assert.deepEqual([check?.state, check?.events, check?.examples?.[0]], ['attention', 11, old]);
  });

  test('earns nothing when the customer uses a coupon later', async () => {
    const { affiliate, post, send, earned, counts } = await withBroker(FTD_AND_REVENUE);
    const id = await affiliate('A');
    await sendOldHistory(send);
    await post('coupons', { code: 'SPRING', affiliate_id: id });
    await send({ ...revenue, coupon: 'spring' });
    assert.equal(await earned(id), '2.50');
    assert.deepEqual(await counts(), { before_click: 10 });
  });

  test('earns nothing by the click that it names itself, and can be assigned by hand', async () => {
    const { affiliate, click, post, send, earned, trace, rematch } = await withBroker(FTD_AND_REVENUE);
    const id = await affiliate('A');
    const ftd = { event: 'ftd', customer_id: 'u', amount: '500.00', click_id: await click(id) };
    const event = await send({ ...ftd, occurred_at: ago(400) });
    assert.deepEqual(await trace(event), ['orphaned before_click', 'click before_click']);
    assert.deepEqual([await earned(id), await rematch()], ['0.00', 0]);
    await post(`orphans/${event}/assign`, { affiliate_id: id }, 202);
    assert.deepEqual([await rematch(), await earned(id)], [1, '200.00']);
  });

  test('binds the customer by its own older click, though another one bound the customer', async () => {
    const { operatorId, affiliate, click, send, earned, trace } = await withBroker(EVERY_SALE);
    const [a, b] = [await affiliate('A'), await affiliate('B')];
    const older = await click(a, { clicked_at: ago(3) });
    const sale = { event: 'sale', customer_id: 'u', amount: '100.00' };
    const first = await send({ ...sale, transaction_id: '1', click_id: await click(b) });
    assert.deepEqual([await earned(a), await earned(b)], ['0.00', '10.00']);
    const late = await send({ ...sale, transaction_id: '2', click_id: older, occurred_at: ago(2) });
    const next = await send({ ...sale, transaction_id: '3', click_id: older });
    await applyChanges(api.pool, operatorId);
    assert.deepEqual([await earned(a), await earned(b)], ['30.00', '0.00']);
    assert.deepEqual(await trace(late), ['settled click', 'click decided']);
    assert.deepEqual(await trace(next), ['settled click', 'binding agreed', 'click decided']);
    assert.deepEqual(await trace(first), ['settled binding', 'binding decided', 'click outranked']);
  });
});

describe('a customer who was there before the click', () => {
  const sale = { event: 'sale', customer_id: 'u', amount: '100.00' };

  test('is nobody\u2019s where the operator ignores existing customers, unless a person assigns an event', async () => {
    const { affiliate, click, post, patch, get, send, earned, trace, rematch } = await withBroker(EVERY_SALE);
    assert.equal((await get('operator'))['existing_customers'], 'bind');
    assert.equal((await patch('operator', { existing_customers: 'ignore' }))['existing_customers'], 'ignore');
    const id = await affiliate('A');
    await post('coupons', { code: 'SPRING', affiliate_id: id });
    await send({ ...sale, transaction_id: '1', occurred_at: ago(300) });
    const clicked = await send({ ...sale, transaction_id: '2', click_id: await click(id) });
    const withCoupon = await send({ ...sale, transaction_id: '3', coupon: 'spring' });
    assert.deepEqual(await trace(clicked), ['orphaned existing_customer', 'click existing_customer']);
    assert.deepEqual(await trace(withCoupon), ['orphaned existing_customer', 'coupon existing_customer']);
    assert.deepEqual([await earned(id), await rematch()], ['0.00', 0]);
    await send({ ...sale, customer_id: 'new', transaction_id: '4', click_id: await click(id) });
    assert.equal(await earned(id), '10.00');

    await post(`orphans/${clicked}/assign`, { affiliate_id: id }, 202);
    // The assignment binds the customer, so that what came after it is matched too.
    assert.equal(await rematch(), 3);
    assert.deepEqual(
      [(await trace(clicked))[0], (await trace(withCoupon))[0]],
      ['settled manual', 'settled binding'],
    );
    assert.equal(await earned(id), '30.00');
  });

  test('is found again once the operator no longer ignores existing customers', async () => {
    const { affiliate, click, patch, send, earned, rematch } = await withBroker(EVERY_SALE);
    await patch('operator', { existing_customers: 'ignore' });
    const id = await affiliate('A');
    await send({ ...sale, transaction_id: '1', occurred_at: ago(300) });
    await send({ ...sale, transaction_id: '2', click_id: await click(id) });
    await patch('operator', { existing_customers: 'bind' });
    await rematch();
    assert.equal(await earned(id), '10.00');
  });
});

test('an assignment from a date on brings the affiliate what its customer did since then', async () => {
  const { affiliate, post, send, earned, counts, rematch } = await withBroker(EVERY_SALE);
  const [id, other] = [await affiliate('A'), await affiliate('B')];
  const sale = { event: 'sale', customer_id: 'u', amount: '100.00' };
  await send({ ...sale, transaction_id: '1', occurred_at: ago(40) });
  await send({ ...sale, transaction_id: '2', occurred_at: ago(20) });
  const event = await send({ ...sale, transaction_id: '3', occurred_at: ago(10) });
  const assign = <Made = Body>(body: object, expected: number) =>
    post<Made>(`orphans/${event}/assign`, { affiliate_id: id, ...body }, expected);
  for (const from of [ago(9), ago(-2), 'yesterday'])
    assert.deepEqual(
      (await assign<Failure>({ from }, 400)).error.issues?.map(({ path, code }) => `${path} ${code}`),
      ['from invalid_time'],
    );
  const from = ago(30);
  await assign({ from }, 202);
  await assign({ from }, 202);
  await assign({}, 409);
  await assign({ from, affiliate_id: other }, 409);
  await rematch();
  assert.equal(await earned(id), '20.00');
  assert.deepEqual(await counts(), { before_click: 1 });
});

test('an event that is set aside for want of a rate binds its customer', async () => {
  const { affiliate, click, post, send, again, earned, trace } = await withBroker(EVERY_SALE);
  const [a, b] = [await affiliate('A'), await affiliate('B')];
  const ftd = {
    event: 'ftd',
    customer_id: 'u',
    amount: '1000.00',
    currency: 'EUR',
    click_id: await click(a),
  };
  const aside = await send(ftd);
  await send({
    event: 'deposit',
    customer_id: 'u',
    transaction_id: 'd',
    amount: '100.00',
    click_id: await click(b),
  });
  assert.deepEqual([await earned(a), await earned(b)], ['10.00', '0.00']);
  await post('fx-rates', { base: 'EUR', quote: 'USD', rate: '1.1', source: 'test', as_of: ago(1) });
  await again(aside);
  assert.deepEqual([await earned(a), await earned(b)], ['120.00', '0.00']);
  assert.deepEqual(await trace(aside), ['settled click', 'click decided']);
});

test('an affiliate attributes nothing from its closing on, by click, coupon or binding', async () => {
  const { operatorId, affiliate, click, post, send, earned, trace, rematch } = await withBroker(EVERY_SALE);
  const id = await affiliate('A');
  const sale = { event: 'sale', customer_id: 'u', amount: '100.00' };
  const clickId = await click(id, { clicked_at: ago(3) });
  await post('coupons', { code: 'SPRING', affiliate_id: id });
  await send({ ...sale, transaction_id: '1', click_id: clickId, occurred_at: ago(2) });
  const close = (moment: string | null) =>
    api.pool.query(
      `update affiliates set closed_at = $2::timestamptz, state = case when $2 is null then 'active' else 'closed' end
       where operator_id = $1`,
      [operatorId, moment],
    );
  await close(ago(1));
  const events = [
    await send({ ...sale, transaction_id: '2' }),
    await send({ ...sale, transaction_id: '3', customer_id: 'v', click_id: clickId }),
    await send({ ...sale, transaction_id: '4', customer_id: 'w', coupon: 'spring' }),
  ];
  const closed = ['binding', 'click', 'coupon'].map((kind) => [
    'orphaned affiliate_closed',
    `${kind} affiliate_closed`,
  ]);
  assert.deepEqual(await Promise.all(events.map(trace)), closed);
  assert.equal(await rematch(), 0);
  await send({ ...sale, transaction_id: '5', occurred_at: ago(1.5) });
  assert.equal(await earned(id), '20.00');
  await close(null);
  assert.deepEqual([await rematch(), await earned(id)], [3, '50.00']);
});

test('a customer moved by hand is the new affiliate\u2019s from that moment on', async () => {
  const { operatorId, affiliate, click, send, earned, trace, rematch } = await withBroker(EVERY_SALE);
  const [a, b] = [await affiliate('A'), await affiliate('B')];
  const sale = { event: 'sale', customer_id: 'u', amount: '100.00' };
  await send({
    ...sale,
    transaction_id: '1',
    click_id: await click(a, { clicked_at: ago(9) }),
    occurred_at: ago(8),
  });
  const orphan = await send({ ...sale, transaction_id: '2', customer_id: 'v', occurred_at: ago(2) });
  for (const customer of ['u', 'v'])
    await api.pool.query(
      `insert into reassignments (operator_id, id, customer_id, affiliate_id, from_at, reason, actor)
       values ($1, $2, $3, $4, $5, 'test', 'key_test')`,
      [operatorId, newId('evt'), customer, b, ago(5)],
    );
  const before1 = await send({ ...sale, transaction_id: '3', occurred_at: ago(6) });
  const after1 = await send({ ...sale, transaction_id: '4', occurred_at: ago(4) });
  assert.deepEqual(await trace(before1), ['settled binding', 'binding decided']);
  assert.deepEqual(await trace(after1), ['settled reassigned', 'reassignment decided', 'binding outranked']);
  assert.deepEqual([await rematch(), await rematch()], [1, 0]);
  assert.deepEqual(await trace(orphan), ['settled reassigned', 'reassignment decided']);
  assert.deepEqual([await earned(a), await earned(b)], ['20.00', '20.00']);
});
