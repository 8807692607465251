// The state of a commission in words: why it is not paid, and until when.
import { State, Time } from '../../parts/values.tsx';
import type { RowOf } from '../../wire/types.ts';

export type Commission = RowOf<'/v1/commissions'>;
export type CommissionState = Commission['state'];

export const STATES = [
  ['pending', 'Pending'],
  ['payable', 'Payable'],
  ['in_payout', 'In payout'],
  ['paid', 'Paid'],
  ['reversed', 'Reversed'],
  ['rejected', 'Rejected'],
  ['owed', 'Owed'],
] as const satisfies readonly (readonly [CommissionState, string])[];

/** Why it is in its state, and what comes next. */
function Why({ of: { state, hold_until: until, rejected_at: rejected } }: { of: Commission }) {
  switch (state) {
    case 'pending':
      return (
        <>
          on hold, ends <Time at={until} isDue />; then payable by itself
        </>
      );
    case 'payable':
      return 'the next payout takes it';
    case 'in_payout':
      return 'reserved; waits for the bank to confirm';
    case 'paid':
      return 'the bank confirmed it';
    case 'reversed':
      return 'all of it was taken back';
    case 'rejected':
      return (
        <>
          by a person, <Time at={rejected} />; approving takes that back
        </>
      );
    case 'owed':
      return 'taken down by hand; the next payout recovers it';
  }
}

export function Standing({ of: commission }: { of: Commission }) {
  return (
    <>
      <State of={commission.state} />
      <div className="muted small">
        <Why of={commission} />
      </div>
    </>
  );
}

/** What a person decides about: money by hand is taken back by hand. */
function isDecided({ component }: Commission): boolean {
  return component !== 'manual';
}

/** What is on hold; and what was rejected, of which approving takes the rejection back. */
export function isApprovable(commission: Commission): boolean {
  return isDecided(commission) && (commission.state === 'pending' || commission.rejected_at !== null);
}

export function isRejectable(commission: Commission): boolean {
  return isDecided(commission) && commission.rejected_at === null;
}
