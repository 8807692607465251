// Moves booked commission through its life: its hold ends, a payout recovers debt and reserves the
// rest, the payout is confirmed, fails or comes back. Settling moves a slot to its target instead
// (`postTowards`).
import { EMPTY, least, type Leg, type Move, type SlotMoney, type TransferCode } from './transfers.ts';

type Place = 'pendingMinor' | 'payableMinor' | 'inPayoutMinor' | 'paidMinor';

/** Which of the slot's amounts each transfer lowers and raises, and its debit and credit account. */
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

/** Moves an amount of a slot's money one step on; nothing for nothing. Throws where less than that lies there. */
export function transition(money: SlotMoney, code: Transition, amountMinor: bigint): Move {
  const { from, to, debit, credit } = TRANSITIONS[code];
  if (amountMinor < 0n || amountMinor > money[from])
    throw new Error(`${code} of ${amountMinor} where ${money[from]} lies`);
  if (amountMinor === 0n) return { money, legs: [] };
  const moved = { ...money, [from]: money[from] - amountMinor, [to]: money[to] + amountMinor };
  return { money: moved, legs: [{ code, debit, credit, amountMinor }] };
}

/** One move after the other, as one. */
function after(first: Move, next: (money: SlotMoney) => Move): Move {
  const { money, legs } = next(first.money);
  return { money, legs: [...first.legs, ...legs] };
}

/** What a payout takes from slots, or why there is none; amounts in minor units. */
export type BuiltPayout<S> =
  | { kind: 'payout'; amountMinor: bigint; recoveredMinor: bigint; moves: (Move & { slot: S })[] }
  | { kind: 'nothing' | 'below_minimum'; amountMinor: bigint };

/**
 * Builds a payout of all that is payable in these slots, given oldest first. What the affiliate owes is recovered before anything is reserved.
 *
 * A slot that was charged back while its payout was on the way has turned into debt. If that payout fails or comes back, the money is payable
 * again and the debt stays open: no special case, for the next payout recovers the one from the other. Meanwhile the slot holds more than is
 * booked for it, which is why debt is bounded by what the slot was given and not by what of it was paid.
 */
export function buildPayout<S extends { money: SlotMoney }>(
  slots: readonly S[],
  debtMinor: bigint,
  minimumMinor: bigint,
): BuiltPayout<S> {
  let owed = debtMinor;
  let amountMinor = 0n;
  const moves: (Move & { slot: S })[] = [];
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

export type PayoutState = 'reserved' | 'paid' | 'failed' | 'returned';
export type PayoutStep = 'confirm' | 'fail' | 'return';

const STEPS = {
  confirm: { from: 'reserved', to: 'paid' },
  fail: { from: 'reserved', to: 'failed' },
  return: { from: 'paid', to: 'returned' },
} as const satisfies Record<PayoutStep, { from: PayoutState; to: PayoutState }>;

/** The state a step leads to from this one; `repeated` where it was taken already, null where it contradicts what happened. */
export function stepFrom(state: PayoutState, step: PayoutStep): PayoutState | 'repeated' | null {
  if (state === STEPS[step].to) return 'repeated';
  return state === STEPS[step].from ? STEPS[step].to : null;
}

/**
 * An adjustment by hand, a slot of its own. An upward one is payable at once. A downward one is debt,
 * which the next payout recovers, also where the affiliate has money, so that no slot has to give
 * what another one owes.
 */
export function adjust(amountMinor: bigint): Move {
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
