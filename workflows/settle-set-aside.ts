// Holds the events of an operator that were set aside for one reason: shows a count and samples,
// and settles or rejects them on a signal.
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
import { updateSearchAttributes } from './search-attributes.ts';
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

/** Ends when no event is left. */
export async function settleSetAside(input: SetAsideInput): Promise<{ settled: number; dismissed: number }> {
  let isWoken = false;
  let command: 'retry' | 'dismiss' | null = null;
  const now: SetAsideStatus = { reason: input.reason, count: 0, samples: [] };
  const result = { settled: 0, dismissed: 0 };
  setHandler(wake, () => void (isWoken = true));
  setHandler(retry, () => void (command = 'retry'));
  setHandler(dismiss, () => void (command = 'dismiss'));
  setHandler(status, () => now);

  for (;;) {
    isWoken = false;
    Object.assign(now, await upkeep.countSetAside(input));
    show(input, now);
    if (now.count === 0 && !isWoken && command === null) return result;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof settleSetAside>(input);
    if (command === null) await condition(() => isWoken || command !== null);
    if (command === null) await condition(() => command !== null, COUNT_EVERY_MS);
    if (command === 'retry') result.settled += (await upkeep.retrySetAside(input)).settled;
    if (command === 'dismiss') result.dismissed += (await upkeep.dismissSetAside(input)).dismissed;
    command = null;
  }
}

function show(input: SetAsideInput, now: SetAsideStatus): void {
  const state = now.count === 0 ? 'settled' : 'set_aside';
  updateSearchAttributes({
    OperatorId: input.operatorId,
    DeliveryState: state,
    LastError: input.reason.slice(0, 64),
    Held: now.count,
  });
  const samples = now.samples.map(
    ({ eventId, detail }) => `- ${eventId}${detail === null ? '' : `: ${detail}`}`,
  );
  const summary =
    `**${now.count} events set aside**: ${input.reason}. ` +
    'Send `retry` to settle them again, `dismiss` to reject them.';
  setCurrentDetails([summary, '', ...samples].join('\n'));
}
