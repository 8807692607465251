// Loop of a bulk action, shared by the workflows of such actions. Progress is stored in the
// action's row; the workflow only times the steps.
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { SIGNALS, STATUS_QUERY } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';

const cancel = defineSignal(SIGNALS.cancel);

/** Shortest time between two updates of the search attributes. */
const SHOW_EVERY_MS = 10_000;

type Progress = { state: string; total: number };

type BulkSteps<Status extends Progress> = {
  first: Status;
  /** `isOver`: by default, when the state is not `running`. */
  step(): Promise<Status & { waitMs?: number; isOver?: boolean }>;
  cancel(): Promise<void>;
  /** Of the status, how many were visited. */
  visited(status: Status): number;
  /** Search attribute of the state while it runs. */
  runningAs: string;
  details(status: Status): string;
  summary(status: Status): string;
  description: string;
};

/** Steps until the action is done or cancelled; what is done stays done either way. */
export async function stepThrough<Status extends Progress>(
  input: { operatorId: string },
  steps: BulkSteps<Status>,
): Promise<Status> {
  let now = steps.first;
  let isCancelled = false;
  let shownAt = 0;
  setHandler(cancel, () => void (isCancelled = true), { description: steps.description });
  setHandler(defineQuery<Status>(STATUS_QUERY), () => now);

  for (;;) {
    // The wish is taken before the step, so that one that comes meanwhile is not lost.
    if (isCancelled) {
      isCancelled = false;
      await steps.cancel();
    }
    const { waitMs = 0, isOver: saysOver, ...after } = await steps.step();
    now = after as unknown as Status;
    setCurrentDetails(steps.details(now));
    const isOver = saysOver ?? now.state !== 'running';
    if (isOver || Date.now() - shownAt >= SHOW_EVERY_MS) {
      shownAt = Date.now();
      const DeliveryState = isOver ? now.state : steps.runningAs;
      const Held = now.total - steps.visited(now);
      updateSearchAttributes({ OperatorId: input.operatorId, DeliveryState, Held });
    }
    if (isOver) return now;
    // The next run would not know of a cancellation.
    if (workflowInfo().continueAsNewSuggested && !isCancelled) await continueAsNew(input);
    if (waitMs > 0) await condition(() => isCancelled, waitMs, { summary: steps.summary(now) });
  }
}
