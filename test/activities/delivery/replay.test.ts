// Steps of a replay: deliveries that match its filter go out once, in order, at its rate, also when
// a step is repeated after a crash; what does not go out waits in the replay, and can be recalled.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import { switchEndpoint } from '../../../store/delivery/endpoint-switch.ts';
import { giveUpDelivery, takeForRetry } from '../../../store/delivery/manual-actions.ts';
import { cancelReplay, stepReplay } from '../../../store/delivery/replay-steps.ts';
import { createReplays, type Replay, type ReplayFilter } from '../../../store/delivery/replays.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { countBy, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { startReceiver, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;
let receiver: FaultyReceiver;
let operator: TestOperator;
let endpointId: string;

before(async () => {
  [database, temporal, receiver] = await Promise.all([withDatabase(), withTemporal(), startReceiver()]);
  working = withActivities(database.pool, temporal.client);
});
after(async () => {
  await working.close();
  await Promise.all([receiver.close(), temporal.close(), database.drop()]);
});
beforeEach(async () => {
  receiver.requests.length = 0;
  operator = await withOperator(database.pool);
  ({ id: endpointId } = await operator.addEndpoint(`${receiver.url}/ok`));
});

const ALL: ReplayFilter = { endpointId: null, affiliateId: null, from: null, to: null, states: ['gave_up'] };

function replay(
  filter: Partial<ReplayFilter> = {},
  ratePerSecond: number | null = null,
  isDryRun = false,
): Promise<Replay> {
  return createReplays(database.pool).insert(
    operator.operatorId,
    newId('rpl'),
    { ...ALL, ...filter },
    { ratePerSecond, isDryRun },
  );
}

const step = ({ id }: Replay) => stepReplay(database.pool, operator.operatorId, id);

/** Steps and drains in turn, as their workflows do, until the replay is over. */
async function run(it: Replay): Promise<void> {
  while (!(await step(it)).isOver) await drain();
}

const progress = async ({ id }: Replay) =>
  (await createReplays(database.pool).find(operator.operatorId, id))!;
const cancel = ({ id }: Replay) => cancelReplay(database.pool, operator.operatorId, id);

/** Sets the endpoint to this many consecutive failures. */
const fail = (times: number, id = endpointId) =>
  database.pool.query(
    `update endpoints set failures_in_a_row = $2, failing_since = case when $2 > 0 then now() end where id = $1`,
    [id, times],
  );

/** Gives up this many postbacks after five tries. */
async function giveUpSales(count: number): Promise<string[]> {
  await settleBatch(working.activities, operator, await operator.ingestSales(count));
  const { rows } = await database.pool.query<{ id: string }>(
    `update deliveries set state = 'gave_up', owner = null, tries = 5, finished_at = now() where operator_id = $1 and owner is not null returning id`,
    [operator.operatorId],
  );
  return rows.map(({ id }) => id);
}

async function standing(): Promise<Record<string, number>> {
  const rows = await deliveriesOf(database.pool, operator);
  return countBy(rows, ({ state, owner, tries }) => `${state} ${owner} ${tries}`);
}

async function drain(id = endpointId): Promise<void> {
  for (;;) {
    const turn = await working.activities.drainQueue({
      operatorId: operator.operatorId,
      endpointId: id,
      probes: 0,
      nextSendAt: 0,
    });
    if (turn.held === 0) return;
  }
}

describe('a replay', () => {
  test('a replay releases every delivery once, under its own id, with the cause replay', async () => {
    const ids = await giveUpSales(1200);
    const it = await replay();
    assert.deepEqual([it.total, it.state], [1200, 'running']);
    // Like a step repeated because its answer was lost, while the first run goes on.
    await Promise.all([step(it), step(it), step(it), step(it)]);
    assert.deepEqual(await standing(), { 'pending endpoint 0': 200, 'gave_up null 5': 1000 });
    await run(it);
    const sent = receiver.requests.map(({ headers }) => headers['webhook-id']!);
    assert.deepEqual([sent.length, new Set(sent)], [1200, new Set(ids)]);
    const { rows } = await database.pool.query<{ cause: string; count: number }>(
      `select cause, count(*)::int from attempts where operator_id = $1 group by 1`,
      [operator.operatorId],
    );
    assert.deepEqual(rows, [{ cause: 'replay', count: 1200 }]);
    const { released, sent: out, delivered, skipped, endpoints, state } = await progress(it);
    assert.deepEqual(
      { released, out, delivered, skipped, endpoints, state },
      { released: 1200, out: 1200, delivered: 1200, skipped: 0, endpoints: [], state: 'done' },
    );
  });

  test('a replay releases each delivery once, also one given up meanwhile, and none planned after its start', async () => {
    await giveUpSales(600);
    const it = await replay();
    assert.equal((await step(it)).released, 200);
    await database.pool.query(
      `update deliveries set state = 'gave_up', owner = null, tries = 1, finished_at = now() where operator_id = $1 and owner = 'endpoint'`,
      [operator.operatorId],
    );
    await giveUpSales(10);
    await run(it);
    assert.deepEqual(await standing(), {
      'delivered null 1': 400,
      'gave_up null 1': 200,
      'gave_up null 5': 10,
    });
    const { sent, skipped } = await progress(it);
    assert.deepEqual([sent, skipped], [400, 200]);
  });

  test('a replay counts what its filter chose only after it began', async () => {
    await giveUpSales(5);
    await database.pool.query(
      `update deliveries set state = 'held', owner = 'endpoint', finished_at = null
       where id <> (select max(id) from deliveries where operator_id = $1)`,
      [operator.operatorId],
    );
    const it = await replay();
    await database.pool.query(
      `update deliveries set state = 'gave_up', owner = null, finished_at = now() where operator_id = $1`,
      [operator.operatorId],
    );
    await run(it);
    const { total, sent, skipped } = await progress(it);
    assert.deepEqual([it.total, total, sent, skipped], [1, 5, 5, 0]);
  });

  test('a replay skips what a person gives up before it went out, and does not call it sent', async () => {
    const [first] = await giveUpSales(3);
    const it = await replay();
    await step(it);
    await giveUpDelivery(database.pool, operator.operatorId, first!);
    await run(it);
    const { total, sent, skipped } = await progress(it);
    assert.deepEqual([total, sent, skipped, receiver.requests.length], [3, 2, 1, 2]);
  });

  test('a replay keeps the order of a conversion and its reversal', async () => {
    for (let number = 0; number < 20; number++) {
      const events = [
        { transactionId: `sale-${number}` },
        { type: 'chargeback' as const, transactionId: `back-${number}`, reference: `sale-${number}` },
      ];
      for (const event of events)
        await settleBatch(working.activities, operator, await operator.ingest([event]));
    }
    await giveUpSales(0);
    // The first delivery is being retried already, so its chargeback follows it as well.
    const [first] = await deliveriesOf(database.pool, operator);
    await database.pool.query(
      `update deliveries set state = 'retrying', owner = 'self', finished_at = null where id = $1`,
      [first!.id],
    );
    const it = await replay();
    await step(it);
    assert.deepEqual(
      countBy(await deliveriesOf(database.pool, operator), ({ owner }) => String(owner)),
      { self: 1, endpoint: 19, null: 20 },
    );
    await drain();
    await step(it);
    await drain();
    assert.deepEqual([(await step(it)).isOver, (await progress(it)).endpoints[0]?.waiting], [false, 1]);
    const received = receiver.requests.map(
      ({ body }) =>
        JSON.parse(body) as { type: string; data: { original_event_id?: string; event_id: string } },
    );
    assert.equal(received.length, 38);
    const seen = new Set<string>();
    for (const { type, data } of received) {
      if (type === 'conversion.created') seen.add(data.event_id);
      else assert.ok(seen.has(data.original_event_id!), 'a chargeback came before its conversion');
    }
  });

  test('a replay filters by endpoint, affiliate, time and state, and skips active deliveries', async () => {
    const other = await operator.addEndpoint(`${receiver.url}/ok`);
    await giveUpSales(10);
    const middle = new Date();
    await settleBatch(working.activities, operator, await operator.ingestSales(4));
    const count = async (filter: Partial<ReplayFilter>) => (await replay(filter, null, true)).total;
    assert.equal(await count({}), 20);
    assert.equal(await count({ endpointId: other.id }), 10);
    assert.equal(await count({ affiliateId: operator.affiliateId }), 20);
    assert.equal(await count({ affiliateId: newId('aff') }), 0);
    assert.equal(await count({ to: middle }), 20);
    assert.equal(await count({ from: middle }), 0);
    assert.equal(await count({ states: ['held', 'retrying', 'delivered'] }), 0);
    await database.pool.query(
      `update deliveries set state = 'held', owner = 'endpoint' where operator_id = $1 and owner = 'batch'`,
      [operator.operatorId],
    );
    assert.equal(await count({ states: ['held'], from: middle }), 8);
    await database.pool.query(`update endpoints set deleted_at = now() where id = $1`, [other.id]);
    assert.equal(await count({}), 10);
    assert.deepEqual((await standing())['gave_up null 5'], 20, 'a dry run released something');
  });

  test('a replay makes the next try of waiting deliveries, without a new schedule', async () => {
    await settleBatch(working.activities, operator, await operator.ingestSales(3));
    await database.pool.query(
      `update deliveries set state = 'retrying', tries = 2, next_attempt_at = now() + interval '5 hours',
         owner = case when id = (select min(id) from deliveries where operator_id = $1) then 'self' else 'endpoint' end
       where operator_id = $1`,
      [operator.operatorId],
    );
    const it = await replay({ states: ['retrying'] });
    const { singles, endpoints } = await step(it);
    assert.deepEqual([singles.length, endpoints], [1, [{ id: endpointId, isDown: false }]]);
    await drain();
    assert.deepEqual(await standing(), { 'delivered null 3': 3 });
    assert.equal((await step(it)).state, 'done');
  });

  test('a replay keeps its rate, also over crashes, and stops when cancelled', async () => {
    await giveUpSales(60);
    const it = await replay({}, 20);
    const first = await step(it);
    assert.equal(first.released, 20);
    assert.ok(first.waitMs > 0 && first.waitMs <= 1000, `next step in ${first.waitMs} ms`);
    // A new run has no record of earlier waits and asks at once.
    assert.equal((await step(it)).released, 20);
    await working.activities.cancelReplay({ operatorId: operator.operatorId, replayId: it.id });
    const { state, released } = await step(it);
    assert.deepEqual([state, released], ['cancelled', 0]);
    assert.deepEqual(await standing(), { 'gave_up null 5': 60 });
  });
});

describe('a replay to an endpoint that takes nothing', () => {
  test('a replay to an endpoint that is down releases one delivery to probe it, and the rest waits', async () => {
    await giveUpSales(150);
    await fail(10);
    const it = await replay();
    assert.deepEqual((await step(it)).endpoints, [{ id: endpointId, isDown: true }]);
    for (let more = 0; more < 3; more++) assert.deepEqual((await step(it)).endpoints, []);
    assert.deepEqual(await standing(), { 'held endpoint 0': 1, 'gave_up null 5': 149 });
    const { state, released, sent, endpoints } = await progress(it);
    assert.deepEqual(
      { state, released, sent, endpoints },
      {
        state: 'running',
        released: 1,
        sent: 0,
        endpoints: [{ id: endpointId, state: 'active', condition: 'down', waiting: 149, queued: 1 }],
      },
    );
    await run(it);
    assert.deepEqual(await standing(), { 'delivered null 1': 150 });
    assert.equal((await progress(it)).state, 'done');
  });

  test('a failed probe is not going out, and is repeated by the queue, not by the replay', async () => {
    await database.pool.query(`update endpoints set url = $2 where id = $1`, [
      endpointId,
      `${receiver.url}/status/503`,
    ]);
    await giveUpSales(3);
    await fail(10);
    const it = await replay();
    await step(it);
    await working.activities.drainQueue({
      operatorId: operator.operatorId,
      endpointId,
      probes: 0,
      nextSendAt: 0,
    });
    assert.equal(receiver.requests.length, 1);
    assert.deepEqual((await step(it)).endpoints, []);
    const { released, sent } = await progress(it);
    assert.deepEqual([released, sent], [1, 0]);
  });

  test('what was released waits in the replay again when its endpoint turns out to be down or is paused', async () => {
    await giveUpSales(50);
    const it = await replay();
    await step(it);
    assert.deepEqual(await standing(), { 'pending endpoint 0': 50 });
    await fail(10);
    await step(it);
    assert.deepEqual(await standing(), { 'pending endpoint 0': 1, 'gave_up null 5': 49 });
    await fail(0);
    await step(it);
    await switchEndpoint(database.pool, operator.operatorId, endpointId, { to: 'paused' });
    await step(it);
    assert.deepEqual(await standing(), { 'gave_up null 5': 50 });
    await switchEndpoint(database.pool, operator.operatorId, endpointId, { to: 'active' });
    await run(it);
    assert.deepEqual(await standing(), { 'delivered null 1': 50 });
  });

  test('a replay goes on to other endpoints past one that is down', async () => {
    const other = await operator.addEndpoint(`${receiver.url}/ok`);
    await giveUpSales(250);
    await fail(10);
    const it = await replay();
    for (let turn = 0; turn < 4; turn++) {
      await step(it);
      await drain(other.id);
    }
    assert.deepEqual(await standing(), {
      'delivered null 1': 250,
      'held endpoint 0': 1,
      'gave_up null 5': 249,
    });
  });

  test('deliveries to an endpoint that is deleted during the replay are left out', async () => {
    await giveUpSales(5);
    await fail(10);
    const it = await replay();
    await step(it);
    await working.activities.drainQueue({
      operatorId: operator.operatorId,
      endpointId,
      probes: 0,
      nextSendAt: 0,
    });
    await database.pool.query(`update endpoints set deleted_at = now(), state = 'disabled' where id = $1`, [
      endpointId,
    ]);
    while (!(await step(it)).isOver);
    const { state, skipped, sent } = await progress(it);
    assert.equal(state, 'done');
    assert.equal(skipped + sent, 5);
  });
});

describe('a replay that is cancelled', () => {
  const rows = async () =>
    (
      await database.pool.query<object>(
        `select id, state, owner, tries, next_attempt_at, next_cause, replay_id, finished_at, acknowledged_at
         from deliveries where operator_id = $1 order by id`,
        [operator.operatorId],
      )
    ).rows;

  test('a cancel puts what did not go out back as it was, and leaves what did', async () => {
    await giveUpSales(20);
    await database.pool.query(
      `update deliveries set state = 'delivered' where operator_id = $1 and id in (
         select id from deliveries where operator_id = $1 order by id limit 5)`,
      [operator.operatorId],
    );
    await database.pool.query(
      `update deliveries set state = 'retrying', owner = 'endpoint', tries = 3, finished_at = null,
         next_attempt_at = now() + interval '1 hour'
       where operator_id = $1 and id in (select id from deliveries where operator_id = $1 order by id desc limit 5)`,
      [operator.operatorId],
    );
    const asItWas = await rows();
    const it = await replay({ states: ['gave_up', 'delivered', 'retrying'] });
    await step(it);
    assert.deepEqual(
      countBy(await deliveriesOf(database.pool, operator), ({ owner }) => String(owner)),
      {
        endpoint: 20,
      },
    );
    await cancel(it);
    assert.deepEqual(await rows(), asItWas);
    const { state, released, sent, recalled, skipped } = await progress(it);
    assert.deepEqual(
      { state, released, sent, recalled, skipped },
      { state: 'cancelled', released: 0, sent: 0, recalled: 20, skipped: 0 },
    );
    assert.equal((await step(it)).isOver, true);
  });

  test('a cancel leaves a delivery that is being sent, and counts it as sent', async () => {
    const slow = await startReceiver({ handler: (_, response) => void answers.push(() => response.end()) });
    const answers: (() => void)[] = [];
    await database.pool.query(`update endpoints set url = $2, max_in_flight = 2 where id = $1`, [
      endpointId,
      slow.url,
    ]);
    await giveUpSales(10);
    const it = await replay();
    await step(it);
    const turn = working.activities.drainQueue({
      operatorId: operator.operatorId,
      endpointId,
      probes: 0,
      nextSendAt: 0,
    });
    await eventually('two requests', () => slow.requests.length === 2);
    await cancel(it);
    assert.equal((await step(it)).isOver, false);
    for (const answer of answers.splice(0)) answer();
    await turn;
    await eventually('the replay to be cleared', async () => (await step(it)).isOver);
    const { sent, recalled, delivered } = await progress(it);
    assert.deepEqual([sent + recalled, sent, delivered], [10, slow.requests.length, slow.requests.length]);
    assert.ok(slow.requests.length < 10, 'everything was sent');
    await slow.close();
  });

  test("a delivery that a person retried meanwhile is the person's, and a successor of a recalled one goes on", async () => {
    const [event] = await operator.ingest([{ transactionId: 'sold' }]);
    await settleBatch(working.activities, operator, [event!]);
    await giveUpSales(1);
    await fail(10);
    const it = await replay();
    await step(it);
    await settleBatch(
      working.activities,
      operator,
      await operator.ingest([{ type: 'chargeback', transactionId: 'back', reference: 'sold' }]),
    );
    const owners = async () => (await deliveriesOf(database.pool, operator)).map(({ owner }) => owner);
    assert.deepEqual(await owners(), ['endpoint', null, 'predecessor']);
    const [sold] = await deliveriesOf(database.pool, operator);
    await cancel(it);
    assert.deepEqual(await owners(), [null, null, 'endpoint']);
    await fail(0);
    const again = await replay();
    await step(again);
    assert.equal((await takeForRetry(database.pool, operator.operatorId, sold!.id)).kind, 'taken');
    await cancel(again);
    assert.deepEqual(await owners(), ['self', null, 'endpoint']);
    assert.deepEqual(
      [(await progress(again)).recalled, (await progress(again)).sent],
      [1, 1],
      "the person's try is not the replay's to recall",
    );
  });
});
