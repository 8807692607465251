// Applies an operator's amendments in chunks until none is left. Amendments saved meanwhile wake
// the workflow.
import {
  continueAsNew,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { SIGNALS, type AmendInput } from './contract.ts';
import { upkeep } from './steps.ts';

const wake = defineSignal(SIGNALS.wake);

export async function applyAmendments({ operatorId, applied = 0 }: AmendInput): Promise<{ applied: number }> {
  let isWoken = false;
  let appliedTotal = applied;
  const waiting: Record<string, number> = {};
  setHandler(wake, () => void (isWoken = true));

  for (;;) {
    isWoken = false;
    const chunk = await upkeep.applyAmendments({ operatorId });
    appliedTotal += chunk.applied;
    for (const [reason, count] of Object.entries(chunk.waiting))
      waiting[reason] = (waiting[reason] ?? 0) + count;
    show(appliedTotal, waiting);
    if (chunk.isEnd && !isWoken) return { applied: appliedTotal };
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof applyAmendments>({ operatorId, applied: appliedTotal });
  }
}

function show(applied: number, waiting: Record<string, number>): void {
  const reasons = Object.entries(waiting).map(([reason, count]) => `- ${count} wait: ${reason}`);
  setCurrentDetails(
    [`**${applied} amendments booked.**`, ...(reasons.length > 0 ? ['', ...reasons] : [])].join('\n'),
  );
}
