// How money moves towards a slot's target: always by the difference, always as whole transfers, a fall in the order pending, payable, debt.
import { affiliateAccountId, operatorAccountId, type AffiliatePurpose, type OperatorPurpose } from './keys.ts';

/** Where a slot's money is, in minor units. gross = void + pending + payable + clawed + inPayout + paid; debt counts what fell after that. */
export type SlotMoney = {
  grossMinor: bigint;
  voidMinor: bigint;
  pendingMinor: bigint;
  payableMinor: bigint;
  clawedMinor: bigint;
  inPayoutMinor: bigint;
  paidMinor: bigint;
  debtMinor: bigint;
};

export const EMPTY: SlotMoney = {
  grossMinor: 0n,
  voidMinor: 0n,
  pendingMinor: 0n,
  payableMinor: 0n,
  clawedMinor: 0n,
  inPayoutMinor: 0n,
  paidMinor: 0n,
  debtMinor: 0n,
};

/** Why a transfer was made; a closed list, so that statements can group by it. */
export type TransferCode = 'accrue' | 'void_pending' | 'claw_payable' | 'claw_debt';

export type Leg = {
  code: TransferCode;
  debit: OperatorPurpose | AffiliatePurpose;
  credit: OperatorPurpose | AffiliatePurpose;
  amountMinor: bigint;
};

/** What is booked for a slot: what it was given, less all that was taken back. */
export function postedOf(money: SlotMoney): bigint {
  return money.grossMinor - money.voidMinor - money.clawedMinor - money.debtMinor;
}

/**
 * The transfers that bring a slot from what is booked to its target, and its money afterwards. No transfers if it is there already,
 * which is what makes settling twice harmless. The sum of all reversals never exceeds what was given, because a target is never negative.
 * Rules 1, 3, 4 and 5 of the posting table.
 */
export function postTowards(money: SlotMoney, targetMinor: bigint): { money: SlotMoney; legs: Leg[] } {
  const difference = targetMinor - postedOf(money);
  if (difference === 0n) return { money, legs: [] };
  if (difference > 0n) {
    const up = { ...money, grossMinor: money.grossMinor + difference, pendingMinor: money.pendingMinor + difference };
    return { money: up, legs: [{ code: 'accrue', debit: 'expense', credit: 'pending', amountMinor: difference }] };
  }
  const legs: Leg[] = [];
  const down = { ...money };
  let need = -difference;
  const take = (available: bigint, code: TransferCode, debit: AffiliatePurpose): bigint => {
    const amountMinor = need < available ? need : available;
    if (amountMinor > 0n) legs.push({ code, debit, credit: 'expense', amountMinor });
    need -= amountMinor;
    return amountMinor;
  };
  const fromPending = take(down.pendingMinor, 'void_pending', 'pending');
  down.pendingMinor -= fromPending;
  down.voidMinor += fromPending;
  const fromPayable = take(down.payableMinor, 'claw_payable', 'payable');
  down.payableMinor -= fromPayable;
  down.clawedMinor += fromPayable;
  down.debtMinor += take(need, 'claw_debt', 'debt');
  return { money: down, legs };
}

const OF_OPERATOR: ReadonlySet<string> = new Set<OperatorPurpose>(['expense', 'cash', 'write_off', 'adjustment', 'fx']);

/** The account a leg touches: the operator's own for expense and the like, the affiliate's for the rest. */
export function accountOf(purpose: OperatorPurpose | AffiliatePurpose, affiliateId: string): string {
  return OF_OPERATOR.has(purpose)
    ? operatorAccountId(purpose as OperatorPurpose)
    : affiliateAccountId(purpose as AffiliatePurpose, affiliateId);
}
