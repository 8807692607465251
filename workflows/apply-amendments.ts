// Books an operator's amendments, chunk by chunk, until none is left; what came meanwhile wakes it again.
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
  let booked = applied;
  const waiting: Record<string, number> = {};
  setHandler(wake, () => void (isWoken = true));

  for (;;) {
    isWoken = false;
    const chunk = await upkeep.applyAmendments({ operatorId });
    booked += chunk.applied;
    for (const [reason, count] of Object.entries(chunk.waiting))
      waiting[reason] = (waiting[reason] ?? 0) + count;
    show(booked, waiting);
    if (chunk.isEnd && !isWoken) return { applied: booked };
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof applyAmendments>({ operatorId, applied: booked });
  }
}

function show(applied: number, waiting: Record<string, number>): void {
  const lacking = Object.entries(waiting).map(([reason, count]) => `- ${count} wait: ${reason}`);
  setCurrentDetails(
    [`**${applied} amendments booked.**`, ...(lacking.length > 0 ? ['', ...lacking] : [])].join('\n'),
  );
}
