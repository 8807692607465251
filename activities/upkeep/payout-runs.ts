// Activities of payout runs: each step pays the next affiliates.
import type { Pool } from '../../store/db/pool.ts';
import { cancelPayoutRun } from '../../store/ledger/payout-runs.ts';
import { stepPayoutRun, type PayoutRunStep } from '../../store/ledger/payout-run-steps.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import type { PayoutRunInput } from '../../workflows/contract.ts';

/** Counts only: neither amounts nor affiliates belong into a history. */
export type PaidInRun = Omit<PayoutRunStep, 'endpointsToWake'>;

export type PayoutRunActivities = {
  payoutRunStep(input: PayoutRunInput): Promise<PaidInRun>;
  cancelPayoutRun(input: PayoutRunInput): Promise<void>;
};

export function createPayoutRunSteps({
  pool,
  workflows,
}: {
  pool: Pool;
  workflows: WorkflowClient;
}): PayoutRunActivities {
  return {
    async payoutRunStep({ operatorId, runId }) {
      const { endpointsToWake, ...step } = await stepPayoutRun(pool, operatorId, runId);
      await workflows.wakeEndpoints(operatorId, endpointsToWake);
      return step;
    },
    cancelPayoutRun: ({ operatorId, runId }) => cancelPayoutRun(pool, operatorId, runId),
  };
}
