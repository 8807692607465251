// Many batches settled concurrently over real connections: no event is lost or counted twice, and
// no deadlock happens.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ConversionEvent } from '../../../domain/types.ts';
import { isOutage } from '../../../store/db/pg-errors.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import {
  addAffiliate,
  applyChanges,
  auditOf,
  createSettling,
  outcomesOf,
  pendingOf,
} from '../../support/settling.ts';

const PROCESSES = 16;

let database: TestDatabase;
let pool: Pool;
let operator: TestOperator;

before(async () => {
  database = await withDatabase();
  pool = createPool(database.url, { max: PROCESSES });
  operator = await withOperator(pool);
});
after(async () => {
  await pool.end();
  // Settling survives a deadlock by restarting, but its lock order should allow none.
  const { rows } = await database.pool.query<{ deadlocks: bigint }>(
    `select deadlocks from pg_stat_database where datname = current_database()`,
  );
  await database.drop();
  assert.equal(rows[0]!.deadlocks, 0n);
});

type Fields = Partial<ConversionEvent>;

/**
 * Settles batches from as many workers as there are connections; each takes the next batch when
 * free.
 */
async function settleAtOnce(batches: readonly (readonly string[])[]): Promise<void> {
  const waiting = [...batches];
  await Promise.all(
    Array.from({ length: PROCESSES }, async () => {
      const settle = createSettling(pool);
      for (let batch = waiting.shift(); batch; batch = waiting.shift())
        await settleAgainWhenSlow(settle, batch);
    }),
  );
}

/** Retries after lock timeouts, as Temporal does; any other error fails the test. */
async function settleAgainWhenSlow(
  settle: ReturnType<typeof createSettling>,
  ids: readonly string[],
): Promise<void> {
  for (;;) {
    try {
      await settle(operator.operatorId, ids);
      return;
    } catch (error) {
      if (!isOutage(error) || /deadlock/.test(String(error))) throw error;
    }
  }
}

/** Splits ids into batches of a size, shuffled the same way in every run. */
function dealtOut(ids: readonly string[], size: number, step = 7919): string[][] {
  const mixed = ids.map((_, index) => ids[(index * step) % ids.length]!);
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, index) =>
    mixed.slice(index * size, (index + 1) * size),
  );
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

async function nothingIsUnexplained(): Promise<void> {
  assert.deepEqual((await auditOf(pool)).findings, []);
}

describe('batches settled concurrently', () => {
  test('a conversion and its chargeback in two batches always end reversed', async () => {
    const start = await pendingOf(pool, operator.affiliateId);
    const sales = await operator.ingest(times(240, (index) => ({ transactionId: `pair ${index}` })));
    const reversal: Fields = { type: 'chargeback', clickId: null, customerId: null, amountMinor: null };
    const chargebacks = await operator.ingest(
      times(240, (index) => ({ ...reversal, reference: `pair ${index}` })),
    );
    const [a, b] = [dealtOut(sales, 10), dealtOut(chargebacks, 10, 7907)];
    await settleAtOnce(a.flatMap((batch, index) => [batch, b[index]!]));
    assert.deepEqual(new Set(await outcomesOf(pool, sales)), new Set(['settled 0']));
    assert.deepEqual(new Set(await outcomesOf(pool, chargebacks)), new Set(['settled']));
    assert.equal(await pendingOf(pool, operator.affiliateId), start);
    await nothingIsUnexplained();
  });

  test('a customer’s conversions and the fraud that covers them always end reversed', async () => {
    const start = await pendingOf(pool, operator.affiliateId);
    const sales = await operator.ingest(times(300, (index) => ({ customerId: `cheat ${index % 60}` })));
    const fraud: Fields = { type: 'fraud', clickId: null, amountMinor: null, occurredAt: Date.now() + 1000 };
    const frauds = await operator.ingest(times(60, (index) => ({ ...fraud, customerId: `cheat ${index}` })));
    await settleAtOnce(dealtOut([...sales, ...frauds], 9));
    assert.deepEqual(new Set(await outcomesOf(pool, sales)), new Set(['settled 0']));
    assert.equal(await pendingOf(pool, operator.affiliateId), start);
    await nothingIsUnexplained();
  });

  test('events in overlapping batches settled concurrently are booked once each', async () => {
    const start = await pendingOf(pool, operator.affiliateId);
    const ids = await operator.ingestSales(120);
    await settleAtOnce(
      [7919, 7907, 7901, 7883, 7879].flatMap((step, index) => dealtOut(ids, 8 + index * 5, step)),
    );
    assert.deepEqual(new Set(await outcomesOf(pool, ids)), new Set(['settled 1000']));
    assert.equal(await pendingOf(pool, operator.affiliateId), start + 1200_00n);
    await nothingIsUnexplained();
  });

  test('batches on one affiliate’s month add up to its sum, rounded once', async () => {
    const { affiliateId, clickId } = await addAffiliate(pool, operator.operatorId, {
      components: [{ kind: 'revshare', percent: '33.3333' }],
    });
    const occurredAt = Date.now();
    const amounts = times(600, (index) => BigInt((index * 37) % 101) - 10n);
    const ids = await operator.ingest(
      amounts.map((amountMinor) => ({ type: 'revenue', clickId, customerId: null, amountMinor, occurredAt })),
    );
    await settleAtOnce(dealtOut(ids, 10));
    const sum = amounts.reduce((a, b) => a + b);
    assert.equal(await pendingOf(pool, affiliateId), (sum * 333_333n + 500_000n) / 1_000_000n);
    await nothingIsUnexplained();
  });

  test('new customers have one affiliate and all their events have slots, whichever arrives first', async () => {
    const rival = await addAffiliate(pool, operator.operatorId);
    const clicks = [undefined, rival.clickId];
    const ids = await operator.ingest(
      times(480, (index): Fields => {
        const click = clicks[Math.floor(index / 120) % 3];
        const byClick = click === undefined ? {} : { clickId: click };
        return {
          customerId: `new ${index % 120}`,
          ...(Math.floor(index / 120) === 3 ? { clickId: null } : byClick),
        };
      }),
    );
    const start = (await pendingOf(pool, operator.affiliateId)) + (await pendingOf(pool, rival.affiliateId));
    await settleAtOnce(dealtOut(ids, 10));
    // What the binding of a later event decided is judged anew.
    await applyChanges(pool, operator.operatorId);
    assert.deepEqual(new Set(await outcomesOf(pool, ids)), new Set(['settled 1000']));
    const end = (await pendingOf(pool, operator.affiliateId)) + (await pendingOf(pool, rival.affiliateId));
    assert.equal(end - start, 4800_00n);
    const { rows } = await pool.query<{ affiliates: bigint }>(
      `select count(distinct o.affiliate_id) as affiliates from event_outcomes o join events e on e.id = o.event_id
       where e.customer_id like 'new %' group by e.customer_id`,
    );
    assert.deepEqual(new Set(rows.map(({ affiliates }) => affiliates)), new Set([1n]));
    await nothingIsUnexplained();
  });

  test('first deposits of one customer earn one CPA, that of the first', async () => {
    const { affiliateId, clickId } = await addAffiliate(pool, operator.operatorId, {
      components: [{ kind: 'cpa', amount: '50', min_amount: '100' }],
    });
    const customers = times(40, (index) => `twice ${index}`);
    const registration: Fields = { type: 'registration', clickId, amountMinor: null, currency: null };
    // Bound beforehand, so that the race is for the slot and not for the customer.
    await settleAtOnce([
      await operator.ingest(customers.map((customerId) => ({ ...registration, customerId }))),
    ]);
    const now = Date.now();
    const ids = await operator.ingest(
      times(160, (index): Fields => {
        return {
          type: 'ftd',
          clickId,
          customerId: customers[Math.floor(index / 4)]!,
          amountMinor: index % 4 === 0 ? 100_00n : 99_99n,
          occurredAt: now + index,
        };
      }),
    );
    await settleAtOnce(ids.map((id) => [id]));
    assert.ok((await outcomesOf(pool, ids)).every((outcome) => outcome.startsWith('settled ')));
    assert.equal(await pendingOf(pool, affiliateId), 40n * 50_00n);
    await nothingIsUnexplained();
  });
});
