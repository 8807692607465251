// Every transition of a delivery on PostgreSQL, tried on rows of every owner and state: it moves
// the rows that its lines in the table of transitions name to the states named there, and leaves
// all others unchanged.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { newId } from '../../../store/db/ids.ts';
import type { AttemptRecord } from '../../../store/delivery/attempts.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { readDelivery } from '../../../store/delivery/deliveries.ts';
import * as actions from '../../../store/delivery/transitions/actions.ts';
import * as attempts from '../../../store/delivery/transitions/attempts.ts';
import * as endpoints from '../../../store/delivery/transitions/endpoints.ts';
import * as erasures from '../../../store/delivery/transitions/erasures.ts';
import * as handOver from '../../../store/delivery/transitions/hand-over.ts';
import * as replays from '../../../store/delivery/transitions/replays.ts';
import * as successors from '../../../store/delivery/transitions/successors.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { anAttempt } from '../../support/deliveries.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import { assertStuckCounted } from '../../support/stuck-recount.ts';
import {
  STANDINGS,
  standingsFrom,
  standingsTo,
  transitionTable,
  type Standing,
} from '../../support/transition-table.ts';

let database: TestDatabase;
let operator: TestOperator;
let endpointId: string;

before(async () => {
  database = await withDatabase();
  operator = await withOperator(database.pool);
  endpointId = (await operator.addEndpoint('http://127.0.0.1:9/never-called')).id;
});
after(() => database.drop());

/**
 * The row under test, the row it follows, and the one before that; all are about one conversion.
 */
type Rows = { id: string; predecessorId: string; earlierId: string };

/**
 * One way to call a transition. `arrange` runs before the call, and may not give the row under test
 * another owner or state.
 */
type Way = {
  arrange?(pool: Pool, rows: Rows): Promise<unknown>;
  call(pool: Pool, rows: Rows): Promise<unknown>;
};

const ref = ({ id }: Rows) => ({ operatorId: operator.operatorId, deliveryId: id });
const finish = (pool: Pool, ...ids: string[]) =>
  pool.query(
    `update deliveries set state = 'delivered', owner = null, predecessor_id = null where id = any($1)`,
    [ids],
  );
const finishPredecessors = (pool: Pool, { predecessorId, earlierId }: Rows) =>
  finish(pool, predecessorId, earlierId);

const SENDERS = ['batch', 'self', 'endpoint'] as const;
const outcome = (
  owner: (typeof SENDERS)[number],
  next: Pick<AttemptRecord['next'], 'state' | 'owner'>,
): Way => ({
  call: (pool, rows) =>
    attempts.recordOutcomes(pool, [
      anAttempt({
        ...ref(rows),
        endpointId,
        expected: { owner, tries: 1 },
        next: { ...next, tries: 2, nextAttemptAt: null, lastError: null },
      }),
    ]),
});

/**
 * Rows of other owners would be taken by `batch_id` alone, so each row has a batch of its own: its
 * id.
 */
const WAYS: Record<string, Way[]> = {
  recordOutcomes: SENDERS.flatMap((owner) => [
    outcome(owner, { state: 'delivered', owner: null }),
    outcome(owner, { state: 'gave_up', owner: null }),
    outcome(owner, { state: 'retrying', owner }),
    outcome(owner, { state: 'held', owner }),
    outcome(owner, { state: 'held', owner: 'endpoint' }),
  ]),
  recordLate: (['delivered', 'retrying', 'gave_up'] as const).map((state) => ({
    call: (pool, rows) =>
      attempts.recordLate(pool, [
        anAttempt({
          ...ref(rows),
          endpointId,
          expected: { owner: 'endpoint', tries: 0 },
          next: { state, owner: null, tries: 1, nextAttemptAt: null, lastError: null },
        }),
      ]),
  })),
  takeFromQueue: [{ call: (pool) => attempts.takeFromQueue(pool, operator.operatorId, endpointId, 10) }],
  putBack: [
    {
      arrange: (pool) => pool.query(`update deliveries set sending_until = now() + interval '1 minute'`),
      async call(pool, { id }) {
        const taken = await readDelivery(pool, operator.operatorId, id);
        await attempts.putBack(pool, operator.operatorId, [taken!]);
      },
    },
  ],
  beginAttempt: [
    {
      async call(pool, { id }) {
        const due = await readDelivery(pool, operator.operatorId, id);
        await attempts.beginAttempt(pool, due!);
      },
    },
  ],
  handOverTried: [1000, 0].map((inAll) => ({
    arrange: (pool) =>
      pool.query(`update deliveries set owner = 'self' where owner = 'endpoint' and tries = 0`),
    call: (pool, { id }) =>
      handOver.handOverTried(pool, operator.operatorId, id, {
        perEndpoint: 1000,
        perFailing: 1000,
        allFailing: 10_000,
        inAll,
      }),
  })),
  handOverUntried: [false, true].map((mayBeSending) => ({
    call: (pool, { id }) => handOver.handOverUntried(pool, operator.operatorId, id, mayBeSending),
  })),
  returnToQueue: [{ call: (pool, rows) => handOver.returnToQueue(pool, ref(rows), 'manual') }],
  pauseSingle: [
    {
      arrange: (pool) => pool.query(`update deliveries set pause_reason = null`),
      call: (pool, rows) => actions.pauseSingle(pool, ref(rows), 'by a test'),
    },
  ],
  resumeSingle: [{ call: (pool, rows) => actions.resumeSingle(pool, ref(rows)) }],
  queueSuccessors: [
    {
      arrange: finishPredecessors,
      call: (pool, { predecessorId: deliveryId }) =>
        successors.queueSuccessors(pool, [{ operatorId: operator.operatorId, deliveryId }]),
    },
  ],
  relinkSuccessors: [
    {
      call: (pool, { predecessorId: deliveryId, earlierId }) =>
        successors.relinkSuccessors(pool, { operatorId: operator.operatorId, deliveryId }, earlierId),
    },
  ],
  amendBodies: [
    {
      call: (pool, { id }) =>
        successors.amendBodies(pool, [{ operatorId: operator.operatorId, id, body: '{"amended":true}' }]),
    },
  ],
  eraseBodies: [
    {
      call: (pool, { id }) =>
        erasures.eraseBodies(pool, operator.operatorId, [{ id, body: '{"erased":true}' }]),
    },
  ],
  retryNow: (['self', 'endpoint'] as const).map((owner) => ({
    call: (pool, rows) => actions.retryNow(pool, ref(rows), owner),
  })),
  giveUp: [{ call: (pool, rows) => actions.giveUp(pool, operator.operatorId, [rows.id]) }],
  hurry: [
    {
      arrange: (pool, { id }) =>
        pool.query(
          `update deliveries set next_attempt_at = now() + interval '1 hour', pause_reason = null where id = $1`,
          [id],
        ),
      call: (pool) => endpoints.hurry(pool, operator.operatorId, endpointId),
    },
  ],
  replay: [null, new Date()].flatMap((failingSince) =>
    [finishPredecessors, async () => {}].map((arrangeOthers) => ({
      async arrange(pool: Pool, rows: Rows) {
        await arrangeOthers(pool, rows);
        await pool.query(`update endpoints set failing_since = $2 where id = $1`, [endpointId, failingSince]);
      },
      call: (pool: Pool, { id }: Rows) =>
        replays.replay(pool, operator.operatorId, { cause: 'replay', replayId: newId('rpl') }, [id]),
    })),
  ),
  recall: (['gave_up', 'delivered', 'retrying', 'held'] as const).map((was) => ({
    arrange: (pool, { id }) => release(pool, id, was),
    call: (pool, { id }) => replays.recall(pool, operator.operatorId, id, [id]),
  })),
  cancelAll: [{ call: (pool) => endpoints.cancelAll(pool, operator.operatorId, endpointId, 10) }],
  acknowledge: [{ call: (pool, rows) => actions.acknowledge(pool, operator.operatorId, [rows.id]) }],
  acknowledgeAll: [{ call: (pool) => endpoints.acknowledgeAll(pool, operator.operatorId, endpointId) }],
};

test('every transition in the table of transitions has a test', () => {
  const names = new Set(transitionTable().map(({ name }) => name));
  assert.deepEqual(Object.keys(WAYS).toSorted(), [...names].toSorted());
});

for (const [name, ways] of Object.entries(WAYS))
  test(`the transition ${name} moves deliveries between the owners and states of its table lines only`, async () => {
    const lines = transitionTable().filter((line) => line.name === name);
    for (const start of STANDINGS) {
      const allowed = lines
        .filter(({ from }) => standingsFrom(from).includes(start))
        .flatMap(({ to }) => standingsTo(to, start));
      const reached = new Set<Standing>();
      for (const way of ways) {
        const reachedNow = await standingAfter(start, way);
        if (reachedNow !== 'unchanged') reached.add(reachedNow);
      }
      assert.deepEqual([...reached].sort(), [...new Set(allowed)].sort(), `from ${start}`);
    }
  });

/**
 * Inserts a row. One with a workflow of its own is paused: whatever takes it away must end that.
 */
async function insert(
  id: string,
  owner: string | null,
  state: string,
  predecessorId: string | null,
  tries: number,
): Promise<void> {
  await database.pool.query(
    `insert into deliveries (operator_id, id, endpoint_id, original_event_id, type, body, state, owner,
       predecessor_id, batch_id, tries, next_attempt_at, pause_reason)
     values ($1, $2, $3, 'evt_1', 'conversion.adjusted', '{}', $4, $5, $6, $2, $7, now(), $8)`,
    [
      operator.operatorId,
      id,
      endpointId,
      state,
      owner,
      predecessorId,
      tries,
      owner === 'self' ? 'paused' : null,
    ],
  );
}

/** Makes the rows, calls the transition and returns the new standing of the row under test. */
async function standingAfter(start: Standing, way: Way): Promise<Standing | 'unchanged'> {
  const [owner, state] = start.split(' ') as [string, string];
  const rows = { earlierId: newId('dlv'), predecessorId: newId('dlv'), id: newId('dlv') };
  const { pool } = database;
  await pool.query(`delete from deliveries`);
  const follows = owner === 'predecessor' ? rows.predecessorId : null;
  await insert(rows.earlierId, 'endpoint', 'pending', null, 0);
  await insert(rows.predecessorId, 'predecessor', 'pending', rows.earlierId, 0);
  await insert(rows.id, owner === 'none' ? null : owner, state, follows, 1);
  await way.arrange?.(pool, rows);
  const [was] = await read(rows.id);
  await way.call(pool, rows);
  const [is] = await read(rows.id);
  await assertStuckCounted(pool, operator.operatorId);
  return is!.row === was!.row ? 'unchanged' : `${is!.owner ?? 'none'} ${is!.state}`;
}

/** A replay of one delivery, which it released: both have its id. */
async function release(pool: Pool, id: string, was: string): Promise<void> {
  await pool.query(
    `insert into replays (operator_id, id, states, is_dry_run, state, total, through_id)
     values ($1, $2, '{}', false, 'running', 1, $2)`,
    [operator.operatorId, id],
  );
  await pool.query(
    `insert into replay_items (operator_id, replay_id, delivery_id, endpoint_id, was_state, was_tries,
       was_next_attempt_at, was_finished_at)
     values ($1, $2, $2, $3, $4, 7, now(), case when $4 in ('gave_up', 'delivered') then now() end)`,
    [operator.operatorId, id, endpointId, was],
  );
  await pool.query(`update deliveries set replay_id = $1, next_cause = 'replay' where id = $1`, [id]);
}

async function read(id: string): Promise<{ row: string; owner: string | null; state: string }[]> {
  const { rows } = await database.pool.query<{ row: string; owner: string | null; state: string }>(
    `select to_jsonb(d)::text as row, owner, state from deliveries d where id = $1`,
    [id],
  );
  return rows;
}
