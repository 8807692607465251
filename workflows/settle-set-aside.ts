// All events of an operator that were set aside for one reason: a count, samples, and a button that settles them again.
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { SIGNALS, STATUS_QUERY, type SetAsideInput } from './contract.ts';
import { showInLists } from './search-attributes.ts';
import { upkeep } from './steps.ts';

const wake = defineSignal(SIGNALS.wake);
const retry = defineSignal(SIGNALS.retry);
const dismiss = defineSignal(SIGNALS.dismiss);

export type SetAsideStatus = {
  reason: string;
  count: number;
  samples: { eventId: string; detail: string | null }[];
};
const status = defineQuery<SetAsideStatus>(STATUS_QUERY);

const COUNT_EVERY_MS = 10_000;

/** Ends when none is left. */
export async function settleSetAside(input: SetAsideInput): Promise<{ settled: number; dismissed: number }> {
  let isWoken = false;
  let wish: 'retry' | 'dismiss' | null = null;
  const now: SetAsideStatus = { reason: input.reason, count: 0, samples: [] };
  const result = { settled: 0, dismissed: 0 };
  setHandler(wake, () => void (isWoken = true));
  setHandler(retry, () => void (wish = 'retry'));
  setHandler(dismiss, () => void (wish = 'dismiss'));
  setHandler(status, () => now);

  for (;;) {
    isWoken = false;
    Object.assign(now, await upkeep.countSetAside(input));
    show(input, now);
    if (now.count === 0 && !isWoken && wish === null) return result;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof settleSetAside>(input);
    if (wish === null) await condition(() => isWoken || wish !== null);
    if (wish === null) await condition(() => wish !== null, COUNT_EVERY_MS);
    if (wish === 'retry') result.settled += (await upkeep.retrySetAside(input)).settled;
    if (wish === 'dismiss') result.dismissed += (await upkeep.dismissSetAside(input)).dismissed;
    wish = null;
  }
}

function show(input: SetAsideInput, now: SetAsideStatus): void {
  const state = now.count === 0 ? 'settled' : 'set_aside';
  showInLists({
    OperatorId: input.operatorId,
    DeliveryState: state,
    LastError: input.reason.slice(0, 64),
    Held: now.count,
  });
  const samples = now.samples.map(
    ({ eventId, detail }) => `- ${eventId}${detail === null ? '' : `: ${detail}`}`,
  );
  setCurrentDetails(
    [
      `**${now.count} events set aside**: ${input.reason}. Send \`retry\` to settle them again, \`dismiss\` to reject them.`,
      '',
      ...samples,
    ].join('\n'),
  );
}
