// Tests of the facts of a conversion in a slot: which of its revisions is in force.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedGroup } from '../../../domain/commission/group.ts';
import { leaving, rejecting, statesTheSame, type SlotFact } from '../../../domain/commission/slot-facts.ts';
import { aVersion } from '../../support/builders.ts';

const accrual: SlotFact = {
  originalEventId: 'evt_0',
  eventId: 'evt_0',
  revision: 0,
  type: 'sale',
  whole: true,
  amountMinor: 100_00n,
  basisMinor: 100_00n,
  volumeE4: 0n,
  occurredAt: 0,
  fx: null,
  customer: null,
  payment: null,
  cancels: null,
};

const refundOf = (eventId: string, revision: number): SlotFact => ({
  ...accrual,
  eventId,
  type: 'refund',
  whole: false,
  revision,
});

const version = aVersion();
const group = (facts: readonly SlotFact[]) => storedGroup(facts, () => version);

test('the facts of the highest revision of a conversion are in force, in any order of reading', () => {
  const facts = [
    accrual,
    refundOf('evt_1', 0),
    { ...accrual, revision: 1, amountMinor: 80_00n },
    refundOf('evt_1', 1),
    refundOf('evt_2', 1),
  ];
  for (const read of [facts, facts.toReversed()]) {
    const { accrual: now, reversals, revision, isIn } = group(read)!;
    assert.deepEqual([now.amountMinor, revision, isIn], [80_00n, 1, true]);
    assert.deepEqual(reversals.map(({ eventId }) => eventId).sort(), ['evt_1', 'evt_2']);
  }
});

test('a conversion that left its slot is not in it, until it comes back with a higher revision', () => {
  const left = { ...leaving(accrual), revision: 1 };
  assert.equal(group([accrual, left])!.isIn, false);
  assert.equal(group([accrual, left, { ...accrual, revision: 2 }])!.isIn, true);
});

test('the rejection of a conversion is one of its reversals', () => {
  const { isIn, reversals } = group([accrual, rejecting(accrual)])!;
  assert.deepEqual([isIn, reversals.map(({ type, whole }) => [type, whole])], [true, [['rejected', true]]]);
});

test('reversals without the fact of their conversion are no group', () => {
  assert.equal(group([refundOf('evt_1', 0)]), null);
});

test('facts state the same whatever their revisions, and differ by every value', () => {
  assert.equal(statesTheSame(accrual, { ...accrual, revision: 3 }), true);
  for (const change of [
    { eventId: 'evt_1' },
    { type: 'left' as const },
    { whole: false },
    { amountMinor: 1n },
    { basisMinor: 1n },
    { volumeE4: 1n },
    { fx: { rateId: 'fx_1', rate: '1' } },
    { customer: 'customer c' },
  ])
    assert.equal(
      statesTheSame(accrual, { ...accrual, ...change }),
      false,
      JSON.stringify(Object.keys(change)),
    );
});
