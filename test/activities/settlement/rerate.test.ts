// Settled conversions rated again on a real database, by backdated versions and new deals, also
// while batches are being settled.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRerate } from '../../../activities/settlement/rerate.ts';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { createSettle } from '../../../activities/settlement/settle.ts';
import { createAmend } from '../../../activities/settlement/amend.ts';
import { createAmendments } from '../../../store/agreements/amendments.ts';
import { createDeals } from '../../../store/agreements/deals.ts';
import { isOutage } from '../../../store/db/pg-errors.ts';
import { lockReversals } from '../../../store/db/locks.ts';
import { createPool, withTransaction, type Pool } from '../../../store/db/pool.ts';
import { wireTerms } from '../../support/builders.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { newId } from '../../../store/db/ids.ts';
import { withOperator, type TestOperator } from '../../support/operator.ts';
import {
  addAffiliate,
  applyChanges,
  auditOf,
  createSettling,
  outcomesOf,
  pendingOf,
  type TestAffiliate,
} from '../../support/settling.ts';

const PROCESSES = 8;
const DAY_MS = 86_400_000;

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await withDatabase();
  pool = createPool(database.url, { max: 2 * PROCESSES });
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(pool);
  await pool.end();
  await database.drop();
  assert.deepEqual(findings, []);
});

const full = { chargeback: 'full', bonus_abuse: 'full', fraud: 'full', account_closure: 'none' } as const;
const OLD: Partial<WireTerms> = {
  components: [
    { kind: 'cpa', amount: '50' },
    { kind: 'revshare', percent: '25' },
    { kind: 'percent', on: 'sale', percent: '10' },
  ],
  clawback: { days: 90, refund: 'proportional', ...full },
};
const NEW: Partial<WireTerms> = {
  components: [
    { kind: 'cpa', amount: '80', cap: { count: 2 } },
    { kind: 'revshare', percent: '33.3333', negative: 'carry' },
    { kind: 'percent', on: 'sale', percent: '12.5' },
  ],
  clawback: { days: 90, refund: 'none', ...full, fraud: 'none' },
};

/**
 * Deposits, sales and revenue over twelve days, some of them reversed; the same for every operator.
 */
function story(clickId: string, start: number): Partial<ConversionEvent>[] {
  const at = (day: number): number => start + day * DAY_MS;
  const of = (day: number, fields: Partial<ConversionEvent>): Partial<ConversionEvent> => ({
    clickId,
    customerId: `c${day % 4}`,
    occurredAt: at(day),
    ...fields,
  });
  const deposits = [1, 2, 3, 8].map((day) => of(day, { type: 'ftd', transactionId: `d${day}` }));
  const sales = [1, 4, 6, 9].map((day) =>
    of(day, { transactionId: `s${day}`, amountMinor: BigInt(day) * 33_33n }),
  );
  const revenue = [2, 5, 7, 10, 11].map((day) =>
    of(day, { type: 'revenue', transactionId: `r${day}`, amountMinor: day === 7 ? -40_00n : 21_07n }),
  );
  const reversals = [
    of(6, { type: 'refund', reference: 's4', customerId: null, amountMinor: 20_00n, transactionId: 'x1' }),
    of(9, { type: 'refund', reference: 's9', amountMinor: 10_00n, transactionId: 'x2' }),
    of(10, { type: 'chargeback', reference: 'd2', amountMinor: null, transactionId: 'x3' }),
    of(11, { type: 'fraud', amountMinor: null, transactionId: 'x4', customerId: 'c1' }),
  ];
  return [...deposits, ...sales, ...revenue, ...reversals].map((fields) => ({ currency: 'USD', ...fields }));
}

/** Rates in small chunks until all conversions are read; returns the totals. */
async function rerated({ operatorId }: TestOperator, { dealId }: TestAffiliate, version: number, atOnce = 3) {
  const { rerateChunk } = createRerate({ pool, atOnce, handOver: () => Promise.resolve({ workflows: 0 }) });
  for (;;) {
    const chunk = await rerateChunk({ operatorId, dealId, version });
    if (chunk.isFinished) return chunk;
  }
}

/**
 * Amounts of each slot of an affiliate by kind and key, and the version that rated each conversion.
 */
async function booksOf({ affiliateId }: TestAffiliate): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select concat_ws(' ', s.kind, substring(s.key from 'customer .*'), s.period, gross_minor - void_minor - clawed_minor - debt_minor) as line
     from slots s where affiliate_id = $1 and gross_minor - void_minor - clawed_minor - debt_minor <> 0
       and s.kind <> 'percent'
     union all
     select concat_ws(' ', e.transaction_id, e.type, 'version', o.deal_version, sum(s.gross_minor - s.void_minor) filter (where s.kind = 'percent'))
     from event_outcomes o join events e on e.id = o.event_id
     left join (select distinct original_event_id, slot_id from slot_facts) f on f.original_event_id = o.event_id
     left join slots s on s.id = f.slot_id
     where o.affiliate_id = $1 and o.deal_version is not null group by e.transaction_id, e.type, o.deal_version
     order by 1`,
    [affiliateId],
  );
  return rows.map(({ line }) => line);
}

test('a backdated version leaves the books as if it came first, and reports adjustments without an event', async () => {
  const operator = await withOperator(pool);
  const start = Date.now() - 20 * DAY_MS;
  const from = new Date(start + 3.5 * DAY_MS);
  const [late, early] = [
    await addAffiliate(pool, operator.operatorId, OLD),
    await addAffiliate(pool, operator.operatorId, OLD),
  ];
  await pool.query(`update clicks set clicked_at = $1`, [new Date(start)]);
  const deals = createDeals(pool);
  const settle = createSettling(pool);
  const ids = await operator.ingest(story(late.clickId, start));
  await settle(operator.operatorId, ids);
  const added = await deals.addVersion(operator.operatorId, late.dealId, from, wireTerms(NEW));
  assert.ok(added !== null && typeof added === 'object' && added.isRerating);
  const result = await rerated(operator, late, 2);
  assert.deepEqual([result.changed, result.kept], [8, 0]);
  assert.deepEqual(await rerated(operator, late, 2), { ...result, reasons: {} }, 'again changes nothing');

  const rival = await withOperator(pool);
  const first = await addAffiliate(pool, rival.operatorId, OLD);
  await pool.query(`update clicks set clicked_at = $1`, [new Date(start)]);
  const there = await deals.addVersion(rival.operatorId, first.dealId, from, wireTerms(NEW));
  assert.equal(typeof there === 'object' && there?.isRerating, false);
  await settle(rival.operatorId, await rival.ingest(story(first.clickId, start)));
  assert.deepEqual(await booksOf(late), await booksOf(first));
  assert.equal(await pendingOf(pool, late.affiliateId), await pendingOf(pool, first.affiliateId));
  assert.equal(await pendingOf(pool, early.affiliateId), 0n);
  assert.ok((await pendingOf(pool, late.affiliateId)) > 0n);
});

test('the amounts reported to an affiliate add up to the books, one adjustment per changed conversion', async () => {
  const operator = await withOperator(pool);
  const endpoint = await operator.addEndpoint('http://127.0.0.1:9/');
  const settle = createSettling(pool);
  const ids = await operator.ingestSales(4);
  await settle(operator.operatorId, ids);
  const own = { dealId: newId('deal'), affiliateId: operator.affiliateId, clickId: '' };
  const deals = createDeals(pool);
  const from = new Date(Date.now() - DAY_MS);
  const deal = { id: own.dealId, name: 'Better', affiliateId: own.affiliateId };
  const added = await deals.insert(
    operator.operatorId,
    deal,
    from,
    wireTerms({ components: [{ kind: 'percent', percent: '15' }] }),
  );
  assert.ok(added.isRerating);
  await rerated(operator, own, 1);
  const { rows } = await pool.query<{ body: string; owner: string; type: string }>(
    `select body, owner, type from deliveries where endpoint_id = $1 and type = 'conversion.adjusted' order by id`,
    [endpoint.id],
  );
  assert.equal(rows.length, 4);
  const { data } = JSON.parse(rows[0]!.body) as { data: Record<string, string> };
  assert.deepEqual(
    [data['payout'], data['payout_delta'], data['event_id'], data['original_event_id'], data['reason']],
    ['15.00', '5.00', undefined, ids[0], 'deal_changed'],
  );
  // The first postback is not sent yet.
  assert.equal(rows[0]!.owner, 'predecessor');
  assert.deepEqual(await outcomesOf(pool, ids), Array(4).fill('settled 1500'));
  assert.equal(await pendingOf(pool, own.affiliateId), 60_00n);
});

test('a conversion paid in another currency stays with its deal; an unpaid one moves to the new deal', async () => {
  const operator = await withOperator(pool);
  const settle = createSettling(pool);
  const [sale, kyc] = await operator.ingest([{}, { type: 'kyc', amountMinor: null, currency: null }]);
  await settle(operator.operatorId, [sale!, kyc!]);
  const own = { dealId: newId('deal'), affiliateId: operator.affiliateId, clickId: '' };
  const terms = wireTerms({ currency: 'EUR', components: [{ kind: 'cpa', on: 'kyc', amount: '5' }] });
  const deal = { id: own.dealId, name: 'Euro', affiliateId: own.affiliateId };
  await createDeals(pool).insert(operator.operatorId, deal, new Date(Date.now() - DAY_MS), terms);
  const result = await rerated(operator, own, 1, 500);
  assert.deepEqual([result.changed, result.kept, result.reasons], [1, 1, { other_currency: 1 }]);
  const { rows } = await pool.query(
    `select event_id as id, payout_minor as minor, payout_currency as currency from event_outcomes where event_id = any($1) order by 1`,
    [[sale, kyc]],
  );
  assert.deepEqual(rows, [
    { id: sale, minor: 10_00n, currency: 'USD' },
    { id: kyc, minor: 5_00n, currency: 'EUR' },
  ]);
});

/** The facts of a conversion by kind of slot: their types, `-` where it left the slot. */
async function factsOf(eventId: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select concat_ws(' ', s.kind, s.currency, string_agg(f.type, ' ' order by f.revision)) as line
     from slot_facts f join slots s on s.id = f.slot_id
     where f.original_event_id = $1 group by s.id, s.kind, s.currency order by 1`,
    [eventId],
  );
  return rows.map(({ line }) => line);
}

const BY_VOLUME: WireTerms['components'][number] = {
  kind: 'revshare',
  tiers: {
    metric: 'volume',
    mode: 'retroactive',
    steps: [
      { from: '0', percent: '10' },
      { from: '1', percent: '20' },
    ],
  },
};

test('a conversion that another deal only counted moves to the new deal, whatever its currency', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const counting = { components: [{ kind: 'revshare' as const, percent: '10', negative: 'carry' as const }] };
  const own = await addAffiliate(pool, operatorId, counting);
  const settle = createSettling(pool);
  const of = { clickId: own.clickId, type: 'trade' as const, amountMinor: null, currency: null };
  const [trade, paid] = await operator.ingest([
    { ...of, volumeE4: 2_0000n },
    { clickId: own.clickId, type: 'revenue' },
  ]);
  await settle(operatorId, [trade!, paid!]);
  const euro = { ...own, dealId: newId('deal') };
  const terms = wireTerms({ currency: 'EUR', components: [{ kind: 'per_lot', on: 'trade', amount: '10' }] });
  const deal = { id: euro.dealId, name: 'Euro', affiliateId: own.affiliateId };
  await createDeals(pool).insert(operatorId, deal, new Date(Date.now() - DAY_MS), terms);
  const result = await rerated(operator, euro, 1, 500);
  assert.deepEqual([result.changed, result.kept, result.reasons], [1, 1, { other_currency: 1 }]);
  assert.deepEqual(await factsOf(trade!), ['month USD trade left', 'per_lot EUR trade']);
  assert.deepEqual(await outcomesOf(pool, [trade!, paid!]), ['settled 2000', 'settled 1000']);

  // Its former month pays by what it counts now, but does not count the conversion any more.
  const later = Date.now() + 1000;
  const byVolume = wireTerms({ components: [BY_VOLUME] });
  await createDeals(pool).addVersion(operatorId, own.dealId, new Date(later), byVolume);
  const revenue = { clickId: own.clickId, type: 'revenue' as const, occurredAt: later + 1000 };
  const [another] = await operator.ingest([revenue]);
  await settle(operatorId, [another!]);
  assert.deepEqual(await outcomesOf(pool, [another!]), ['settled 1000']);

  const by = { actor: 'key_test', reason: null };
  await createAmendments(pool).insert(operatorId, trade!, by, ({ values }) => ({
    ...values,
    amountMinor: 70_00n,
    currency: 'USD',
    volumeE4: 3_0000n,
  }));
  const { applyAmendments } = createAmend({
    pool,
    ...createSettle({ pool }),
    handOver: () => Promise.resolve({ workflows: 0 }),
  });
  assert.deepEqual((await applyAmendments({ operatorId })).waiting, {});
  assert.deepEqual(await outcomesOf(pool, [trade!]), ['settled 3000']);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('a conversion whose month pays other conversions keeps its deal in another currency', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const own = await addAffiliate(pool, operatorId, { components: [BY_VOLUME] });
  const settle = createSettling(pool);
  const of = { clickId: own.clickId };
  const ids = await operator.ingest([
    { ...of, type: 'trade', amountMinor: null, currency: null, volumeE4: 2_0000n },
    { ...of, type: 'revenue' },
  ]);
  await settle(operatorId, ids);
  const euro = { ...own, dealId: newId('deal') };
  const terms = wireTerms({ currency: 'EUR', components: [{ kind: 'per_lot', on: 'trade', amount: '10' }] });
  const deal = { id: euro.dealId, name: 'Euro', affiliateId: own.affiliateId };
  await createDeals(pool).insert(operatorId, deal, new Date(Date.now() - DAY_MS), terms);
  const result = await rerated(operator, euro, 1, 500);
  assert.deepEqual([result.changed, result.kept, result.reasons], [0, 2, { other_currency: 2 }]);
  assert.equal(await pendingOf(pool, own.affiliateId), 20_00n);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('the end of a deal rates settled conversions that occurred since by the default deal', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const own = await addAffiliate(pool, operatorId, { components: [{ kind: 'percent', percent: '50' }] });
  const at = Date.now() - 2 * DAY_MS;
  const sale = { clickId: own.clickId };
  const ids = await operator.ingest([
    { ...sale, occurredAt: at - 1 },
    { ...sale, occurredAt: at },
  ]);
  await createSettling(pool)(operatorId, ids);
  assert.deepEqual(await outcomesOf(pool, ids), ['settled 5000', 'settled 5000']);

  const byDefault = { id: newId('deal'), name: 'Default', affiliateId: null };
  await createDeals(pool).insert(operatorId, byDefault, new Date(0), wireTerms());
  await createDeals(pool).end(operatorId, own.dealId, new Date(at));
  await applyChanges(pool, operatorId);
  assert.deepEqual(await outcomesOf(pool, ids), ['settled 5000', 'settled 1000']);
});

test('the end of a deal takes back what occurred since where no other deal rates it', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const own = await addAffiliate(pool, operatorId);
  const ids = await operator.ingest([{ clickId: own.clickId }]);
  await createSettling(pool)(operatorId, ids);
  await createDeals(pool).end(operatorId, own.dealId, new Date(Date.now() - DAY_MS));
  await applyChanges(pool, operatorId);
  assert.deepEqual(await outcomesOf(pool, ids), ['settled 0']);
  assert.equal(await pendingOf(pool, own.affiliateId), 0n);
});

test('a deal keeps its currency', async () => {
  const operator = await withOperator(pool);
  const { dealId } = await addAffiliate(pool, operator.operatorId);
  const other = wireTerms({ currency: 'EUR' });
  assert.equal(
    await createDeals(pool).addVersion(operator.operatorId, dealId, new Date(), other),
    'other_currency',
  );
});

test('a new deal without a date applies from the first unsettled conversion', async () => {
  const operator = await withOperator(pool);
  const deals = createDeals(pool);
  const beginning = async (affiliateId: string | null) =>
    (
      await deals.insert(
        operator.operatorId,
        { id: newId('deal'), name: 'New', affiliateId },
        null,
        wireTerms(),
      )
    ).effectiveFrom.getTime();
  assert.equal(await beginning(operator.affiliateId), 0);
  await createSettling(pool)(operator.operatorId, await operator.ingestSales(1));
  assert.ok((await beginning(operator.affiliateId)) > Date.now() - 60_000);
  assert.equal(await beginning(null), 0, 'a default deal would rate nothing that an own deal rated');
});

test('a version agreed while batches are being settled misses no conversion', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const affiliate = await addAffiliate(pool, operatorId, {
    components: [{ kind: 'revshare', percent: '10' }],
  });
  const occurredAt = Date.now() - 1000;
  const ids = await operator.ingest(
    Array.from({ length: 240 }, (_, index) => ({
      type: 'revenue' as const,
      clickId: affiliate.clickId,
      customerId: `c${index % 30}`,
      occurredAt,
    })),
  );
  const batches = Array.from({ length: 48 }, (_, index) => ids.slice(index * 5, index * 5 + 5));
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isOutage(error)) throw error;
      }
    }
  };
  const settling = Array.from({ length: PROCESSES }, async () => {
    const settle = createSettling(pool);
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const own = batch;
      await again(() => settle(operatorId, own));
    }
  });
  const agreeing = (async () => {
    for (const [index, percent] of ['20', '30', '40'].entries()) {
      const terms = wireTerms({ components: [{ kind: 'revshare', percent }] });
      const from = new Date(occurredAt - 5000 + index);
      await again(() => createDeals(pool).addVersion(operatorId, affiliate.dealId, from, terms));
      await again(() => rerated(operator, affiliate, index + 2, 50));
    }
  })();
  await Promise.all([...settling, agreeing]);
  assert.equal(await pendingOf(pool, affiliate.affiliateId), 240n * 40_00n);
  assert.deepEqual(new Set(await outcomesOf(pool, ids)).size, 1);
  const { rows } = await pool.query(
    `select distinct deal_version as version from event_outcomes where affiliate_id = $1`,
    [affiliate.affiliateId],
  );
  assert.deepEqual(rows, [{ version: 4 }]);
});

test('a rerating waits for who adds a rate before it locks its row, so that neither waits for the other', async () => {
  const operator = await withOperator(pool);
  const { operatorId } = operator;
  const affiliate = await addAffiliate(pool, operatorId, OLD);
  await createSettling(pool)(
    operatorId,
    await operator.ingest(story(affiliate.clickId, Date.now() - 12 * DAY_MS)),
  );
  await createDeals(pool).addVersion(
    operatorId,
    affiliate.dealId,
    new Date(Date.now() - 20 * DAY_MS),
    wireTerms(NEW),
  );
  let rerating: Promise<unknown> | null = null;
  await withTransaction(pool, async (client) => {
    await lockReversals(client, operatorId, 'rerating');
    rerating = rerated(operator, affiliate, 2);
    rerating.catch(() => {});
    await eventually('the rerating to wait', async () => {
      const { rowCount } = await pool.query(
        `select from pg_locks l join pg_database d on d.oid = l.database
         where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`,
      );
      return rowCount === 1;
    });
    await client.query(`update reratings set kept = kept where operator_id = $1`, [operatorId]);
  });
  // On a busy machine it may have waited too long, and would be tried again; it was in no deadlock.
  const failed = await rerating!.then(
    () => null,
    (error: { code?: string }) => error.code,
  );
  assert.ok(failed === null || failed === '55P03', `failed with ${failed}`);
  await rerated(operator, affiliate, 2);
});
