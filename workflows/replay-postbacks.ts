// Replays finished deliveries: step by step they join their endpoints' queues again.
import type { Replayed } from '../activities/delivery/replay.ts';
import { stepThrough } from './bulk-action.ts';
import type { ReplayInput } from './contract.ts';
import { upkeep } from './steps.ts';

/** Answer of the status query, also shown in the UI. */
export type ReplayStatus = Pick<Replayed, 'state' | 'total' | 'released'>;

/**
 * Ends when all deliveries are released or the replay is cancelled. Released deliveries go on
 * either way.
 */
export async function replayPostbacks(input: ReplayInput): Promise<ReplayStatus> {
  return stepThrough<ReplayStatus>(input, {
    first: { state: 'running', total: 0, released: 0 },
    step: () => upkeep.replayStep(input),
    cancel: () => upkeep.cancelReplay(input),
    visited: ({ released }) => released,
    runningAs: 'replaying',
    details,
    summary: ({ released, total }) => `${released} of ${total} released`,
    description: 'release no more; what is released goes on',
  });
}

function details({ state, total, released }: ReplayStatus): string {
  const next = state === 'running' ? ' Send `cancel` to stop; what is released goes on.' : '';
  return `**${state}**: ${released} of ${total} postbacks are in their endpoints' queues.${next}`;
}
