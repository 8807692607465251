// Batch ledger in memory: a repeated fact counts once, and a reversal needs its conversion in the
// slot.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBatchLedger, sumOfDeltas, type Deltas } from '../../../domain/settlement/batch-ledger.ts';
import { reportedKey } from '../../../domain/settlement/reported-amounts.ts';
import type { SlotFact } from '../../../domain/commission/slot-facts.ts';
import { slotNameOf } from '../../../domain/commission/commission.ts';
import { anEvent, aVersion } from '../../support/builders.ts';

const version = aVersion();
const OPTIONS = { newSlotId: () => 'slot_1', monthOf: () => '2026-03' };
const [sale, refund] = [anEvent(), anEvent({ type: 'refund', amountMinor: 40_00n })];
const of = {
  eventId: sale.id,
  subject: 'customer c',
  affiliateId: 'aff_a',
  month: '2026-03',
  parentsSince: null,
};
const name = slotNameOf(version, version.terms.components[0]!, of);

function aFact(event: typeof sale): SlotFact {
  const { id: eventId, type, occurredAt } = event;
  return {
    originalEventId: sale.id,
    eventId,
    revision: 0,
    type,
    whole: event === sale,
    amountMinor: event.amountMinor!,
    basisMinor: event === sale ? event.amountMinor! : 0n,
    volumeE4: 0n,
    occurredAt,
    fx: null,
    customer: null,
    payment: null,
    cancels: null,
  };
}

const minorOf = (deltas: Deltas): bigint | undefined => deltas.get('aff_a');

test('a fact that is there already changes nothing', () => {
  const books = openBatchLedger([], new Map(), OPTIONS);
  const slot = books.open(name, version, 'aff_a');
  const accrued = [1, 2].map(() => books.enter(slot, [aFact(sale)], version, sale));
  assert.deepEqual(accrued.map(minorOf), [10_00n, undefined]);
  const reversed = [1, 2].map(() => books.reverse(slot, aFact(refund), refund));
  assert.deepEqual(reversed.map(minorOf), [-4_00n, undefined]);
  assert.deepEqual([books.facts.length, books.postings.length, slot.sums.factsCount], [2, 2, 2]);
});

test('a conversion that is rated again keeps the facts of its last revision alone', () => {
  const books = openBatchLedger([], new Map(), OPTIONS);
  const slot = books.open(name, version, 'aff_a');
  const deltas = [books.enter(slot, [aFact(sale)], version, sale)];
  const amended = { ...aFact(sale), amountMinor: 50_00n, basisMinor: 50_00n };
  deltas.push(books.enter(slot, [amended, aFact(refund)], version, sale));
  for (const _ of [1, 2]) deltas.push(books.reverse(slot, aFact(refund), refund));
  assert.deepEqual([...sumOfDeltas(deltas)], [['aff_a', 1_00n]]);
  assert.deepEqual(
    books.facts.map(({ fact: { type, revision } }) => [type, revision]),
    [
      ['sale', 0],
      ['sale', 1],
      ['refund', 1],
    ],
  );
});

test('a conversion that left a slot counts for nothing there, and may come back', () => {
  const books = openBatchLedger([], new Map(), OPTIONS);
  const slot = books.open(name, version, 'aff_a');
  const deltas = [
    books.enter(slot, [aFact(sale), aFact(refund)], version, sale),
    books.leave(slot, sale.id, sale),
  ];
  assert.deepEqual([...sumOfDeltas(deltas)], [['aff_a', 0n]]);
  assert.deepEqual(books.slotsOfConversion(sale.id), []);
  assert.throws(() => books.leave(slot, sale.id, sale), /is not in slot slot_1/);
  assert.deepEqual([...books.enter(slot, [aFact(sale)], version, sale)], [['aff_a', 10_00n]]);
  assert.deepEqual([slot.sums.conversionsCount, slot.sums.factsCount], [1, 4]);
});

test('the batch ledger opens a slot once per name', () => {
  const books = openBatchLedger([], new Map(), OPTIONS);
  assert.equal(books.open(name, version, 'aff_a'), books.open(name, version, 'aff_a'));
  assert.equal(books.slots.size, 1);
});

test('adding a reversal of a conversion that is not in the slot throws', () => {
  const books = openBatchLedger([], new Map(), OPTIONS);
  const slot = books.open(name, version, 'aff_a');
  assert.throws(() => books.reverse(slot, aFact(refund), refund), /is not in slot slot_1/);
});

test('the batch ledger finds a conversion in every slot it earned in and sums its reported amounts', () => {
  const books = openBatchLedger(
    [],
    new Map([[reportedKey(sale.id, 'aff_a'), { amountMinor: 3n, currency: 'USD' }]]),
    OPTIONS,
  );
  const slot = books.open(name, version, 'aff_a');
  books.enter(slot, [aFact(sale)], version, sale);
  assert.deepEqual([books.slotsOfConversion(sale.id), books.slotsOfConversion(refund.id)], [[slot], []]);
  assert.deepEqual(books.report(sale.id, 'aff_a', 4n, 'EUR'), { amountMinor: 7n, currency: 'USD' });
});
