// The activities as workflows see them, with every timeout and retry said once. Only types come from the activities.
import { isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { TASK_QUEUES } from './contract.ts';

/** Waits between repeats of a step that failed because something of ours is away. */
const REPEAT = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' } as const;

/** A worker beats for its steps; one that was killed is missed after this, not only when its step should have been over. */
const heartbeatTimeout = '10s';

/** Turns at a queue, which last a while, and housekeeping: one transaction or a few starts each. */
export const upkeep = proxyActivities<Activities>({
  taskQueue: TASK_QUEUES.upkeep,
  startToCloseTimeout: '60s',
  heartbeatTimeout,
  retry: REPEAT,
});

/** Closing a month: its statements are written by a few statements that may take minutes each. */
export const closing = proxyActivities<Activities>({
  taskQueue: TASK_QUEUES.upkeep,
  startToCloseTimeout: '15m',
  retry: REPEAT,
});

/** An HTTP attempt ends within 15 s. */
const SINGLE = { taskQueue: TASK_QUEUES.attempts, startToCloseTimeout: '20s', retry: REPEAT } as const;

/** Reading a single postback, giving it up. */
export const attempts = proxyActivities<Activities>(SINGLE);

/** An attempt with a summary of its own, which the timeline in the UI shows. */
export function attemptNumber(number: number): Pick<Activities, 'attemptPostback'> {
  return proxyActivities<Activities>({ ...SINGLE, summary: `attempt ${number}` });
}

/** Steps of a batch that failed as local activities, and its hand-over: repeated until they work, in plain sight. */
const patient = proxyActivities<Activities>({
  taskQueue: TASK_QUEUES.batches,
  startToCloseTimeout: '30s',
  retry: REPEAT,
});
export const { handOver } = patient;

/** A healthy batch's steps are local, since then a whole batch costs Temporal three transactions. */
const quickSettle = proxyLocalActivities<Activities>({
  startToCloseTimeout: '5s',
  retry: { maximumAttempts: 2 },
});
const quickDeliver = proxyLocalActivities<Activities>({
  startToCloseTimeout: '20s',
  retry: { maximumAttempts: 2 },
});

export const settle: Activities['settle'] = (input) =>
  orPatiently(
    () => quickSettle.settle(input),
    () => patient.settle(input),
  );
export const deliverFirst: Activities['deliverFirst'] = (batch) =>
  orPatiently(
    () => quickDeliver.deliverFirst(batch),
    () => patient.deliverFirst(batch),
  );

/** Falls back from a local step that gave up (PostgreSQL is away, say) to the same step as a regular activity without limit. */
async function orPatiently<T>(quick: () => Promise<T>, patiently: () => Promise<T>): Promise<T> {
  try {
    return await quick();
  } catch (error) {
    if (isCancellation(error)) throw error;
    return patiently();
  }
}
