// A delivery that is being sent: nobody sends it a second time meanwhile, a retry joins the
// attempt, and what arrives is delivered whatever happened to its row.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { readDelivery } from '../../../store/delivery/deliveries.ts';
import { createEndpoints } from '../../../store/delivery/endpoints.ts';
import { giveUpDelivery, pauseDelivery, takeForRetry } from '../../../store/delivery/manual-actions.ts';
import { putBack, takeFromQueue } from '../../../store/delivery/transitions/attempts.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { anAttempt, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { eventually } from '../../support/eventually.ts';
import { SECRET_BOX, withOperator, type TestOperator } from '../../support/operator.ts';
import { startReceiver, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';
import { createRecorder } from '../../../activities/delivery/recorder.ts';

let database: TestDatabase;
let temporal: TestTemporal;
/** Two worker processes, as far as their memory goes. */
let working: TestActivities;
let other: TestActivities;
let receiver: FaultyReceiver;
/** Requests that the receiver has not answered. */
let open: ServerResponse[] = [];
let operator: TestOperator;
let endpointId: string;

before(async () => {
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
  receiver = await startReceiver({ handler: (_, response) => void open.push(response) });
  [working, other] = [1, 2].map(() => withActivities(database.pool, temporal.client)) as [
    TestActivities,
    TestActivities,
  ];
});
after(async () => {
  await Promise.all([working.close(), other.close(), receiver.close(), temporal.close()]);
  await database.drop();
});
beforeEach(async () => {
  [receiver.requests.length, open] = [0, []];
  operator = await withOperator(database.pool);
  ({ id: endpointId } = await operator.addEndpoint(receiver.url));
});

/** Sales whose deliveries wait, after this many tries, for the endpoint's queue or a workflow. */
async function waiting(count: number, owner: 'endpoint' | 'self', tries = 0): Promise<string[]> {
  await settleBatch(working.activities, operator, await operator.ingestSales(count));
  const { rows } = await database.pool.query<{ id: string }>(
    `update deliveries set owner = $2, state = $3, tries = $4, attempts = $4
     where operator_id = $1 and owner = 'batch' returning id`,
    [operator.operatorId, owner, tries === 0 ? 'held' : 'retrying', tries],
  );
  return rows.map(({ id }) => id);
}

const drain = ({ activities } = working) =>
  activities.drainQueue({ operatorId: operator.operatorId, endpointId, probes: 0, nextSendAt: 0 });
const attempt = (
  deliveryId: string,
  tries: number,
  { activities } = working,
  cause: 'retry' | 'manual' = 'retry',
) => activities.attemptPostback({ operatorId: operator.operatorId, deliveryId, cause, tries });
const retry = (id: string) => takeForRetry(database.pool, operator.operatorId, id);
const arrived = (count: number) =>
  eventually(`${count} requests to arrive`, () => receiver.requests.length === count);
const answerAll = (status = 200) => {
  for (const response of open.splice(0)) response.writeHead(status).end();
};
const sentIds = () => receiver.requests.map(({ headers }) => headers['webhook-id']!).toSorted();
const states = async () =>
  (await deliveriesOf(database.pool, operator)).map(({ state, tries }) => `${state} ${tries}`);

describe('a retry while the delivery is being sent', () => {
  test('a retry joins the attempt of a queue, and the delivery arrives once', async () => {
    const ids = await waiting(6, 'endpoint');
    const turn = drain();
    await arrived(6);
    for (const id of ids) assert.deepEqual(await retry(id), { kind: 'under_way' });
    answerAll();
    assert.equal((await turn).sent, 6);
    assert.deepEqual(sentIds(), ids.toSorted());
    assert.deepEqual(await states(), Array(6).fill('delivered 1'));
  });

  test('a retry joins the attempt of a workflow, and one after it is made', async () => {
    const [id] = await waiting(1, 'self', 1);
    const sending = attempt(id!, 1);
    await arrived(1);
    assert.deepEqual(await retry(id!), { kind: 'under_way' });
    answerAll(500);
    assert.equal((await sending).state, 'retrying');
    assert.equal((await retry(id!)).kind, 'taken');
    const again = attempt(id!, 2);
    await arrived(2);
    answerAll();
    assert.equal((await again).state, 'delivered');
  });

  test('a retry joins the first try of a batch', async () => {
    const batch = await settleBatch(working.activities, operator, await operator.ingestSales(1));
    const sending = working.activities.deliverFirst(batch);
    await arrived(1);
    const [row] = await deliveriesOf(database.pool, operator);
    assert.deepEqual(await retry(row!.id), { kind: 'under_way' });
    answerAll();
    assert.equal((await sending).delivered, 1);
    assert.equal(receiver.requests.length, 1);
  });
});

describe('two senders of a delivery', () => {
  test('two processes that drain a queue send each delivery once', async () => {
    const ids = await waiting(8, 'endpoint');
    const turns = [drain(), drain(other)];
    await arrived(8);
    answerAll();
    const sent = (await Promise.all(turns)).map((turn) => turn.sent);
    assert.deepEqual([sent[0]! + sent[1]!, sentIds()], [8, ids.toSorted()]);
  });

  test('two processes that make the attempt of a workflow make it once', async () => {
    const [id] = await waiting(1, 'self', 1);
    const sending = attempt(id!, 1);
    await arrived(1);
    const { state, tries, nextAttemptAt } = await attempt(id!, 1, other);
    assert.deepEqual([state, tries], ['retrying', 1]);
    assert.ok(nextAttemptAt! > Date.now(), 'the second looks again when the first must be over');
    answerAll();
    assert.equal((await sending).state, 'delivered');
    assert.equal(receiver.requests.length, 1);
  });

  test('a delivery whose sender died is sent again when its attempt must be over', async () => {
    const [id] = await waiting(1, 'endpoint');
    const until = (seconds: number) =>
      database.pool.query(
        `update deliveries set sending_until = now() + make_interval(secs => $2) where id = $1`,
        [id, seconds],
      );
    await until(10);
    const { held, sent, waitMs } = await drain();
    assert.deepEqual([held, sent], [1, 0]);
    assert.ok(waitMs! > 9000 && waitMs! <= 10_000, `the queue looks again in ${waitMs} ms`);
    await until(0);
    const turn = drain();
    await arrived(1);
    answerAll();
    assert.equal((await turn).sent, 1);
  });

  test('a process that stood still puts back no delivery that another one has claimed since', async () => {
    const [id] = await waiting(1, 'endpoint');
    const { operatorId } = operator;
    const take = () => takeFromQueue(database.pool, operatorId, endpointId, 1);
    const ended = new Date(Date.now() - 1000);
    const claimed = (await take()).map((delivery) => ({ ...delivery, sendingUntil: ended }));
    await database.pool.query(`update deliveries set sending_until = $2 where id = $1`, [id, ended]);
    const claimedSince = await take();
    await putBack(database.pool, operatorId, claimed);
    assert.equal((await take()).length, 0, 'the other process sends it');
    await putBack(database.pool, operatorId, claimedSince);
    assert.equal((await take()).length, 1);
  });

  test('the failure of a process that stood still ends no claim that another one has made since', async () => {
    const [id] = await waiting(1, 'endpoint');
    const { operatorId } = operator;
    const take = () => takeFromQueue(database.pool, operatorId, endpointId, 1);
    const recorder = createRecorder(database.pool, (error) => assert.fail(String(error)));
    const of = {
      operatorId,
      deliveryId: id!,
      endpointId,
      expected: { owner: 'endpoint' as const, tries: 0 },
    };
    await take();
    await database.pool.query(`update deliveries set sending_until = now() where id = $1`, [id]);
    assert.equal((await take()).length, 1, 'the other process sends it');
    const failed = { state: 'retrying' as const, owner: 'endpoint' as const, tries: 1, lastError: 'reset' };
    const startedAt = new Date(Date.now() - 30_000);
    await recorder.record(anAttempt({ ...of, startedAt, next: { ...failed, nextAttemptAt: null } }), null);
    assert.equal((await take()).length, 0, 'the other process still sends it');
    await recorder.record(anAttempt(of), null);
    assert.deepEqual(await states(), ['delivered 1']);
  });
});

describe('an attempt whose delivery moved on meanwhile', () => {
  const endings = {
    'its endpoint is deleted': async () => {
      await createEndpoints(database.pool, SECRET_BOX).remove(operator.operatorId, endpointId);
      return 'cancelled';
    },
    'it is given up': async (id: string) => {
      await giveUpDelivery(database.pool, operator.operatorId, id);
      return 'gave_up';
    },
  };
  for (const [what, end] of Object.entries(endings))
    for (const owner of ['endpoint', 'self'] as const)
      for (const status of [200, 500])
        test(`an attempt of ${owner} answered ${status} after ${what} counts, and arrived is delivered`, async () => {
          const [id] = await waiting(1, owner);
          const sending = owner === 'self' ? attempt(id!, 0) : drain();
          await arrived(1);
          const state = await end(id!);
          answerAll(status);
          await sending;
          assert.deepEqual(await states(), [status === 200 ? 'delivered 1' : `${state} 1`]);
        });

  test('a delivery given up and retried during its first try, which its batch makes, is sent once', async () => {
    const batch = await settleBatch(working.activities, operator, await operator.ingestSales(1));
    const sending = working.activities.deliverFirst(batch);
    await arrived(1);
    const [row] = await deliveriesOf(database.pool, operator);
    await giveUpDelivery(database.pool, operator.operatorId, row!.id);
    assert.deepEqual(await retry(row!.id), { kind: 'under_way' });
    answerAll(500);
    await sending;
    assert.equal((await retry(row!.id)).kind, 'taken', 'the attempt is over');
  });

  test('a pause during an attempt holds after it, with its reason', async () => {
    const [id] = await waiting(1, 'self', 1);
    const sending = attempt(id!, 1);
    await arrived(1);
    await pauseDelivery(database.pool, operator.operatorId, id!, 'paused over the API');
    answerAll(500);
    await sending;
    const paused = await readDelivery(database.pool, operator.operatorId, id!);
    assert.deepEqual([paused?.state, paused?.pauseReason], ['retrying', 'paused over the API']);
    assert.equal((await attempt(id!, 2)).pauseReason, 'paused over the API');
    assert.equal(receiver.requests.length, 1);
    const forced = attempt(id!, 2, working, 'manual');
    await arrived(2);
    answerAll(500);
    await forced;
    assert.equal((await readDelivery(database.pool, operator.operatorId, id!))?.pauseReason, null);
  });

  test('a delivery given up and retried during its attempt is delivered by it', async () => {
    const [id] = await waiting(1, 'endpoint');
    const turn = drain();
    await arrived(1);
    await giveUpDelivery(database.pool, operator.operatorId, id!);
    assert.deepEqual(await retry(id!), { kind: 'under_way' });
    answerAll();
    await turn;
    assert.deepEqual(await states(), ['delivered 1']);
  });
});

describe('a reversal behind a delivery that is given up while it is being sent', () => {
  /** A sale and its chargeback; the sale is given up while it is being sent. */
  async function givenUpInFlight() {
    const events = [
      { transactionId: 'sale' },
      { type: 'chargeback' as const, transactionId: 'back', reference: 'sale' },
    ];
    for (const event of events)
      await settleBatch(working.activities, operator, await operator.ingest([event]));
    const [sale, back] = (await deliveriesOf(database.pool, operator)).map(({ id }) => id);
    await database.pool.query(`update deliveries set owner = 'self' where id = $1`, [sale]);
    const sending = attempt(sale!, 0);
    await arrived(1);
    await giveUpDelivery(database.pool, operator.operatorId, sale!);
    return { sale: sale!, back: back!, sending };
  }
  const standing = async (id: string) => {
    const { rows } = await database.pool.query<{ owner: string; told: string[] | null }>(
      `select owner, body::json->'data'->'previous_gave_up' as told from deliveries where id = $1`,
      [id],
    );
    return rows[0]!;
  };

  for (const status of [200, 404])
    test(`a reversal waits for the end of that attempt, which is ${status}, and says what came of it`, async () => {
      const { sale, back, sending } = await givenUpInFlight();
      assert.deepEqual(await standing(back), { owner: 'predecessor', told: null });
      answerAll(status);
      await sending;
      assert.deepEqual(await standing(back), { owner: 'endpoint', told: status === 200 ? null : [sale] });
    });

  test('a reversal goes on by the sweep where the process that sent died', async () => {
    const { sale, back, sending } = await givenUpInFlight();
    assert.equal((await working.activities.sweepOnce()).released, 0);
    await database.pool.query(`update deliveries set sending_until = now() where id = $1`, [sale]);
    assert.equal((await working.activities.sweepOnce()).released, 1);
    assert.deepEqual(await standing(back), { owner: 'endpoint', told: [sale] });
    answerAll();
    await sending;
  });

  test('a reversal that was given up too can be retried only after that attempt', async () => {
    const { sale, back, sending } = await givenUpInFlight();
    await giveUpDelivery(database.pool, operator.operatorId, back);
    const refused = { kind: 'refused', refusal: 'waits_for_predecessor', waitsFor: sale };
    assert.deepEqual(await retry(back), refused);
    answerAll(500);
    await sending;
    assert.equal((await retry(back)).kind, 'taken');
  });

  test('a reversal that is planned meanwhile follows it', async () => {
    const { sale, sending } = await givenUpInFlight();
    await settleBatch(
      working.activities,
      operator,
      await operator.ingest([{ type: 'chargeback_won', transactionId: 'won', reference: 'sale' }]),
    );
    const rows = await deliveriesOf(database.pool, operator);
    await giveUpDelivery(database.pool, operator.operatorId, rows[1]!.id);
    const { rows: planned } = await database.pool.query<{ id: string }>(
      `select predecessor_id as id from deliveries where id = $1`,
      [rows[2]!.id],
    );
    assert.deepEqual(planned, [{ id: sale }]);
    answerAll();
    await sending;
    assert.equal((await standing(rows[2]!.id)).owner, 'endpoint');
  });
});

describe('numbers of attempts', () => {
  const numbers = async () => {
    const { rows } = await database.pool.query<{ number: number }>(
      `select number from attempts where operator_id = $1 order by number`,
      [operator.operatorId],
    );
    return rows.map(({ number }) => number);
  };

  test('attempts are numbered on after a retry of a delivery that was given up', async () => {
    await database.pool.query(`update endpoints set schedule = '{0,0}' where id = $1`, [endpointId]);
    const [id] = await waiting(1, 'self');
    for (const [number, status] of [500, 500, 500, 200].entries()) {
      if (number === 2) assert.equal((await retry(id!)).kind, 'taken');
      const sending = attempt(id!, number % 2);
      await arrived(number + 1);
      answerAll(status);
      await sending;
    }
    assert.deepEqual(await numbers(), [1, 2, 3, 4]);
    assert.deepEqual(
      receiver.requests.map(({ headers }) => headers['webhook-attempt']),
      ['1', '2', '3', '4'],
    );
    assert.deepEqual(await states(), ['delivered 2'], 'the schedule began anew');
  });

  test('two attempts that two processes made as the same one are both kept, with two numbers', async () => {
    const [id] = await waiting(1, 'endpoint');
    const record = () => anAttempt({ operatorId: operator.operatorId, deliveryId: id!, endpointId });
    const recorders = [1, 2].map(() => createRecorder(database.pool, (error) => assert.fail(String(error))));
    const [first, second] = [record(), record()];
    await recorders[0]!.record(first, null);
    await recorders[1]!.record(second, null);
    assert.deepEqual(await numbers(), [1, 2]);
    // Written again, since the answer to the commit was lost.
    await recorders[1]!.record(second, null);
    assert.deepEqual(await numbers(), [1, 2]);
  });

  test('of two attempts that two processes made as the same one, the one that arrives counts, although the other failed first', async () => {
    const [id] = await waiting(1, 'endpoint');
    const of = { operatorId: operator.operatorId, deliveryId: id!, endpointId };
    const expected = { owner: 'endpoint' as const, tries: 0 };
    const failed = {
      state: 'retrying' as const,
      owner: 'endpoint' as const,
      tries: 1,
      lastError: 'http_500',
    };
    const recorder = createRecorder(database.pool, (error) => assert.fail(String(error)));
    await recorder.record(anAttempt({ ...of, expected, next: { ...failed, nextAttemptAt: null } }), null);
    await recorder.record(anAttempt({ ...of, expected }), null);
    assert.deepEqual([await numbers(), await states()], [[1, 2], ['delivered 1']]);
  });
});
