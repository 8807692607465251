// Workers killed at random while endpoints fail, are slow, or ask for a pause, and PostgreSQL goes away in between: every postback has exactly
// one owner until it is told, each is told under one id, in the order of its conversion, and doubles are no more than what was under way.
// DELIVERIES=10000 KILLS=20 npm test -- test/e2e/kill-deliveries.test.ts is the long form.
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
/** A third of the conversions is struck, so that something must follow something. */
const CONVERSIONS = Math.ceil(DELIVERIES / 3 / 1.5);
const MAX_IN_FLIGHT = 8;
const ENDPOINTS = 3;
/** Answered, but not yet recorded: what the recorder lets wait at most. */
const UNRECORDED_AT_MOST = 256;
const WITHIN_MS = 60_000 + DELIVERIES * 40 + KILLS * 30_000;

let stack: TestStack;
let receiver: FaultyReceiver;
/** What each endpoint answers now, by its path. */
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
    `select count(*)::int as orphans from deliveries d where (d.owner is null) <> (d.state in ('delivered', 'gave_up', 'cancelled'))
       or (d.owner = 'predecessor' and not exists (select from deliveries p where p.operator_id = d.operator_id and p.id = d.predecessor_id))`,
  );
  assert.equal(rows[0]!.orphans, 0);
}

/** Requests that arrived and of which no attempt is kept. */
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
  `${KILLS} kills during ${DELIVERIES} deliveries to endpoints in trouble`,
  { timeout: WITHIN_MS * 2 },
  async (t) => {
    const path = (index: number): string => `/endpoint-${index}`;
    // One works, one refuses every third request, one is down half of the time.
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
    /** What was under way at each kill: sent, and neither answered nor written down when the worker died. */
    const underWay: number[] = [];
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    for (let kill = 1; kill <= KILLS; kill++) {
      // Somewhere in the middle of things, at a moment of chance; where nothing more is told, in the midst of waiting.
      const until = receiver.requests.length + 20 + Math.random() * ((2 * expected) / 3 / KILLS);
      await eventually('more to be told', () => receiver.requests.length >= until, 10_000).catch(
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
      underWay.push((await unrecorded()) - sum(underWay));
      worker = await stack.startWorker();
    }
    stack.proxies.postgres.sever();
    await pause(300);
    stack.proxies.postgres.restore();
    isDown = false;
    answers[path(1)] = () => 200;
    await eventually(
      'everything to be told',
      async () => {
        // Endpoints that are down are probed after 30 s; a person who knows that they are back need not wait.
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
    type Told = {
      id: string;
      path: string;
      type: string;
      event: string;
      original: string | undefined;
      at: number;
    };
    const told = receiver.requests.map((request): Told => {
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
    const pairs = new Map(told.map(({ id, path: to, event }) => [`${to} ${event}`, id]));
    assert.equal(pairs.size, expected, 'something was never told');
    assert.ok(
      told.every(({ id, path: to, event }) => pairs.get(`${to} ${event}`) === id),
      'an event was told under two ids',
    );
    // The order: no clawback before the delivered try of its conversion.
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
    const broken = told.filter(
      ({ path: to, original, at }) =>
        original !== undefined && at < arrived.get(pairs.get(`${to} ${original}`)!)!,
    );
    assert.deepEqual(broken, [], 'a clawback came before its conversion');

    // Each try has its number in its header: a double is a try that was made twice. A probe that failed is no try, and its number comes again.
    const tries = countBy(
      receiver.requests,
      ({ headers }) => `${headers['webhook-id']} ${headers['webhook-attempt']}`,
    );
    const probes = await stack.pool.query<{ count: number }>(
      `select count(*)::int from attempts where cause = 'probe' and status_code >= 500`,
    );
    const doubles = sum(Object.values(tries).map((count) => count - 1)) - probes.rows[0]!.count;
    t.diagnostic(
      `${receiver.requests.length} requests for ${expected} postbacks; ${doubles} tries were made twice; under way at the kills: ${underWay.join(', ')}`,
    );
    assert.ok(
      doubles <= sum(underWay),
      `${doubles} tries were made twice, with ${underWay.join(', ')} under way at the kills`,
    );
    const atMost = ENDPOINTS * MAX_IN_FLIGHT + UNRECORDED_AT_MOST;
    assert.ok(Math.max(...underWay) <= atMost, `${underWay.join(', ')} were under way at the kills`);
  },
);
