// Makes a payout for every affiliate for whom enough is payable, step by step.
import type { PaidInRun } from '../activities/upkeep/payout-runs.ts';
import { stepThrough } from './bulk-action.ts';
import type { PayoutRunInput } from './contract.ts';
import { upkeep } from './steps.ts';
import { counted } from './texts.ts';

/** Answer of the status query, also shown in the UI. */
export type PayoutRunStatus = PaidInRun;

/** Ends when every affiliate was looked at, or the run is cancelled. */
export async function runPayouts(input: PayoutRunInput): Promise<PayoutRunStatus> {
  return stepThrough<PayoutRunStatus>(input, {
    first: { state: 'running', total: 0, done: 0, created: 0 },
    step: () => upkeep.payoutRunStep(input),
    cancel: () => upkeep.cancelPayoutRun(input),
    visited: ({ done }) => done,
    runningAs: 'paying',
    details,
    summary: ({ done, total }) => `${done} of ${total} affiliates looked at`,
    description: 'pay no more affiliates; payouts that were made stay',
  });
}

function details({ state, total, done, created }: PayoutRunStatus): string {
  const made = counted(created, 'payout', 'payouts');
  const next = state === 'running' ? ' Send `cancel` to stop; payouts that were made stay.' : '';
  return `**${state}**: ${made} for ${done} of ${total} affiliates with something payable.${next}`;
}
