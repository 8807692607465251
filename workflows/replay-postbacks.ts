// Replays finished deliveries: step by step they join their endpoints' queues again, as many as go
// out.
import type { Replayed } from '../activities/delivery/replay.ts';
import { stepThrough } from './bulk-action.ts';
import type { ReplayInput } from './contract.ts';
import { upkeep } from './steps.ts';

/** Answer of the status query, also shown in the UI. */
export type ReplayStatus = Pick<Replayed, 'state' | 'total' | 'released' | 'sent'>;

/**
 * Ends when all deliveries went out, or when the replay is cancelled and those that did not are
 * what they were before.
 */
export async function replayPostbacks(input: ReplayInput): Promise<ReplayStatus> {
  return stepThrough<ReplayStatus>(input, {
    first: { state: 'running', total: 0, released: 0, sent: 0 },
    // Steps in histories recorded before they counted what was sent.
    step: async () => Object.assign({ sent: 0 }, await upkeep.replayStep(input)),
    cancel: () => upkeep.cancelReplay(input),
    visited: ({ sent }) => sent,
    runningAs: 'replaying',
    details,
    summary: ({ sent, total }) => `${sent} of ${total} sent`,
    description: 'stop; what did not go out yet goes back to what it was',
  });
}

function details({ state, total, released, sent }: ReplayStatus): string {
  const queued = released - sent;
  const rest = total - released;
  const waiting = state === 'running' ? `, ${queued} are in their endpoints' queues, ${rest} wait here` : '';
  const next = state === 'running' ? ' Send `cancel` to stop; what did not go out goes back.' : '';
  return `**${state}**: ${sent} of ${total} postbacks went out${waiting}.${next}`;
}
