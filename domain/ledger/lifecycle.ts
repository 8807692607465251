// The life of a booked commission: its hold ends, a payout recovers debt and reserves the rest, the
// payout is confirmed, fails or comes back. Settling moves a slot to its target instead
// (`postTowards`).
import { EMPTY, least, type Leg, type SlotChange, type SlotMoney, type TransferCode } from './transfers.ts';

type Place = 'pendingMinor' | 'payableMinor' | 'inPayoutMinor' | 'paidMinor';

/**
 * Which of the slot's amounts each transfer lowers and raises, and its debit and credit account.
 */
const TRANSITIONS = {
  release: { from: 'pendingMinor', to: 'payableMinor', debit: 'pending', credit: 'payable' },
  approve: { from: 'pendingMinor', to: 'payableMinor', debit: 'pending', credit: 'payable' },
  recover_debt: { from: 'payableMinor', to: 'paidMinor', debit: 'payable', credit: 'debt' },
  reserve: { from: 'payableMinor', to: 'inPayoutMinor', debit: 'payable', credit: 'in_payout' },
  confirm: { from: 'inPayoutMinor', to: 'paidMinor', debit: 'in_payout', credit: 'cash' },
  fail: { from: 'inPayoutMinor', to: 'payableMinor', debit: 'in_payout', credit: 'payable' },
  return: { from: 'paidMinor', to: 'payableMinor', debit: 'cash', credit: 'payable' },
} as const satisfies Partial<
  Record<TransferCode, { from: Place; to: Place } & Pick<Leg, 'debit' | 'credit'>>
>;

export type Transition = keyof typeof TRANSITIONS;

/**
 * Moves an amount of a slot's money by one transfer, or none for 0. Throws where the slot has less
 * to move.
 */
export function transition(money: SlotMoney, code: Transition, amountMinor: bigint): SlotChange {
  const { from, to, debit, credit } = TRANSITIONS[code];
  if (amountMinor < 0n || amountMinor > money[from])
    throw new Error(`${code} of ${amountMinor} where ${money[from]} lies`);
  if (amountMinor === 0n) return { money, legs: [] };
  const moved = { ...money, [from]: money[from] - amountMinor, [to]: money[to] + amountMinor };
  return { money: moved, legs: [{ code, debit, credit, amountMinor }] };
}

/** Two changes in a row as one. */
function after(first: SlotChange, next: (money: SlotMoney) => SlotChange): SlotChange {
  const { money, legs } = next(first.money);
  return { money, legs: [...first.legs, ...legs] };
}

/**
 * The amounts of a payout, in minor units, with the change of each slot; or why there is no payout.
 */
type BuiltPayout<S> =
  | { kind: 'payout'; amountMinor: bigint; recoveredMinor: bigint; moves: (SlotChange & { slot: S })[] }
  | { kind: 'nothing' | 'below_minimum'; amountMinor: bigint };

/**
 * Builds a payout of all that is payable in these slots, given oldest first. The affiliate's debt
 * is recovered before anything is reserved.
 *
 * A chargeback of a slot whose payout is on the way becomes debt. If that payout fails or is
 * returned, the money is payable again and the debt stays open; the next payout recovers it. Until
 * then the slot holds more than is booked for it, so debt is bounded by the slot's gross amount,
 * not by its paid amount.
 */
export function buildPayout<S extends { money: SlotMoney }>(
  slots: readonly S[],
  debtMinor: bigint,
  minimumMinor: bigint,
): BuiltPayout<S> {
  let owed = debtMinor;
  let amountMinor = 0n;
  const moves: (SlotChange & { slot: S })[] = [];
  for (const slot of slots) {
    const recovered = least(slot.money.payableMinor, owed);
    const reserved = slot.money.payableMinor - recovered;
    owed -= recovered;
    amountMinor += reserved;
    const move = after(transition(slot.money, 'recover_debt', recovered), (money) =>
      transition(money, 'reserve', reserved),
    );
    if (move.legs.length > 0) moves.push({ ...move, slot });
  }
  if (amountMinor === 0n) return { kind: 'nothing', amountMinor };
  if (amountMinor < minimumMinor) return { kind: 'below_minimum', amountMinor };
  return { kind: 'payout', amountMinor, recoveredMinor: debtMinor - owed, moves };
}

export const PAYOUT_STATES = ['reserved', 'paid', 'failed', 'returned'] as const;
export type PayoutState = (typeof PAYOUT_STATES)[number];
export type PayoutStep = 'confirm' | 'fail' | 'return';

const STEPS = {
  confirm: { from: 'reserved', to: 'paid' },
  fail: { from: 'reserved', to: 'failed' },
  return: { from: 'paid', to: 'returned' },
} as const satisfies Record<PayoutStep, { from: PayoutState; to: PayoutState }>;

/**
 * The state after a step: `repeated` where the payout is in it already, null where the step is not
 * possible.
 */
export function stepFrom(state: PayoutState, step: PayoutStep): PayoutState | 'repeated' | null {
  if (state === STEPS[step].to) return 'repeated';
  return state === STEPS[step].from ? STEPS[step].to : null;
}

/**
 * An adjustment by hand, a slot of its own. An upward one is payable at once. A downward one is
 * debt, which the next payout recovers, also where the affiliate has money, so that no slot has to
 * give what another one owes.
 */
export function adjust(amountMinor: bigint): SlotChange {
  if (amountMinor === 0n) return { money: EMPTY, legs: [] };
  if (amountMinor > 0n) {
    const leg: Leg = { code: 'adjust_up', debit: 'adjustment', credit: 'payable', amountMinor };
    return { money: { ...EMPTY, grossMinor: amountMinor, payableMinor: amountMinor }, legs: [leg] };
  }
  const leg: Leg = { code: 'adjust_down', debit: 'debt', credit: 'adjustment', amountMinor: -amountMinor };
  return { money: { ...EMPTY, debtMinor: -amountMinor }, legs: [leg] };
}

/**
 * Debt that is given up. No slot changes: a slot's debt counts what was taken back, not what is
 * still owed.
 */
export function writeOff(amountMinor: bigint): Leg {
  return { code: 'write_off', debit: 'write_off', credit: 'debt', amountMinor };
}
