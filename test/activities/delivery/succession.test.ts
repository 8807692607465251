// Postbacks of one conversion go out one after the other. Each race between finishing a delivery
// and releasing its successor runs on two connections whose steps the test orders, so that a lost
// wake-up would show every time.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { PoolClient } from 'pg';
import { giveUpDelivery, takeForRetry } from '../../../store/delivery/manual-actions.ts';
import { lockConversions, releaseSuccessors } from '../../../store/delivery/succession.ts';
import { replay } from '../../../store/delivery/transitions/replays.ts';
import { anEvent } from '../../support/builders.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { deliveriesOf, planReversal, settleBatch } from '../../support/deliveries.ts';
import { untilWaiting } from '../../support/lock-waits.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;
let operator: TestOperator;
/** Ids of the conversion's delivery and its successors, in order. */
let chain: string[];

before(async () => {
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
  working = withActivities(database.pool, temporal.client, { sweepGraceMs: 0 });
});
after(async () => {
  await working.close();
  await Promise.all([temporal.close(), database.drop()]);
});
beforeEach(async () => {
  operator = await withOperator(database.pool);
  await operator.addEndpoint('http://127.0.0.1:9/never-called');
  for (const event of [
    { transactionId: 'reversed' },
    { type: 'chargeback', transactionId: 'back', reference: 'reversed' } as const,
    { type: 'chargeback_won', transactionId: 'won', reference: 'reversed' } as const,
  ])
    await settleBatch(working.activities, operator, await operator.ingest([event]));
  chain = (await deliveriesOf(database.pool, operator)).map(({ id }) => id);
  await database.pool.query(`update deliveries set owner = 'self' where id = $1`, [chain[0]]);
  assert.equal(chain.length, 3);
});

/**
 * Each delivery of the chain: its owner, its predecessor, and the predecessors its body names as
 * given up.
 */
async function standing() {
  const { rows } = await database.pool.query<{
    owner: string | null;
    predecessor: string | null;
    body: string;
  }>(`select owner, predecessor_id as predecessor, body from deliveries where operator_id = $1 order by id`, [
    operator.operatorId,
  ]);
  return rows.map(({ owner, predecessor, body }) => {
    const { previous_gave_up: gaveUp } = (JSON.parse(body) as { data: { previous_gave_up?: string[] } }).data;
    return [
      owner,
      predecessor === null ? null : chain.indexOf(predecessor),
      gaveUp?.map((id) => chain.indexOf(id)) ?? null,
    ];
  });
}

const giveUp = (index: number) => giveUpDelivery(database.pool, operator.operatorId, chain[index]!);

async function finish(client: PoolClient, id: string, state = 'delivered'): Promise<void> {
  await client.query(
    `update deliveries set state = $3, owner = null, finished_at = now() where operator_id = $1 and id = $2`,
    [operator.operatorId, id, state],
  );
}

/** Two connections, each in a transaction of its own. */
async function withTwo(work: (one: PoolClient, two: PoolClient) => Promise<void>): Promise<void> {
  const clients = [await database.pool.connect(), await database.pool.connect()] as const;
  try {
    for (const client of clients) await client.query('begin');
    await work(...clients);
    for (const client of clients) await client.query('commit');
  } finally {
    for (const client of clients) client.release(true);
  }
}

/** Waits until one connection is blocked by a lock of the other. */
async function untilBlocked(): Promise<void> {
  await untilWaiting(database.pool, 'a connection to wait for a lock', (count) => count > 0);
}

describe('giving up a delivery', () => {
  test('the reported amount of a delivery stays that of its body, also where an amended one replaces it', async () => {
    await giveUp(0);
    const { rows } = await database.pool.query<{ body: string; delta: string }>(
      `select body, payout_delta_minor || ' ' || payout_currency as delta from deliveries
       where operator_id = $1 order by id`,
      [operator.operatorId],
    );
    const bodies = rows.map(
      ({ body }) => (JSON.parse(body) as { data: Record<string, string | string[]> }).data,
    );
    assert.ok(bodies[1]?.previous_gave_up, 'no body was amended');
    assert.deepEqual(
      rows.map(({ delta }) => delta),
      bodies.map(({ payout_delta: delta }) => `${Number(delta) * 100} USD`),
    );
    assert.deepEqual(
      rows.map(({ delta }) => delta),
      ['1000 USD', '-1000 USD', '1000 USD'],
    );
  });

  test('giving up a delivery releases its successor; the bodies of all successors name the given-up delivery', async () => {
    assert.deepEqual(await standing(), [
      ['self', null, null],
      ['predecessor', 0, null],
      ['predecessor', 1, null],
    ]);
    await giveUp(0);
    assert.deepEqual(await standing(), [
      [null, null, null],
      ['endpoint', null, [0]],
      ['predecessor', 1, null],
    ]);
    await giveUp(1);
    assert.deepEqual((await standing())[2], ['endpoint', null, [0, 1]]);
  });

  test('giving up a waiting delivery relinks its successor, which does not overtake the first', async () => {
    await giveUp(1);
    assert.deepEqual(await standing(), [
      ['self', null, null],
      [null, null, null],
      ['predecessor', 0, [1]],
    ]);
    await giveUp(0);
    assert.deepEqual((await standing())[2], ['endpoint', null, [0, 1]]);
  });

  test('giving up a delivery leaves the rest of a successor’s body unchanged, byte for byte', async () => {
    const bodyOf = async () =>
      (await database.pool.query<{ body: string }>(`select body from deliveries where id = $1`, [chain[1]]))
        .rows[0]!.body;
    const planned = await bodyOf();
    await giveUp(0);
    assert.equal(await bodyOf(), planned.replace(/\}\}$/, `,"previous_gave_up":["${chain[0]}"]}}`));
  });
});

describe('a lost wake-up', () => {
  test('no wake-up is lost when a successor is planned while its predecessor is being finished', async () => {
    await giveUp(1);
    await giveUp(2);
    await withTwo(async (planner, finisher) => {
      await plan(planner);
      const finishing = finish(finisher, chain[0]!);
      await untilBlocked();
      await planner.query('commit');
      await planner.query('begin');
      await finishing;
      await releaseSuccessors(finisher, [{ operatorId: operator.operatorId, deliveryId: chain[0]! }]);
    });
    assert.deepEqual((await standing())[3]?.slice(0, 2), ['endpoint', null]);
  });

  test('no wake-up is lost when a predecessor is finished while its successor is being planned', async () => {
    await giveUp(1);
    await giveUp(2);
    await withTwo(async (finisher, planner) => {
      await finish(finisher, chain[0]!);
      const planning = plan(planner);
      await untilBlocked();
      await releaseSuccessors(finisher, [{ operatorId: operator.operatorId, deliveryId: chain[0]! }]);
      await finisher.query('commit');
      await finisher.query('begin');
      await planning;
    });
    assert.deepEqual((await standing())[3]?.slice(0, 2), ['batch', null]);
  });

  test('no wake-up is lost when the middle of a chain is given up while the first is being finished', async () => {
    await withTwo(async (finisher) => {
      await finish(finisher, chain[0]!);
      const givingUp = giveUp(1);
      await untilBlocked();
      await releaseSuccessors(finisher, [{ operatorId: operator.operatorId, deliveryId: chain[0]! }]);
      await finisher.query('commit');
      await finisher.query('begin');
      await givingUp;
    });
    assert.deepEqual(await standing(), [
      [null, null, null],
      [null, null, null],
      ['endpoint', null, [1]],
    ]);
  });

  test('no wake-up is lost when the first is finished while the middle of a chain is being given up', async () => {
    await withTwo(async (giver, finisher) => {
      // The steps of giveUpDelivery one by one, so that the other connection comes in between.
      await giver.query(`select from deliveries where operator_id = $1 and id = $2 for share`, [
        operator.operatorId,
        chain[0],
      ]);
      const finishing = finish(finisher, chain[0]!);
      await untilBlocked();
      await giver.query('commit');
      await giver.query('begin');
      await finishing;
      await releaseSuccessors(finisher, [{ operatorId: operator.operatorId, deliveryId: chain[0]! }]);
      await finisher.query('commit');
      await finisher.query('begin');
      await giveUp(1);
    });
    assert.deepEqual(
      (await standing()).map(([owner]) => owner),
      [null, null, 'endpoint'],
    );
  });
});

describe('a delivery that is sent again while a later one about its conversion comes up', () => {
  /** Queues the first delivery again, which was given up, as a bulk retry does. */
  async function sendFirstAgain(client: PoolClient): Promise<void> {
    await lockConversions(client, operator.operatorId, [chain[0]!]);
    await replay(client, operator.operatorId, { cause: 'manual', replayId: null }, [chain[0]!]);
  }

  test('a retry of the later one is refused, since it must follow the first', async () => {
    for (const index of [0, 1, 2]) await giveUp(index);
    await withTwo(async (sender) => {
      await sendFirstAgain(sender);
      const retrying = takeForRetry(database.pool, operator.operatorId, chain[1]!);
      await untilBlocked();
      await sender.query('commit');
      await sender.query('begin');
      assert.deepEqual(await retrying, {
        kind: 'refused',
        refusal: 'waits_for_predecessor',
        waitsFor: chain[0],
      });
    });
  });

  test('one that is being planned follows it', async () => {
    for (const index of [0, 1, 2]) await giveUp(index);
    await withTwo(async (sender, planner) => {
      await sendFirstAgain(sender);
      const planning = plan(planner);
      await untilBlocked();
      await sender.query('commit');
      await sender.query('begin');
      await planning;
    });
    assert.deepEqual((await standing())[3]?.slice(0, 2), ['predecessor', 0]);
  });
});

test('a delivery taken over before its last attempt was recorded releases no successor', async () => {
  const released = await releaseSuccessors(database.pool, [
    { operatorId: operator.operatorId, deliveryId: chain[0]! },
  ]);
  assert.deepEqual(released, []);
  assert.deepEqual((await standing())[1], ['predecessor', 0, null]);
});

test('the sweep releases successors that a crash left waiting, and their bodies name the given-up one', async () => {
  await database.pool.query(
    `update deliveries set state = 'gave_up', owner = null, finished_at = now() where operator_id = $1 and id = $2`,
    [operator.operatorId, chain[0]],
  );
  assert.equal((await working.activities.sweepOnce()).released, 1);
  assert.deepEqual((await standing())[1], ['endpoint', null, [0]]);
});

test('a new delivery follows the end of the chain, also where another clock gave an earlier one a later id', async () => {
  const [first, second] = chain;
  const late = first!.replace('_0', '_7');
  await database.pool.query(`update deliveries set id = $3 where operator_id = $1 and id = $2`, [
    operator.operatorId,
    first,
    late,
  ]);
  await database.pool.query(`update deliveries set predecessor_id = $3 where operator_id = $1 and id = $2`, [
    operator.operatorId,
    second,
    late,
  ]);
  const client = await database.pool.connect();
  await plan(client).finally(() => client.release());
  const { rows } = await database.pool.query<{ id: string }>(
    `select predecessor_id as id from deliveries where operator_id = $1 and id <> all($2) and owner = 'predecessor'`,
    [operator.operatorId, chain],
  );
  assert.deepEqual(rows, [{ id: chain[2] }]);
});

async function plan(client: PoolClient): Promise<void> {
  const { operatorId } = operator;
  const { rows } = await database.pool.query<{ id: string }>(
    `select original_event_id as id from deliveries where operator_id = $1 limit 1`,
    [operatorId],
  );
  await planReversal(client, operator, anEvent({ operatorId, id: rows[0]!.id }));
}
