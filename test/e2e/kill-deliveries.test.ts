// Random kills of workers while endpoints fail, are slow or ask for a pause, with an outage of
// PostgreSQL in between. Every delivery has exactly one owner until it is sent, under one id and
// after its conversion's, and no more postbacks are doubled than were in flight at the kills.
// Long form: DELIVERIES=10000 KILLS=20 npm test -- test/e2e/kill-deliveries.test.ts
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { withBroker } from '../support/broker.ts';
import { countBy } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const DELIVERIES = Number(process.env.DELIVERIES ?? 900);
const KILLS = Number(process.env.KILLS ?? 2);
/** A third of the conversions is reversed, so that deliveries must keep an order. */
const CONVERSIONS = Math.ceil(DELIVERIES / 3 / 1.5);
const MAX_IN_FLIGHT = 8;
const ENDPOINTS = 3;
/** Answered but not yet recorded: the recorder's limit. */
const MAX_UNRECORDED = 256;
const WITHIN_MS = 60_000 + DELIVERIES * 40 + KILLS * 30_000;

let stack: TestStack;
let receiver: FaultyReceiver;
/** Current answer of each endpoint, by its path. */
const answers: Record<string, () => number> = {};

before(async () => {
  const handler = ({ path }: { path: string }, response: ServerResponse): void =>
    void setTimeout(() => response.writeHead(answers[path]!()).end(), 15);
  [stack, receiver] = await Promise.all([withStack(), startReceiver({ handler })]);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

async function isOwned(): Promise<void> {
  const { rows } = await stack.pool.query<{ orphans: number }>(
    `select count(*)::int as orphans
     from deliveries d
     where (d.owner is null) <> (d.state in ('delivered', 'gave_up', 'cancelled'))
       or (d.owner = 'predecessor' and not exists (
         select from deliveries p where p.operator_id = d.operator_id and p.id = d.predecessor_id))`,
  );
  assert.equal(rows[0]!.orphans, 0);
}

/** Received requests without a recorded attempt. */
async function unrecorded(): Promise<number> {
  const { rows } = await stack.pool.query<{ count: number }>(`select count(*)::int from attempts`);
  return receiver.requests.length - rows[0]!.count;
}

async function unfinished(): Promise<number> {
  const { rows } = await stack.pool.query<{ count: number }>(
    `select count(*)::int from deliveries where owner is not null`,
  );
  return rows[0]!.count;
}

test(
  `${KILLS} kills during ${DELIVERIES} deliveries lose none and double only those in flight`,
  { timeout: WITHIN_MS * 2 },
  async (t) => {
    const path = (index: number): string => `/endpoint-${index}`;
    // One endpoint works, one refuses every third request, one is down half of the time.
    let calls = 0;
    answers[path(0)] = () => 200;
    answers[path(1)] = () => (++calls % 3 === 0 ? 500 : 200);
    let isDown = true;
    answers[path(2)] = () => (isDown ? 503 : 200);
    const schedule = Array.from({ length: 25 }, (_, index) => Math.min(index, 2));
    const broker = await withBroker(stack, {
      url: receiver.url + path(0),
      max_in_flight: MAX_IN_FLIGHT,
      schedule,
    });
    for (let index = 1; index < ENDPOINTS; index++) {
      const body = {
        affiliate_id: broker.affiliateId,
        url: receiver.url + path(index),
        max_in_flight: MAX_IN_FLIGHT,
        schedule,
      };
      assert.equal((await stack.call('POST /v1/endpoints', { key: broker.key, body })).status, 201);
    }
    const click = { key: broker.key, body: { link_id: broker.linkId } };
    const { click_id: clickId } = (await stack.call<{ click_id: string }>('POST /v1/clicks', click)).body;
    const about = { click_id: clickId, amount: '100.00', currency: 'USD' };
    const send = async (events: object[]): Promise<void> => {
      for (let from = 0; from < events.length; from += 250) {
        const body = { events: events.slice(from, from + 250) };
        assert.equal((await stack.call('POST /v1/events/batch', { key: broker.key, body })).status, 200);
      }
    };

    let worker = await stack.startWorker();
    const numbers = Array.from({ length: CONVERSIONS }, (_, index) => index);
    await send(
      numbers.map((number) => ({
        ...about,
        event: 'sale',
        transaction_id: `t-${number}`,
        customer_id: `c-${number}`,
      })),
    );
    await send(
      numbers
        .filter((number) => number % 2 === 0)
        .map((number) => ({
          event: 'chargeback',
          transaction_id: `b-${number}`,
          reference: `t-${number}`,
          amount: '100.00',
          currency: 'USD',
        })),
    );

    const expected = (CONVERSIONS + Math.ceil(CONVERSIONS / 2)) * ENDPOINTS;
    /** In flight at each kill: sent, but neither answered nor recorded when the worker died. */
    const inFlight: number[] = [];
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    for (let kill = 1; kill <= KILLS; kill++) {
      // Kills at a random moment of the traffic or, without further traffic, during a wait.
      const until = receiver.requests.length + 20 + Math.random() * ((2 * expected) / 3 / KILLS);
      await eventually('more postbacks to arrive', () => receiver.requests.length >= until, 10_000).catch(
        () => undefined,
      );
      worker.kill('SIGKILL');
      await once(worker, 'exit');
      isDown = kill % 2 === 0;
      if (kill === 1) {
        stack.proxies.postgres.sever();
        await pause(500);
        stack.proxies.postgres.restore();
      }
      await isOwned();
      inFlight.push((await unrecorded()) - sum(inFlight));
      worker = await stack.startWorker();
    }
    stack.proxies.postgres.sever();
    await pause(300);
    stack.proxies.postgres.restore();
    isDown = false;
    answers[path(1)] = () => 200;
    await eventually(
      'every delivery to be finished',
      async () => {
        // Endpoints that are down are probed after 30 s; resuming them saves the wait.
        const { rows } = await stack.pool.query<{ id: string }>(
          `select id from endpoints where failures_in_a_row >= 10`,
        );
        for (const { id } of rows) await stack.call(`POST /v1/endpoints/${id}/resume`, { key: broker.key });
        const planned = await stack.pool.query<{ count: number }>(`select count(*)::int from deliveries`);
        await pause(200);
        return planned.rows[0]!.count === expected && (await unfinished()) === 0;
      },
      WITHIN_MS,
    );

    const { rows } = await stack.pool.query<{ state: string; count: number }>(
      `select state, count(*)::int from deliveries group by 1`,
    );
    const states = Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    assert.deepEqual(states, { delivered: expected }, 'not everything was delivered');
    type Report = {
      id: string;
      path: string;
      type: string;
      event: string;
      original: string | undefined;
      at: number;
    };
    const reported = receiver.requests.map((request): Report => {
      const { type, data } = JSON.parse(request.body) as {
        type: string;
        data: { event_id: string; original_event_id?: string };
      };
      const { event_id: event, original_event_id: original } = data;
      return {
        id: request.headers['webhook-id']!,
        path: request.path,
        type,
        event,
        original,
        at: request.receivedAtMs,
      };
    });
    const pairs = new Map(reported.map(({ id, path: to, event }) => [`${to} ${event}`, id]));
    assert.equal(pairs.size, expected, 'something was never reported');
    assert.ok(
      reported.every(({ id, path: to, event }) => pairs.get(`${to} ${event}`) === id),
      'an event was reported under two ids',
    );
    // No clawback is sent before the delivered attempt of its conversion.
    const { rows: delivered } = await stack.pool.query<{ id: string; number: number }>(
      `select delivery_id as id, min(number) as number from attempts where status_code = 200 group by 1`,
    );
    const number = new Map(delivered.map((row) => [row.id, row.number]));
    const arrived = new Map<string, number>();
    for (const request of receiver.requests) {
      const id = request.headers['webhook-id']!;
      if (Number(request.headers['webhook-attempt']) >= number.get(id)! && !arrived.has(id))
        arrived.set(id, request.receivedAtMs);
    }
    const broken = reported.filter(
      ({ path: to, original, at }) =>
        original !== undefined && at < arrived.get(pairs.get(`${to} ${original}`)!)!,
    );
    assert.deepEqual(broken, [], 'a clawback came before its conversion');

    // Each attempt has its number in a header, so a double is an attempt made twice. A failed probe
    // is no attempt, and its number is used again.
    const tries = countBy(
      receiver.requests,
      ({ headers }) => `${headers['webhook-id']} ${headers['webhook-attempt']}`,
    );
    const probes = await stack.pool.query<{ count: number }>(
      `select count(*)::int from attempts where cause = 'probe' and status_code >= 500`,
    );
    const doubles = sum(Object.values(tries).map((count) => count - 1)) - probes.rows[0]!.count;
    t.diagnostic(
      `${receiver.requests.length} requests for ${expected} postbacks; ${doubles} attempts were doubled; ` +
        `in flight at the kills: ${inFlight.join(', ')}`,
    );
    assert.ok(
      doubles <= sum(inFlight),
      `${doubles} tries were made twice, with ${inFlight.join(', ')} under way at the kills`,
    );
    const atMost = ENDPOINTS * MAX_IN_FLIGHT + MAX_UNRECORDED;
    assert.ok(Math.max(...inFlight) <= atMost, `${inFlight.join(', ')} were under way at the kills`);
  },
);
