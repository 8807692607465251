// A worker killed in the middle of its work: no event is lost or booked twice, and only deliveries
// in flight are doubled.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { saleOf, withBroker } from '../support/broker.ts';
import { countBy } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const EVENTS = 2000;
const MAX_IN_FLIGHT = 16;
/** Answered but not yet recorded: the recorder's limit. */
const MAX_UNRECORDED = 256;

let stack: TestStack;
let receiver: FaultyReceiver;

before(async () => {
  // Slow enough that the kill interrupts deliveries.
  const handler = (_: unknown, response: { end(): void }): void => void setTimeout(() => response.end(), 10);
  [stack, receiver] = await Promise.all([withStack(), startReceiver({ handler })]);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

test(`a worker killed in the middle of ${EVENTS} events loses none and books each once`, async (t) => {
  const [broker, worker] = await Promise.all([
    withBroker(stack, { url: receiver.url, max_in_flight: MAX_IN_FLIGHT }),
    stack.startWorker(),
  ]);
  const click = { key: broker.key, body: { link_id: broker.linkId } };
  const { click_id: clickId } = (await stack.call<{ click_id: string }>('POST /v1/clicks', click)).body;
  const events = Array.from({ length: EVENTS }, (_, index) => saleOf(`t-${index}`, clickId));
  for (let from = 0; from < EVENTS; from += 500) {
    const body = { events: events.slice(from, from + 500) };
    assert.equal((await stack.call('POST /v1/events/batch', { key: broker.key, body })).status, 200);
  }
  await eventually('a few hundred postbacks', () => receiver.requests.length >= 300, 30_000);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  assert.ok(receiver.requests.length < EVENTS, 'all was reported before the kill');
  await stack.startWorker();
  const isDone = async (): Promise<boolean> => {
    const { rows } = await stack.pool.query<{ count: number }>(
      `select count(*)::int from deliveries where state = 'delivered'`,
    );
    return rows[0]!.count === EVENTS;
  };
  await eventually('every postback to be delivered', isDone, 90_000);

  const requests = receiver.requests.map(({ headers, body }) => {
    const { data } = JSON.parse(body) as { data: { event_id: string } };
    return { webhookId: headers['webhook-id']!, eventId: data.event_id };
  });
  const pairs = countBy(requests, ({ webhookId, eventId }) => `${webhookId} ${eventId}`);
  assert.equal(Object.keys(pairs).length, EVENTS, 'an event was reported under two ids, or one is missing');
  assert.ok(Math.max(...Object.values(pairs)) <= 2, 'a postback was sent three times');
  const doubles = requests.length - EVENTS;
  t.diagnostic(`${doubles} of ${EVENTS} postbacks were sent twice`);
  assert.ok(doubles <= MAX_IN_FLIGHT + MAX_UNRECORDED, `${doubles} postbacks were sent twice`);

  const { rows } = await stack.pool.query<{ transfers: number; pending: bigint }>(
    `select
       (select count(*)::int from transfers) as transfers,
       (select sum(pending_minor)::bigint from balances) as pending`,
  );
  assert.deepEqual(rows[0], { transfers: EVENTS, pending: BigInt(EVENTS) * 1000n });
});
