// On a real PostgreSQL: months that versions of a deal share, and bounties of which a customer
// earns one, with batches side by side; the audit finds the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { createDeals } from '../../../store/agreements/deals.ts';
import { createPool, type Pool } from '../../../store/db/pool.ts';
import { anEvent, DAY_MS, wireTerms } from '../../support/builders.ts';
import { withCorruptedBooks } from '../../support/corrupted-books.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { auditOf, createSettling } from '../../support/settling.ts';
import { storeWorld, totalsIn } from '../../support/stored-model.ts';

const START = Date.UTC(2026, 2, 1);
const CUT = START + 15 * DAY_MS;
const CONNECTIONS = 8;

let database: TestDatabase;
let pool: Pool;

before(async () => {
  database = await withDatabase();
  pool = createPool(database.url, { max: CONNECTIONS });
});
after(async () => {
  await pool.end();
  await database.drop();
});

const on = (day: number, changes: Partial<ConversionEvent>): ConversionEvent =>
  anEvent({ occurredAt: START + day * DAY_MS, ...changes });

/** Two equal versions of the default deal, the second from the middle of the month. */
async function storeTwice(component: WireComponent, events: readonly ConversionEvent[]): Promise<string> {
  const terms = wireTerms({ components: [component], overrides: [{ percent: '50' }] });
  const versions = [
    { version: 1, from: 0, terms },
    { version: 2, from: CUT, terms },
  ];
  const customers = Object.fromEntries(events.map(({ customerId }) => [customerId!, 'aff_a']));
  return (await storeWorld(pool, versions, events, customers)).operatorId;
}

/** Settles every event in a batch of its own, many at once. */
async function settleSideBySide(operatorId: string, events: readonly ConversionEvent[]): Promise<void> {
  const waiting = events.map(({ id }) => id);
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const settle = createSettling(pool);
      for (let id = waiting.shift(); id; id = waiting.shift()) await settle(operatorId, [id]);
    }),
  );
}

test('batches side by side continue a month over two versions, for the affiliate and the parent', async () => {
  const events = Array.from({ length: 24 }, (_, day) => on(day, { type: 'revenue', amountMinor: 1n }));
  const operatorId = await storeTwice({ kind: 'revshare', percent: '50', cap: { amount: '0.11' } }, events);
  await settleSideBySide(operatorId, events);
  const { booked, reported } = await totalsIn(pool, operatorId);
  assert.equal(booked.get('aff_a'), 11n);
  assert.equal(booked.get('aff_p1'), 6n);
  assert.deepEqual(reported, booked);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('batches side by side pay one bounty to each customer over the default deal and an own one', async () => {
  const customers = Array.from({ length: 12 }, (_, index) => `k${index}`);
  const events = customers.flatMap((customerId) => [
    on(3, { type: 'ftd', customerId }),
    on(20, { type: 'deposit', customerId }),
  ]);
  const operatorId = await storeTwice({ kind: 'cpa', on: ['ftd', 'deposit'], amount: '10' }, events);
  const own = wireTerms({ components: [{ kind: 'cpa', on: ['deposit'], amount: '7', cap: { count: 5 } }] });
  const deal = { id: 'deal_own', name: 'Own', affiliateId: 'aff_a' };
  await createDeals(pool).insert(operatorId, deal, new Date(CUT), own);
  await settleSideBySide(operatorId, events.toReversed());
  const { booked, reported } = await totalsIn(pool, operatorId);
  assert.equal(booked.get('aff_a'), 120_00n);
  assert.deepEqual(reported, booked);
  assert.deepEqual((await auditOf(pool)).findings, []);
});

test('the audit finds a bounty that was paid beside an earlier one, and a month that began again with a version', async () => {
  const bounties = [on(3, { type: 'ftd' }), on(20, { type: 'deposit' })];
  const twoDeals = await storeTwice({ kind: 'cpa', on: ['ftd', 'deposit'], amount: '10' }, bounties);
  const own = wireTerms({ components: [{ kind: 'cpa', on: ['deposit'], amount: '7' }] });
  const deal = { id: 'deal_own', name: 'Own', affiliateId: 'aff_a' };
  await createDeals(pool).insert(twoDeals, deal, new Date(CUT), own);
  const capped: WireComponent = { kind: 'revshare', percent: '50', cap: { amount: '1' } };
  const revenues = [on(3, { type: 'revenue' }), on(20, { type: 'revenue' })];
  const twoVersions = await storeTwice(capped, revenues);
  const settle = createSettling(pool);
  for (const { id } of bounties) await settle(twoDeals, [id]);
  for (const { id } of revenues) await settle(twoVersions, [id]);
  assert.deepEqual((await auditOf(pool)).findings, []);
  const { findings } = await withCorruptedBooks(
    pool,
    ['slots'],
    `update slots set gross_minor = 700, pending_minor = 700 where operator_id = '${twoDeals}' and deal_id = 'deal_own';
     update slots set gross_minor = 100, pending_minor = 100 where operator_id = '${twoVersions}' and deal_version = 2 and level is null`,
    () => auditOf(pool),
  );
  const worth = findings.filter((finding) => finding.startsWith('slot_is_its_target'));
  const details = worth.map((finding) => finding.split(': ')[1]!);
  assert.deepEqual(details.toSorted(comparing), [
    '100 is booked, its facts are worth 0',
    '700 is booked, its facts are worth 0',
  ]);
});

const comparing = (a: string, b: string): number => (a < b ? -1 : 1);
