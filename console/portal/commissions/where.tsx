// Where the money of a commission is, in words.
import { Time } from '../../parts/values.tsx';
import type { RowOf } from '../../wire/types.ts';

export type Commission = RowOf<'/v1/commissions'>;
type CommissionState = Commission['state'];

export const STATES: readonly (readonly [CommissionState, string])[] = [
  ['pending', 'Pending'],
  ['payable', 'Payable'],
  ['in_payout', 'In payout'],
  ['paid', 'Paid'],
  ['reversed', 'Reversed'],
  ['rejected', 'Rejected'],
  ['owed', 'Owed'],
];

const WORDS: Readonly<Record<Exclude<CommissionState, 'pending'>, string>> = {
  payable: 'the next payout takes it',
  in_payout: 'on its way to the bank',
  paid: 'paid, or used to recover what was owed',
  reversed: 'its conversion was taken back',
  rejected: 'a person of the operator decided that it earns nothing',
  owed: 'the next payouts recover it',
};

export function Where({
  is: { state, hold_until: until },
}: {
  is: Pick<Commission, 'state' | 'hold_until'>;
}) {
  if (state !== 'pending') return <>{WORDS[state]}</>;
  return (
    <>
      payable on {until.slice(0, 10)} (<Time at={until} isDue />
      ), unless it is taken back
    </>
  );
}
