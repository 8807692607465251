// Steps of a replay: deliveries that match its filter are released once, in order, at its rate,
// also when a step is repeated after a crash.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import { stepReplay } from '../../../store/delivery/replay-steps.ts';
import { createReplays, type Replay, type ReplayFilter } from '../../../store/delivery/replays.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
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

async function stepAll(it: Replay): Promise<void> {
  while ((await step(it)).state === 'running');
}

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

async function drain(): Promise<void> {
  for (;;) {
    const turn = await working.activities.drainQueue({
      operatorId: operator.operatorId,
      endpointId,
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
    assert.deepEqual(await standing(), { 'pending endpoint 0': 1200 });
    assert.equal((await step(it)).state, 'done');
    await drain();
    const sent = receiver.requests.map(({ headers }) => headers['webhook-id']!);
    assert.deepEqual([sent.length, new Set(sent)], [1200, new Set(ids)]);
    const { rows } = await database.pool.query<{ cause: string; count: number }>(
      `select cause, count(*)::int from attempts where operator_id = $1 group by 1`,
      [operator.operatorId],
    );
    assert.deepEqual(rows, [{ cause: 'replay', count: 1200 }]);
    const { released, delivered, waiting, state } = (await createReplays(database.pool).find(
      operator.operatorId,
      it.id,
    ))!;
    assert.deepEqual(
      { released, delivered, waiting, state },
      { released: 1200, delivered: 1200, waiting: 0, state: 'done' },
    );
  });

  test('a replay releases each delivery once, also one given up meanwhile, and none planned after its start', async () => {
    await giveUpSales(600);
    const it = await replay();
    assert.equal((await step(it)).released, 500);
    await database.pool.query(
      `update deliveries set state = 'gave_up', owner = null, tries = 1, finished_at = now() where operator_id = $1 and owner = 'endpoint'`,
      [operator.operatorId],
    );
    await giveUpSales(10);
    await stepAll(it);
    assert.deepEqual(await standing(), {
      'pending endpoint 0': 100,
      'gave_up null 1': 500,
      'gave_up null 5': 10,
    });
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
    await stepAll(await replay());
    assert.deepEqual(
      countBy(await deliveriesOf(database.pool, operator), ({ owner }) => String(owner)),
      { self: 1, endpoint: 19, predecessor: 20 },
    );
    await drain();
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
    assert.deepEqual([singles.length, endpoints], [1, [endpointId]]);
    await drain();
    assert.deepEqual(await standing(), { 'delivered null 3': 3 });
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
    assert.deepEqual([state, released], ['cancelled', 20]);
    assert.deepEqual(await standing(), { 'pending endpoint 0': 20, 'gave_up null 5': 40 });
  });
});
