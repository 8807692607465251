// Tests of dry runs: the answer shows attribution, commission and postbacks, and nothing is stored.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { withApi, type TestApi } from '../../support/api.ts';

type Money = { amount: string; formula: string };
type DryRunResult = {
  dry_run?: true;
  would_be: string;
  id?: string;
  status: string;
  reason?: string;
  attribution: { affiliate_id: string; method: string } | null;
  commissions: Money[];
  transfers: unknown[];
  postbacks: { endpoint_id: string; type: string; body: { data: Record<string, string> } }[];
};

let api: TestApi;
let key: string;
let clickId: string;
let affiliateId: string;
let endpointId: string;

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  const post = async (path: string, body: object) =>
    (await api.call<Record<string, string>>(`POST /v1/${path}`, { key, body })).body;
  affiliateId = (await post('affiliates', { name: 'a' }))['id']!;
  const components = [{ kind: 'cpa', on: 'ftd', amount: '200.00' }];
  await post('deals', { name: 'd', affiliate_id: affiliateId, terms: { components } });
  endpointId = (await post('endpoints', { affiliate_id: affiliateId, url: 'http://127.0.0.1:9/' }))['id']!;
  clickId = (await post('clicks', { affiliate_id: affiliateId, sub1: 's' }))['click_id']!;
});
after(() => api.close());

const ftd = (more: object = {}) => ({
  event: 'ftd',
  customer_id: 'c',
  click_id: clickId,
  amount: '500',
  currency: 'USD',
  ...more,
});
const dryRun = (body: object) => api.call<DryRunResult>('POST /v1/events?dry_run=true', { key, body });

/** How many rows every table has, without those that are written some time after their request. */
async function rows(): Promise<Record<string, number>> {
  const { rows: tables } = await api.pool.query<{ name: string }>(
    `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
  );
  const names = tables.map(({ name }) => name).filter((name) => !/^(refusal|audit_log)/.test(name));
  const counts = await api.pool.query<Record<string, number>>(
    `select ${names.map((name) => `(select count(*)::int from ${name}) as "${name}"`).join(', ')}`,
  );
  return counts.rows[0]!;
}

describe('a dry run', () => {
  test('a dry run shows attribution, commissions and postbacks of the event, and stores nothing', async () => {
    const earlier = await rows();
    const { status, body } = await dryRun(ftd());
    assert.deepEqual([status, body.dry_run, body.would_be, body.status], [200, true, 'accepted', 'settled']);
    assert.deepEqual(body.attribution, { affiliate_id: affiliateId, method: 'click', click_id: clickId });
    assert.deepEqual(
      body.commissions.map(({ amount }) => amount),
      ['200.00'],
    );
    assert.equal(body.transfers.length, 1);
    const [planned] = body.postbacks;
    assert.deepEqual(
      [planned?.endpoint_id, planned?.type, planned?.body.data['payout'], planned?.body.data['sub1']],
      [endpointId, 'conversion.created', '200.00', 's'],
    );
    assert.deepEqual(await rows(), earlier);
    assert.deepEqual(api.accepted, []);
    // Once more: caches filled by the first dry run must not change the result.
    assert.equal((await dryRun(ftd())).body.status, 'settled');
  });

  test('a dry run of a batch applies its events in order and returns a result for each', async () => {
    const earlier = await rows();
    const events = [
      ftd({ customer_id: 'b', transaction_id: 'b-1' }),
      { event: 'chargeback', transaction_id: 'b-2', reference: 'b-1', amount: '500', currency: 'USD' },
      { event: 'party' },
      ftd({ customer_id: 'b', transaction_id: 'b-1' }),
      ftd({ customer_id: 'b', transaction_id: 'b-1', amount: '1' }),
      ftd({ customer_id: 'unknown', click_id: 'unknown', transaction_id: 'b-3' }),
    ];
    type Results = { results: (Partial<DryRunResult> & { error?: { code: string } })[] };
    const { body } = await api.call<Results>('POST /v1/events/batch?dry_run=1', { key, body: { events } });
    assert.deepEqual(
      body.results.map((one) => [one.would_be, one.status ?? one.error?.code, one.reason]),
      [
        ['accepted', 'settled', undefined],
        ['accepted', 'settled', undefined],
        ['invalid', 'unknown_event', undefined],
        ['duplicate', 'settled', undefined],
        ['conflict', 'conflict', undefined],
        ['accepted', 'orphaned', 'unknown_click'],
      ],
    );
    assert.deepEqual(
      body.results[1]!.postbacks?.map(({ type, body: planned }) => [type, planned.data['payout_delta']]),
      [['conversion.reversed', '-200.00']],
    );
    assert.deepEqual(await rows(), earlier);
  });

  test('a dry run of an event that was already sent returns its stored id and status', async () => {
    const { body: sent } = await api.call<{ id: string }>('POST /v1/events', {
      key,
      body: ftd({ customer_id: 'sent' }),
    });
    const again = await dryRun(ftd({ customer_id: 'sent' }));
    assert.deepEqual(
      [again.body.would_be, again.body.id, again.body.status],
      ['duplicate', sent.id, 'accepted'],
    );
    assert.equal((await dryRun(ftd({ customer_id: 'sent', amount: '1' }))).status, 409);
    const { rowCount } = await api.pool.query(`select from event_conflicts`);
    assert.equal(rowCount, 0);
  });

  test('a dry run of an event that cannot be settled returns the reason, and sets no event aside', async () => {
    const post = async (path: string, body: object) =>
      (await api.call<Record<string, string>>(`POST /v1/${path}`, { key, body })).body;
    const { id } = await post('affiliates', { name: 'percent' });
    const components = [{ kind: 'percent', on: 'sale', percent: '10' }];
    await post('deals', { name: 'p', affiliate_id: id, terms: { currency: 'USD', components } });
    const { click_id } = await post('clicks', { affiliate_id: id });
    const earlier = await rows();
    const sale = {
      event: 'sale',
      transaction_id: 'e-1',
      customer_id: 'e',
      click_id,
      amount: '1',
      currency: 'EUR',
    };
    const { body } = await dryRun(sale);
    assert.deepEqual([body.status, body.reason, body.postbacks], ['set_aside', 'no_exchange_rate', []]);
    assert.deepEqual(await rows(), earlier);
  });

  test('a dry run needs an explicit dry_run=true, and accepts at most a hundred events', async () => {
    assert.equal((await api.call('POST /v1/events?dry_run=maybe', { key, body: ftd() })).status, 400);
    assert.equal((await api.call('POST /v1/events?dryrun=true', { key, body: ftd() })).status, 400);
    assert.equal(
      (await api.call('POST /v1/events?dry_run=false', { key, body: ftd({ customer_id: 'f' }) })).status,
      202,
    );
    const events = Array.from({ length: 101 }, () => ({ event: 'kyc', customer_id: 'x' }));
    assert.equal(
      (await api.call('POST /v1/events/batch?dry_run=true', { key, body: { events } })).status,
      400,
    );
    assert.equal((await dryRun({ event: 'party' })).status, 400);
  });
});

test('concurrent dry runs and real events of the same customers do not affect each other', async () => {
  const earlier = await rows();
  const dry = Array.from({ length: 8 }, (_, n) => dryRun(ftd({ customer_id: `side-${n}` })));
  const real = Array.from({ length: 8 }, (_, n) =>
    api.call('POST /v1/events', { key, body: ftd({ customer_id: `side-${n}` }) }),
  );
  assert.ok((await Promise.all(real)).every(({ status }) => status === 202));
  assert.ok((await Promise.all(dry)).every(({ status }) => status === 200));
  assert.equal((await rows())['events'], earlier['events']! + 8);
});
