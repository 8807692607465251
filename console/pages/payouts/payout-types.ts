// Names for payouts, and their states in words.
import type { Answer, RowOf } from '../../wire/types.ts';

export type Payout = RowOf<'/v1/payouts'>;
export type WholePayout = Answer<'/v1/payouts/{id}'>;
export type PayoutState = Payout['state'];

export const STATES = [
  ['reserved', 'Reserved'],
  ['paid', 'Paid'],
  ['failed', 'Failed'],
  ['returned', 'Returned'],
] as const satisfies readonly (readonly [PayoutState, string])[];

/** What a state means, and what comes next. */
export const MEANING: Readonly<Record<PayoutState, string>> = {
  reserved: 'Waits for the bank: confirm it when the money arrived, or fail it.',
  paid: 'It arrived. If the bank sends it back, it is returned.',
  failed: 'It could not be made; the money is payable again.',
  returned: 'It came back from the bank; the money is payable again.',
};
