// Settles batches on a real PostgreSQL, story by story: attribution, booking, clawback, rejection
// and planned postbacks.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ConversionEvent } from '../../../domain/types.ts';
import { newId } from '../../../store/db/ids.ts';
import { DAY_MS } from '../../support/builders.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import {
  addAffiliate,
  auditOf,
  createSettling,
  outcomesOf,
  pendingOf,
  type Settling,
} from '../../support/settling.ts';

let database: TestDatabase;
let settle: Settling;

before(async () => {
  database = await withDatabase();
  settle = createSettling(database.pool);
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(database.pool);
  await database.drop();
  assert.deepEqual(findings, []);
});

type Fields = Partial<ConversionEvent>;

/** Settles batches in turn for a new operator, whose affiliate earns 10 % of every sale. */
async function settled(...batches: Fields[][]) {
  const { pool } = database;
  const operator = await withOperator(pool);
  const ids: string[] = [];
  for (const batch of batches) {
    const taken = await operator.ingest(batch);
    ids.push(...taken);
    await settle(operator.operatorId, taken);
  }
  return {
    operator,
    ids,
    outcomes: await outcomesOf(pool, ids),
    pending: await pendingOf(pool, operator.affiliateId),
  };
}

const later = { occurredAt: Date.now() + DAY_MS };
const noClick = { clickId: null };

describe('attribution', () => {
  test('a click books the commission and binds the customer, whose later events need no click', async () => {
    const { outcomes, pending } = await settled([{ customerId: 'c' }], [{ customerId: 'c', ...noClick }]);
    assert.deepEqual([outcomes, pending], [['settled 1000', 'settled 1000'], 20_00n]);
  });

  test('an orphan is attributed by the registration that binds its customer', async () => {
    const orphan = { customerId: 'c', ...noClick };
    const registration: Fields = { type: 'registration', customerId: 'c', amountMinor: null, currency: null };
    const { outcomes, pending } = await settled([orphan], [registration]);
    assert.deepEqual([outcomes, pending], [['settled 1000', 'settled 0'], 10_00n]);
    assert.deepEqual((await settled([registration], [orphan])).outcomes, ['settled 0', 'settled 1000']);
    assert.deepEqual((await settled([orphan, { ...registration, ...later }])).outcomes, [
      'settled 1000',
      'settled 0',
    ]);
  });

  test('unknown customers, expired clicks and own referrals are not attributed', async () => {
    const { pool } = database;
    const operator = await withOperator(pool);
    const { clickId } = await addAffiliate(pool, operator.operatorId, {}, 'me');
    const ids = await operator.ingest([
      noClick,
      { clickId: 'clk_unknown' },
      { occurredAt: Date.now() + 31 * DAY_MS },
      { clickId, customerId: 'me' },
    ]);
    await settle(operator.operatorId, ids);
    const expected = [
      'orphaned no_evidence',
      'orphaned unknown_click',
      'rejected click_expired',
      'rejected own_referral',
    ];
    assert.deepEqual(await outcomesOf(pool, ids), expected);
  });

  test('the first click of a customer prevails over a later click of another affiliate', async () => {
    const { pool } = database;
    const operator = await withOperator(pool);
    const rival = await addAffiliate(pool, operator.operatorId);
    for (const clickId of [undefined, rival.clickId]) {
      await settle(
        operator.operatorId,
        await operator.ingest([{ customerId: 'c', ...(clickId ? { clickId } : {}) }]),
      );
    }
    assert.deepEqual(
      [await pendingOf(pool, operator.affiliateId), await pendingOf(pool, rival.affiliateId)],
      [20_00n, 0n],
    );
  });
});

describe('a clawback', () => {
  const sale: Fields = { transactionId: 's-1', customerId: 'c' };
  const byReference: Fields = {
    type: 'chargeback',
    reference: 's-1',
    customerId: null,
    ...noClick,
    amountMinor: null,
  };
  const byCustomer: Fields = { type: 'fraud', customerId: 'c', amountMinor: null, ...noClick, ...later };
  for (const [title, batches, expected] of [
    ['by reference reverses the commission', [[sale], [byReference]], 0n],
    ['by reference waits for its conversion', [[byReference], [sale]], 0n],
    ['by reference reverses its conversion in the same batch', [[byReference, sale]], 0n],
    ['by customer reverses all earlier conversions', [[sale, { customerId: 'c' }], [byCustomer]], 0n],
    [
      'by customer reverses conversions that happened before but arrive later',
      [[sale], [byCustomer], [{ customerId: 'c' }]],
      0n,
    ],
    [
      'by customer leaves later conversions unchanged',
      [[sale], [byCustomer], [{ customerId: 'c', occurredAt: later.occurredAt + 1 }]],
      10_00n,
    ],
    [
      'of another customer leaves a conversion unchanged',
      [[sale], [{ ...byCustomer, customerId: 'd' }]],
      10_00n,
    ],
  ] as const) {
    test(`a clawback ${title}`, async () =>
      assert.equal((await settled(...batches.map((batch) => [...batch]))).pending, expected));
  }

  test('a clawback by refunds is in proportion, rounded over all of them', async () => {
    const refund: Fields = { type: 'refund', reference: 's-1', customerId: null, ...noClick };
    const thirds = [33n, 33n, 34n].map((amountMinor) => [{ ...refund, amountMinor }]);
    const after1 = await settled([{ ...sale, amountMinor: 1_00n }], ...thirds.slice(0, 1));
    const after2 = await settled([{ ...sale, amountMinor: 1_00n }], ...thirds.slice(0, 2));
    const after3 = await settled([{ ...sale, amountMinor: 1_00n }], ...thirds);
    assert.deepEqual([after1.pending, after2.pending, after3.pending], [7n, 3n, 0n]);
  });

  test('a clawback that is won back pays again, and every step is one transfer with its event', async () => {
    const won: Fields = { ...byReference, type: 'chargeback_won' };
    const { operator, ids, pending } = await settled([sale], [byReference], [won]);
    const { rows } = await database.pool.query<{ code: string; minor: bigint; event: string; seq: number }>(
      `select code, amount_minor as minor, event_id as event, slot_seq as seq from transfers where operator_id = $1 order by slot_seq`,
      [operator.operatorId],
    );
    const steps = rows.map(({ code, minor, event, seq }) => `${seq} ${code} ${minor} ${ids.indexOf(event)}`);
    assert.deepEqual(
      [steps, pending],
      [['1 accrue 1000 0', '2 void_pending 1000 1', '3 accrue 1000 2'], 10_00n],
    );
  });

  test('a clawback takes from payable and becomes debt once the money is released', async () => {
    const { operator } = await settled([sale]);
    const { pool } = database;
    const [chargeback] = await operator.ingest([byReference]);
    await pool.query(
      `update slots set pending_minor = 0, payable_minor = 400, paid_minor = 600 where operator_id = $1`,
      [operator.operatorId],
    );
    await settle(operator.operatorId, [chargeback!]);
    const { rows } = await pool.query<{ code: string; minor: bigint }>(
      `select code, amount_minor as minor from transfers where operator_id = $1 and event_id = $2 order by slot_seq`,
      [operator.operatorId, chargeback],
    );
    assert.deepEqual(
      rows.map(({ code, minor }) => `${code} ${minor}`),
      ['claw_payable 400', 'claw_debt 600'],
    );
    const { rows: balances } = await pool.query(
      `select payable_minor, debt_minor from balances where operator_id = $1`,
      [operator.operatorId],
    );
    assert.deepEqual(balances, [{ payable_minor: -400n, debt_minor: 600n }]);
    await forget(operator.operatorId);
  });
});

/** Removes rows that a test corrupted on purpose, so that the audit at the end covers the rest. */
async function forget(operatorId: string): Promise<void> {
  const tables = ['ratings', 'slot_facts', 'transfers', 'slots', 'balances', 'event_outcomes'];
  await database.pool.query(
    `set session_replication_role = replica; ${tables.map((table) => `delete from ${table} where operator_id = '${operatorId}'`).join('; ')};
     set session_replication_role = origin`,
  );
}

describe('settling again', () => {
  test('settling a batch again changes nothing and returns the same', async () => {
    const { pool } = database;
    const operator = await withOperator(pool);
    await operator.addEndpoint('http://127.0.0.1:9/');
    const ids = await operator.ingest([
      { transactionId: 's-1' },
      {},
      noClick,
      { type: 'refund', reference: 's-1', amountMinor: 50_00n },
      { currency: 'EUR' },
    ]);
    const batchId = newId('bat');
    const first = await settle(operator.operatorId, ids, batchId);
    const written = await everythingOf(operator.operatorId);
    const again = [
      await settle(operator.operatorId, ids, batchId),
      await settle(operator.operatorId, ids.toReversed(), batchId),
    ];
    assert.deepEqual(again, [first, first]);
    assert.deepEqual(await everythingOf(operator.operatorId), written);
    assert.deepEqual(first, {
      forBatch: 2,
      endpointsToWake: [],
      setAside: [{ operatorId: operator.operatorId, reason: 'no_exchange_rate' }],
      matched: [],
    });
  });

  /** Every row that settling writes, without the time of the last change of an outcome. */
  async function everythingOf(operatorId: string): Promise<unknown[]> {
    const all: unknown[] = [];
    for (const table of [
      'bindings',
      'slots',
      'slot_facts',
      'ratings',
      'transfers',
      'balances',
      'deliveries',
      'event_outcomes',
    ]) {
      const { rows } = await database.pool.query<object>(
        `select (to_jsonb(t) - 'settled_at')::text as row from ${table} t where operator_id = $1 order by 1`,
        [operatorId],
      );
      all.push(...rows);
    }
    return all;
  }
});
