// Activity proxies of the workflows, with all timeouts and retry policies. Imports only types from
// the activities.
import { isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { TASK_QUEUES } from './contract.ts';

/** Waits between retries of an activity that failed because a dependency is away. */
const RETRY_POLICY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' } as const;

/**
 * Activities send heartbeats. A killed worker is detected after this time, not only when the
 * activity's own timeout ends.
 */
const heartbeatTimeout = '10s';

/** Turns of a queue, which last a while, and housekeeping: one transaction or a few starts each. */
export const upkeep = proxyActivities<Activities>({
  taskQueue: TASK_QUEUES.upkeep,
  startToCloseTimeout: '60s',
  heartbeatTimeout,
  retry: RETRY_POLICY,
});

/** Closing a month: a few statements that may take minutes each. */
export const closing = proxyActivities<Activities>({
  taskQueue: TASK_QUEUES.upkeep,
  startToCloseTimeout: '15m',
  retry: RETRY_POLICY,
});

/** Giving a customer's events another id: one transaction, which may have to write many rows. */
export const erasing = proxyActivities<Activities>({
  taskQueue: TASK_QUEUES.upkeep,
  startToCloseTimeout: '15m',
  heartbeatTimeout,
  retry: RETRY_POLICY,
});

/** An HTTP attempt ends within 15 s. */
const SINGLE_ATTEMPT = {
  taskQueue: TASK_QUEUES.attempts,
  startToCloseTimeout: '20s',
  retry: RETRY_POLICY,
} as const;

/** Reads or gives up a single delivery. */
export const attempts = proxyActivities<Activities>(SINGLE_ATTEMPT);

/** An attempt with a summary of its own, shown in the UI's timeline. */
export function attemptNumber(number: number): Pick<Activities, 'attemptPostback'> {
  return proxyActivities<Activities>({ ...SINGLE_ATTEMPT, summary: `attempt ${number}` });
}

/**
 * Activities of a batch whose local form failed, and its hand-over: retried until they succeed,
 * visible in the UI.
 */
const regular = proxyActivities<Activities>({
  taskQueue: TASK_QUEUES.batches,
  startToCloseTimeout: '30s',
  retry: RETRY_POLICY,
});
export const { handOver } = regular;

/**
 * Activities of a healthy batch are local, so that a whole batch costs Temporal three transactions.
 */
const localSettle = proxyLocalActivities<Activities>({
  startToCloseTimeout: '20s',
  retry: { maximumAttempts: 2 },
});
const localDeliver = proxyLocalActivities<Activities>({
  startToCloseTimeout: '20s',
  retry: { maximumAttempts: 2 },
});

export const settle: Activities['settle'] = (input) =>
  withFallback(
    () => localSettle.settle(input),
    () => regular.settle(input),
  );
export const deliverFirst: Activities['deliverFirst'] = (batch) =>
  withFallback(
    () => localDeliver.deliverFirst(batch),
    () => regular.deliverFirst(batch),
  );

/**
 * Falls back from a local activity that gave up, for example without PostgreSQL, to the same
 * activity in its regular form with unlimited retries.
 */
async function withFallback<T>(local: () => Promise<T>, regularly: () => Promise<T>): Promise<T> {
  try {
    return await local();
  } catch (error) {
    if (isCancellation(error)) throw error;
    return regularly();
  }
}
