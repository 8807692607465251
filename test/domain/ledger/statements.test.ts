// How a transfer moves an affiliate's money on a statement.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { movedBy, owedOf } from '../../../domain/ledger/statements.ts';
import { ZERO_BALANCE, type BalanceMoney } from '../../../domain/ledger/transfers.ts';

describe('a transfer of 10', () => {
  const cases: readonly [string, string, Partial<BalanceMoney>, bigint][] = [
    ['expense', 'pending/aff', { pendingMinor: 10n }, 10n],
    ['pending/aff', 'expense', { pendingMinor: -10n }, -10n],
    ['pending/aff', 'payable/aff', { pendingMinor: -10n, payableMinor: 10n }, 0n],
    ['payable/aff', 'expense', { payableMinor: -10n }, -10n],
    ['debt/aff', 'expense', { debtMinor: 10n }, -10n],
    ['payable/aff', 'debt/aff', { payableMinor: -10n, debtMinor: -10n }, 0n],
    ['payable/aff', 'in_payout/aff', { payableMinor: -10n, inPayoutMinor: 10n }, 0n],
    ['in_payout/aff', 'cash', { inPayoutMinor: -10n, paidMinor: 10n }, -10n],
    ['cash', 'payable/aff', { paidMinor: -10n, payableMinor: 10n }, 10n],
    ['write_off', 'debt/aff', { debtMinor: -10n }, 10n],
    ['expense', 'debt/aff', { debtMinor: -10n }, 10n],
    ['adjustment', 'payable/aff', { payableMinor: 10n }, 10n],
  ];
  for (const [debitAccount, creditAccount, parts, owed] of cases) {
    test(`from ${debitAccount} to ${creditAccount} changes the amount owed by ${owed}`, () => {
      const moved = movedBy({ debitAccount, creditAccount, amountMinor: 10n });
      assert.deepEqual(moved, { ...ZERO_BALANCE, ...parts });
      assert.equal(owedOf(moved), owed);
    });
  }
});
