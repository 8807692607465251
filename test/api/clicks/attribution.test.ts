// Coupons, manual assignment of orphans, and the onboarding list, over HTTP. Their settlement is
// tested with the activities.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';
import { createSettling } from '../../support/settling.ts';

type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };
type Body = Record<string, unknown> & { id: string };

let api: TestApi;

before(async () => {
  api = await withApi();
});
after(() => api.close());

/** A new operator with one affiliate. */
async function withBroker() {
  const { id: operatorId, key } = await api.newOperator();
  const post = async <Made = Body>(path: string, body: object, expected = 201): Promise<Made> => {
    const answer = await api.call<Made>(`POST /v1/${path}`, { key, body });
    assert.equal(answer.status, expected, JSON.stringify(answer.body));
    return answer.body;
  };
  const get = async <Found = Body>(path: string): Promise<Found> =>
    (await api.call<Found>(`GET /v1/${path}`, { key })).body;
  const { id: affiliateId } = await post('affiliates', { name: 'Bounty', external_id: 'bounty' });
  const settle = createSettling(api.pool);
  /** Sends an event and settles it as a batch of its own. */
  const settled = async (body: object): Promise<string> => {
    const { id } = await post('events', body, 202);
    await settle(operatorId, [id]);
    return id;
  };
  return { operatorId, key, affiliateId, post, get, settled };
}

describe('a coupon', () => {
  test('a coupon has a code that is unique in any case until the coupon is deleted', async () => {
    const { operatorId, key, affiliateId, post, get } = await withBroker();
    const { created_at: _, ...coupon } = await post('coupons', {
      code: 'Spring-26',
      affiliate_id: affiliateId,
    });
    assert.deepEqual(coupon, {
      id: coupon.id,
      code: 'Spring-26',
      affiliate_id: affiliateId,
      binds_customer: true,
      starts_at: null,
      ends_at: null,
    });
    assert.equal(api.rematched.at(-1), operatorId);
    const twin = { code: 'SPRING-26', affiliate_id: affiliateId };
    assert.equal((await post<Failure>('coupons', twin, 409)).error.code, 'conflict');
    assert.equal((await api.call(`DELETE /v1/coupons/${coupon.id}`, { key })).status, 204);
    assert.equal((await api.call(`DELETE /v1/coupons/${coupon.id}`, { key })).status, 404);
    const next = await post('coupons', twin);
    assert.deepEqual(
      (await get<{ data: Body[] }>('coupons')).data.map(({ id }) => id),
      [next.id],
    );
  });

  test('a coupon is refused without an affiliate, with spaces in its code, or with an end before its start', async () => {
    const { affiliateId, post } = await withBroker();
    const issues = async (body: object) =>
      (await post<Failure>('coupons', body, 400)).error.issues?.map(({ path, code }) => `${path} ${code}`);
    assert.deepEqual(await issues({ code: 'A', affiliate_id: 'aff_00000000000000000000000000' }), [
      'affiliate_id unknown_affiliate',
    ]);
    assert.deepEqual(await issues({ code: 'A B', affiliate_id: affiliateId }), ['code invalid_format']);
    const times = { starts_at: '2026-02-01T00:00:00Z', ends_at: '2026-01-01T00:00:00Z' };
    assert.deepEqual(await issues({ code: 'A', affiliate_id: affiliateId, ...times }), [
      'ends_at invalid_time',
    ]);
  });
});

describe('an orphan', () => {
  const deposit = { event: 'deposit', amount: '10.00', currency: 'USD' };

  test('an orphan is listed with its reason, and orphans are counted by reason', async () => {
    const { get, settled } = await withBroker();
    const ids = [
      await settled({ ...deposit, transaction_id: '1', customer_id: 'a' }),
      await settled({ ...deposit, transaction_id: '2', customer_id: 'b', click_id: 'lost' }),
      await settled({ ...deposit, transaction_id: '3', customer_id: 'c', coupon: 'NOBODYS' }),
      await settled({ event: 'chargeback', transaction_id: '4', reference: 'missing' }),
    ];
    type Orphans = { data: Body[]; counts: Record<string, number> };
    const { data, counts } = await get<Orphans>('orphans');
    assert.deepEqual(
      data.map(({ id, reason }) => [id, reason]),
      [
        [ids[3], 'no_conversion'],
        [ids[2], 'unknown_coupon'],
        [ids[1], 'unknown_click'],
        [ids[0], 'no_evidence'],
      ],
    );
    assert.deepEqual(counts, { no_conversion: 1, no_evidence: 1, unknown_click: 1, unknown_coupon: 1 });
    assert.deepEqual(
      (await get<Orphans>('orphans?reason=unknown_click')).data.map(({ id }) => id),
      [ids[1]],
    );
  });

  test('an orphan is assigned manually to one affiliate, once, and the evidence names the API key', async () => {
    const { operatorId, affiliateId, post, settled } = await withBroker();
    const id = await settled({ ...deposit, transaction_id: '1', customer_id: 'a' });
    const other = await post('affiliates', { name: 'Other' });
    const given = { affiliate_id: affiliateId };
    assert.deepEqual(await post(`orphans/${id}/assign`, given, 202), {
      id,
      status: 'assigned',
      affiliate_id: affiliateId,
    });
    assert.equal(api.rematched.at(-1), operatorId);
    await post(`orphans/${id}/assign`, given, 202);
    assert.equal(
      (await post<Failure>(`orphans/${id}/assign`, { affiliate_id: other.id }, 409)).error.code,
      'conflict',
    );
    const { rows } = await api.pool.query<{ actor: string }>(
      `select actor from assignments where operator_id = $1 and actor in (select id from api_keys where operator_id = $1)`,
      [operatorId],
    );
    assert.equal(rows.length, 1);
  });

  test('an event cannot be assigned if it has an affiliate, waits for its conversion or belongs to another operator, or to an unknown affiliate', async () => {
    const { affiliateId, post, settled, key } = await withBroker();
    const { click_id: clickId } = await post<{ click_id: string }>('clicks', { affiliate_id: affiliateId });
    const attributed = await settled({
      ...deposit,
      transaction_id: '1',
      customer_id: 'a',
      click_id: clickId,
    });
    const waiting = await settled({ event: 'chargeback', transaction_id: '2', reference: 'missing' });
    const given = { affiliate_id: affiliateId };
    for (const id of [attributed, waiting])
      assert.equal((await post<Failure>(`orphans/${id}/assign`, given, 422)).error.code, 'not_possible');
    const strange = await withBroker();
    const orphan = await strange.settled({ ...deposit, transaction_id: '1', customer_id: 'a' });
    for (const id of [orphan, 'x', 'evt_00000000000000000000000000'])
      await post(`orphans/${id}/assign`, given, 404);
    const foreign = await api.call<Failure>(`POST /v1/orphans/${attributed}/assign`, {
      key,
      body: { affiliate_id: strange.affiliateId },
    });
    assert.deepEqual(
      foreign.body.error.issues?.map(({ code }) => code),
      ['unknown_affiliate'],
    );
  });
});

describe('the trace of an event lists the candidates for attribution', () => {
  type Considered = {
    evidence: string;
    id: string;
    affiliate_id: string | null;
    at: string | null;
    verdict: string;
  };
  const sale = { event: 'sale', amount: '10.00', currency: 'USD' };

  test('the trace lists click and coupon of other affiliates than the one that the customer is bound to', async () => {
    const { affiliateId, post, get, settled } = await withBroker();
    const other = await post('affiliates', { name: 'Other' });
    const clickOf = async (id: string) => String((await post('clicks', { affiliate_id: id }))['click_id']);
    const [first, second] = [await clickOf(affiliateId), await clickOf(other.id)];
    await post('coupons', { code: 'Spring', affiliate_id: affiliateId });
    const bound = await settled({ event: 'registration', customer_id: 'c', click_id: first });
    const id = await settled({
      ...sale,
      transaction_id: '1',
      customer_id: 'c',
      click_id: second,
      coupon: ' SPRING ',
    });
    const consideredOf = async (event: string) =>
      (await get<{ considered: Considered[] }>(`events/${event}`)).considered;
    const words = ({ evidence, id: name, affiliate_id, verdict }: Considered) => [
      evidence,
      name,
      affiliate_id,
      verdict,
    ];
    assert.deepEqual((await consideredOf(id)).map(words), [
      ['binding', bound, affiliateId, 'decided'],
      ['click', second, other.id, 'outranked'],
      ['coupon', 'SPRING', affiliateId, 'agreed'],
    ]);
    assert.deepEqual((await consideredOf(bound)).map(words), [['click', first, affiliateId, 'decided']]);
    const takenBack = await settled({ event: 'chargeback', transaction_id: '2', reference: '1' });
    assert.deepEqual(await consideredOf(takenBack), [], 'a reversal is attributed by its sale');
  });

  test('the trace lists evidence that was not found, expired, no longer valid or an own referral', async () => {
    const { affiliateId, key, post, get, settled } = await withBroker();
    const verdictsOf = async (event: object) => {
      const id = await settled({ ...sale, transaction_id: JSON.stringify(event), ...event });
      const { status, considered } = await get<{ status: string; considered: Considered[] }>(`events/${id}`);
      return [status, ...considered.map(({ evidence, verdict }) => `${evidence} ${verdict}`)];
    };
    const clickedAt = async (clicked_at: string) =>
      String((await post('clicks', { affiliate_id: affiliateId, clicked_at }))['click_id']);
    const [old, own] = [await clickedAt('2020-01-01T00:00:00Z'), await clickedAt(new Date().toISOString())];
    await post('coupons', { code: 'OVER', affiliate_id: affiliateId, ends_at: '2020-01-01T00:00:00Z' });
    const { id: removed } = await post('coupons', { code: 'GONE', affiliate_id: affiliateId });
    await api.call(`DELETE /v1/coupons/${removed}`, { key });
    await post('coupons', { code: 'GOOD', affiliate_id: affiliateId });
    assert.deepEqual(await verdictsOf({ customer_id: 'a' }), ['orphaned']);
    assert.deepEqual(await verdictsOf({ customer_id: 'b', click_id: 'lost', coupon: 'GONE' }), [
      'orphaned',
      'click not_found',
      'coupon not_found',
    ]);
    assert.deepEqual(await verdictsOf({ customer_id: 'c', click_id: old, coupon: 'OVER' }), [
      'rejected',
      'click expired',
      'coupon not_valid',
    ]);
    assert.deepEqual(await verdictsOf({ customer_id: 'd', click_id: old, coupon: 'GOOD' }), [
      'settled',
      'click expired',
      'coupon decided',
    ]);
    assert.deepEqual(await verdictsOf({ customer_id: 'bounty', click_id: own }), [
      'rejected',
      'click own_referral',
    ]);
  });

  test('the trace lists evidence after a manual assignment, and evidence that arrived too late', async () => {
    const { operatorId, affiliateId, post, get, settled } = await withBroker();
    const id = await settled({
      ...sale,
      transaction_id: '1',
      customer_id: 'a',
      click_id: 'late',
      coupon: 'LATE',
    });
    const verdicts = async () =>
      (await get<{ considered: Considered[] }>(`events/${id}`)).considered.map(
        ({ evidence, verdict }) => `${evidence} ${verdict}`,
      );
    await post('coupons', { code: 'LATE', affiliate_id: affiliateId });
    assert.deepEqual(await verdicts(), ['click not_found', 'coupon came_later']);
    await post(`orphans/${id}/assign`, { affiliate_id: affiliateId }, 202);
    assert.deepEqual(await verdicts(), ['assignment came_later', 'click not_found', 'coupon came_later']);
    await createSettling(api.pool)(operatorId, [id]);
    assert.deepEqual(await verdicts(), ['assignment decided', 'click not_found', 'coupon agreed']);
    await post('clicks', { affiliate_id: affiliateId, click_id: 'late' });
    assert.deepEqual(await verdicts(), ['assignment decided', 'click came_later', 'coupon agreed']);
  });
});

test('onboarding shows an integration check as missing until its signal was received', async () => {
  const { affiliateId, post, get, settled } = await withBroker();
  type Onboarding = {
    capture_script: string;
    checks: { check: string; state: string; todo: string; types?: { event: string; state: string }[] }[];
  };
  const states = async () =>
    Object.fromEntries(
      (await get<Onboarding>('onboarding')).checks.map(({ check, state }) => [check, state]),
    );
  const { capture_script: script, checks } = await get<Onboarding>('onboarding');
  assert.equal(script, '<script src="http://track.example/capture.js" async></script>');
  assert.ok(
    checks.every(({ check, state, todo }) =>
      state === 'ok'
        ? ['refused_calls', 'placeholder_ids', 'events_before_clicks', 'reversals_that_name_little'].includes(
            check,
          )
        : todo.endsWith('.'),
    ),
  );

  const components = [
    { kind: 'cpa', on: 'ftd', amount: '200.00' },
    { kind: 'revshare', on: ['revenue'], percent: '10' },
  ];
  await post('deals', { name: 'D', terms: { components } });
  const link = await post('links', { affiliate_id: affiliateId, landing_url: 'http://shop.example/' });
  const location = (
    await fetch(`${api.url}/c/${link.id}`, {
      redirect: 'manual',
      headers: { 'user-agent': 'Mozilla/5.0 Firefox' },
    })
  ).headers.get('location');
  const clickId = new URL(location!).searchParams.get('click_id');
  await api.pool.query(`update clicks set seen_at = now() where id = $1`, [clickId]);
  await settled({ event: 'registration', customer_id: 'a', click_id: clickId });
  await settled({ event: 'revenue', transaction_id: '1', customer_id: 'a', amount: '5.00', currency: 'USD' });
  assert.deepEqual(await states(), {
    test_click: 'ok',
    clicks_come_back: 'ok',
    registration_with_click: 'ok',
    event_types: 'missing',
    refused_calls: 'ok',
    placeholder_ids: 'ok',
    signed_event: 'missing',
    registrations_without_click: 'ok',
    payments_sent_twice: 'missing',
    deposits_without_amount: 'missing',
    events_before_clicks: 'ok',
    revenue_without_ftd: 'attention',
    reversals_that_name_little: 'ok',
  });
  const types = (await get<Onboarding>('onboarding')).checks.find(
    ({ check }) => check === 'event_types',
  )?.types;
  assert.deepEqual(
    types?.map(({ event, state }) => `${event} ${state}`),
    ['registration ok', 'ftd missing', 'revenue ok'],
  );

  await settled({ event: 'ftd', customer_id: 'a', amount: '100.00', currency: 'USD' });
  const { event_types: typesNow, revenue_without_ftd: revenueNow } = await states();
  assert.deepEqual([typesNow, revenueNow], ['ok', 'ok']);
});
