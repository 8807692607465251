// Transfers that move a slot's money to its target: a table of cases, and invariants as properties.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { accountOf, EMPTY, postedOf, postTowards, type SlotMoney } from '../../../domain/ledger/transfers.ts';

/** Money of a slot with these parts; the gross amount is their sum. */
function slotMoneyOf(parts: Partial<SlotMoney>): SlotMoney {
  const money = { ...EMPTY, ...parts };
  const { voidMinor, pendingMinor, payableMinor, clawedMinor, inPayoutMinor, paidMinor } = money;
  return {
    ...money,
    grossMinor: voidMinor + pendingMinor + payableMinor + clawedMinor + inPayoutMinor + paidMinor,
  };
}

describe('a slot’s money moves', () => {
  for (const [title, before, target, expected] of [
    ['up from nothing to pending', EMPTY, 200n, ['accrue 200 expense→pending']],
    ['nowhere when it equals the target already', slotMoneyOf({ pendingMinor: 200n }), 200n, []],
    ['up by the difference', slotMoneyOf({ pendingMinor: 200n }), 250n, ['accrue 50 expense→pending']],
    ['down out of pending', slotMoneyOf({ pendingMinor: 200n }), 0n, ['void_pending 200 pending→expense']],
    ['down out of payable', slotMoneyOf({ payableMinor: 200n }), 50n, ['claw_payable 150 payable→expense']],
    [
      'down into debt once it is reserved',
      slotMoneyOf({ inPayoutMinor: 200n }),
      0n,
      ['claw_debt 200 debt→expense'],
    ],
    ['down into debt once it is paid', slotMoneyOf({ paidMinor: 200n }), 150n, ['claw_debt 50 debt→expense']],
    [
      'down through pending, payable and debt in this order',
      slotMoneyOf({ pendingMinor: 10n, payableMinor: 20n, paidMinor: 30n }),
      0n,
      ['void_pending 10 pending→expense', 'claw_payable 20 payable→expense', 'claw_debt 30 debt→expense'],
    ],
    ['up again after it was voided', slotMoneyOf({ voidMinor: 200n }), 200n, ['accrue 200 expense→pending']],
    [
      'up again after it became debt',
      slotMoneyOf({ paidMinor: 200n, debtMinor: 200n }),
      200n,
      ['accrue 200 expense→pending'],
    ],
  ] as const) {
    test(`a slot’s money moves ${title}`, () => {
      const { legs } = postTowards(before, target);
      assert.deepEqual(
        legs.map(({ code, amountMinor, debit, credit }) => `${code} ${amountMinor} ${debit}→${credit}`),
        expected,
      );
    });
  }

  for (const [title, owed, target, expected] of [
    [
      'first cancelling the remaining debt',
      500n,
      280n,
      ['cancel_debt 120 expense→debt', 'accrue 80 expense→pending'],
    ],
    [
      'cancelling no more than the affiliate still owes',
      50n,
      200n,
      ['cancel_debt 50 expense→debt', 'accrue 70 expense→pending'],
    ],
    ['cancelling no more than it rises', 500n, 100n, ['cancel_debt 20 expense→debt']],
    ['cancelling no debt of its own on the way down', 500n, 30n, ['claw_debt 50 debt→expense']],
  ] as const) {
    test(`after its paid commission was charged back, ${title}`, () => {
      const before = slotMoneyOf({ paidMinor: 200n, debtMinor: 120n });
      const { money, legs } = postTowards(before, target, owed);
      assert.deepEqual(
        legs.map(({ code, amountMinor, debit, credit }) => `${code} ${amountMinor} ${debit}→${credit}`),
        expected,
      );
      assert.deepEqual([postedOf(money), money], [target, slotMoneyOf(money)]);
    });
  }

  const part = fc.bigInt({ min: 0n, max: 10n ** 15n });
  const money = fc
    .record({
      voidMinor: part,
      pendingMinor: part,
      payableMinor: part,
      clawedMinor: part,
      inPayoutMinor: part,
      paidMinor: part,
    })
    .chain((parts) => {
      const owed = fc.bigInt({ min: 0n, max: parts.inPayoutMinor + parts.paidMinor });
      return owed.map((debtMinor) => slotMoneyOf({ ...parts, debtMinor }));
    });

  test('a slot’s money moves to exactly the target, by the sum of its transfers, each of them positive', () => {
    fc.assert(
      fc.property(money, part, part, (before, target, owed) => {
        const { money: after, legs } = postTowards(before, target, owed);
        const moved = legs.reduce(
          (sum, { debit, amountMinor }) => sum + (debit === 'expense' ? amountMinor : -amountMinor),
          0n,
        );
        assert.equal(postedOf(after), target);
        assert.equal(moved, target - postedOf(before));
        assert.ok(legs.every(({ amountMinor }) => amountMinor > 0n));
        assert.deepEqual(postTowards(after, target), { money: after, legs: [] });
      }),
    );
  });

  test('a slot’s money moves so that its parts add up, none is below zero, and never more is reversed than was earned', () => {
    fc.assert(
      fc.property(money, fc.array(fc.tuple(part, part), { maxLength: 6 }), (start, targets) => {
        let now = start;
        for (const [target, owed] of targets) {
          now = postTowards(now, target, owed).money;
          assert.deepEqual(now, slotMoneyOf(now));
          assert.ok(Object.values(now).every((minor) => minor >= 0n));
          assert.ok(now.voidMinor + now.clawedMinor + now.debtMinor <= now.grossMinor);
        }
      }),
    );
  });

  test('a slot’s money moves between the accounts that its columns name', () => {
    const column = { pending: 'pendingMinor', payable: 'payableMinor', debt: 'debtMinor' } as const;
    fc.assert(
      fc.property(money, part, (before, target) => {
        const { money: after, legs } = postTowards(before, target);
        for (const purpose of ['pending', 'payable'] as const) {
          const net = legs.reduce(
            (sum, { debit, credit, amountMinor }) =>
              sum + (credit === purpose ? amountMinor : 0n) - (debit === purpose ? amountMinor : 0n),
            0n,
          );
          assert.equal(after[column[purpose]] - before[column[purpose]], net);
        }
        const owed = legs.reduce(
          (sum, { debit, amountMinor }) => sum + (debit === 'debt' ? amountMinor : 0n),
          0n,
        );
        assert.equal(after.debtMinor - before.debtMinor, owed);
      }),
    );
  });
});

test('a ledger account belongs to the operator for expense and cash, and to the affiliate for pending, payable and debt', () => {
  assert.deepEqual(
    (['expense', 'cash', 'pending', 'payable', 'debt'] as const).map((purpose) =>
      accountOf(purpose, 'aff_1'),
    ),
    ['expense', 'cash', 'pending/aff_1', 'payable/aff_1', 'debt/aff_1'],
  );
});
