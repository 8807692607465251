// Endpoint health: refused deliveries, workflows woken, and notices to the operator.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { switchEndpoint } from '../../../store/delivery/endpoint-switch.ts';
import { takeForRetry } from '../../../store/delivery/manual-actions.ts';
import { newId } from '../../../store/db/ids.ts';
import { createEndpoints, type EndpointSettings } from '../../../store/delivery/endpoints.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { countBy, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { ENDPOINT, SECRET_BOX, withOperator, type TestOperator } from '../../support/operator.ts';
import { startReceiver, type ReceivedRequest, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;
let receiver: FaultyReceiver;
let answer: (request: ReceivedRequest) => [number, Record<string, string>?] = () => [200];
let operator: TestOperator;
let endpointId: string;

before(async () => {
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
  receiver = await startReceiver({
    handler: (request, response) => void response.writeHead(...(answer(request) as [number])).end(),
  });
  working = withActivities(database.pool, temporal.client, { firstAttemptsMs: 10_000, drainTurnMs: 1000 });
});
after(async () => {
  await working.close();
  await Promise.all([receiver.close(), temporal.close(), database.drop()]);
});
beforeEach(async () => {
  answer = () => [200];
  receiver.requests.length = 0;
  operator = await withOperator(database.pool);
  ({ id: endpointId } = await operator.addEndpoint(`${receiver.url}/affiliate`, { schedule: [0, 3600] }));
});

/** Adds a webhook of the operator itself. */
async function addOwnWebhook(events: string[]): Promise<string> {
  const endpoint = {
    id: newId('ep'),
    affiliateId: null,
    secret: `whsec_${Buffer.alloc(24).toString('base64')}`,
  };
  await createEndpoints(database.pool, SECRET_BOX).insert(operator.operatorId, endpoint, {
    ...ENDPOINT,
    url: `${receiver.url}/own`,
    events,
  });
  return endpoint.id;
}

async function setHealth(hours: number, failures: number, noticesSent = 0): Promise<void> {
  await database.pool.query(
    `update endpoints set failures_in_a_row = $3, failing_since = now() - make_interval(secs => $4), notices_sent = $5
     where operator_id = $1 and id = $2`,
    [operator.operatorId, endpointId, failures, hours * 3600, noticesSent],
  );
}

async function health() {
  const { rows } = await database.pool.query<{ state: string; failures: number; reason: string | null }>(
    `select state, failures_in_a_row as failures, state_reason as reason from endpoints where operator_id = $1 and id = $2`,
    [operator.operatorId, endpointId],
  );
  return rows[0]!;
}

/** Plans one sale whose postback has a workflow of its own, as after a failed first try. */
async function single(): Promise<string> {
  await settleBatch(working.activities, operator, await operator.ingestSales(1));
  const { rows } = await database.pool.query<{ id: string }>(
    `update deliveries set owner = 'self', state = 'retrying', tries = 1 where operator_id = $1 and endpoint_id = $2 and owner = 'batch'
     returning id`,
    [operator.operatorId, endpointId],
  );
  return rows[0]!.id;
}

const attempt = (deliveryId: string, cause: 'retry' | 'manual') =>
  working.activities.attemptPostback({ operatorId: operator.operatorId, deliveryId, cause, tries: 1 });

const rowOf = async (id: string) =>
  (await deliveriesOf(database.pool, operator)).find((row) => row.id === id)!;

/** Notices that webhooks received, ordered by type. */
async function notices(): Promise<{ type: string; endpointId: string; data: Record<string, unknown> }[]> {
  const { rows } = await database.pool.query<{ type: string; endpointId: string; body: string }>(
    `select type, endpoint_id as "endpointId", body from deliveries where operator_id = $1 and type not like 'conversion.%' order by id`,
    [operator.operatorId],
  );
  return rows.map(({ body, ...row }) => ({
    ...row,
    data: (JSON.parse(body) as { data: Record<string, unknown> }).data,
  }));
}

describe('a single postback whose endpoint is down', () => {
  test('a single delivery to a down endpoint waits in the queue without an attempt', async () => {
    const id = await single();
    await setHealth(0.5, 10);
    const result = await attempt(id, 'retry');
    assert.deepEqual(
      [result.state, result.endpointsToWake],
      ['held', [{ operatorId: operator.operatorId, endpointId }]],
    );
    const { owner, tries } = await rowOf(id);
    assert.deepEqual([owner, tries, receiver.requests.length], ['endpoint', 1, 0]);
  });

  test('a single delivery retried by a person closes the breaker when it succeeds and wakes the queue', async () => {
    const id = await single();
    await setHealth(0.5, 10);
    const result = await attempt(id, 'manual');
    assert.deepEqual(
      [result.state, result.endpointsToWake],
      ['delivered', [{ operatorId: operator.operatorId, endpointId }]],
    );
    assert.deepEqual(await health(), { state: 'active', failures: 0, reason: null });
  });

  test('a single delivery to an endpoint with a rate joins the queue also when retried, with its cause', async () => {
    const id = await single();
    await database.pool.query(`update endpoints set rate_per_second = 5 where id = $1`, [endpointId]);
    const taken = await takeForRetry(database.pool, operator.operatorId, id);
    assert.deepEqual(taken, { kind: 'taken', owner: 'endpoint', endpointId, wasGivenUp: false });
    await working.activities.drainQueue({
      operatorId: operator.operatorId,
      endpointId,
      probes: 0,
      nextSendAt: 0,
    });
    const { rows } = await database.pool.query(`select cause from attempts where delivery_id = $1`, [id]);
    assert.deepEqual(rows, [{ cause: 'manual' }]);
  });
});

test('only attempts recorded in the same group learn that the breaker opened', async () => {
  answer = () => [503];
  // What gives up wakes its endpoint too.
  await database.pool.query(`update endpoints set schedule = '{0, 3600, 3600}' where id = $1`, [endpointId]);
  const ids: string[] = [];
  for (let count = 0; count < 14; count++) ids.push(await single());
  const woken: number[] = [];
  for (const id of ids) {
    const { endpointsToWake, state } = await attempt(id, 'retry');
    woken.push(state === 'retrying' || state === 'gave_up' ? endpointsToWake.length : -1);
  }
  assert.deepEqual(woken, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1, -1, -1, -1]);
  assert.equal(receiver.requests.length, 10);
});

describe('the operator’s own webhook', () => {
  test('the operator’s webhook gets one notice per failing endpoint, and one when the endpoint is disabled', async () => {
    const own = await addOwnWebhook(['endpoint.failing', 'endpoint.disabled']);
    answer = () => [503];
    await setHealth(1.1, 5);
    await attempt(await single(), 'retry');
    await attempt(await single(), 'retry');
    await setHealth(121, 5, 3);
    const { endpointsToWake } = await attempt(await single(), 'retry');
    assert.deepEqual(new Set(endpointsToWake.map((woken) => woken.endpointId)), new Set([endpointId, own]));
    const sent = await notices();
    assert.deepEqual(
      sent.map(({ type, endpointId: to, data }) => [
        type,
        to,
        data['endpoint_id'],
        data['failures_in_a_row'],
        data['state'],
      ]),
      [
        ['endpoint.failing', own, endpointId, 6, 'active'],
        ['endpoint.disabled', own, endpointId, 6, 'disabled'],
      ],
    );
    assert.equal(sent[1]!.data['reason'], 'nothing but failures for 120 hours');
    assert.deepEqual(await health(), {
      state: 'disabled',
      failures: 6,
      reason: 'nothing but failures for 120 hours',
    });
    await working.activities.drainQueue({
      operatorId: operator.operatorId,
      endpointId: own,
      probes: 0,
      nextSendAt: 0,
    });
    answer = () => [200];
    await working.activities.drainQueue({
      operatorId: operator.operatorId,
      endpointId: own,
      probes: 0,
      nextSendAt: 0,
    });
    const bodies = receiver.requests
      .filter(({ path }) => path === '/own')
      .map(({ body }) => JSON.parse(body) as { type: string });
    assert.ok(bodies.some(({ type }) => type === 'endpoint.failing'));
  });

  test('the operator’s webhook gets notices of deliveries given up, but not of notices given up', async () => {
    const own = await addOwnWebhook(['delivery.gave_up']);
    answer = () => [404];
    const byHand = await single();
    await working.activities.giveUpPostback({ operatorId: operator.operatorId, deliveryId: byHand });
    const bySchedule = await single();
    await database.pool.query(`update endpoints set schedule = '{0,0}' where operator_id = $1`, [
      operator.operatorId,
    ]);
    assert.equal((await attempt(bySchedule, 'retry')).state, 'gave_up');
    const gaveUp = async () => (await notices()).filter(({ type }) => type === 'delivery.gave_up');
    assert.deepEqual(
      (await gaveUp()).map(({ endpointId: to, data }) => [
        to,
        data['delivery_id'],
        data['endpoint_id'],
        data['last_error'],
      ]),
      [
        [own, byHand, endpointId, null],
        [own, bySchedule, endpointId, 'http_404'],
      ],
    );
    const turn = () =>
      working.activities.drainQueue({
        operatorId: operator.operatorId,
        endpointId: own,
        probes: 0,
        nextSendAt: 0,
      });
    while ((await turn()).held > 0);
    const rows = await deliveriesOf(database.pool, operator, own);
    assert.deepEqual(
      countBy(rows, ({ state, owner }) => `${state} ${owner}`),
      { 'gave_up null': 2 },
    );
    assert.equal((await gaveUp()).length, 2, 'a notice is about a notice, or about the webhook itself');
  });
});

/** The endpoint's row: its version, and what its health says. */
async function failing() {
  const { rows } = await database.pool.query<{
    version: string;
    since: Date | null;
    about: number;
    lastError: string | null;
    failures: number;
  }>(
    `select xmin::text as version, failing_since as since, cardinality(failed_about) as about,
       last_error as "lastError", failures_in_a_row as failures
     from endpoints where operator_id = $1 and id = $2`,
    [operator.operatorId, endpointId],
  );
  return rows[0]!;
}

/** Settles sales of new customers and sends the first try of each. */
async function sell(count: number): Promise<void> {
  const batch = await settleBatch(working.activities, operator, await operator.ingestSales(count));
  await working.activities.deliverFirst(batch);
}

const moveBack = (hours: number) =>
  database.pool.query(
    `update endpoints set failing_since = failing_since - make_interval(hours => $2) where id = $1`,
    [endpointId, hours],
  );

describe('an endpoint that answers and accepts nothing', () => {
  for (const [status, advice] of [
    [404, 'Check path and method of the endpoint.'],
    [301, 'Use the address it points to: redirects are not followed.'],
  ] as const) {
    test(`an endpoint that answers ${status} to everything is told of after an hour and disabled after 120`, async () => {
      await addOwnWebhook(['endpoint.failing', 'endpoint.disabled']);
      answer = ({ path }) => (path === '/own' ? [200] : [status, { location: '/elsewhere' }]);
      await sell(4);
      assert.deepEqual((await failing()).since, null, 'four conversions may all be about their clicks');
      await sell(8);
      const { since, about, lastError, failures } = await failing();
      assert.ok(since !== null);
      assert.deepEqual([about, lastError, failures], [5, `http_${status}`, 0]);
      assert.deepEqual(await notices(), []);
      await moveBack(2);
      await sell(1);
      await moveBack(119);
      await sell(1);
      const told = (await notices()).map(({ type, data }) => [
        type,
        data['state'],
        data['reason'],
        data['last_error'],
        data['advice'],
      ]);
      assert.deepEqual(told, [
        ['endpoint.failing', 'active', null, `http_${status}`, advice],
        ['endpoint.disabled', 'disabled', 'nothing but failures for 120 hours', `http_${status}`, advice],
      ]);
      assert.equal(receiver.requests.length, 14, 'it was tried like any other until then');
    });
  }

  test('an endpoint whose name has no address is told of after an hour', async () => {
    await addOwnWebhook(['endpoint.failing']);
    await database.pool.query(`update endpoints set url = 'http://lapsed.invalid/' where id = $1`, [
      endpointId,
    ]);
    await sell(6);
    await moveBack(2);
    await sell(1);
    assert.deepEqual(
      (await notices()).map(({ type, data }) => [type, data['last_error']]),
      [['endpoint.failing', 'dns_error']],
    );
  });

  test('one delivery clears what an endpoint refused before it, also by another worker', async () => {
    answer = () => [403];
    await sell(6);
    const other = withActivities(database.pool, temporal.client);
    try {
      answer = () => [200];
      const batch = await settleBatch(other.activities, operator, await operator.ingestSales(1));
      await other.activities.deliverFirst(batch);
      const { version: _, ...cleared } = await failing();
      assert.deepEqual(cleared, { since: null, about: 0, lastError: null, failures: 0 });
    } finally {
      await other.close();
    }
  });

  test('deliveries write nothing to the row of their endpoint, nor do refusals that add nothing to it', async () => {
    const { version: healthy } = await failing();
    await sell(20);
    assert.equal((await failing()).version, healthy);
    answer = () => [404];
    await sell(6);
    const { version: refused } = await failing();
    assert.notEqual(refused, healthy);
    await sell(20);
    assert.equal((await failing()).version, refused);
  });
});

describe('an endpoint that gets another URL', () => {
  const update = async (change: Partial<EndpointSettings>) =>
    (await createEndpoints(database.pool, SECRET_BOX).update(operator.operatorId, endpointId, change))!;

  test('another URL clears the health of its endpoint, and the same URL or other settings do not', async () => {
    await setHealth(30, 12, 2);
    await database.pool.query(`update endpoints set failed_about = '{evt_1}', last_error = 'timeout'`);
    const url = `${receiver.url}/affiliate`;
    const kept = await update({ url, maxInFlight: 3, headers: { 'x-a': 'b' } });
    assert.deepEqual(
      [kept.isMoved, kept.endpoint.failuresInARow, kept.endpoint.lastError, kept.endpoint.maxInFlight],
      [false, 12, 'timeout', 3],
    );
    const moved = await update({ url: `${url}?new` });
    assert.equal(moved.isMoved, true);
    const { version: _, ...cleared } = await failing();
    assert.deepEqual(cleared, { since: null, about: 0, lastError: null, failures: 0 });
  });

  test('another URL does not switch an endpoint on again that is disabled', async () => {
    await database.pool.query(
      `update endpoints set state = 'disabled', state_reason = 'gone' where id = $1`,
      [endpointId],
    );
    const { endpoint } = await update({ url: `${receiver.url}/new` });
    assert.deepEqual([endpoint.state, endpoint.stateReason], ['disabled', 'gone']);
  });

  for (const status of [503, 410])
    test(`an attempt at the former URL that ends with ${status} says nothing about the new one`, async () => {
      const slow = await startReceiver({
        handler: (_, response) =>
          void update({ url: `${receiver.url}/new` }).then(() => response.writeHead(status).end()),
      });
      try {
        await update({ url: slow.url });
        const id = await single();
        await attempt(id, 'retry');
        const { failures, lastError } = await failing();
        assert.deepEqual([slow.requests.length, failures, lastError], [1, 0, null]);
        assert.equal((await health()).state, 'active');
      } finally {
        await slow.close();
      }
    });
});

describe('Retry-After', () => {
  test('Retry-After of one answer holds for the whole queue and for the next probe', async () => {
    await switchEndpoint(database.pool, operator.operatorId, endpointId, { to: 'paused' });
    await settleBatch(working.activities, operator, await operator.ingestSales(30));
    await switchEndpoint(database.pool, operator.operatorId, endpointId, { to: 'active' });
    await database.pool.query(`update endpoints set max_in_flight = 1 where id = $1`, [endpointId]);
    answer = () => [429, { 'retry-after': '90' }];
    const of = { operatorId: operator.operatorId, endpointId };
    const turn = await working.activities.drainQueue({ ...of, probes: 0, nextSendAt: 0 });
    assert.ok(receiver.requests.length <= 2, `${receiver.requests.length} requests`);
    assert.ok(turn.waitMs! > 88_000 && turn.waitMs! <= 90_000, `next turn in ${turn.waitMs} ms`);
    const early = await working.activities.drainQueue({ ...of, probes: 0, nextSendAt: turn.nextSendAt });
    assert.equal(early.sent, 0, 'a turn that came early sent all the same');
    await setHealth(0.1, 10);
    const probe = await working.activities.drainQueue({ ...of, probes: 0, nextSendAt: 0 });
    assert.ok(probe.waitMs! > 88_000, `next probe in ${probe.waitMs} ms`);
  });
});

test('deliveries planned while their endpoint is deleted are cancelled, not held for ever', async () => {
  await settleBatch(working.activities, operator, await operator.ingestSales(3));
  await database.pool.query(
    `update deliveries set owner = 'endpoint', state = 'held' where operator_id = $1`,
    [operator.operatorId],
  );
  await database.pool.query(`update endpoints set deleted_at = now(), state = 'disabled' where id = $1`, [
    endpointId,
  ]);
  const { held, condition } = await working.activities.drainQueue({
    operatorId: operator.operatorId,
    endpointId,
    probes: 0,
    nextSendAt: 0,
  });
  assert.deepEqual([held, condition], [0, 'drained']);
  assert.deepEqual(
    countBy(await deliveriesOf(database.pool, operator), ({ state }) => state),
    { cancelled: 3 },
  );
});
