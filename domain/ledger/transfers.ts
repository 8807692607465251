// Transfers that bring a slot's money to its target, and their effect on balances and accounts.
import {
  affiliateAccountId,
  operatorAccountId,
  type AffiliatePurpose,
  OPERATOR_PURPOSES,
  type OperatorPurpose,
} from '../keys.ts';

/**
 * A slot's money by where it is, in minor units: gross = void + pending + payable + clawed +
 * inPayout + paid. `debtMinor` is cumulative: reversed after it was reserved or paid.
 */
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

/** The reason of a transfer. Statements group by it. */
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

/** One transfer by the purposes of its accounts. */
export type Leg = {
  code: TransferCode;
  debit: OperatorPurpose | AffiliatePurpose;
  credit: OperatorPurpose | AffiliatePurpose;
  amountMinor: bigint;
};

/** Transfers of a slot, and its money after them. */
export type SlotChange = { money: SlotMoney; legs: Leg[] };

/** The amount booked for a slot: gross less everything reversed. */
export function postedOf(money: SlotMoney): bigint {
  return money.grossMinor - money.voidMinor - money.clawedMinor - money.debtMinor;
}

/**
 * The transfers that bring a slot from its booked amount to its target, by the difference: none
 * where it is there already, so that settling twice is harmless. A fall takes from pending, then
 * payable, then becomes debt. Reversals never exceed the gross amount, because a target is never
 * negative.
 *
 * `openDebtMinor` is the affiliate's debt now. A slot that rises again (a won chargeback) first
 * cancels the debt that it caused, as far as that is still open; the part that was recovered or
 * written off meanwhile is accrued anew.
 */
export function postTowards(money: SlotMoney, targetMinor: bigint, openDebtMinor = 0n): SlotChange {
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

function rise(money: SlotMoney, difference: bigint, openDebtMinor: bigint): SlotChange {
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

/**
 * An affiliate's balance in one currency, or a change of it, in minor units. `paidMinor`: paid out
 * and not returned; `debtMinor`: owed by the affiliate now.
 */
export type BalanceMoney = {
  pendingMinor: bigint;
  payableMinor: bigint;
  inPayoutMinor: bigint;
  paidMinor: bigint;
  debtMinor: bigint;
};

export const ZERO_BALANCE: BalanceMoney = {
  pendingMinor: 0n,
  payableMinor: 0n,
  inPayoutMinor: 0n,
  paidMinor: 0n,
  debtMinor: 0n,
};

/** The column of a balance that an account is shown in, and whether debits raise it. */
const SHOWN: {
  [Purpose in OperatorPurpose | AffiliatePurpose]?: { column: keyof BalanceMoney; debitRaises: boolean };
} = {
  pending: { column: 'pendingMinor', debitRaises: false },
  payable: { column: 'payableMinor', debitRaises: false },
  in_payout: { column: 'inPayoutMinor', debitRaises: false },
  cash: { column: 'paidMinor', debitRaises: false },
  debt: { column: 'debtMinor', debitRaises: true },
};

/**
 * Adds the effect of a transfer to a change of a balance, in place, since changes are summed over
 * whole batches.
 */
export function addLeg(change: BalanceMoney, { debit, credit, amountMinor }: Leg): void {
  const [from, to] = [SHOWN[debit], SHOWN[credit]];
  if (from) change[from.column] += from.debitRaises ? amountMinor : -amountMinor;
  if (to) change[to.column] += to.debitRaises ? -amountMinor : amountMinor;
}

const OF_OPERATOR: ReadonlySet<string> = new Set(OPERATOR_PURPOSES);

/** Whether accounts of a purpose belong to the operator, and not to an affiliate. */
export function isOfOperator(purpose: OperatorPurpose | AffiliatePurpose): purpose is OperatorPurpose {
  return OF_OPERATOR.has(purpose);
}

/** The id of the account of a purpose: the operator's, or this affiliate's. */
export function accountOf(purpose: OperatorPurpose | AffiliatePurpose, affiliateId: string): string {
  return isOfOperator(purpose) ? operatorAccountId(purpose) : affiliateAccountId(purpose, affiliateId);
}
