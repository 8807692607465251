// Holds the events of an operator that were set aside for one reason: shows what they lack, and
// settles or rejects them on a signal.
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
  /** When the oldest of them was received, in milliseconds since 1970. */
  since: number | null;
  lacking: string[];
  samples: { eventId: string; detail: string | null }[];
};
const status = defineQuery<SetAsideStatus>(STATUS_QUERY);

/**
 * Ends when no event is left. Counts after a signal only, so that its history does not grow while
 * nothing changes: the sweep wakes it, every ten seconds at most, once its events are not those it
 * shows.
 */
export async function settleSetAside(input: SetAsideInput): Promise<{ settled: number; dismissed: number }> {
  let isWoken = false;
  // In the order of their signals. The same wish twice is one, until its step has begun.
  const wishes = new Set<'retry' | 'dismiss'>();
  const now: SetAsideStatus = { reason: input.reason, count: 0, since: null, lacking: [], samples: [] };
  const result = { settled: 0, dismissed: 0 };
  setHandler(wake, () => void (isWoken = true));
  setHandler(retry, () => void wishes.add('retry'));
  setHandler(dismiss, () => void wishes.add('dismiss'));
  setHandler(status, () => now);

  for (;;) {
    isWoken = false;
    Object.assign(now, await upkeep.countSetAside(input));
    show(input, now);
    if (now.count === 0 && !isWoken && wishes.size === 0) return result;
    // A new run counts first, so only a wish would be lost with this one.
    if (workflowInfo().continueAsNewSuggested && wishes.size === 0)
      await continueAsNew<typeof settleSetAside>(input);
    await condition(() => isWoken || wishes.size > 0);
    const [wish] = wishes;
    // Taken before its step: the same wish during the step is one for another step.
    if (wish) wishes.delete(wish);
    if (wish === 'retry') result.settled += (await upkeep.retrySetAside(input)).settled;
    if (wish === 'dismiss') result.dismissed += (await upkeep.dismissSetAside(input)).dismissed;
  }
}

function show(input: SetAsideInput, now: SetAsideStatus): void {
  updateSearchAttributes({
    OperatorId: input.operatorId,
    DeliveryState: now.count === 0 ? 'settled' : 'set_aside',
    LastError: input.reason.slice(0, 64),
    NextReason: now.lacking[0] ?? null,
    StuckSince: now.since === null ? null : new Date(now.since),
    Held: now.count,
  });
  setCurrentDetails(detailsOf(now));
}

function detailsOf({ reason, count, lacking, samples }: SetAsideStatus): string {
  if (count === 0) return `No event is set aside any more: ${reason}.`;
  const [events, them] = count === 1 ? ['1 event', 'it'] : [`${count} events`, 'them'];
  return [
    `**${events} set aside**: ${reason}. Send \`retry\` to settle ${them} again, \`dismiss\` to reject ${them}.`,
    '',
    ...lacking.flatMap((sentence) => [sentence, '']),
    ...samples.map(({ eventId, detail }) => `- ${eventId}${detail === null ? '' : `: ${detail}`}`),
  ].join('\n');
}
