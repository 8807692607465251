// Property: deliveries of a few conversions go through any actions as a small oracle says, step by
// step: planned, claimed by two at a time, sent, retried, given up, paused, handed over;
// by processes that die or only seem dead, to an endpoint that is up or down.
// Long form: RUNS=1000 npm test -- test/store/delivery/delivery-model.test.ts
// What failed, once more: SEED=<the seed it printed> and RUNS as before.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createRecorder } from '../../../activities/delivery/recorder.ts';
import { BREAKER_THRESHOLD, type Condition } from '../../../domain/delivery/breaker.ts';
import { newId } from '../../../store/db/ids.ts';
import { withTransaction } from '../../../store/db/pool.ts';
import { stepBulkAction } from '../../../store/delivery/bulk-steps.ts';
import { readDelivery, type Delivery } from '../../../store/delivery/deliveries.ts';
import { handOverBatch } from '../../../store/delivery/hand-over.ts';
import {
  acknowledgeDelivery,
  giveUpDelivery,
  pauseDelivery,
  resumeDelivery,
  takeForRetry,
} from '../../../store/delivery/manual-actions.ts';
import { createStuck } from '../../../store/delivery/stuck.ts';
import { findUnfollowed, releaseSuccessors } from '../../../store/delivery/succession.ts';
import { beginAttempt, putBack, takeFromQueue } from '../../../store/delivery/transitions/attempts.ts';
import { returnToQueue } from '../../../store/delivery/transitions/hand-over.ts';
import { anEvent } from '../../support/builders.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { DeliveryModel, type Claim, type Outcome } from '../../support/delivery-model.ts';
import { anAttempt, planReversal } from '../../support/deliveries.ts';
import { withOperator } from '../../support/operator.ts';

const RUNS = Number(process.env.RUNS ?? 40);
const SEED = process.env.SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.SEED);
const CONVERSIONS = 3;

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

const pick = fc.nat(40);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('plan' as const), conversion: fc.nat(CONVERSIONS - 1) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('take' as const), limit: fc.integer({ min: 1, max: 3 }) }),
  },
  ...(['send first', 'put back', 'give up', 'pause', 'resume', 'acknowledge', 'return'] as const).map(
    (kind) => ({
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant(kind), pick }),
    }),
  ),
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('retry' as const), pick }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('begin' as const), pick, isPausedMeanwhile: fc.boolean() }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      pick,
      outcome: fc.constantFrom(
        'delivered' as const,
        'retrying' as const,
        'retrying' as const,
        'held' as const,
        'gave_up' as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retry all' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('hand over' as const), isTakenOver: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('expire' as const), pick, isDead: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('turn' as const),
      condition: fc.constantFrom('up' as const, 'down' as const),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** An operator's deliveries in the database, which do what its model does. */
async function withDeliveries() {
  const { pool } = database;
  const { operatorId, affiliateId, addEndpoint } = await withOperator(pool);
  const { id: endpointId } = await addEndpoint('http://127.0.0.1:9/never-called');
  const model = new DeliveryModel();
  const claims: (Claim & { seemsDead?: boolean; taken?: Delivery })[] = [];
  let condition: Condition = 'up';
  const batchId = newId('bat');
  const conversions = Array.from({ length: CONVERSIONS }, () => anEvent({ operatorId, id: newId('evt') }));
  const recorder = createRecorder(pool, (error) => assert.fail(String(error)));
  const nth = <T>(items: readonly T[], number: number): T | undefined => items[number % items.length];
  const readOne = async (id: string) => (await readDelivery(pool, operatorId, id))!;

  /** Nobody begins what somebody else sends, unless that one seems dead. */
  function claim(id: string, taken?: Delivery): void {
    assert.ok(!claims.some((one) => one.id === id && !one.seemsDead), `${id} is under way twice`);
    claims.push({ ...model.claim(id), ...(taken && { taken }) });
  }

  async function plan(number: number): Promise<void> {
    await planReversal(pool, { operatorId, affiliateId }, conversions[number]!, batchId);
    const { rows } = await pool.query<{ id: string }>(
      `select max(id) as id from deliveries where operator_id = $1`,
      [operatorId],
    );
    model.plan(rows[0]!.id, { conversion: number, condition });
  }

  /** Two take from the queue at the same time. */
  async function take(limit: number): Promise<void> {
    const claimable = model.claimable();
    const taken = (
      await Promise.all([1, 2].map(() => takeFromQueue(pool, operatorId, endpointId, limit)))
    ).flat();
    assert.equal(taken.length, Math.min(claimable.length, 2 * limit));
    assert.ok(taken.every(({ id }) => claimable.includes(id)));
    for (const one of taken) claim(one.id, one);
  }

  /** Two begin the attempt of a workflow at the same time, by a row that may be out of date. */
  async function begin(id: string, isPausedMeanwhile: boolean): Promise<void> {
    const row = await readOne(id);
    if (isPausedMeanwhile) await make({ kind: 'pause', pick: 2 * model.rows.indexOf(model.of(id)) + 1 });
    const { owner, isClaimed, paused } = model.of(id);
    const isAsRead = paused === row.pauseReason;
    const begun = (await Promise.all([1, 2].map(() => beginAttempt(pool, row)))).filter(Boolean).length;
    assert.equal(begun, owner === 'self' && !isClaimed && isAsRead ? 1 : 0);
    if (begun === 1) claim(id);
  }

  async function end(ended: (typeof claims)[number], outcome: Outcome): Promise<void> {
    const { id: deliveryId, owner, tries, number, seemsDead = false } = ended;
    claims.splice(claims.indexOf(ended), 1);
    const next = {
      state: outcome,
      owner: outcome === 'retrying' || outcome === 'held' ? owner : null,
      tries: outcome === 'held' ? tries : tries + 1,
      nextAttemptAt: null,
      lastError: outcome === 'delivered' ? null : 'http_500',
    };
    const startedAt = new Date(Date.now() - (seemsDead ? 60_000 : 0));
    const of = { operatorId, endpointId, deliveryId, number, next, startedAt };
    await recorder.record(anAttempt({ ...of, expected: { owner, tries } }), null);
    model.end(ended, outcome, seemsDead);
  }

  /** The claim of a process that died, or that only stands still and records later. */
  async function expire(number: number, isDead: boolean): Promise<void> {
    const claimed = nth(
      claims.filter(({ owner }) => owner !== 'batch'),
      number,
    );
    if (claimed === undefined || claimed.seemsDead) return;
    const over = `update deliveries set sending_until = now() - interval '1 second'
      where operator_id = $1 and id = $2 and sending_until is not null`;
    await pool.query(over, [operatorId, claimed.id]);
    model.expire(claimed.id);
    claimed.seemsDead = true;
    if (isDead) claims.splice(claims.indexOf(claimed), 1);
  }

  async function turn(to: 'up' | 'down'): Promise<void> {
    condition = to;
    await pool.query(
      `update endpoints set failures_in_a_row = $2, failing_since = case when $2 > 0 then now() end
       where id = $1`,
      [endpointId, to === 'down' ? BREAKER_THRESHOLD : 0],
    );
  }

  async function sweep(): Promise<void> {
    const released = await withTransaction(pool, async (db) => {
      const mine = (await findUnfollowed(db, 1000)).filter((one) => one.operatorId === operatorId);
      return releaseSuccessors(db, mine);
    });
    assert.equal(released.length, model.release().length);
  }

  async function retryAll(): Promise<void> {
    const filter = { endpointId: null, affiliateId: null, state: null, reason: null, lastError: null };
    const aim = { id: newId('act'), action: 'retry' as const, filter, isDryRun: false };
    const { id } = await createStuck(pool).insertAction(operatorId, aim);
    const { total, done, joined, refused } = await stepBulkAction(pool, operatorId, id);
    const expected = model.retryAll(condition);
    assert.deepEqual({ done, joined, refused }, expected);
    assert.equal(total, done + joined + refused);
  }

  const kindOf = (result: { kind: string; refusal?: string }) => result.refusal ?? result.kind;
  const isDone = (result: { kind: string }) => result.kind !== 'refused';

  async function make(one: Step): Promise<void> {
    if (one.kind === 'plan') return plan(one.conversion);
    if (one.kind === 'take') return take(one.limit);
    if (one.kind === 'retry all') return retryAll();
    if (one.kind === 'sweep') return sweep();
    if (one.kind === 'turn') return turn(one.condition);
    if (one.kind === 'expire') return expire(one.pick, one.isDead);
    const isSending = claims.some(({ owner }) => owner === 'batch');
    if (one.kind === 'hand over') {
      // A batch is handed over once it sends nothing more, unless it was ended from outside.
      const { isTakenOver } = one;
      if (isSending && !isTakenOver) return;
      const limits = { perEndpoint: 100, perFailing: 100, allFailing: 1000, inAll: 1000 };
      await handOverBatch(pool, operatorId, batchId, limits, isTakenOver);
      return model.handOver({ condition, mayBeSending: isTakenOver });
    }
    if (one.kind === 'end' || one.kind === 'put back') {
      const under = nth(claims, one.pick);
      if (under === undefined) return;
      if (one.kind === 'end') return end(under, one.outcome);
      if (under.taken === undefined) return;
      await putBack(pool, operatorId, [under.taken]);
      claims.splice(claims.indexOf(under), 1);
      // A claim that is over was perhaps another's since.
      return under.seemsDead ? undefined : model.putBack(under.id);
    }
    // Every second one is under way, where any is.
    const half = Math.floor(one.pick / 2);
    const id = (one.pick % 2 === 0 ? nth(claims, half)?.id : undefined) ?? nth(model.rows, half)?.id;
    if (id === undefined) return;
    switch (one.kind) {
      case 'send first': {
        const { owner, tries } = model.of(id);
        const isUnderWay = claims.some((under) => under.id === id);
        if (owner === 'batch' && tries === 0 && !isUnderWay) claim(id);
        return;
      }
      case 'begin':
        return begin(id, one.isPausedMeanwhile);
      case 'return':
        await returnToQueue(pool, { operatorId, deliveryId: id }, null);
        return model.returnToQueue(id);
      case 'retry':
        return assert.equal(kindOf(await takeForRetry(pool, operatorId, id)), model.retry(id));
      case 'give up':
        return assert.equal(isDone(await giveUpDelivery(pool, operatorId, id)), model.giveUp(id));
      case 'pause':
        return assert.equal(isDone(await pauseDelivery(pool, operatorId, id, 'why')), model.pause(id, 'why'));
      case 'resume':
        return assert.equal(isDone(await resumeDelivery(pool, operatorId, id)), model.pause(id, null));
      case 'acknowledge':
        return assert.equal(isDone(await acknowledgeDelivery(pool, operatorId, id)), model.acknowledge(id));
    }
  }

  async function compare(): Promise<void> {
    const { rows } = await pool.query(
      `select id, array_position($2::text[], original_event_id) - 1 as conversion, 0 as batch, owner, state, tries, attempts,
         (select count(*)::int from attempts a where a.operator_id = $1 and a.delivery_id = d.id) as recorded,
         coalesce(sending_until > now(), false) as "isClaimed",
         predecessor_id as after, pause_reason as paused, acknowledged_at is not null as "isSeen"
       from deliveries d where operator_id = $1 order by id`,
      [operatorId, conversions.map(({ id }) => id)],
    );
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      model.rows,
    );
  }
  return { make, compare };
}

test('deliveries go through any actions as an oracle of the rules says, and each is under way once at a time', async () => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
    async (steps) => {
      const deliveries = await withDeliveries();
      for (const one of steps) {
        await deliveries.make(one);
        await deliveries.compare();
      }
    },
  );
  await fc.assert(property, { numRuns: RUNS, seed: SEED, includeErrorInReport: true });
});
