// Decisions of people about events on a real database: events taken out of the books and put back,
// conversions rejected, exchange rates corrected, and customers who turn out to be one.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { createAmendments, type AmendableValues } from '../../../store/agreements/amendments.ts';
import { createFxRates } from '../../../store/agreements/fx-rates.ts';
import { createAffiliates } from '../../../store/attribution/affiliates.ts';
import { newId } from '../../../store/db/ids.ts';
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

const DAY_MS = 86_400_000;

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  pool = createPool(database.url, { max: 8 });
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(pool);
  await pool.end();
  await database.drop();
  assert.deepEqual(findings, []);
});

/** Amends an event and applies all changes of the operator. */
async function change(operatorId: string, eventId: string, values: Partial<AmendableValues>): Promise<void> {
  const by = { actor: 'key_test', reason: 'a test' };
  await createAmendments(pool).insert(operatorId, eventId, by, (event) => ({ ...event.values, ...values }));
  await applyChanges(pool, operatorId);
}

/** Messages to an affiliate about a conversion: type, reason and delta, in order. */
async function messagesAbout(conversionId: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select concat_ws(' ', type, body::json->'data'->>'reason', body::json->'data'->>'payout_delta') as line
     from deliveries where original_event_id = $1 order by id`,
    [conversionId],
  );
  return rows.map(({ line }) => line);
}

async function settled(
  operator: TestOperator,
  events: readonly Partial<ConversionEvent>[],
): Promise<string[]> {
  const ids = await operator.ingest(events);
  for (const id of ids) await createSettling(pool)(operator.operatorId, [id]);
  return ids;
}

describe('an event taken out of the books', () => {
  test('a voided sale earns nothing, and put back it earns again', async () => {
    const operator = await withOperator(pool);
    const { operatorId, affiliateId } = operator;
    await operator.addEndpoint('http://127.0.0.1:9/');
    const [sale] = await settled(operator, [{}]);
    await change(operatorId, sale!, { voided: true });
    assert.deepEqual(await outcomesOf(pool, [sale!]), ['voided 0']);
    assert.equal(await pendingOf(pool, affiliateId), 0n);
    await change(operatorId, sale!, { voided: false });
    assert.deepEqual(await outcomesOf(pool, [sale!]), ['settled 1000']);
    assert.deepEqual(await messagesAbout(sale!), [
      'conversion.created 10.00',
      'conversion.reversed voided -10.00',
      'conversion.reinstated unvoided 10.00',
    ]);
  });

  test('a voided refund gives back what it took, and takes it again once it is put back', async () => {
    const operator = await withOperator(pool);
    const { operatorId, affiliateId } = operator;
    await operator.addEndpoint('http://127.0.0.1:9/');
    const [sale, refund] = await settled(operator, [
      { transactionId: 's-1' },
      { type: 'refund', reference: 's-1', clickId: null, customerId: null, amountMinor: 40_00n },
    ]);
    assert.equal(await pendingOf(pool, affiliateId), 6_00n);
    await change(operatorId, refund!, { voided: true });
    assert.equal(await pendingOf(pool, affiliateId), 10_00n);
    await change(operatorId, refund!, { voided: false });
    assert.deepEqual(await outcomesOf(pool, [sale!, refund!]), ['settled 600', 'settled']);
    assert.equal(await pendingOf(pool, affiliateId), 6_00n);
    assert.deepEqual((await messagesAbout(sale!)).slice(2), [
      'conversion.reinstated voided 4.00',
      'conversion.reversed unvoided -4.00',
    ]);
  });

  test('a refund of a voided sale waits for it as if the sale had not been sent', async () => {
    const operator = await withOperator(pool);
    const { operatorId, affiliateId } = operator;
    const [sale, refund] = await settled(operator, [
      { transactionId: 's-2' },
      { type: 'refund', reference: 's-2', clickId: null, customerId: null, amountMinor: 40_00n },
    ]);
    await change(operatorId, sale!, { voided: true });
    assert.deepEqual(await outcomesOf(pool, [sale!, refund!]), ['voided 0', 'orphaned no_conversion']);
    await change(operatorId, sale!, { voided: false });
    assert.deepEqual(await outcomesOf(pool, [sale!, refund!]), ['settled 600', 'settled']);
    assert.equal(await pendingOf(pool, affiliateId), 6_00n);
  });

  test('a reversal by customer waits where the voided sale was all that bound the customer', async () => {
    const operator = await withOperator(pool);
    const { operatorId } = operator;
    const [sale, abuse] = await settled(operator, [
      { customerId: 'bound by it' },
      { type: 'bonus_abuse', customerId: 'bound by it', clickId: null, amountMinor: 40_00n },
    ]);
    await change(operatorId, sale!, { voided: true });
    assert.deepEqual(await outcomesOf(pool, [abuse!]), ['orphaned no_conversion']);
    await change(operatorId, sale!, { voided: false });
    assert.deepEqual(await outcomesOf(pool, [abuse!]), ['settled']);
  });

  test('a win of a voided chargeback waits for it as if the chargeback had not been sent', async () => {
    const operator = await withOperator(pool);
    const { operatorId, affiliateId } = operator;
    const unnamed = { clickId: null, customerId: null, amountMinor: null };
    const [sale, chargeback, win] = await settled(operator, [
      { transactionId: 's-3' },
      { type: 'chargeback', transactionId: 'cb-3', reference: 's-3', ...unnamed },
      { type: 'chargeback_won', reference: 'cb-3', ...unnamed },
    ]);
    const all = [sale!, chargeback!, win!];
    await change(operatorId, chargeback!, { voided: true });
    assert.deepEqual(await outcomesOf(pool, all), ['settled 1000', 'voided', 'orphaned no_conversion']);
    await change(operatorId, chargeback!, { voided: false });
    assert.deepEqual(await outcomesOf(pool, all), ['settled 1000', 'settled already_won', 'settled']);
    assert.equal(await pendingOf(pool, affiliateId), 10_00n);
  });

  test('a voided win that names its chargeback gives back nothing, and gives it back once it is put back', async () => {
    const operator = await withOperator(pool);
    const { operatorId, affiliateId } = operator;
    await operator.addEndpoint('http://127.0.0.1:9/');
    const unnamed = { clickId: null, customerId: null };
    const [sale, , win] = await settled(operator, [
      { transactionId: 's-4' },
      { type: 'chargeback', transactionId: 'cb-4', reference: 's-4', ...unnamed, amountMinor: 60_00n },
      { type: 'chargeback_won', reference: 'cb-4', ...unnamed, amountMinor: null },
    ]);
    await change(operatorId, win!, { voided: true });
    assert.equal(await pendingOf(pool, affiliateId), 0n);
    await change(operatorId, win!, { voided: false });
    assert.equal(await pendingOf(pool, affiliateId), 10_00n);
    assert.deepEqual((await messagesAbout(sale!)).slice(2), [
      'conversion.reinstated chargeback_won 10.00',
      'conversion.reversed voided -10.00',
      'conversion.reinstated unvoided 10.00',
    ]);
  });

  test('an event voided before it is settled never counts', async () => {
    const operator = await withOperator(pool);
    const [sale] = await operator.ingest([{}]);
    await change(operator.operatorId, sale!, { voided: true });
    await createSettling(pool)(operator.operatorId, [sale!]);
    assert.deepEqual(await outcomesOf(pool, [sale!]), ['voided']);
    await change(operator.operatorId, sale!, { voided: false });
    assert.deepEqual(await outcomesOf(pool, [sale!]), ['settled 1000']);
  });

  test('the binding that a voided registration made goes with it, and later evidence decides', async () => {
    const operator = await withOperator(pool);
    const { operatorId, affiliateId: first } = operator;
    const terms: Partial<WireTerms> = { components: [{ kind: 'percent', on: ['sale'], percent: '10' }] };
    const second = await addAffiliate(pool, operatorId, terms);
    const at = Date.now() - 50_000;
    const [registration, sale] = await settled(operator, [
      { type: 'registration', customerId: 'undefined', occurredAt: at, amountMinor: null, currency: null },
      { customerId: 'undefined', clickId: second.clickId, occurredAt: at + 50_000 },
    ]);
    assert.equal(await pendingOf(pool, first), 10_00n);
    await change(operatorId, registration!, { voided: true });
    assert.deepEqual(
      [await pendingOf(pool, first), await pendingOf(pool, second.affiliateId)],
      [0n, 10_00n],
      'the sale belongs to its own click',
    );
    assert.deepEqual(await outcomesOf(pool, [registration!, sale!]), ['voided 0', 'settled 1000']);
  });
});

test('one rejected conversion leaves the rest of its month alone, and the rejection can be taken back', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const { affiliateId, clickId } = await addAffiliate(pool, operatorId, {
    components: [{ kind: 'revshare', on: ['revenue'], percent: '25' }],
  });
  const revenue = (customerId: string, amountMinor: bigint) =>
    ({ type: 'revenue', clickId, customerId, amountMinor }) as const;
  const [, bad] = await settled(operator, [revenue('good', 1000_00n), revenue('bad', 100_00n)]);
  await change(operatorId, bad!, { rejected: true });
  assert.equal(await pendingOf(pool, affiliateId), 250_00n);
  await settled(operator, [{ ...revenue('good', 1000_00n), clickId: null }]);
  assert.equal(await pendingOf(pool, affiliateId), 500_00n);
  await change(operatorId, bad!, { rejected: false });
  assert.equal(await pendingOf(pool, affiliateId), 525_00n);
});

test('a month of which the only conversion was rejected before it was settled is worth nothing, also to the audit', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const { affiliateId, clickId } = await addAffiliate(pool, operatorId, {
    components: [{ kind: 'revshare', on: ['revenue'], percent: '25' }],
  });
  const [revenue] = await operator.ingest([{ type: 'revenue', clickId, amountMinor: 100_00n }]);
  await change(operatorId, revenue!, { rejected: true });
  await createSettling(pool)(operatorId, [revenue!]);
  assert.equal(await pendingOf(pool, affiliateId), 0n);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

/** An affiliate with these components, whose parent gets a fifth and has the only endpoint. */
async function withParent(components: WireTerms['components']) {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const parentId = newId('aff');
  const affiliates = createAffiliates(pool);
  await affiliates.insert(operatorId, { id: parentId, name: 'Parent', externalId: null, parentId: null });
  const terms = { components, overrides: [{ percent: '20' }] };
  const { affiliateId, clickId } = await addAffiliate(pool, operatorId, terms);
  await affiliates.update(operatorId, affiliateId, { parent: { parentId, since: new Date(0) } });
  const { id } = await operator.addEndpoint('http://127.0.0.1:9/');
  await pool.query(`update endpoints set affiliate_id = $2 where id = $1`, [id, parentId]);
  return { operator, operatorId, clickId };
}

test('a parent whose part of a conversion was nothing so far hears that it was created before it hears of a reversal', async () => {
  const { operator, operatorId, clickId } = await withParent([
    { kind: 'revshare', on: ['revenue'], percent: '25' },
  ]);
  const revenue = (amountMinor: bigint) => ({ type: 'revenue', clickId, amountMinor }) as const;
  const [, loss, gain] = await settled(operator, [revenue(100_00n), revenue(-200_00n), revenue(50_00n)]);
  assert.deepEqual(await messagesAbout(gain!), []);
  await change(operatorId, loss!, { voided: true });
  await change(operatorId, gain!, { voided: true });
  assert.deepEqual(await messagesAbout(gain!), [
    'conversion.created 0.00',
    'conversion.reversed voided -2.50',
  ]);
  await change(operatorId, gain!, { voided: false });
  assert.deepEqual((await messagesAbout(gain!)).slice(2), ['conversion.reinstated unvoided 2.50']);
});

test('a parent hears of a conversion as of a new one where it was rejected before it was settled, and is not any more', async () => {
  const { operator, operatorId, clickId } = await withParent([
    { kind: 'percent', on: ['sale'], percent: '10' },
  ]);
  const [sale] = await operator.ingest([{ clickId }]);
  await change(operatorId, sale!, { rejected: true });
  await createSettling(pool)(operatorId, [sale!]);
  assert.deepEqual(await messagesAbout(sale!), []);
  await change(operatorId, sale!, { rejected: false });
  assert.deepEqual(await messagesAbout(sale!), ['conversion.created 2.00']);
  await change(operatorId, sale!, { rejected: true });
  assert.deepEqual(await messagesAbout(sale!), [
    'conversion.created 2.00',
    'conversion.reversed rejected -2.00',
  ]);
});

test('a corrected exchange rate rates again what the former converted', async () => {
  const operator = await withOperator(pool);
  const { operatorId, affiliateId } = operator;
  await operator.addEndpoint('http://127.0.0.1:9/');
  const rate = {
    base: 'EUR',
    quote: 'USD',
    source: 'bank',
    asOf: new Date(Date.now() - DAY_MS),
    actor: 'key',
  };
  const add = (text: string) =>
    createFxRates(pool).insert(operatorId, { ...rate, id: newId('fx'), rate: text });
  await add('10.8');
  const [sale] = await settled(operator, [{ currency: 'EUR' }]);
  assert.equal(await pendingOf(pool, affiliateId), 108_00n);
  assert.equal((await add('1.08')).appliesChanges, true);
  await applyChanges(pool, operatorId);
  assert.equal(await pendingOf(pool, affiliateId), 10_80n);
  assert.deepEqual(await messagesAbout(sale!), [
    'conversion.created 108.00',
    'conversion.adjusted rate_corrected -97.20',
  ]);
});

describe('an event that names only a click', () => {
  const CPA: Partial<WireTerms> = { components: [{ kind: 'cpa', on: ['ftd'], amount: '200.00' }] };
  const none = { amountMinor: null, currency: null } as const;

  const orders: [string, (clickId: string) => Partial<ConversionEvent>[]][] = [
    [
      'after the registration that its click bound',
      (clickId) => [
        { type: 'registration', customerId: 'u', clickId, ...none },
        { type: 'ftd', customerId: null, clickId, transactionId: 'trk-9' },
        { type: 'ftd', customerId: 'u', clickId: null, transactionId: 'crm-9' },
      ],
    ],
    [
      'before the registration',
      (clickId) => [
        { type: 'ftd', customerId: null, clickId, transactionId: 'trk-9' },
        { type: 'registration', customerId: 'u', clickId, ...none },
        { type: 'ftd', customerId: 'u', clickId: null, transactionId: 'crm-9' },
      ],
    ],
    [
      'after everything else',
      (clickId) => [
        { type: 'registration', customerId: 'u', clickId, ...none },
        { type: 'ftd', customerId: 'u', clickId: null, transactionId: 'crm-9' },
        { type: 'ftd', customerId: null, clickId, transactionId: 'trk-9' },
      ],
    ],
  ];
  for (const [title, events] of orders) {
    test(`an event that names only a click is of the customer whom the click bound: ${title}`, async () => {
      const operator = await withOperator(pool);
      const { operatorId } = operator;
      const { affiliateId, clickId } = await addAffiliate(pool, operatorId, CPA);
      await settled(operator, events(clickId));
      await applyChanges(pool, operatorId);
      assert.equal(await pendingOf(pool, affiliateId), 200_00n, 'one bounty');
      await settled(operator, [{ type: 'fraud', customerId: 'u', clickId: null, ...none }]);
      await applyChanges(pool, operatorId);
      assert.equal(await pendingOf(pool, affiliateId), 0n, 'a fraud of the customer takes it back');
    });
  }

  test('a step over first deposits counts a customer once, who was known by a click at first', async () => {
    const operator = await withOperator(pool);
    const { operatorId } = operator;
    const { affiliateId, clickId } = await addAffiliate(pool, operatorId, {
      components: [
        {
          kind: 'cpa',
          on: ['ftd'],
          amount: '200.00',
          tiers: { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: '3', amount: '300.00' }] },
        },
      ],
    });
    await settled(operator, [
      { type: 'ftd', customerId: null, clickId, transactionId: 'trk-9' },
      { type: 'ftd', customerId: 'u', clickId, transactionId: 'crm-9' },
    ]);
    await applyChanges(pool, operatorId);
    assert.equal(await pendingOf(pool, affiliateId), 200_00n);
    await settled(operator, [{ type: 'ftd', customerId: 'v', clickId, transactionId: 'crm-10' }]);
    assert.equal(await pendingOf(pool, affiliateId), 400_00n, 'two customers do not reach a step of three');
  });

  test('a reversal that names only a click takes back from the customer whom the click bound later', async () => {
    const operator = await withOperator(pool);
    const { operatorId } = operator;
    const { affiliateId, clickId } = await addAffiliate(pool, operatorId, CPA);
    const now = Date.now();
    await settled(operator, [
      { type: 'ftd', customerId: null, clickId, occurredAt: now - 3000 },
      { type: 'fraud', customerId: null, clickId, occurredAt: now, ...none },
      { type: 'ftd', customerId: 'u', clickId, occurredAt: now - 2000 },
    ]);
    await applyChanges(pool, operatorId);
    assert.equal(await pendingOf(pool, affiliateId), 0n);
  });

  test('a reversal that waited for its customer is settled with a conversion that the click showed to be theirs', async () => {
    const operator = await withOperator(pool);
    const { operatorId } = operator;
    const { affiliateId, clickId } = await addAffiliate(pool, operatorId, CPA);
    const now = Date.now();
    const [, fraud] = await settled(operator, [
      { type: 'ftd', customerId: null, clickId, occurredAt: now - 3000 },
      { type: 'fraud', customerId: 'u', clickId: null, occurredAt: now - 2000, ...none },
      { type: 'registration', customerId: 'u', clickId, occurredAt: now - 1000, ...none },
    ]);
    assert.deepEqual(await outcomesOf(pool, [fraud!]), ['orphaned no_conversion']);
    await applyChanges(pool, operatorId);
    assert.equal(await pendingOf(pool, affiliateId), 0n);
    assert.deepEqual(await outcomesOf(pool, [fraud!]), ['settled']);
  });
});
