// Matches orphans again, page by page, and settles those with new evidence: a late click, a coupon,
// an affiliate assigned by hand. Runs by schedule for all operators, and for one operator when
// evidence arrives.
import {
  continueAsNew,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { SIGNALS, type OrphanPosition, type RematchInput } from './contract.ts';
import { upkeep } from './steps.ts';

const wake = defineSignal(SIGNALS.wake);

export async function rematchOrphans(input: RematchInput): Promise<{ settled: number }> {
  const { operatorId } = input;
  let { isWoken = false, settled = 0 } = input;
  let after: OrphanPosition | null = input.after ?? null;
  // New evidence may concern orphans before the current page, so another round follows.
  setHandler(wake, () => void (isWoken = true));

  for (;;) {
    if (after === null) isWoken = false;
    const page = await upkeep.matchOrphans({ operatorId, after });
    settled += page.settled;
    after = page.next;
    setCurrentDetails(`${settled} orphans settled so far.`);
    if (after === null && !isWoken) return { settled };
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof rematchOrphans>({
        operatorId,
        isWoken,
        settled,
        ...(after === null ? {} : { after }),
      });
  }
}
