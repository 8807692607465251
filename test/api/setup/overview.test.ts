// The overview: events and postbacks of 24 hours, and what waits for a person.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';
import { ago, withSettledBroker, type SettledBroker } from '../../support/settled-broker.ts';

type Flow = { events: number; settled: number; postbacks: number; delivered: number };
type Overview = {
  last_24_hours: Flow;
  hours: (Flow & { at: string })[];
  waiting: { orphaned: number; set_aside: number; stuck: number; oldest_stuck_at: string | null };
};

let api: TestApi;
let broker: SettledBroker;
before(async () => {
  api = await withApi();
  broker = await withSettledBroker(api, { components: [{ kind: 'percent', on: 'sale', percent: '10' }] });
});
after(() => api.close());

const overview = async () => (await broker.call<Overview>('GET /v1/overview')).body;

test('the overview counts events and postbacks by what became of them', async () => {
  const clickId = await broker.click(await broker.affiliate(), ago(2));
  const sale = (name: string, more: object = {}) =>
    broker.send({ event: 'sale', transaction_id: name, click_id: clickId, amount: '10.00', ...more });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await sale(name);
  await sale('gbp', { currency: 'GBP' });
  await broker.send({ event: 'sale', transaction_id: 'nobody', amount: '1.00', customer_id: 'x' });
  await broker.made('POST /v1/events', {
    event: 'sale',
    transaction_id: 'new',
    customer_id: 'y',
    amount: '1.00',
    currency: 'USD',
  });
  const { data } = (await broker.call<{ data: { id: string }[] }>('GET /v1/deliveries?order=oldest')).body;
  const shape = (index: number, values: string) =>
    api.pool.query(`update deliveries set ${values} where id = $1`, [data[index]!.id]);
  await shape(0, `state = 'delivered', owner = null`);
  await shape(1, `state = 'delivered', owner = null`);
  await shape(2, `state = 'retrying', owner = 'self', created_at = '2026-01-02'`);
  await shape(3, `state = 'held', owner = 'endpoint'`);
  await shape(4, `state = 'gave_up', owner = null, acknowledged_at = now()`);

  const { last_24_hours: day, hours, waiting } = await overview();
  assert.deepEqual(day, { events: 9, settled: 6, postbacks: 6, delivered: 2 });
  assert.deepEqual(waiting, {
    orphaned: 1,
    set_aside: 1,
    stuck: 2,
    oldest_stuck_at: '2026-01-02T00:00:00.000Z',
  });
  assert.equal(hours.length, 24);
  const [before1, last] = hours.slice(-2);
  assert.equal(before1!.events + last!.events, 9);
});

test('the overview of another operator is empty', async () => {
  const { key } = await api.newOperator();
  const { body } = await api.call<Overview>('GET /v1/overview', { key });
  assert.deepEqual(body.last_24_hours, { events: 0, settled: 0, postbacks: 0, delivered: 0 });
  assert.deepEqual(body.waiting, { orphaned: 0, set_aside: 0, stuck: 0, oldest_stuck_at: null });
});
