// Tests of the facts of a slot: which reversals count under the present rating, and whether the
// conversion stays in the slot.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  amendedBy,
  asAmended,
  effectiveReversals,
  reratedBy,
  restatedBy,
  staysInSlot,
  type Rating,
  type SlotFact,
} from '../../../domain/commission/slot-facts.ts';

const accrual: SlotFact = {
  originalEventId: 'evt_0',
  eventId: 'evt_0',
  rating: null,
  type: 'sale',
  whole: true,
  amountMinor: 100_00n,
  basisMinor: 100_00n,
  volumeE4: 0n,
  occurredAt: 0,
  fx: null,
  customer: null,
};

const refundOf = (eventId: string): SlotFact => ({ ...accrual, eventId, type: 'refund', whole: false });

describe('of the reversals of a rerated conversion', () => {
  const by = (version: number, amendment = 0, dealId = 'deal_1'): Rating => ({ dealId, version, amendment });
  const now = { dealId: 'deal_1', version: 2 };
  const [before, since, forgiven] = [refundOf('evt_1'), refundOf('evt_2'), refundOf('evt_3')];
  const ids = (laterFacts: readonly SlotFact[]): string[] =>
    effectiveReversals(now, laterFacts).map(({ eventId, rating }) => `${eventId} ${rating?.version ?? '-'}`);

  test('all count before any rerating', () => {
    assert.deepEqual(ids([before, since]), ['evt_1 -', 'evt_2 -']);
  });

  test('those restated by the rerating replace the originals and later ones add to them', () => {
    const laterFacts = [before, reratedBy(by(2), accrual, true), restatedBy(by(2), before), since];
    assert.deepEqual(ids(laterFacts), ['evt_1 2', 'evt_2 -']);
  });

  test('those restated by another version, amendment or deal do not count', () => {
    const laterFacts = [
      reratedBy(by(2), accrual, true),
      ...[by(3), by(2, 1), by(2, 0, 'deal_2')].map((rating) => restatedBy(rating, before)),
      restatedBy(by(2), forgiven),
    ];
    assert.deepEqual(ids(laterFacts), ['evt_3 2']);
  });

  test('those restated by the last amendment count in any order of arrival', () => {
    const laterFacts = [3, 10].flatMap((amendment) => [
      amendedBy(by(2, amendment), { ...accrual, amountMinor: BigInt(amendment) }, true),
      restatedBy(by(2, amendment), amendment === 10 ? since : before),
    ]);
    for (const heard of [laterFacts, laterFacts.toReversed()]) {
      assert.deepEqual(ids(heard), ['evt_2 2']);
      assert.equal(asAmended(accrual, heard).amountMinor, 10n);
    }
  });
});

test('a conversion leaves a slot when a rating by the same deal no longer pays for it there', () => {
  const now = { dealId: 'deal_1', version: 2 };
  const left = (dealId: string): SlotFact => reratedBy({ dealId, version: 2, amendment: 0 }, accrual, false);
  assert.equal(staysInSlot(now, [left('deal_1')]), false);
  assert.equal(staysInSlot(now, [left('deal_2')]), true);
});
