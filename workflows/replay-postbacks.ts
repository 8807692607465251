// Replays finished deliveries: step by step they join their endpoints' queues again. Progress is
// stored in the replay's row; the workflow only times the steps.
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Replayed } from '../activities/delivery/replay.ts';
import { SIGNALS, STATUS_QUERY, type ReplayInput } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';
import { upkeep } from './steps.ts';

const cancel = defineSignal(SIGNALS.cancel);

/** Answer of the status query, also shown in the UI. */
export type ReplayStatus = Pick<Replayed, 'state' | 'total' | 'released'>;
const status = defineQuery<ReplayStatus>(STATUS_QUERY);

/** Shortest time between two updates of the search attributes. */
const SHOW_EVERY_MS = 10_000;

/**
 * Ends when all deliveries are released or the replay is cancelled. Released deliveries go on
 * either way.
 */
export async function replayPostbacks(input: ReplayInput): Promise<ReplayStatus> {
  let now: ReplayStatus = { state: 'running', total: 0, released: 0 };
  let isCancelled = false;
  let shownAt = 0;
  setHandler(cancel, () => void (isCancelled = true), {
    description: 'release no more; what is released goes on',
  });
  setHandler(status, () => now);

  for (;;) {
    if (isCancelled) await upkeep.cancelReplay(input);
    const { waitMs, ...after } = await upkeep.replayStep(input);
    now = after;
    setCurrentDetails(details(now));
    const isOver = now.state !== 'running';
    if (isOver || Date.now() - shownAt >= SHOW_EVERY_MS) {
      shownAt = Date.now();
      const DeliveryState = isOver ? now.state : 'replaying';
      updateSearchAttributes({ OperatorId: input.operatorId, DeliveryState, Held: now.total - now.released });
    }
    if (isOver) return now;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof replayPostbacks>(input);
    if (waitMs > 0)
      await condition(() => isCancelled, waitMs, { summary: `${now.released} of ${now.total} released` });
  }
}

function details({ state, total, released }: ReplayStatus): string {
  const next = state === 'running' ? ' Send `cancel` to stop; what is released goes on.' : '';
  return `**${state}**: ${released} of ${total} postbacks are in their endpoints' queues.${next}`;
}
