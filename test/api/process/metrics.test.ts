// Tests of the API's metrics: from a request to its figure, figures of waiting work in PostgreSQL,
// and access.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { createApiMetrics } from '../../../api/process/metrics.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { newId } from '../../../store/db/ids.ts';
import { readBacklog } from '../../../store/upkeep/backlog.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
after(() => api.close());

async function text(url = api.url, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${url}/metrics`, { headers });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; .*version=0\.0\.4/);
  return response.text();
}

/** The figure of a series, named with its labels; undefined where there is none. */
function figure(page: string, series: string): number | undefined {
  const line = page.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test('metrics count requests, events and refusals by route pattern and code, without names or ids', async () => {
  const { key, id } = await api.newOperator();
  const send = (body: object) => api.call<{ id: string }>('POST /v1/events', { key, body });
  const sale = { event: 'sale', transaction_id: 't-1', customer_id: 'c', amount: '5.00', currency: 'USD' };
  const { body: event } = await send(sale);
  await send(sale);
  await send({ ...sale, amount: '6.00' });
  await send({ event: 'party', customer_id: 'c' });
  await api.call(`GET /v1/events/${event.id}`, { key });
  await fetch(`${api.url}/nowhere/${event.id}`);
  const page = await text();
  for (const [series, expected] of [
    ['postrider_events_total{result="accepted"}', 1],
    ['postrider_events_total{result="duplicate"}', 1],
    ['postrider_events_total{result="conflict"}', 1],
    ['postrider_refusals_total{code="conflict"}', 1],
    ['postrider_refusals_total{code="unknown_event"}', 1],
    ['postrider_intake_group_events_count', 3],
    ['postrider_intake_wait_seconds_count', 3],
    ['postrider_http_requests_total{method="POST",route="/v1/events",status="202"}', 1],
    ['postrider_http_requests_total{method="POST",route="/v1/events",status="409"}', 1],
    ['postrider_http_requests_total{method="GET",route="/v1/events/:id",status="200"}', 1],
    ['postrider_http_requests_total{method="GET",route="none",status="404"}', 1],
    ['postrider_http_request_duration_seconds_count{method="POST",route="/v1/events"}', 4],
    ['postrider_postgres_waiting', 0],
    [`postrider_build_info{version="1.2.3",node="${process.versions.node}",commit="unknown"}`, 1],
    ['postrider_events_to_start', 1],
    ['postrider_batches_started_total', 0],
    ['postrider_backlog_read', 1],
  ] as const)
    assert.equal(figure(page, series), expected, series);
  assert.ok(figure(page, 'process_resident_memory_bytes')! > 0, 'the process itself is shown');
  const connections = (state: string) => figure(page, `postrider_postgres_connections{state="${state}"}`)!;
  assert.equal(connections('in_use') + connections('idle'), api.pool.totalCount);
  for (const name of [id, event.id, 't-1', key]) assert.ok(!page.includes(name), `${name} is in no label`);
});

test('metrics show work that waits in PostgreSQL: events without outcome, set-aside events, deliveries, endpoints, holds, months', async () => {
  const { key, id: operatorId } = await api.newOperator();
  const post = async (path: string, body: object) =>
    (await api.call<{ id: string; click_id: string }>(`POST /v1/${path}`, { key, body })).body;
  const { id: affiliate } = await post('affiliates', { name: 'A' });
  await post('deals', {
    name: 'd',
    terms: { hold_days: 0, components: [{ kind: 'percent', on: 'sale', percent: '10' }] },
  });
  const { id: endpoint } = await post('endpoints', { affiliate_id: affiliate, url: 'http://127.0.0.1:9/' });
  const { click_id: click } = await post('clicks', { affiliate_id: affiliate });
  const sale = { event: 'sale', click_id: click, customer_id: 'c', amount: '10.00', currency: 'USD' };
  const ids: string[] = [];
  for (const [index, currency] of ['USD', 'EUR', 'EUR'].entries())
    ids.push((await post('events', { ...sale, currency, transaction_id: `s-${index}` })).id);
  const early = await text();
  assert.ok(figure(early, 'postrider_events_unsettled')! >= 3);
  assert.ok(figure(early, 'postrider_events_unsettled_oldest_seconds')! > 0);

  await createSettle({ pool: api.pool }).settle({
    batchId: newId('bat'),
    owner: 'endpoint',
    operators: [{ operatorId, eventIds: ids }],
  });
  await api.pool.query(`update deliveries set state = 'retrying' where endpoint_id = $1`, [endpoint]);
  await api.pool.query(`update endpoints set failing_since = now() where id = $1`, [endpoint]);
  await api.pool.query(`update slots set hold_until = now() - interval '1 second' where operator_id = $1`, [
    operatorId,
  ]);
  const page = await text();
  for (const [series, expected] of [
    ['postrider_events_set_aside{reason="no_exchange_rate"}', 2],
    ['postrider_postbacks_stuck{state="retrying"}', 1],
    ['postrider_postbacks_stuck{state="held"}', 0],
    ['postrider_postbacks_stuck{state="gave_up"}', 0],
    ['postrider_endpoints{state="failing"}', 1],
    ['postrider_endpoints{state="active"}', 0],
    ['postrider_holds_due', 1],
    ['postrider_months_due', 0],
    ['postrider_amendments_waiting', 0],
  ] as const)
    assert.equal(figure(page, series), expected, series);
  const stuck = async (state: 'retrying' | 'gave_up') => {
    const { count, oldestSeconds } = (await readBacklog(api.pool)).postbacks[state];
    return [count, Math.round(oldestSeconds / 60)];
  };
  const change = (columns: string) =>
    api.pool.query(`update deliveries set ${columns} where endpoint_id = $1`, [endpoint]);
  await change(`created_at = now() - interval '90 minutes'`);
  assert.deepEqual(await stuck('retrying'), [1, 90]);
  assert.ok(figure(await text(), 'postrider_postbacks_stuck_oldest_seconds{state="retrying"}')! >= 5400);
  await change(`state = 'gave_up', owner = null`);
  assert.deepEqual(
    [await stuck('retrying'), await stuck('gave_up')],
    [
      [0, 0],
      [1, 90],
    ],
  );
  await change('acknowledged_at = now()');
  assert.deepEqual(await stuck('gave_up'), [0, 0]);
});

test('requests of any method, path and error make no series of their own', async () => {
  const series = async () => (await text()).split('\n').filter((line) => !line.startsWith('#')).length;
  const strange = async (round: string) => {
    for (const method of ['PROPFIND', 'LOCK', 'MKCOL', 'REPORT'])
      await fetch(`${api.url}/${round}/${method}`, { method });
    for (let index = 0; index < 20; index++) {
      await fetch(`${api.url}/v1/events/evt_${round}${index}?key=${round}${index}`);
      await fetch(`${api.url}/${round}/${index}`);
    }
  };
  await strange('first');
  const known = await series();
  await strange('second');
  assert.equal(await series(), known);
});

test("metrics show the age of the oldest unsettled event by the sweep's mark, however many events came later", async () => {
  await api.pool.query(
    `insert into sweep_marks (name, through) values ('events', now() - interval '2 hours')
     on conflict (name) do update set through = excluded.through`,
  );
  const { unsettled } = await readBacklog(api.pool);
  assert.ok(Math.abs(unsettled.oldestSeconds - 7200) < 60, String(unsettled.oldestSeconds));
  await api.pool.query(`delete from sweep_marks`);
});

test('metrics show the age of an event that never settles, which the sweep has noted and passed', async () => {
  const { id: operatorId } = await api.newOperator();
  await api.pool.query(
    `insert into unsettled_events (operator_id, event_id, received_at)
     values ($1, $2, now() - interval '3 hours'), ($1, $3, now() - interval '4 hours')`,
    [operatorId, newId('evt'), newId('evt')],
  );
  const { rows } = await api.pool.query<{ event_id: string }>(
    `insert into event_outcomes (operator_id, event_id, status, batch_id)
     select operator_id, event_id, 'settled', 'bat' from unsettled_events order by received_at limit 1
     returning event_id`,
  );
  assert.equal(rows.length, 1);
  const { unsettled } = await readBacklog(api.pool);
  assert.ok(Math.abs(unsettled.oldestSeconds - 3 * 3600) < 60, String(unsettled.oldestSeconds));
  await api.pool.query(`delete from unsettled_events`);
});

describe('access to the metrics', () => {
  const status = async (url: string, headers: Record<string, string> = {}) =>
    (await fetch(`${url}/metrics`, { headers })).status;
  const admin = { authorization: `Bearer ${ADMIN_TOKEN}` };

  test('metrics are served to private addresses, and to others with the administrator token', async () => {
    const proxied = await withApi({ config: { trustProxy: 1 } });
    try {
      for (const [address, expected] of [
        ['10.1.2.3', 200],
        ['172.31.0.1', 200],
        ['192.168.4.5', 200],
        ['fd00::1', 200],
        ['203.0.113.9', 401],
        ['172.32.0.1', 401],
        ['2001:db8::1', 401],
      ] as const)
        assert.equal(await status(proxied.url, { 'x-forwarded-for': address }), expected, address);
      const far = { 'x-forwarded-for': '203.0.113.9' };
      assert.equal(await status(proxied.url, { ...far, ...admin }), 200);
      const { key } = await proxied.newOperator();
      assert.equal(await status(proxied.url, { ...far, authorization: `Bearer ${key}` }), 401, 'no operator');
    } finally {
      await proxied.close();
    }
  });

  test('metrics need the administrator token for requests forwarded by an unconfigured proxy', async () => {
    assert.equal(await status(api.url), 200);
    assert.equal(await status(api.url, { 'x-forwarded-for': '10.0.0.1' }), 401);
    assert.equal(await status(api.url, { forwarded: 'for=10.0.0.1' }), 401);
    assert.equal(await status(api.url, { 'x-forwarded-for': '10.0.0.1', ...admin }), 200);
  });
});

test('metrics query PostgreSQL at most every 15 s, and figures of a failed query are missing', async () => {
  let [asked, clock] = [0, 0];
  const metrics = createApiMetrics({
    registry: new Registry(),
    readBacklog: () => (asked++ === 0 ? readBacklog(api.pool) : Promise.reject(new Error('away'))),
    dispatcher: () => ({ started: 7, inFlight: 2, waiting: 1 }),
    now: () => clock,
  });
  const [first] = await Promise.all([metrics.read(), metrics.read()]);
  clock = 14_999;
  await metrics.read();
  assert.equal(asked, 1);
  assert.ok(figure(first, 'postrider_holds_due') !== undefined);
  assert.equal(figure(first, 'postrider_batches_started_total'), 7);
  clock = 15_000;
  const second = await metrics.read();
  assert.equal(asked, 2);
  assert.equal(figure(second, 'postrider_backlog_read'), 0);
  const missing = [
    'postrider_holds_due',
    'postrider_events_unsettled',
    'postrider_endpoints{state="active"}',
  ];
  assert.deepEqual(
    missing.filter((series) => figure(second, series) !== undefined),
    [],
  );
});
