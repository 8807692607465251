// What a statement says: the parts of an affiliate's money before and after a month, and how each transfer moved them.
import type { TransferCode } from './transfers.ts';

/** The parts of an affiliate's money, in minor units. `paid` is all that was ever paid out. */
export type Parts = {
  pendingMinor: bigint;
  payableMinor: bigint;
  inPayoutMinor: bigint;
  paidMinor: bigint;
  debtMinor: bigint;
};

export const NO_PARTS: Parts = {
  pendingMinor: 0n,
  payableMinor: 0n,
  inPayoutMinor: 0n,
  paidMinor: 0n,
  debtMinor: 0n,
};

/** What the operator owes the affiliate: everything that was earned and not paid yet, less what was paid too much. */
export function owedOf({ pendingMinor, payableMinor, inPayoutMinor, debtMinor }: Parts): bigint {
  return pendingMinor + payableMinor + inPayoutMinor - debtMinor;
}

export function sumOf(a: Parts, b: Parts): Parts {
  return {
    pendingMinor: a.pendingMinor + b.pendingMinor,
    payableMinor: a.payableMinor + b.payableMinor,
    inPayoutMinor: a.inPayoutMinor + b.inPayoutMinor,
    paidMinor: a.paidMinor + b.paidMinor,
    debtMinor: a.debtMinor + b.debtMinor,
  };
}

/** How a transfer moves an affiliate's parts. Debt is what the affiliate owes, so it grows on the debit side; cash is on the operator's. */
export function movedBy(transfer: {
  debitAccount: string;
  creditAccount: string;
  amountMinor: bigint;
}): Parts {
  const [debit, credit] = [purposeOf(transfer.debitAccount), purposeOf(transfer.creditAccount)];
  const credited = (purpose: string): bigint =>
    (credit === purpose ? transfer.amountMinor : 0n) - (debit === purpose ? transfer.amountMinor : 0n);
  return {
    pendingMinor: credited('pending'),
    payableMinor: credited('payable'),
    inPayoutMinor: credited('in_payout'),
    paidMinor: credited('cash'),
    debtMinor: -credited('debt'),
  };
}

/** What an account is for: "pending/aff_…" gives "pending". */
export function purposeOf(account: string): string {
  return account.split('/', 1)[0]!;
}

const WORDS: Readonly<Record<TransferCode, string>> = {
  accrue: 'commission earned',
  cancel_debt: 'commission won back, set off against debt',
  void_pending: 'commission taken back while on hold',
  claw_payable: 'commission taken back after the hold',
  claw_debt: 'commission taken back after it was reserved or paid',
  release: 'hold ended',
  approve: 'approved before the hold ended',
  recover_debt: 'debt recovered from what was payable',
  reserve: 'reserved for a payout',
  confirm: 'paid out',
  fail: 'payout failed',
  return: 'payout came back',
  write_off: 'debt written off',
  adjust_up: 'adjusted by hand, up',
  adjust_down: 'adjusted by hand, down',
};

/** Why a transfer was made, in words. */
export function inWords(code: string): string {
  return (WORDS as Readonly<Record<string, string>>)[code] ?? code.replaceAll('_', ' ');
}
