// Backlogs drain: the queue of a resumed endpoint, and a replay of all exhausted deliveries while
// the worker is killed.
// Long form, for figures: POSTBACKS=10000 (or 50000) npm test -- test/e2e/backlog.test.ts
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { withBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const POSTBACKS = Number(process.env.POSTBACKS ?? 1000);
const MAX_IN_FLIGHT = 8;
/** Answered but not yet recorded: the recorder's limit. */
const MAX_UNRECORDED = 256;
const WITHIN_MS = 60_000 + POSTBACKS * 10;

let stack: TestStack;
let receiver: FaultyReceiver;
let broker: Broker;
let worker: ChildProcess;

/** So many deliveries wait for a paused endpoint. */
before(async () => {
  [stack, receiver] = await Promise.all([
    withStack(),
    startReceiver({ handler: (_, response) => void response.end() }),
  ]);
  broker = await withBroker(stack, { url: receiver.url, max_in_flight: MAX_IN_FLIGHT });
  worker = await stack.startWorker();
  assert.equal(await requestAction('pause'), 200);
  const click = { key: broker.key, body: { link_id: broker.linkId } };
  const { click_id } = (await stack.call<{ click_id: string }>('POST /v1/clicks', click)).body;
  for (let from = 0; from < POSTBACKS; from += 500) {
    const events = Array.from({ length: Math.min(500, POSTBACKS - from) }, (_, index) => {
      const id = `t-${from + index}`;
      return {
        event: 'sale',
        transaction_id: id,
        customer_id: id,
        click_id,
        amount: '100.00',
        currency: 'USD',
      };
    });
    assert.equal(
      (await stack.call('POST /v1/events/batch', { key: broker.key, body: { events } })).status,
      200,
    );
  }
  await eventually('every delivery to wait', async () => (await count('held')) === POSTBACKS, WITHIN_MS);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

const requestAction = async (action: string): Promise<number> =>
  (await stack.call(`POST /v1/endpoints/${broker.endpoint.id}/${action}`, { key: broker.key })).status;

async function count(state: string): Promise<number> {
  const { rows } = await stack.pool.query<{ count: number }>(
    `select count(*)::int from deliveries where state = $1`,
    [state],
  );
  return rows[0]!.count;
}

test(
  `${POSTBACKS} held deliveries are sent once each when their endpoint is back`,
  { timeout: WITHIN_MS * 2 },
  async (t) => {
    const startedAt = Date.now();
    assert.equal(await requestAction('resume'), 200);
    await eventually(
      'every delivery to be delivered',
      async () => (await count('delivered')) === POSTBACKS,
      WITHIN_MS,
    );
    const seconds = (Date.now() - startedAt) / 1000;
    t.diagnostic(`${POSTBACKS} postbacks in ${seconds} s, ${Math.round(POSTBACKS / seconds)} a second`);
    assert.equal(receiver.requests.length, POSTBACKS);
  },
);

test(
  `a replay of ${POSTBACKS} deliveries continues after its worker is killed`,
  { timeout: WITHIN_MS * 2 },
  async (t) => {
    await stack.pool.query(`update deliveries set state = 'gave_up', tries = 10`);
    const reported = receiver.requests.map(({ headers }) => headers['webhook-id']!);
    receiver.requests.length = 0;
    const startedAt = Date.now();
    const body = { endpoint_id: broker.endpoint.id, states: ['gave_up'] };
    const answer = await stack.call<{ id: string; total: number }>('POST /v1/replays', {
      key: broker.key,
      body,
    });
    assert.deepEqual([answer.status, answer.body.total], [202, POSTBACKS]);
    await eventually(
      'some postbacks to arrive again',
      () => receiver.requests.length > POSTBACKS / 10,
      WITHIN_MS,
    );
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    const sentByThen = receiver.requests.length;
    const { rows: kept } = await stack.pool.query<{ count: number }>(
      `select count(*)::int from attempts where started_at > $1`,
      [new Date(startedAt)],
    );
    /** Sent, but neither answered nor recorded when the worker died. */
    const inFlight = sentByThen - kept[0]!.count;
    await stack.startWorker();
    const progress = async () =>
      (await stack.call(`GET /v1/replays/${answer.body.id}`, { key: broker.key })).body;
    await eventually('the replay to be done', async () => (await progress())['state'] === 'done', WITHIN_MS);
    const { delivered, released, waiting, gave_up: gaveUp } = await progress();
    assert.deepEqual(
      { delivered, released, waiting, gaveUp },
      { delivered: POSTBACKS, released: POSTBACKS, waiting: 0, gaveUp: 0 },
    );
    const ids = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']!));
    assert.deepEqual(ids, new Set(reported), 'the ids are not the same');
    const doubles = receiver.requests.length - POSTBACKS;
    const seconds = (Date.now() - startedAt) / 1000;
    t.diagnostic(
      `killed after ${sentByThen}; all in ${seconds} s, worker start included; ` +
        `${doubles} were sent twice, ${inFlight} were in flight`,
    );
    assert.ok(doubles <= inFlight, `${doubles} were sent twice, and ${inFlight} were under way`);
    assert.ok(inFlight <= MAX_IN_FLIGHT + MAX_UNRECORDED, `${inFlight} were under way`);
    const { rows } = await stack.pool.query<{ cause: string }>(
      `select distinct cause from (
         select distinct on (delivery_id) cause from attempts where started_at > $1
         order by delivery_id, number) as first`,
      [new Date(startedAt)],
    );
    assert.deepEqual(rows, [{ cause: 'replay' }]);
  },
);
