// Events set aside from their batch, and the postbacks that a batch plans, on a real PostgreSQL.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { addAffiliate, auditOf, createSettling, outcomesOf, type Settling } from '../../support/settling.ts';

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

const later = { occurredAt: Date.now() + 60_000 };
const noClick = { clickId: null };

/** Settles batches in turn for a new operator; returns the outcomes of its events. */
async function outcomesOfBatches(...batches: Fields[][]): Promise<string[]> {
  const operator = await withOperator(database.pool);
  const ids: string[] = [];
  for (const batch of batches) {
    const taken = await operator.ingest(batch);
    ids.push(...taken);
    await settle(operator.operatorId, taken);
  }
  return await outcomesOf(database.pool, ids);
}

describe('an event that cannot be settled', () => {
  test('an event without an exchange rate is set aside alone', async () => {
    const outcomes = await outcomesOfBatches([{}, { currency: 'EUR' }, {}]);
    assert.deepEqual(outcomes, ['settled 1000', 'set_aside no_exchange_rate', 'settled 1000']);
  });

  test('a refund in another currency than its sale is set aside and takes nothing', async () => {
    const refund: Fields = {
      type: 'refund',
      reference: 's-1',
      amountMinor: 50_00n,
      currency: 'JPY',
      customerId: null,
      ...noClick,
    };
    const sale: Fields = { transactionId: 's-1' };
    assert.deepEqual(await outcomesOfBatches([sale], [refund]), [
      'settled 1000',
      'set_aside no_exchange_rate',
    ]);
    assert.deepEqual(await outcomesOfBatches([refund], [sale]), [
      'set_aside no_exchange_rate',
      'settled 1000',
    ]);
  });

  test('an event whose rule fails is set aside alone, with the reason in words', async () => {
    const { pool } = database;
    const operator = await withOperator(pool);
    const { clickId } = await addAffiliate(pool, operator.operatorId, {
      components: [{ kind: 'cpa', amount: '5' }],
    });
    const deposit: Fields = { type: 'ftd', clickId, customerId: 'c' };
    await settle(operator.operatorId, await operator.ingest([deposit]));
    const rename = (from: string, to: string) =>
      pool.query(`update slots set component = $3 where operator_id = $1 and component = $2`, [
        operator.operatorId,
        from,
        to,
      ]);
    await rename('cpa:ftd', 'cpa:gone');
    const ids = await operator.ingest([{}, { ...deposit, ...later }, {}]);
    await settle(operator.operatorId, ids);
    assert.deepEqual(await outcomesOf(pool, ids), ['settled 1000', 'set_aside rule_failed', 'settled 1000']);
    const { rows } = await pool.query<{ detail: string }>(
      `select detail from event_outcomes where event_id = $1`,
      [ids[1]],
    );
    assert.match(rows[0]!.detail, /^settling evt_.*has no component cpa:gone$/);
    await rename('cpa:gone', 'cpa:ftd');
    await settle(operator.operatorId, ids);
    assert.deepEqual(await outcomesOf(pool, ids), ['settled 1000', 'settled 0', 'settled 1000']);
  });

  test('an event whose rows PostgreSQL refuses is found by halving and set aside alone', async () => {
    const { pool } = database;
    const operator = await withOperator(pool);
    const endless = await addAffiliate(pool, operator.operatorId, {
      components: [{ kind: 'percent', on: 'sale', percent: '10000000' }],
    });
    const fields = Array.from({ length: 20 }, (_, index) =>
      index === 13 ? { clickId: endless.clickId, amountMinor: 9n * 10n ** 15n } : {},
    );
    const ids = await operator.ingest(fields);
    const settledBatch = await settle(operator.operatorId, ids);
    const expected = ids.map((_, index) => (index === 13 ? 'set_aside refused_by_database' : 'settled 1000'));
    assert.deepEqual(await outcomesOf(pool, ids), expected);
    assert.deepEqual(settledBatch.setAside, [
      { operatorId: operator.operatorId, reason: 'refused_by_database' },
    ]);
    const { rows } = await pool.query<{ detail: string }>(
      `select detail from event_outcomes where event_id = $1`,
      [ids[13]],
    );
    assert.match(rows[0]!.detail, /^22003 /);
  });

  const cases: [string, Partial<WireTerms>, Fields, string][] = [
    ['a rule failed', { components: [{ kind: 'cpa', amount: '5' }] }, { type: 'ftd' }, 'rule_failed'],
    [
      'PostgreSQL refused its rows',
      { components: [{ kind: 'percent', on: 'sale', percent: '10000000' }] },
      { amountMinor: 9n * 10n ** 15n },
      'refused_by_database',
    ],
  ];
  for (const [title, deal, failing, reason] of cases) {
    test(`an event that is set aside because ${title} binds its customer`, async () => {
      const { pool } = database;
      const operator = await withOperator(pool);
      const { operatorId } = operator;
      const first = await addAffiliate(pool, operatorId, deal);
      const by = { clickId: first.clickId, customerId: 'c' };
      if (reason === 'rule_failed') {
        // The slot of the customer names a component that the deal does not have.
        await settle(operatorId, await operator.ingest([{ type: 'ftd', ...by }]));
        await pool.query(`update slots set component = 'cpa:gone' where operator_id = $1`, [operatorId]);
        await pool.query(`delete from bindings where operator_id = $1`, [operatorId]);
      }
      const ids = await operator.ingest([{ ...by, ...failing, ...later }]);
      await settle(operatorId, ids);
      assert.deepEqual(await outcomesOf(pool, ids), [`set_aside ${reason}`]);
      const [next] = await operator.ingest([{ customerId: 'c', type: 'registration', ...later }]);
      await settle(operatorId, [next!]);
      const { rows } = await pool.query(
        `select affiliate_id, method from event_outcomes where event_id = $1`,
        [next],
      );
      assert.deepEqual(rows, [{ affiliate_id: first.affiliateId, method: 'binding' }]);
      await pool.query(
        `update slots set component = 'cpa:ftd' where operator_id = $1 and component = 'cpa:gone'`,
        [operatorId],
      );
    });
  }
});

describe('planning of postbacks', () => {
  test('settling plans a postback for each listening endpoint, the reversal after its conversion', async () => {
    const { pool } = database;
    const operator = await withOperator(pool);
    const [all, reversals, own] = [
      await operator.addEndpoint('http://127.0.0.1:9/all'),
      await operator.addEndpoint('http://127.0.0.1:9/reversals', { events: ['conversion.reversed'] }),
      await operator.addEndpoint('http://127.0.0.1:9/slow', { events: ['sale'], ratePerSecond: 1 }),
    ];
    const ids = await operator.ingest([
      { transactionId: 's-1' },
      { type: 'chargeback', reference: 's-1', occurredAt: Date.now() + 1 },
    ]);
    const { forBatch, endpointsToWake } = await settle(operator.operatorId, ids);
    const { rows } = await pool.query<{
      endpoint: string;
      type: string;
      owner: string;
      state: string;
      follows: string | null;
      body: { data: Record<string, string> };
    }>(
      `select d.endpoint_id as endpoint, d.type, d.owner, d.state, p.type as follows, d.body::json as body from deliveries d
       left join deliveries p on p.operator_id = d.operator_id and p.id = d.predecessor_id where d.operator_id = $1 order by d.id`,
      [operator.operatorId],
    );
    const planned = rows.map(({ endpoint, type, owner, follows, body: { data } }) => [
      endpoint,
      type,
      owner,
      follows,
      data['payout_delta'],
      data['payout'],
    ]);
    assert.deepEqual(
      planned.toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
      [
        [all.id, 'conversion.created', 'batch', null, '10.00', '10.00'],
        [all.id, 'conversion.reversed', 'predecessor', 'conversion.created', '-10.00', '0.00'],
        [reversals.id, 'conversion.reversed', 'batch', null, '-10.00', '0.00'],
        [own.id, 'conversion.created', 'endpoint', null, '10.00', '10.00'],
      ],
    );
    assert.deepEqual(
      [forBatch, endpointsToWake],
      [2, [{ operatorId: operator.operatorId, endpointId: own.id }]],
    );
  });

  test('a reversal of a later batch waits for its unfinished conversion and is released once that finishes', async () => {
    const { pool } = database;
    const operator = await withOperator(pool);
    await operator.addEndpoint('http://127.0.0.1:9/');
    const owners: (string | null)[] = [];
    for (const finished of [false, true]) {
      const transactionId = `finished ${finished}`;
      await settle(operator.operatorId, await operator.ingest([{ transactionId }]));
      if (finished)
        await pool.query(
          `update deliveries set state = 'delivered', owner = null where operator_id = $1 and owner = 'batch'`,
          [operator.operatorId],
        );
      const [refund] = await operator.ingest([
        { type: 'refund', reference: transactionId, amountMinor: 1_00n, customerId: null, ...noClick },
      ]);
      await settle(operator.operatorId, [refund!]);
      const { rows } = await pool.query<{ owner: string }>(
        `select owner from deliveries where event_id = $1`,
        [refund],
      );
      owners.push(...rows.map(({ owner }) => owner));
    }
    assert.deepEqual(owners, ['predecessor', 'batch']);
  });
});
