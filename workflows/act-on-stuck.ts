// Acts on everything that is stuck by a filter: retries, gives up or acknowledges postbacks, or
// pauses their endpoints, step by step.
import type { ActedOnStuck } from '../activities/delivery/bulk-actions.ts';
import { stepThrough } from './bulk-action.ts';
import type { StuckActionInput } from './contract.ts';
import { upkeep } from './steps.ts';

/** Answer of the status query, also shown in the UI. */
export type StuckActionStatus = Pick<ActedOnStuck, 'state' | 'total' | 'done' | 'joined' | 'refused'>;

/** Ends when all were visited or the action is cancelled. */
export async function actOnStuck(input: StuckActionInput): Promise<StuckActionStatus> {
  return stepThrough<StuckActionStatus>(input, {
    first: { state: 'running', total: 0, done: 0, joined: 0, refused: 0 },
    // Steps in histories recorded before they counted what they joined.
    step: async () => Object.assign({ joined: 0 }, await upkeep.stuckStep(input)),
    cancel: () => upkeep.cancelStuckAction(input),
    visited: ({ done, joined, refused }) => done + joined + refused,
    runningAs: 'acting',
    details: (status) => details(input, status),
    summary: ({ done, total }) => `${done} of ${total} done`,
    description: 'do no more; what is done stays done',
  });
}

const THINGS = {
  retry: 'postbacks sent again',
  give_up: 'postbacks given up',
  acknowledge: 'postbacks acknowledged',
  pause: 'endpoints paused',
} as const;

function details(
  { action }: StuckActionInput,
  { state, total, done, joined, refused }: StuckActionStatus,
): string {
  const too = joined === 0 ? '' : ` ${joined} were being sent already.`;
  const not = refused === 0 ? '' : ` The state of ${refused} forbade it: see the action in the API.`;
  const next = state === 'running' ? ' Send `cancel` to stop; what is done stays done.' : '';
  return `**${state}**: ${done} of ${total} ${THINGS[action]}.${too}${not}${next}`;
}
