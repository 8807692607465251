// Tests of reading events, traces and balances over HTTP.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { withApi, type TestApi } from '../../support/api.ts';

type Row = Record<string, string> & { id: string };
type List = { data: Row[]; next_cursor: string | null };
type Trace = {
  status: string;
  attribution: Row;
  commissions: (Row & { deal_version: number })[];
  transfers: Row[];
  deliveries: (Row & { attempts: number })[];
  workflow_id: string;
  workflow_url: string;
};

let api: TestApi;
let key: string;
let operatorId: string;
let affiliateId: string;
let endpointId: string;
let ftd: string;
let refund: string;
let revenue: string;
let orphan: string;

/**
 * One affiliate with a CPA and a revenue share; a half refunded first deposit, two revenues, and an
 * event of an unknown customer.
 */
before(async () => {
  api = await withApi();
  ({ key, id: operatorId } = await api.newOperator());
  affiliateId = (await post('affiliates', { name: 'Looked at' })).id;
  const components = [
    { kind: 'percent', on: 'ftd', percent: '10' },
    { kind: 'revshare', percent: '25' },
  ];
  await post('deals', { name: 'd', affiliate_id: affiliateId, terms: { components } });
  endpointId = (await post('endpoints', { affiliate_id: affiliateId, url: 'http://127.0.0.1:9/' })).id;
  const { click_id } = await post('clicks', {
    affiliate_id: affiliateId,
    clicked_at: '2026-10-01T00:00:00Z',
    sub1: 'spring',
  });
  ftd = await sendEvent({
    event: 'ftd',
    transaction_id: 't1',
    customer_id: 'c',
    click_id,
    amount: '500.00',
    occurred_at: '2026-10-02T00:00:00Z',
  });
  refund = await sendEvent({
    event: 'refund',
    transaction_id: 'r1',
    reference: 't1',
    amount: '250.00',
    occurred_at: '2026-10-03T00:00:00Z',
  });
  await sendEvent({
    event: 'revenue',
    transaction_id: 'n1',
    customer_id: 'c',
    amount: '10.00',
    occurred_at: '2026-10-04T00:00:00Z',
  });
  revenue = await sendEvent({
    event: 'revenue',
    transaction_id: 'n2',
    customer_id: 'c',
    amount: '30.02',
    occurred_at: '2026-10-05T00:00:00Z',
  });
  orphan = await sendEvent({ event: 'kyc', customer_id: 'stranger' });
  const settling = createSettle({ pool: api.pool });
  for (const { id } of api.accepted)
    await settling.settle({
      batchId: newId('bat'),
      owner: 'endpoint',
      operators: [{ operatorId, eventIds: [id] }],
    });
});
after(() => api.close());

async function post(path: string, body: object): Promise<Row> {
  const answer = await api.call<Row>(`POST /v1/${path}`, { key, body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

async function sendEvent(event: object): Promise<string> {
  return (await post('events', { currency: 'USD', ...event })).id;
}

async function get<T = Row>(path: string): Promise<T> {
  const { status, body } = await api.call<T>(`GET /v1/${path}`, { key });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

describe('the trace of an event', () => {
  test('the trace of an event shows attribution, commissions with their reasons, transfers and postbacks', async () => {
    const trace = await get<Trace>(`events/${ftd}`);
    assert.equal(trace.status, 'settled');
    assert.deepEqual(
      [trace.attribution['affiliate_id'], trace.attribution['method']],
      [affiliateId, 'click'],
    );
    const commission = trace.commissions[0]!;
    assert.deepEqual(
      [commission['component'], commission['amount'], commission['currency'], commission['state']],
      ['percent', '25.00', 'USD', 'pending'],
    );
    assert.equal(commission.deal_version, 1);
    assert.ok(commission['formula'] && commission['inputs'], 'the formula with its inputs');
    assert.deepEqual(
      trace.transfers.map((transfer) => [transfer['amount'], transfer['event_id']]),
      [
        ['50.00', ftd],
        ['25.00', refund],
      ],
    );
    assert.deepEqual(
      trace.deliveries.map((delivery) => [delivery['type'], delivery['endpoint_id'], delivery.attempts]),
      [
        ['conversion.created', endpointId, 0],
        ['conversion.reversed', endpointId, 0],
      ],
    );
    assert.match(trace.workflow_id, /^conversions\/bat_/);
    assert.ok(trace.workflow_url.startsWith('http://ui.example/'));
  });

  test("the trace of a reversal shows only the reversal's own transfers", async () => {
    const trace = await get<Trace>(`events/${refund}`);
    assert.deepEqual(trace.commissions, []);
    assert.deepEqual(
      trace.transfers.map((transfer) => transfer['amount']),
      ['25.00'],
    );
    assert.deepEqual(
      trace.deliveries.map((delivery) => delivery['type']),
      ['conversion.reversed'],
    );
  });

  test('the trace of an event with a monthly revenue share names the month and shows only transfers of the event', async () => {
    const trace = await get<Trace>(`events/${revenue}`);
    const share = trace.commissions[0]!;
    assert.deepEqual(
      [share['component'], share['period'], share['amount']],
      ['revshare', '2026-10', '10.00'],
    );
    assert.deepEqual(
      trace.transfers.map((transfer) => transfer['amount']),
      ['7.50'],
    );
  });
});

test('orphans are listed with their reason, also in the list of events by status', async () => {
  for (const list of [await get<List>('orphans'), await get<List>('events?status=orphaned')])
    assert.deepEqual(
      list.data.map(({ id, status, reason }) => [id, status, reason]),
      [[orphan, 'orphaned', 'no_evidence']],
    );
});

test('the ledger of an affiliate adds up to its balance', async () => {
  const { balances } = await get<{ balances: Row[] }>(`affiliates/${affiliateId}/balance`);
  assert.deepEqual(balances, [
    { currency: 'USD', pending: '35.00', payable: '0.00', in_payout: '0.00', paid: '0.00', debt: '0.00' },
  ]);
  const { data } = await get<List>(`affiliates/${affiliateId}/ledger?limit=200`);
  const pending = `pending/${affiliateId}`;
  const cents = data.map(
    (row) => Number(row['amount']!.replace('.', '')) * (row['credit_account'] === pending ? 1 : -1),
  );
  assert.equal(
    cents.reduce((sum, amount) => sum + amount, 0),
    3500,
  );
});

test('an event sent with Prefer: wait is answered with its trace once it is settled', async () => {
  const body = { event: 'kyc', customer_id: 'waited for' };
  const count = api.accepted.length;
  const answer = api.call<Row>('POST /v1/events', { key, body, headers: { prefer: 'wait=10' } });
  while (api.accepted.length === count) await new Promise((resolve) => setImmediate(resolve));
  const { id } = api.accepted.at(-1)!;
  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId, eventIds: [id] }],
  });
  const { status, headers, body: trace } = await answer;
  assert.deepEqual(
    [status, headers.get('preference-applied'), trace.id, trace['status']],
    [200, 'wait=10', id, 'orphaned'],
  );
});

describe('deliveries', () => {
  const list = async (query: string) => (await get<List>(`deliveries?${query}`)).data;

  test('deliveries are listed by state, endpoint, affiliate and event', async () => {
    assert.equal((await list('')).length, 4);
    assert.equal(
      (await list(`endpoint_id=${endpointId}&affiliate_id=${affiliateId}&state=pending`)).length,
      4,
    );
    assert.equal((await list(`event_id=${ftd}`)).length, 2);
    assert.equal((await list(`event_id=${refund}`)).length, 1);
    assert.equal((await list(`endpoint_id=${newId('ep')}`)).length, 0);
  });

  test('deliveries that were given up are stuck until acknowledged', async () => {
    const [delivery] = await list(`event_id=${revenue}`);
    const requestAction = async (action: string) =>
      (await api.call<Row>(`POST /v1/deliveries/${delivery!.id}/${action}`, { key })).status;
    assert.equal(await requestAction('acknowledge'), 422);
    await api.pool.query(
      `update deliveries set state = 'gave_up', owner = null, finished_at = now() where id = $1`,
      [delivery!.id],
    );
    const isStuck = async () => (await list('state=stuck')).some(({ id }) => id === delivery!.id);
    assert.ok(await isStuck());
    assert.equal(await requestAction('acknowledge'), 200);
    assert.ok(!(await isStuck()));
  });

  test('retrying and held deliveries are stuck; pending, delivered and cancelled deliveries are not', async () => {
    const delivery = (await list(`event_id=${ftd}`)).at(-1);
    const stuck: string[] = [];
    for (const state of ['retrying', 'held', 'delivered', 'cancelled', 'pending']) {
      const owner = ['delivered', 'cancelled'].includes(state)
        ? null
        : state === 'pending'
          ? 'batch'
          : 'endpoint';
      const at = owner === null ? new Date() : null;
      await api.pool.query(`update deliveries set state = $2, owner = $3, finished_at = $4 where id = $1`, [
        delivery!.id,
        state,
        owner,
        at,
      ]);
      if ((await list('state=stuck')).some(({ id }) => id === delivery!.id)) stuck.push(state);
    }
    assert.deepEqual(stuck, ['retrying', 'held']);
  });

  test('a delivery shows each of its attempts', async () => {
    const [delivery] = await list(`event_id=${refund}`);
    await api.pool.query(
      `insert into attempts (operator_id, id, delivery_id, number, cause, started_at, duration_ms, status_code, error_class, response_excerpt, next_attempt_at)
       values ($1, $2, $3, 1, 'first', '2026-11-01T00:00:00Z', 120, 503, 'http_503', 'busy', '2026-11-01T00:00:05Z')`,
      [operatorId, newId('att'), delivery!.id],
    );
    const report = await get<{ body: Row; attempts: unknown[] }>(`deliveries/${delivery!.id}`);
    assert.equal(report.body['type'], 'conversion.reversed');
    assert.deepEqual(report.attempts, [
      {
        number: 1,
        cause: 'first',
        started_at: '2026-11-01T00:00:00.000Z',
        duration_ms: 120,
        phases: null,
        dialled: null,
        sends: 1,
        status_code: 503,
        error_class: 'http_503',
        response_excerpt: 'busy',
        next_attempt_at: '2026-11-01T00:00:05.000Z',
        next_reason: null,
      },
    ]);
  });

  test('deliveries to an endpoint that is deleted are cancelled', async () => {
    assert.equal((await api.call(`DELETE /v1/endpoints/${endpointId}`, { key })).status, 204);
    const states = new Set((await list(`endpoint_id=${endpointId}`)).map(({ state }) => state));
    assert.deepEqual(states, new Set(['cancelled', 'gave_up']));
  });
});
