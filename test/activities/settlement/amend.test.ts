// Amended events on a real database: the books end as if each event had been right at first, also
// beside chargebacks, and both versions stay.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAmend } from '../../../activities/settlement/amend.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { newId } from '../../../store/db/ids.ts';
import {
  createAmendments,
  listVersions,
  type AmendableValues,
} from '../../../store/agreements/amendments.ts';
import { createDeals } from '../../../store/agreements/deals.ts';
import { createFxRates } from '../../../store/agreements/fx-rates.ts';
import { isOutage } from '../../../store/db/pg-errors.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { createTraces } from '../../../store/ledger/traces.ts';
import { createRerate } from '../../../activities/settlement/rerate.ts';
import { wireTerms } from '../../support/builders.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import {
  addAffiliate,
  auditOf,
  createSettling,
  outcomesOf,
  pendingOf,
  type TestAffiliate,
} from '../../support/settling.ts';

const PROCESSES = 4;
const DAY_MS = 86_400_000;
const YESTERDAY = new Date(Date.now() - DAY_MS);

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  pool = createPool(database.url, { max: 2 * PROCESSES + 4 });
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(pool);
  await pool.end();
  await database.drop();
  assert.deepEqual(findings, []);
});

/** Stores an amendment of some values. */
async function amend({ operatorId }: TestOperator, eventId: string, values: Partial<AmendableValues>) {
  const by = { actor: 'key_test', reason: null };
  return await createAmendments(pool).insert(operatorId, eventId, by, (event) => ({
    ...event.values,
    ...values,
  }));
}

/** Books an operator's amendments until none is left; returns those that wait. */
async function apply({ operatorId }: TestOperator, atOnce = 2): Promise<Record<string, number>> {
  const { applyAmendments } = createAmend({
    pool,
    ...createSettle({ pool }),
    atOnce,
    handOver: () => Promise.resolve({ workflows: 0 }),
  });
  const waiting: Record<string, number> = {};
  for (;;) {
    const chunk = await applyAmendments({ operatorId });
    for (const [reason, count] of Object.entries(chunk.waiting))
      waiting[reason] = (waiting[reason] ?? 0) + count;
    if (chunk.isEnd) return waiting;
  }
}

const full = { chargeback: 'full', bonus_abuse: 'full', fraud: 'full', account_closure: 'none' } as const;
const DEAL: Partial<WireTerms> = {
  components: [
    { kind: 'cpa', amount: '50', min_amount: '30.00', cap: { count: 2 } },
    { kind: 'revshare', percent: '33.3333', negative: 'carry' },
    { kind: 'percent', on: 'sale', percent: '12.5' },
    { kind: 'per_lot', on: 'trade', amount: '4.00' },
  ],
  payout: 'accept',
  clawback: { days: 90, refund: 'proportional', ...full },
};

/** The correct events, in the order in which they happened. */
function story(clickId: string, start: number): Partial<ConversionEvent>[] {
  const of = (day: number, fields: Partial<ConversionEvent>): Partial<ConversionEvent> => ({
    clickId,
    customerId: `c${day % 4}`,
    occurredAt: start + day * DAY_MS,
    currency: 'USD',
    ...fields,
  });
  return [
    of(1, { type: 'ftd', transactionId: 'd1', amountMinor: 40_00n }),
    of(2, { type: 'ftd', transactionId: 'd2', amountMinor: 20_00n }),
    of(3, { type: 'ftd', transactionId: 'd3', amountMinor: 35_00n }),
    of(4, { transactionId: 's4', amountMinor: 133_33n }),
    of(5, { transactionId: 's5', amountMinor: 80_00n, operatorPayoutMinor: 9_99n }),
    of(6, { type: 'revenue', transactionId: 'r6', amountMinor: -40_00n }),
    of(7, { type: 'revenue', transactionId: 'r7', amountMinor: 210_07n }),
    of(8, { type: 'trade', transactionId: 't8', amountMinor: null, currency: null, volumeE4: 1_5000n }),
    of(9, { type: 'refund', reference: 's4', customerId: null, amountMinor: 20_00n, transactionId: 'x1' }),
    of(10, { type: 'chargeback', reference: 'd1', customerId: null, amountMinor: null, transactionId: 'x2' }),
  ];
}

/**
 * The mistaken events sent instead: other amounts, a sale of zero that is refunded, a payout left
 * out.
 */
function mistaken(events: readonly Partial<ConversionEvent>[]): Partial<ConversionEvent>[] {
  return events.map((event): Partial<ConversionEvent> => {
    if (event.transactionId === 's4') return { ...event, amountMinor: 0n };
    if (event.transactionId === 's5') return { ...event, amountMinor: 8_00n, operatorPayoutMinor: null };
    if (event.transactionId === 'd2') return { ...event, amountMinor: 200_00n };
    if (event.transactionId === 'r6') return { ...event, amountMinor: 40_00n };
    if (event.transactionId === 't8') return { ...event, volumeE4: 15_0000n };
    return event;
  });
}

/** Amounts and sums of each slot of an affiliate, and the reported amounts of each event. */
async function booksOf({ affiliateId }: TestAffiliate): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select concat_ws(' ', s.kind, substring(s.key from 'customer .*'), s.period, s.basis_minor, s.volume_e4, s.ftd_count,
         gross_minor - void_minor - clawed_minor - debt_minor) as line
     from slots s where affiliate_id = $1 and (gross_minor - void_minor - clawed_minor - debt_minor <> 0 or s.kind in ('month', 'revshare'))
     order by 1`,
    [affiliateId],
  );
  return rows.map(({ line }) => line);
}

test('amended events leave the books as if they had been sent right at first, whatever reversals they have', async () => {
  const start = Date.now() - 20 * DAY_MS;
  const [wrong, right] = [await withOperator(pool), await withOperator(pool)];
  const late = await addAffiliate(pool, wrong.operatorId, DEAL);
  const first = await addAffiliate(pool, right.operatorId, DEAL);
  await pool.query(`update clicks set clicked_at = $1`, [new Date(start)]);
  const settle = createSettling(pool);
  const meant = story(first.clickId, start);
  await settle(right.operatorId, await right.ingest(meant));

  const sent = mistaken(story(late.clickId, start));
  const ids = await wrong.ingest(sent);
  await settle(wrong.operatorId, ids);
  assert.notDeepEqual(await booksOf(late), await booksOf(first), 'the mistakes show');
  for (const [index, id] of ids.entries()) {
    const { amountMinor, operatorPayoutMinor: payoutMinor = null, volumeE4 = null } = meant[index]!;
    if (amountMinor === undefined || ['refund', 'chargeback'].includes(sent[index]!.type ?? '')) continue;
    // Books amendments in between, so that a second amendment starts from the result of the first.
    if (amountMinor !== null) {
      await amend(wrong, id, { amountMinor: amountMinor + 7_77n });
      await apply(wrong);
    }
    await amend(wrong, id, { amountMinor, payoutMinor, volumeE4 });
  }
  assert.deepEqual(await apply(wrong), {});
  assert.deepEqual(await booksOf(late), await booksOf(first));
  assert.equal(await pendingOf(pool, late.affiliateId), await pendingOf(pool, first.affiliateId));
  assert.ok((await pendingOf(pool, late.affiliateId)) > 0n);
});

test('an amendment reports the difference to the affiliate; the same amendment again is a duplicate', async () => {
  const operator = await withOperator(pool);
  const endpoint = await operator.addEndpoint('http://127.0.0.1:9/');
  const [sale] = await operator.ingest([{}]);
  await createSettling(pool)(operator.operatorId, [sale!]);
  assert.deepEqual(await amend(operator, sale!, { amountMinor: 60_00n }), { kind: 'accepted', number: 1 });
  assert.deepEqual(await amend(operator, sale!, { amountMinor: 60_00n }), { kind: 'duplicate', number: 1 });
  assert.deepEqual(await apply(operator), {});
  assert.deepEqual(await amend(operator, sale!, { amountMinor: 60_00n }), { kind: 'duplicate', number: 1 });
  assert.deepEqual(await outcomesOf(pool, [sale!]), ['settled 600']);
  const { rows } = await pool.query<{ body: string }>(
    `select body from deliveries where endpoint_id = $1 and type = 'conversion.adjusted'`,
    [endpoint.id],
  );
  const [adjustment, ...others] = rows.map(
    ({ body }) => (JSON.parse(body) as { data: Record<string, string> }).data,
  );
  assert.deepEqual(others, []);
  const { amount, payout, payout_delta, reason, original_event_id, event_id } = adjustment!;
  assert.deepEqual(
    { amount, payout, payout_delta, reason, original_event_id, event_id },
    {
      amount: '60.00',
      payout: '6.00',
      payout_delta: '-4.00',
      reason: 'amended',
      original_event_id: sale,
      event_id: undefined,
    },
  );
  const { rows: transfers } = await pool.query(
    `select t.amount_minor as minor, a.number from transfers t
     join amendments a on a.event_id = t.event_id and a.batch_id = t.posting_group where t.event_id = $1`,
    [sale],
  );
  assert.deepEqual(
    transfers,
    [{ minor: 4_00n, number: 1 }],
    'the transfer leads to the amendment that moved it',
  );

  await pool.query(`update amendments set amount_minor = 61_00 where event_id = $1`, [sale]);
  const { checks } = await auditOf(pool);
  await pool.query(`update amendments set amount_minor = 60_00 where event_id = $1`, [sale]);
  assert.deepEqual(checks, ['fact_is_its_event'], 'the audit would see a version that the books do not hold');
});

test('an event amended before it is settled is settled with its amended values', async () => {
  const operator = await withOperator(pool);
  const [sale] = await operator.ingest([{}]);
  await amend(operator, sale!, { amountMinor: 70_00n });
  await apply(operator);
  await createSettling(pool)(operator.operatorId, [sale!]);
  assert.deepEqual(await outcomesOf(pool, [sale!]), ['settled 700']);
});

test('an amendment that supplies a missing payout settles the event that waited for it', async () => {
  const operator = await withOperator(pool);
  const { operatorId, affiliateId } = operator;
  const terms = wireTerms({ payout: 'require' });
  await createDeals(pool).insert(
    operatorId,
    { id: newId('deal'), name: 'Own', affiliateId },
    YESTERDAY,
    terms,
  );
  const [sale] = await operator.ingest([{}]);
  const settle = createSettling(pool);
  await settle(operatorId, [sale!]);
  assert.deepEqual(await outcomesOf(pool, [sale!]), ['set_aside payout_required']);
  await amend(operator, sale!, { payoutMinor: 12_34n });
  await apply(operator);
  const { rows } = await pool.query(`select reason from retries_wanted where operator_id = $1`, [operatorId]);
  assert.deepEqual(rows, [{ reason: 'payout_required' }]);
  await settle(operatorId, [sale!]);
  assert.deepEqual(await outcomesOf(pool, [sale!]), ['settled 1234']);
});

test('an amendment has an event that was set aside settled again, whatever it was set aside for', async () => {
  const operator = await withOperator(pool);
  const settle = createSettling(pool);
  const [sale] = await operator.ingest([{ currency: 'GBP' }]);
  await settle(operator.operatorId, [sale!]);
  assert.deepEqual(await outcomesOf(pool, [sale!]), ['set_aside no_exchange_rate']);
  await amend(operator, sale!, { currency: 'USD' });
  await apply(operator);
  const { rows } = await pool.query(`select reason from retries_wanted where operator_id = $1`, [
    operator.operatorId,
  ]);
  assert.deepEqual(rows, [{ reason: 'no_exchange_rate' }]);
  await settle(operator.operatorId, [sale!]);
  assert.deepEqual(await outcomesOf(pool, [sale!]), ['settled 1000']);
});

test('the audit knows a payout that an amendment added to an event without a component', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const settle = createSettling(pool);
  for (const deal of [{ payout: 'accept' as const }, DEAL]) {
    const { clickId, affiliateId } = await addAffiliate(pool, operatorId, deal);
    const of = { type: 'deposit' as const, clickId };
    const [settled, early] = await operator.ingest([of, of]);
    await settle(operatorId, [settled!]);
    await amend(operator, settled!, { payoutMinor: 5_00n });
    await amend(operator, early!, { payoutMinor: 7_00n });
    await apply(operator);
    await settle(operatorId, [early!]);
    assert.equal(await pendingOf(pool, affiliateId), 12_00n);
  }
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('the audit measures a refund in the currency that an amendment gave its conversion', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const { clickId, affiliateId } = await addAffiliate(pool, operatorId, DEAL);
  const rate = { asOf: YESTERDAY, source: 'bank', actor: 'key_1' };
  for (const [base, quote] of [
    ['EUR', 'USD'],
    ['USD', 'EUR'],
  ] as const)
    await createFxRates(pool).insert(operatorId, { id: newId('fx'), base, quote, rate: '2', ...rate });
  const settle = createSettling(pool);
  const bare = { type: 'deposit' as const, clickId, amountMinor: null, currency: null };
  const [deposit] = await operator.ingest([{ ...bare, transactionId: 'bare' }]);
  await settle(operatorId, [deposit!]);
  await amend(operator, deposit!, { amountMinor: 100_00n, currency: 'EUR', payoutMinor: 10_00n });
  assert.deepEqual(await apply(operator), {});
  assert.equal(await pendingOf(pool, affiliateId), 20_00n);
  const refund = { type: 'refund' as const, reference: 'bare', customerId: null, clickId: null };
  await settle(operatorId, await operator.ingest([{ ...refund, amountMinor: 10_00n }]));
  assert.equal(await pendingOf(pool, affiliateId), 16_00n);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('an amendment that lacks an exchange rate waits visibly, and is booked once the rate is there', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const [kyc, sale] = await operator.ingest([
    { type: 'trade', volumeE4: 1_0000n, amountMinor: null, currency: null },
    {},
  ]);
  const own = { id: newId('deal'), name: 'Own', affiliateId: operator.affiliateId };
  const terms = wireTerms({ components: [{ kind: 'percent', on: ['trade', 'sale'], percent: '10' }] });
  await createDeals(pool).insert(operatorId, own, YESTERDAY, terms);
  await createSettling(pool)(operatorId, [kyc!, sale!]);
  await amend(operator, kyc!, { volumeE4: 2_0000n });
  await apply(operator);
  await amend(operator, kyc!, { amountMinor: 100_00n, currency: 'EUR' });
  await amend(operator, sale!, { amountMinor: 50_00n });
  assert.deepEqual(await apply(operator), { no_exchange_rate: 1 });
  assert.deepEqual(await outcomesOf(pool, [kyc!, sale!]), ['settled 0', 'settled 500']);
  assert.deepEqual(
    (await listVersions(pool, operatorId, kyc!)).map(({ state, waitsFor }) => [state, waitsFor]),
    [
      ['sent', null],
      ['applied', null],
      ['waiting', 'no_exchange_rate'],
    ],
  );
  const { event: now } = (await createTraces(pool).find(operatorId, kyc!))!;
  assert.deepEqual([now.volumeE4, now.amountMinor], [2_0000n, null], 'the one before stays in force');
  const rate = {
    id: newId('fx'),
    base: 'EUR',
    quote: 'USD',
    rate: '1.1',
    source: 'bank',
    asOf: YESTERDAY,
    actor: 'key_1',
  };
  const added = await createFxRates(pool).insert(operatorId, rate);
  assert.ok(added.appliesChanges);
  assert.deepEqual(await apply(operator), {});
  assert.deepEqual(await outcomesOf(pool, [kyc!, sale!]), ['settled 1100', 'settled 500']);
});

test('an amendment whose rule fails waits and delays no other amendment', async () => {
  const operator = await withOperator(pool);
  const ids = await operator.ingestSales(4);
  await createSettling(pool)(operator.operatorId, ids);
  await amend(operator, ids[0]!, { amountMinor: 10_00n });
  await amend(operator, ids[1]!, { amountMinor: 9_000_000_000_000_000_000n });
  await amend(operator, ids[2]!, { amountMinor: 9_000_000_000_000_000_000n, payoutMinor: 1n });
  await amend(operator, ids[3]!, { amountMinor: 30_00n });
  // Only for this test: a balance cannot hold both amounts.
  await pool.query(`update balances set pending_minor = 9000000000000000000 where affiliate_id = $1`, [
    operator.affiliateId,
  ]);
  const waiting = await apply(operator, 100);
  await pool.query(
    `update balances set pending_minor = (select sum(pending_minor) from slots where affiliate_id = $1) where affiliate_id = $1`,
    [operator.affiliateId],
  );
  assert.deepEqual(waiting, { refused_by_database: 2 });
  assert.deepEqual(await outcomesOf(pool, ids), [
    'settled 100',
    'settled 1000',
    'settled 1000',
    'settled 300',
  ]);
});

test('a backdated version rates amended conversions, and an amendment corrects rerated ones', async () => {
  const operator = await withOperator(pool);
  const { operatorId, affiliateId } = operator;
  const [one, two] = await operator.ingest([{}, { type: 'deposit' }]);
  const refund = { type: 'refund' as const, reference: 't-1', amountMinor: 10_00n, customerId: null };
  const settle = createSettling(pool);
  await settle(operatorId, [one!, two!]);
  await settle(operatorId, await operator.ingest([refund]));
  await amend(operator, one!, { amountMinor: 50_00n });
  await apply(operator);
  const dealId = newId('deal');
  const from = new Date(Date.now() - DAY_MS);
  const terms = wireTerms({ components: [{ kind: 'percent', on: ['sale', 'deposit'], percent: '20' }] });
  await createDeals(pool).insert(operatorId, { id: dealId, name: 'Better', affiliateId }, from, terms);
  const { rerateChunk } = createRerate({ pool, handOver: () => Promise.resolve({ workflows: 0 }) });
  await rerateChunk({ operatorId, dealId, version: 1 });
  assert.deepEqual(await outcomesOf(pool, [one!, two!]), ['settled 800', 'settled 2000']);
  await amend(operator, one!, { amountMinor: 30_00n });
  await amend(operator, two!, { amountMinor: 10_00n });
  await apply(operator);
  assert.deepEqual(await outcomesOf(pool, [one!, two!]), ['settled 400', 'settled 200']);
  await settle(operatorId, await operator.ingest([{ ...refund, amountMinor: 5_00n }]));
  assert.deepEqual(await outcomesOf(pool, [one!]), ['settled 300']);
});

const again = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let left = 100; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (!isOutage(error) || left === 0) throw error;
    }
  }
};

test('an event amended while it is being settled ends with its amended values', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const sales = await operator.ingestSales(120);
  const batches = Array.from({ length: 30 }, (_, index) => sales.slice(index * 4, index * 4 + 4));
  const settling = Array.from({ length: PROCESSES }, async () => {
    const settle = createSettling(pool);
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const own = batch;
      // The amendment runs concurrently with settling.
      await Promise.all([
        again(() => settle(operatorId, own)),
        again(() => Promise.all(own.map((id) => amend(operator, id, { amountMinor: 50_00n })))).then(() =>
          again(() => apply(operator)),
        ),
      ]);
    }
  });
  await Promise.all(settling);
  await apply(operator);
  assert.deepEqual(await outcomesOf(pool, sales), Array(sales.length).fill('settled 500'));
});

test('amendments racing chargebacks and refunds end with the same books in any order', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const sales = await operator.ingestSales(24);
  await createSettling(pool)(operatorId, sales);
  const reversals = await operator.ingest(
    sales.map((_, index) => ({
      type: index % 2 === 0 ? ('refund' as const) : ('chargeback' as const),
      reference: `t-${index + 1}`,
      amountMinor: index % 2 === 0 ? 20_00n : null,
      customerId: null,
      transactionId: `x${index}`,
    })),
  );
  const settling = Array.from({ length: PROCESSES }, async () => {
    const settle = createSettling(pool);
    for (let id = reversals.shift(); id; id = reversals.shift()) {
      const own = id;
      await again(() => settle(operatorId, [own]));
    }
  });
  const amending = (async () => {
    for (const id of sales) {
      await again(() => amend(operator, id, { amountMinor: 50_00n }));
      await again(() => apply(operator));
    }
  })();
  await Promise.all([...settling, amending]);
  assert.deepEqual(
    await outcomesOf(pool, sales),
    sales.map((_, index) => (index % 2 === 0 ? 'settled 300' : 'settled 0')),
  );
});
