// How money moves towards a slot's target: always by the difference, always as whole transfers, a fall in the order pending, payable, debt.
import {
  affiliateAccountId,
  operatorAccountId,
  type AffiliatePurpose,
  type OperatorPurpose,
} from '../keys.ts';

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
export type TransferCode =
  | 'accrue'
  | 'cancel_debt'
  | 'void_pending'
  | 'claw_payable'
  | 'claw_debt'
  | 'release'
  | 'approve'
  | 'recover_debt'
  | 'reserve'
  | 'confirm'
  | 'fail'
  | 'return'
  | 'write_off'
  | 'adjust_up'
  | 'adjust_down';

export type Leg = {
  code: TransferCode;
  debit: OperatorPurpose | AffiliatePurpose;
  credit: OperatorPurpose | AffiliatePurpose;
  amountMinor: bigint;
};

/** Transfers, and where a slot's money is after them. */
export type Move = { money: SlotMoney; legs: Leg[] };

/** What is booked for a slot: what it was given, less all that was taken back. */
export function postedOf(money: SlotMoney): bigint {
  return money.grossMinor - money.voidMinor - money.clawedMinor - money.debtMinor;
}

/**
 * The transfers that bring a slot from what is booked to its target, and its money afterwards. No transfers if it is there already,
 * which is what makes settling twice harmless. The sum of all reversals never exceeds what was given, because a target is never negative.
 * `openDebtMinor` is what the affiliate owes now: a slot that rises again (a chargeback was won) first cancels the debt it caused, as far as
 * that is still owed; what was recovered or written off meanwhile is given anew. Rules 1, 3, 4, 5 and 12 of the posting table.
 */
export function postTowards(money: SlotMoney, targetMinor: bigint, openDebtMinor = 0n): Move {
  const difference = targetMinor - postedOf(money);
  if (difference === 0n) return { money, legs: [] };
  if (difference > 0n) return rise(money, difference, openDebtMinor);
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

function rise(money: SlotMoney, difference: bigint, openDebtMinor: bigint): Move {
  const legs: Leg[] = [];
  const cancelled = least(difference, money.debtMinor, openDebtMinor);
  if (cancelled > 0n)
    legs.push({ code: 'cancel_debt', debit: 'expense', credit: 'debt', amountMinor: cancelled });
  const given = difference - cancelled;
  if (given > 0n) legs.push({ code: 'accrue', debit: 'expense', credit: 'pending', amountMinor: given });
  const { grossMinor, pendingMinor, debtMinor } = money;
  const up = {
    grossMinor: grossMinor + given,
    pendingMinor: pendingMinor + given,
    debtMinor: debtMinor - cancelled,
  };
  return { money: { ...money, ...up }, legs };
}

/** The least of some amounts. */
export function least(...amounts: readonly [bigint, ...bigint[]]): bigint {
  return amounts.reduce((a, b) => (b < a ? b : a));
}

/** An affiliate's money in one currency, or how it changes. `paid` is cash that left and did not come back; `debt` is what is owed now. */
export type BalanceMoney = {
  pendingMinor: bigint;
  payableMinor: bigint;
  inPayoutMinor: bigint;
  paidMinor: bigint;
  debtMinor: bigint;
};

export const NO_CHANGE: BalanceMoney = {
  pendingMinor: 0n,
  payableMinor: 0n,
  inPayoutMinor: 0n,
  paidMinor: 0n,
  debtMinor: 0n,
};

/** Where an account's money shows in a balance, and whether a debit raises it. */
const SHOWN: {
  [Purpose in OperatorPurpose | AffiliatePurpose]?: { column: keyof BalanceMoney; debitRaises: boolean };
} = {
  pending: { column: 'pendingMinor', debitRaises: false },
  payable: { column: 'payableMinor', debitRaises: false },
  in_payout: { column: 'inPayoutMinor', debitRaises: false },
  cash: { column: 'paidMinor', debitRaises: false },
  debt: { column: 'debtMinor', debitRaises: true },
};

/** Adds what a leg does to a balance, in place: changes are summed over whole batches. */
export function addLeg(change: BalanceMoney, { debit, credit, amountMinor }: Leg): void {
  const [from, to] = [SHOWN[debit], SHOWN[credit]];
  if (from) change[from.column] += from.debitRaises ? amountMinor : -amountMinor;
  if (to) change[to.column] += to.debitRaises ? -amountMinor : amountMinor;
}

const OF_OPERATOR: ReadonlySet<string> = new Set<OperatorPurpose>([
  'expense',
  'cash',
  'write_off',
  'adjustment',
]);

/** Whether an account is the operator's own, as for expense and the like, or one affiliate's. */
export function isOfOperator(purpose: OperatorPurpose | AffiliatePurpose): purpose is OperatorPurpose {
  return OF_OPERATOR.has(purpose);
}

/** The account a leg touches. */
export function accountOf(purpose: OperatorPurpose | AffiliatePurpose, affiliateId: string): string {
  return isOfOperator(purpose) ? operatorAccountId(purpose) : affiliateAccountId(purpose, affiliateId);
}
