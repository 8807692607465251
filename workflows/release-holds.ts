// Releases commission with an expired hold until none is due. Runs by schedule; each step releases
// a bounded amount.
import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import { upkeep } from './steps.ts';

/** `released`: number released by the runs that this run continues. */
export async function releaseHolds(released = 0): Promise<{ released: number }> {
  for (let sum = released; ;) {
    const step = await upkeep.releaseDueHolds();
    sum += step.released;
    if (!step.more) return { released: sum };
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof releaseHolds>(sum);
  }
}
