// Statistics of endpoints: counts by hour and day, latency, and the latest attempts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { insertAttempts } from '../../../store/delivery/attempts.ts';
import { deleteExpired } from '../../../store/upkeep/expiry.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { anAttempt } from '../../support/deliveries.ts';
import { withSettledBroker, type SettledBroker } from '../../support/settled-broker.ts';

type Counts = { attempts: number; delivered: number; p50_ms: number | null; p95_ms: number | null };
type Statistics = {
  last_24_hours: Counts;
  last_30_days: Counts;
  hours: (Counts & { at: string })[];
  days: (Counts & { at: string })[];
  latest: { delivery_id: string; number: number; duration_ms: number; error_class: string | null }[];
};

const HOUR_MS = 3_600_000;

let api: TestApi;
let broker: SettledBroker;
let endpointId: string;
let deliveryId: string;

before(async () => {
  api = await withApi();
  broker = await withSettledBroker(api, { components: [{ kind: 'percent', on: 'sale', percent: '10' }] });
  const affiliate = await broker.affiliate();
  const clickId = await broker.click(affiliate, new Date(Date.now() - HOUR_MS).toISOString());
  await broker.send({ event: 'sale', transaction_id: 't-1', click_id: clickId, amount: '10.00' });
  const { data } = (await broker.call<{ data: { id: string; endpoint_id: string }[] }>('GET /v1/deliveries'))
    .body;
  ({ id: deliveryId, endpoint_id: endpointId } = data[0]!);
});
after(() => api.close());

const statistics = async (id = endpointId) =>
  (await broker.call<Statistics>(`GET /v1/endpoints/${id}/statistics`)).body;

const failed = {
  state: 'retrying',
  owner: 'self',
  tries: 1,
  nextAttemptAt: null,
  lastError: 'timeout',
} as const;
const attempt = (number: number, hoursAgo: number, isDelivered: boolean, durationMs: number) =>
  anAttempt({
    operatorId: broker.operatorId,
    endpointId,
    deliveryId,
    number,
    durationMs,
    startedAt: new Date(Date.now() - hoursAgo * HOUR_MS),
    ...(isDelivered ? {} : { next: failed, errorClass: 'timeout', statusCode: null }),
  });

test('statistics of an endpoint count its attempts by hour and day, once each, with their latency', async () => {
  const group = [
    attempt(1, 0, true, 8),
    attempt(2, 0, true, 20),
    attempt(3, 5, false, 15_000),
    attempt(4, 40, true, 200),
  ];
  // The same group again: the answer to its commit was lost.
  for (let time = 0; time < 2; time += 1) await insertAttempts(api.pool, group);
  // Part of a group is there already.
  await insertAttempts(api.pool, [group[0]!, attempt(5, 0, true, 9)]);
  await insertAttempts(api.pool, [anAttempt({ operatorId: broker.operatorId })]);
  const found = await statistics();
  assert.deepEqual([found.hours.length, found.days.length], [24, 30]);
  const { last_24_hours: day, last_30_days: month } = found;
  assert.deepEqual([day.attempts, day.delivered, month.attempts, month.delivered], [4, 3, 5, 4]);
  assert.deepEqual([found.hours.at(-1)!.attempts, found.hours.at(-6)!.attempts], [3, 1]);
  assert.ok(day.p50_ms! <= 10 && day.p95_ms! > 5000, JSON.stringify(day));
  assert.deepEqual([found.hours.at(-2)!.p50_ms, found.hours.at(-2)!.attempts], [null, 0]);
  assert.deepEqual(
    found.latest
      .map(({ number, error_class: error }) => [number, error] as const)
      .toSorted(([a], [b]) => a - b),
    [
      [1, null],
      [2, null],
      [3, 'timeout'],
      [4, null],
      [5, null],
    ],
  );
  assert.deepEqual(
    found.latest.slice(-2).map(({ number }) => number),
    [3, 4],
  );
});

test('statistics of an endpoint are empty before its first attempt', async () => {
  const { id } = await broker.made('POST /v1/endpoints', { url: 'http://127.0.0.1:9/other' });
  const { last_30_days: month, latest } = await statistics(id);
  assert.deepEqual(month, { attempts: 0, delivered: 0, p50_ms: null, p95_ms: null });
  assert.deepEqual(latest, []);
});

test('counts of attempts go when no statistics show them any more', async () => {
  const old = new Date(Date.now() - 33 * 24 * HOUR_MS);
  await insertAttempts(api.pool, [anAttempt({ operatorId: broker.operatorId, endpointId, startedAt: old })]);
  const attempts = (await statistics()).last_30_days;
  assert.equal(await deleteExpired(api.pool, 'endpoint_hours', 100), 1);
  assert.deepEqual((await statistics()).last_30_days, attempts);
  assert.equal(await deleteExpired(api.pool, 'endpoint_hours', 100), 0);
});

test('statistics of all endpoints are those of each, by hour, a page at a time in the order of the list', async () => {
  await broker.affiliate();
  type Listed = { endpoint_id: string; last_24_hours: Counts; hours: (Counts & { at: string })[] };
  type Page = { data: Listed[]; next_cursor: string | null };
  const read = async (path: string) => (await broker.call<Page>(`GET /v1/endpoint-statistics${path}`)).body;
  const { data } = await read('');
  const listed = (await broker.call<{ data: { id: string }[] }>('GET /v1/endpoints')).body.data;
  assert.deepEqual(
    data.map(({ endpoint_id: id }) => id),
    listed.map(({ id }) => id),
  );
  assert.ok(data.length > 1);
  for (const { endpoint_id: id, last_24_hours: day, hours } of data) {
    const alone = await statistics(id);
    assert.deepEqual([day, hours], [alone.last_24_hours, alone.hours]);
  }
  assert.ok(data.find(({ endpoint_id: id }) => id === endpointId)!.last_24_hours.attempts > 0);
  const first = await read('?limit=1');
  const next = await read(`?limit=1&cursor=${first.next_cursor}`);
  assert.deepEqual([...first.data, ...next.data], data.slice(0, 2));
});
