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
  const kept: Record<string, number> = {};
  setHandler(wake, () => void (isWoken = true));

  for (;;) {
    isWoken = false;
    const chunk = await upkeep.applyAmendments({ operatorId });
    appliedTotal += chunk.applied;
    addTo(waiting, chunk.waiting);
    addTo(kept, chunk.kept ?? {});
    show(appliedTotal, waiting, kept);
    if (chunk.isEnd && !isWoken) return { applied: appliedTotal };
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof applyAmendments>({ operatorId, applied: appliedTotal });
  }
}

function addTo(total: Record<string, number>, counts: Record<string, number>): void {
  for (const [reason, count] of Object.entries(counts)) total[reason] = (total[reason] ?? 0) + count;
}

function show(applied: number, waiting: Record<string, number>, kept: Record<string, number>): void {
  const reasons = [
    ...Object.entries(waiting).map(([reason, count]) => `- ${count} wait: ${reason}`),
    ...Object.entries(kept).map(([reason, count]) => `- ${count} kept as they were: ${reason}`),
  ];
  setCurrentDetails(
    [`**${applied} amendments booked.**`, ...(reasons.length > 0 ? ['', ...reasons] : [])].join('\n'),
  );
}
