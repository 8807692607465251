// Releases commission whose hold has ended, until nothing is due. Runs by schedule; each step does a bounded amount.
import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import { upkeep } from './steps.ts';

/** `released` is what the runs before this one did, when it continued an earlier one. */
export async function releaseHolds(released = 0): Promise<{ released: number }> {
  for (let sum = released; ;) {
    const step = await upkeep.releaseDueHolds();
    sum += step.released;
    if (!step.more) return { released: sum };
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof releaseHolds>(sum);
  }
}
