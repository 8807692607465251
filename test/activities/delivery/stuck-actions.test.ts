// Steps of actions on everything that is stuck: each delivery or endpoint once, refusals by reason,
// and the order of postbacks about one conversion.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createRecorder } from '../../../activities/delivery/recorder.ts';
import type { StuckAction } from '../../../domain/delivery/stuck.ts';
import { newId } from '../../../store/db/ids.ts';
import { stepBulkAction } from '../../../store/delivery/bulk-steps.ts';
import type { BulkAction } from '../../../store/delivery/bulk-actions.ts';
import { createStuck } from '../../../store/delivery/stuck.ts';
import type { StuckFilter } from '../../../store/delivery/stuck-condition.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { anAttempt, countBy, deliveriesOf, settleBatch } from '../../support/deliveries.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';
import { withActivities, type TestActivities } from '../../support/worker.ts';

let database: TestDatabase;
let temporal: TestTemporal;
let working: TestActivities;
let operator: TestOperator;
let endpointId: string;

before(async () => {
  [database, temporal] = await Promise.all([withDatabase(), withTemporal()]);
  working = withActivities(database.pool, temporal.client);
});
after(async () => {
  await working.close();
  await Promise.all([temporal.close(), database.drop()]);
});
beforeEach(async () => {
  operator = await withOperator(database.pool);
  ({ id: endpointId } = await operator.addEndpoint('http://127.0.0.1:9/never-called'));
});

const ALL: StuckFilter = { endpointId: null, affiliateId: null, state: null, reason: null, lastError: null };

function begin(action: StuckAction, filter: Partial<StuckFilter> = {}, isDryRun = false) {
  const aim = { id: newId('act'), action, filter: { ...ALL, ...filter }, isDryRun };
  return createStuck(database.pool).insertAction(operator.operatorId, aim);
}

const step = ({ id }: BulkAction) => stepBulkAction(database.pool, operator.operatorId, id);

/** Steps to the end; returns the action's row. */
async function act(action: StuckAction, filter: Partial<StuckFilter> = {}): Promise<BulkAction> {
  const begun = await begin(action, filter);
  while ((await step(begun)).state === 'running');
  return (await createStuck(database.pool).findAction(operator.operatorId, begun.id))!;
}

const counts = ({ total, done, joined, refused }: BulkAction) => ({
  total,
  done,
  ...(joined === 0 ? {} : { joined }),
  ...refused,
});

/** Sales whose postbacks then get these values. */
async function sales(count: number, values: string): Promise<void> {
  const eventIds = await operator.ingestSales(count);
  await settleBatch(working.activities, operator, eventIds);
  await set(`event_id in ('${eventIds.join(`','`)}')`, values);
}

const set = (where: string, values: string) =>
  database.pool.query(`update deliveries set ${values} where operator_id = $1 and ${where}`, [
    operator.operatorId,
  ]);

const GIVEN_UP = `state = 'gave_up', owner = null, tries = 5, finished_at = now(), last_error = 'http_404'`;
const HELD = `state = 'held', owner = 'endpoint'`;
const SINGLE = `state = 'retrying', owner = 'self', tries = 2, last_error = 'timeout'`;

async function standing(): Promise<Record<string, number>> {
  const rows = await deliveriesOf(database.pool, operator);
  return countBy(rows, ({ state, owner, tries }) => `${state} ${owner} ${tries}`);
}

/** A sale with two chargebacks, which follow it: three postbacks to the endpoint. */
async function chain(name: string): Promise<string[]> {
  const reversal = { type: 'chargeback' as const, reference: name, amountMinor: 10_00n };
  const events = [
    { transactionId: name },
    { ...reversal, transactionId: `${name}-back` },
    { ...reversal, transactionId: `${name}-again` },
  ];
  for (const event of events) await settleBatch(working.activities, operator, await operator.ingest([event]));
  const { rows } = await database.pool.query<{ id: string }>(
    `select id from deliveries where operator_id = $1 and original_event_id =
       (select id from events where operator_id = $1 and transaction_id = $2) and endpoint_id = $3
     order by id`,
    [operator.operatorId, name, endpointId],
  );
  assert.equal(rows.length, 3);
  return rows.map(({ id }) => id);
}

describe('a retry of everything that is stuck', () => {
  test('a retry queues every stuck postback once, also when steps run at the same time', async () => {
    await sales(600, GIVEN_UP);
    await sales(500, HELD);
    await sales(20, SINGLE);
    const begun = await begin('retry');
    assert.deepEqual([begun.total, begun.state], [1120, 'running']);
    const steps = await Promise.all([step(begun), step(begun), step(begun), step(begun)]);
    assert.equal(new Set(steps.flatMap(({ singles }) => singles)).size, 20);
    assert.deepEqual(await standing(), {
      'pending endpoint 0': 600,
      'held endpoint 0': 500,
      'retrying endpoint 2': 20,
    });
    const { rows } = await database.pool.query(
      `select distinct next_cause, next_attempt_at <= now() as due, replay_id from deliveries
       where operator_id = $1`,
      [operator.operatorId],
    );
    assert.deepEqual(rows, [{ next_cause: 'manual', due: true, replay_id: null }]);
    const done = await createStuck(database.pool).findAction(operator.operatorId, begun.id);
    assert.deepEqual([done!.state, counts(done!)], ['done', { total: 1120, done: 1120 }]);
  });

  test('a retry refuses postbacks to an endpoint that is off, and those that follow others', async () => {
    const paused = await operator.addEndpoint('http://127.0.0.1:9/paused');
    await sales(3, GIVEN_UP);
    await database.pool.query(`update endpoints set state = 'paused' where id = $1`, [paused.id]);
    const [first, second] = await chain('chained');
    await set(`id = '${first}'`, HELD);
    await set(`id = '${second}'`, `state = 'held'`);
    const acted = await act('retry');
    assert.deepEqual(counts(acted), { total: 9, done: 4, endpoint_paused: 4, waits_for_predecessor: 1 });
  });

  test('a retry joins what is being sent, and leaves it as it is', async () => {
    const sending = `, sending_until = now() + interval '20 seconds'`;
    await sales(2, SINGLE);
    await sales(3, SINGLE + sending);
    await sales(4, HELD + sending);
    await sales(5, GIVEN_UP + sending);
    await sales(6, `state = 'retrying', owner = 'batch', tries = 1`);
    await sales(1, `${HELD}, sending_until = now() - interval '1 second'`);
    assert.deepEqual(counts(await act('retry')), { total: 21, done: 3, joined: 18 });
    assert.deepEqual(await standing(), {
      'retrying endpoint 2': 2,
      'retrying self 2': 3,
      'held endpoint 0': 5,
      'gave_up null 5': 5,
      'retrying batch 1': 6,
    });
  });

  test('a retry of a given-up conversion and its reversals keeps their order', async () => {
    const ids = await chain('whole');
    await set(`owner is not null`, `predecessor_id = null, ${GIVEN_UP}`);
    assert.deepEqual(counts(await act('retry')), { total: 3, done: 3 });
    const { rows } = await database.pool.query<{ owner: string; after: string | null }>(
      `select owner, predecessor_id as after from deliveries where operator_id = $1 order by id`,
      [operator.operatorId],
    );
    assert.deepEqual(rows, [
      { owner: 'endpoint', after: null },
      { owner: 'predecessor', after: ids[0] },
      { owner: 'predecessor', after: ids[1] },
    ]);
  });
});

describe('a give-up of everything that is stuck', () => {
  test('a give-up ends every unfinished postback once, and refuses what was given up before', async () => {
    await sales(700, HELD);
    await sales(5, SINGLE);
    await sales(10, GIVEN_UP);
    const begun = await begin('give_up');
    const steps = await Promise.all([step(begun), step(begun), step(begun)]);
    assert.equal(steps.flatMap(({ singles }) => singles).length, 5);
    const done = await createStuck(database.pool).findAction(operator.operatorId, begun.id);
    assert.deepEqual(counts(done!), { total: 715, done: 705, already_given_up: 10 });
    assert.deepEqual(await standing(), { 'gave_up null 0': 700, 'gave_up null 2': 5, 'gave_up null 5': 10 });
  });

  test('a give-up tells a postback that goes on which ones before it were given up', async () => {
    const [first, second, third] = await chain('told');
    await set(`id = '${first}'`, HELD);
    await set(`id = '${second}'`, `state = 'held'`);
    const acted = await act('give_up');
    assert.deepEqual(counts(acted), { total: 2, done: 2 });
    const { rows } = await database.pool.query<{ owner: string; told: string[] }>(
      `select owner, body::json->'data'->'previous_gave_up' as told from deliveries where id = $1`,
      [third],
    );
    assert.deepEqual(rows, [{ owner: 'endpoint', told: [first, second] }]);
  });

  test('a give-up notifies the operator of each postback', async () => {
    const webhook = await operator.addEndpoint('http://127.0.0.1:9/own', { events: ['delivery.gave_up'] });
    await database.pool.query(`update endpoints set affiliate_id = null where id = $1`, [webhook.id]);
    await sales(3, HELD);
    const begun = await begin('give_up');
    assert.deepEqual((await step(begun)).endpoints.toSorted(), [endpointId, webhook.id].toSorted());
    assert.equal((await deliveriesOf(database.pool, operator, webhook.id)).length, 3);
  });

  test('a give-up and attempts that finish at the same time, in any order, do not lock each other out', async () => {
    const chains: string[][] = [];
    for (let number = 0; number < 12; number++) chains.unshift(await chain(`race-${number}`));
    for (const [first, second] of chains) {
      await set(`id = '${first}'`, SINGLE);
      await set(`id = '${second}'`, `state = 'held'`);
    }
    const errors: unknown[] = [];
    const recorder = createRecorder(database.pool, (error) => errors.push(error));
    const { operatorId } = operator;
    const finished = chains.map(([deliveryId]) =>
      recorder.record(
        anAttempt({ operatorId, deliveryId: deliveryId!, endpointId, expected: { owner: 'self', tries: 2 } }),
        null,
      ),
    );
    const [acted] = await Promise.all([act('give_up'), ...finished]);
    assert.deepEqual(errors, []);
    assert.equal(acted.done + (acted.refused['already_given_up'] ?? 0) <= acted.total, true);
    const rows = await deliveriesOf(database.pool, operator);
    const lost = rows.filter(({ state, owner }) => state === 'held' && owner === 'predecessor');
    assert.deepEqual(lost, [], 'a postback waits for one that is finished');
  });
});

test('an acknowledgement of everything that is stuck takes what was given up off the list', async () => {
  await sales(520, GIVEN_UP);
  await sales(2, HELD);
  assert.deepEqual(counts(await act('acknowledge')), { total: 522, done: 520, not_given_up: 2 });
  assert.deepEqual(counts(await act('acknowledge')), { total: 2, done: 0, not_given_up: 2 });
});

test('a pause of everything that is stuck pauses each endpoint once, and no other', async () => {
  const disabled = await operator.addEndpoint('http://127.0.0.1:9/disabled');
  await sales(30, HELD);
  await database.pool.query(`update endpoints set state = 'disabled' where id = $1`, [disabled.id]);
  const sound = await operator.addEndpoint('http://127.0.0.1:9/sound');
  const begun = await begin('pause');
  const { endpoints, done, refused, state } = await step(begun);
  assert.deepEqual([begun.total, endpoints, done, refused, state], [2, [endpointId], 1, 1, 'done']);
  const { rows } = await database.pool.query<{ id: string; state: string }>(
    `select id, state from endpoints where operator_id = $1 order by id`,
    [operator.operatorId],
  );
  assert.deepEqual(rows, [
    { id: endpointId, state: 'paused' },
    { id: disabled.id, state: 'disabled' },
    { id: sound.id, state: 'active' },
  ]);
});

describe('an action on what is stuck', () => {
  test('an action concerns what its filter chooses, of its own operator, and no more', async () => {
    await sales(4, GIVEN_UP);
    await sales(3, SINGLE);
    const stranger = operator;
    operator = await withOperator(database.pool);
    const other = await operator.addEndpoint('http://127.0.0.1:9/other');
    await sales(2, GIVEN_UP);
    await sales(1, SINGLE);
    assert.deepEqual(counts(await act('acknowledge', { endpointId })), { total: 0, done: 0 });
    assert.deepEqual(counts(await act('acknowledge', { reason: 'http_404', endpointId: other.id })), {
      total: 2,
      done: 2,
    });
    assert.deepEqual(counts(await act('retry', { lastError: 'timeout', state: 'retrying' })), {
      total: 1,
      done: 1,
    });
    operator = stranger;
    assert.deepEqual(await standing(), { 'gave_up null 5': 4, 'retrying self 2': 3 });
    assert.equal((await act('acknowledge')).done, 4);
  });

  test('an action leaves alone what became stuck after it began', async () => {
    await sales(3, HELD);
    const begun = await begin('give_up');
    await sales(2, HELD);
    await step(begun);
    assert.deepEqual(await standing(), { 'gave_up null 0': 3, 'held endpoint 0': 2 });
  });

  test('an action counts what became stuck before its turn', async () => {
    await sales(2, HELD);
    await sales(1, GIVEN_UP);
    const begun = await begin('acknowledge', { state: 'gave_up' });
    await set(`state = 'held'`, GIVEN_UP);
    const { total, done } = await step(begun);
    assert.deepEqual([begun.total, total, done], [1, 3, 3]);
  });

  test('an action counts only, as a dry run, and does no more once it is cancelled', async () => {
    await sales(3, HELD);
    const dry = await begin('give_up', {}, true);
    assert.deepEqual([dry.total, dry.state], [3, 'done']);
    assert.equal((await step(dry)).done, 0);
    const begun = await begin('give_up');
    const input = { operatorId: operator.operatorId, actionId: begun.id, action: 'give_up' as const };
    await working.activities.cancelStuckAction(input);
    assert.equal((await working.activities.stuckStep(input)).state, 'cancelled');
    assert.deepEqual(await standing(), { 'held endpoint 0': 3 });
  });
});
