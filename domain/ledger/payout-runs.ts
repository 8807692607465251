// Payout runs: what becomes of each affiliate for whom something is payable.

export const RUN_STATES = ['running', 'done', 'cancelled'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** `created`: a payout was made; in a dry run, would be. */
export const RUN_RESULTS = [
  'created',
  'nothing_due',
  'below_minimum',
  'suspended',
  'no_payment_details',
] as const;
export type RunResult = (typeof RUN_RESULTS)[number];

/** What decides about an affiliate, in minor units. */
export type RunCandidate = {
  payableMinor: bigint;
  debtMinor: bigint;
  isSuspended: boolean;
  hasDetails: boolean;
};

/** What a run asks for. */
export type RunRules = { minimumMinor: bigint; needsDetails: boolean };

/** `amountMinor`: what is payable after what is owed, whatever the result. */
export function judge(
  { payableMinor, debtMinor, isSuspended, hasDetails }: RunCandidate,
  { minimumMinor, needsDetails }: RunRules,
): { result: RunResult; amountMinor: bigint } {
  const amountMinor = payableMinor > debtMinor ? payableMinor - debtMinor : 0n;
  const result = (): RunResult => {
    if (isSuspended) return 'suspended';
    if (amountMinor === 0n) return 'nothing_due';
    if (amountMinor < minimumMinor) return 'below_minimum';
    return needsDetails && !hasDetails ? 'no_payment_details' : 'created';
  };
  return { result: result(), amountMinor };
}
