// Linked slots on a real PostgreSQL: random histories in random batches, and sixteen connections
// that contend for the same caps, steps, carried months and parents' parts, match the model.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { ConversionEvent, EventType } from '../../../domain/types.ts';
import { isOutage } from '../../../store/db/pg-errors.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { anEvent, DAY_MS, wireTerms } from '../../support/builders.ts';
import { expectedEarnings, type Earning, type ModelVersion } from '../../support/commission-model.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { auditOf, createSettling, type Settling } from '../../support/settling.ts';
import { bookedIn, rowsIn, storeWorld, totalsIn } from '../../support/stored-model.ts';
import {
  AFFILIATE_BY_CUSTOMER,
  deal,
  intakeBatchesOf,
  history,
  inBatches,
  START,
  worldOf,
} from '../../support/stories.ts';

const CONNECTIONS = 16;

let database: TestDatabase;
let pool: Pool;

before(async () => {
  database = await withDatabase();
  pool = createPool(database.url, { max: CONNECTIONS });
});
after(async () => {
  const { findings } = await auditOf(pool);
  await pool.end();
  await database.drop();
  assert.deepEqual(findings, []);
});

const byName = (earnings: readonly Earning[]): Earning[] =>
  earnings.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** The books equal the model's, and the booked amounts were reported to every affiliate. */
async function isWhatItShouldBe(operatorId: string, expected: readonly Earning[]): Promise<void> {
  assert.deepEqual(byName(await bookedIn(pool, operatorId)), byName(expected));
  const { booked, reported, balance } = await totalsIn(pool, operatorId);
  assert.deepEqual(reported, booked);
  assert.deepEqual(balance, booked);
}

/** Number of runs and seed, set by hand for longer searches. */
const STORIES = Number(process.env['STORIES'] ?? 25);
const SEED = Number(process.env['SEED'] ?? 20260315);

test('random histories by random deals, in random batches, earn what the model says; repeats change nothing', async () => {
  const settle = createSettling(pool);
  const story = fc.record({ versions: deal, events: history }).chain((one) =>
    fc.record({
      versions: fc.constant(one.versions),
      events: fc.constant(one.events),
      batches: intakeBatchesOf(one.events),
    }),
  );
  await fc.assert(
    fc.asyncProperty(story, async ({ versions, events, batches }) => {
      const { operatorId } = await storeWorld(pool, versions, events, AFFILIATE_BY_CUSTOMER);
      const ids = batches.map((batch) => [...new Set(batch.map(({ id }) => id))]);
      for (const batch of ids) await settle(operatorId, batch);
      const expected = expectedEarnings(events, worldOf(versions));
      await isWhatItShouldBe(operatorId, expected);
      const rows = await rowsIn(pool, operatorId);
      for (const batch of [...ids, events.map(({ id }) => id)]) await settle(operatorId, batch);
      assert.deepEqual(await rowsIn(pool, operatorId), rows);
    }),
    // Each run needs its own database; shrinking hundreds of runs would take longer than reading
    // one.
    { numRuns: STORIES, seed: SEED, endOnFailure: true },
  );
});

const CONTESTED: readonly ModelVersion[] = [1, 2].map((version) => ({
  version,
  from: version === 1 ? 0 : START + 33 * DAY_MS,
  terms: wireTerms({
    payout: 'accept',
    overrides: [
      { percent: '10' },
      { percent: '5' },
      { percent: '2.5' },
      { percent: '1.25' },
      { percent: '0.3333' },
    ],
    components: [
      { kind: 'cpa', on: 'ftd', amount: '50', min_amount: '1', cap: { count: 12 + version } },
      {
        kind: 'cpa',
        on: ['deposit', 'ftd'],
        qualify: 'cumulative',
        min_amount: '4',
        within_days: 20,
        tiers: {
          metric: 'ftd_count',
          mode: 'marginal',
          steps: [
            { from: '0', amount: '1' },
            { from: '5', amount: '3.01' },
          ],
        },
        cap: { amount: '40' },
      },
      {
        kind: 'revshare',
        percent: '25',
        negative: 'carry',
        carry_by: version === 1 ? 'ngr' : 'commission',
        tiers: { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: '10', percent: '33.3333' }] },
      },
      { kind: 'percent', on: 'sale', percent: '12.5', cap: { amount: '9.99' } },
      {
        kind: 'per_lot',
        on: 'trade',
        amount: '0.07',
        tiers: { metric: 'revenue', mode: 'retroactive', steps: [{ from: '5', amount: '0.11' }] },
      },
    ],
  }),
}));

/** A long history of few customers, the same in every run; every fourth event is a reversal. */
function contestedHistory(count: number, customers: readonly string[]): ConversionEvent[] {
  let state = 1;
  const below = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * limit);
  };
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  return Array.from({ length: count }, (_, index): ConversionEvent => {
    const common = {
      id: `evt_${String(index).padStart(5, '0')}`,
      customerId: pick(customers),
      occurredAt: START + below(75) * DAY_MS,
    };
    if (index % 4 === 3) {
      const isOfCustomer = below(8) === 0;
      const type = pick<EventType>(
        isOfCustomer ? ['fraud', 'chargeback'] : ['refund', 'refund', 'chargeback', 'chargeback_won'],
      );
      const reference = isOfCustomer ? null : `t-${below(count)}`;
      return anEvent({
        ...common,
        type,
        reference,
        transactionId: `n-${index}`,
        amountMinor: type === 'refund' ? BigInt(1 + below(200)) : null,
      });
    }
    const type = pick<EventType>(['ftd', 'ftd', 'deposit', 'sale', 'revenue', 'revenue', 'trade']);
    const sign = type === 'revenue' && below(3) === 0 ? -1n : 1n;
    return anEvent({
      ...common,
      type,
      transactionId: `t-${index}`,
      amountMinor: sign * BigInt(1 + below(300)),
      volumeE4: type === 'trade' ? BigInt(below(3_0000)) : null,
      operatorPayoutMinor: below(25) === 0 ? BigInt(1 + below(100)) : null,
    });
  });
}

test('sixteen connections fighting for the same slots earn what the model says', async (t) => {
  const customers = Array.from({ length: 150 }, (_, index) => `k${index}`);
  const boundTo = Object.fromEntries(
    customers.map((customer, index) => [customer, index % 5 === 0 ? 'aff_b' : 'aff_a']),
  );
  const events = contestedHistory(Number(process.env['EVENTS'] ?? 700), customers);
  const { operatorId } = await storeWorld(pool, CONTESTED, events, boundTo);
  const ids = events.map(({ id }) => id);
  // Every event is in three batches, cut in three ways: three times as many operations contend,
  // most of them for events settled already.
  const mixed = (step: number): string[] => ids.map((_, index) => ids[(index * step) % ids.length]!);
  const waiting = [
    ...inBatches(mixed(7919), [9, 1, 14]),
    ...inBatches(mixed(7907), [11, 3]),
    ...inBatches(mixed(7901), [20]),
  ];
  let slow = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const settle = createSettling(pool);
      try {
        for (let batch = waiting.shift(); batch; batch = waiting.shift()) {
          const times = await timesTooSlow(settle, operatorId, batch);
          slow += times;
        }
      } finally {
        // After one failure the others need not go on.
        waiting.length = 0;
      }
    }),
  );
  const world = { ...worldOf(CONTESTED), affiliateOf: (customer: string) => boundTo[customer]! };
  await isWhatItShouldBe(operatorId, expectedEarnings(events, world));
  const { rows } = await pool.query<{ deadlocks: bigint }>(
    `select deadlocks from pg_stat_database where datname = current_database()`,
  );
  t.diagnostic(
    `${events.length * 3} operations, ${rows[0]!.deadlocks} deadlocks, ${slow} batches tried again`,
  );
  assert.equal(rows[0]!.deadlocks, 0n, 'locks are taken in one order');
});

test('a loss is carried at the step that its own month reached, also where only a later month gets events', async () => {
  const tiers = {
    metric: 'ftd_count' as const,
    mode: 'retroactive' as const,
    steps: [{ from: '2', percent: '50' }],
  };
  const components = [
    {
      kind: 'revshare' as const,
      percent: '10',
      negative: 'carry' as const,
      carry_by: 'commission' as const,
      tiers,
    },
  ];
  const versions = [{ version: 1, from: 0, terms: wireTerms({ components }) }];
  const of = (day: number, type: EventType, customerId: string, amountMinor: bigint): ConversionEvent =>
    anEvent({ type, customerId, amountMinor, currency: 'USD', occurredAt: START + day * DAY_MS });
  const events = [
    of(1, 'ftd', 'c1', 1_00n),
    of(2, 'ftd', 'c2', 1_00n),
    of(3, 'revenue', 'c1', -100_00n),
    of(45, 'revenue', 'c1', 600_00n),
  ];
  const { operatorId } = await storeWorld(pool, versions, events, AFFILIATE_BY_CUSTOMER);
  const settle = createSettling(pool);
  for (const { id } of events) await settle(operatorId, [id]);
  const expected = expectedEarnings(events, worldOf(versions));
  assert.deepEqual(
    expected.map(({ minor }) => minor),
    [10_00n],
  );
  await isWhatItShouldBe(operatorId, expected);
});

test('the cap of a month holds when all its customers come at the same moment, each in its own batch', async () => {
  const rounds = 10;
  const versions = [
    {
      version: 1,
      from: 0,
      terms: wireTerms({ components: [{ kind: 'cpa', amount: '10', cap: { count: 3 } }] }),
    },
  ];
  const customers = Array.from({ length: CONNECTIONS * rounds }, (_, index) => `k${index}`);
  const boundTo = Object.fromEntries(customers.map((customer) => [customer, 'aff_a']));
  const events = customers.map((customerId, index) =>
    anEvent({
      type: 'ftd',
      customerId,
      occurredAt: Date.UTC(2026, index % rounds, 10) + index,
      currency: 'USD',
    }),
  );
  const { operatorId } = await storeWorld(pool, versions, events, boundTo);
  const settlings = Array.from({ length: CONNECTIONS }, () => createSettling(pool));
  for (let round = 0; round < rounds; round++) {
    const ofMonth = events.filter((_, index) => index % rounds === round);
    await Promise.all(ofMonth.map(({ id }, index) => timesTooSlow(settlings[index]!, operatorId, [id])));
  }
  const world = { ...worldOf(versions), affiliateOf: () => 'aff_a', parentsOf: () => [] };
  await isWhatItShouldBe(operatorId, expectedEarnings(events, world));
});

/**
 * Settles a batch, again after lock timeouts, as Temporal does; returns the number of timeouts. Any
 * other error fails the test.
 */
async function timesTooSlow(settle: Settling, operatorId: string, ids: readonly string[]): Promise<number> {
  for (let times = 0; times < 100; times++) {
    try {
      await settle(operatorId, ids);
      return times;
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  }
  throw new Error('a batch found no end');
}
