// The books of one batch in memory: what is said twice counts once, and nothing is said against what is not there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBooks } from '../../domain/books.ts';
import type { SlotFact } from '../../domain/clawback.ts';
import { slotNameOf } from '../../domain/commission.ts';
import { anEvent, aVersion } from '../support/builders.ts';

const version = aVersion();
const [sale, refund] = [anEvent(), anEvent({ type: 'refund', amountMinor: 40_00n })];
const of = { eventId: sale.id, subject: 'customer c', affiliateId: 'aff_a', month: '2026-03' };
const name = slotNameOf(version, version.terms.components[0]!, of);

function aFact(event: typeof sale): SlotFact {
  const { id: eventId, type, occurredAt } = event;
  return {
    originalEventId: sale.id,
    eventId,
    type,
    whole: event === sale,
    amountMinor: event.amountMinor!,
    volumeE4: 0n,
    occurredAt,
  };
}

test('a fact that is there already changes nothing', () => {
  const books = openBooks([], new Map(), () => 'slot_1');
  const slot = books.open(name, version, 'aff_a');
  assert.deepEqual([books.earn(slot, aFact(sale), version, sale), books.earn(slot, aFact(sale), version, sale)], [10_00n, 0n]);
  assert.deepEqual([books.reverse(slot, aFact(refund), refund), books.reverse(slot, aFact(refund), refund)], [-4_00n, 0n]);
  assert.deepEqual([books.facts.length, books.postings.length, slot.sums.factsCount], [2, 2, 2]);
});

test('a slot is opened once per name', () => {
  const books = openBooks([], new Map(), () => 'slot_1');
  assert.equal(books.open(name, version, 'aff_a'), books.open(name, version, 'aff_a'));
  assert.equal(books.slots.size, 1);
});

test('a fact against a conversion that is not in the slot is an exception', () => {
  const books = openBooks([], new Map(), () => 'slot_1');
  const slot = books.open(name, version, 'aff_a');
  assert.throws(() => books.reverse(slot, aFact(refund), refund), /not in slot slot_1/);
});

test('a conversion is found in every slot it earned in, and what was told of it adds up', () => {
  const books = openBooks([], new Map([[sale.id, { payoutMinor: 3n, currency: 'USD' }]]), () => 'slot_1');
  const slot = books.open(name, version, 'aff_a');
  books.earn(slot, aFact(sale), version, sale);
  assert.deepEqual([books.slotsOfConversion(sale.id), books.slotsOfConversion(refund.id)], [[slot], []]);
  assert.deepEqual(books.tell(sale.id, 4n, 'EUR'), { payoutMinor: 7n, currency: 'USD' });
});
