// Statements: an affiliate's balance before and after a month, and how each transfer changed it.
import type { BalanceMoney, TransferCode } from './transfers.ts';

/**
 * The amount that the operator owes the affiliate: earned and not paid yet, less the affiliate's
 * debt.
 */
export function owedOf({ pendingMinor, payableMinor, inPayoutMinor, debtMinor }: BalanceMoney): bigint {
  return pendingMinor + payableMinor + inPayoutMinor - debtMinor;
}

export function sumOf(a: BalanceMoney, b: BalanceMoney): BalanceMoney {
  return {
    pendingMinor: a.pendingMinor + b.pendingMinor,
    payableMinor: a.payableMinor + b.payableMinor,
    inPayoutMinor: a.inPayoutMinor + b.inPayoutMinor,
    paidMinor: a.paidMinor + b.paidMinor,
    debtMinor: a.debtMinor + b.debtMinor,
  };
}

/**
 * The change of an affiliate's balance by a transfer. The affiliate owes its debt, so debits raise
 * it; cash is the operator's account.
 */
export function movedBy(transfer: {
  debitAccount: string;
  creditAccount: string;
  amountMinor: bigint;
}): BalanceMoney {
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

/** The purpose of an account: "pending/aff_…" gives "pending". */
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

/** The reason of a transfer in words, for statements. */
export function inWords(code: string): string {
  return (WORDS as Readonly<Record<string, string>>)[code] ?? code.replaceAll('_', ' ');
}
