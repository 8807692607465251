// Starts the workflows of batches: ids inserted since the last start go into the next one. A
// partial batch waits for the one before it, so batches grow as fast as the system falls behind.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { conversionsWorkflowId } from '../../domain/keys.ts';
import type { Logger } from '../../log.ts';
import { newId } from '../../store/db/ids.ts';
import {
  MAX_BATCH_EVENTS,
  type BatchInput,
  TASK_QUEUES,
  type TraceBatch,
  WORKFLOWS,
} from '../../workflows/contract.ts';
import { createWaitingEvents } from './waiting-events.ts';

type Dispatcher = {
  /** Remembers events that were just inserted; they go into one of the next batches. */
  dispatch(events: readonly { operatorId: string; id: string }[]): void;
  /** Starts what is waiting, as far as `withinMs` allows; the sweep finds the rest. */
  drain(withinMs: number): Promise<void>;
  /** Counters for metrics. */
  counts(): DispatcherCounts;
};

/** Batches started so far, batches in flight, events waiting for a batch. */
export type DispatcherCounts = { started: number; inFlight: number; waiting: number };

/**
 * While this many batches are in flight, a partial batch waits. With 1 events wait longer behind a
 * slow one; with 8 batches stay small and costly.
 */
const IN_FLIGHT = 2;
/**
 * How long a partial batch waits for the last one: one of one event costs nearly as much as one of
 * twenty, so where two begin together events wait longer for the processors than they do here.
 */
const WAITS_FOR_LAST_MS = 150;
/**
 * While this many batches are in flight, full batches wait too: here rather than in the worker's
 * slots.
 */
const FULL_IN_FLIGHT = 8;
/**
 * A batch counts as in flight until it ends, and after so long only until it is settled: settling
 * is where batches are in each other's way, while its requests may wait for a slow endpoint.
 */
const SETTLES_MS = 40;
const LOOK_EVERY_MS = 20;
/**
 * A batch does not count after so long without any settled batch, since something holds it up that
 * others need not wait for. While others settle, only the machine is slow.
 */
const NOTHING_SETTLES_MS = 1000;
/** After this it does not count, whatever holds it up. */
const HOLDS_BACK_AT_MOST_MS = 10_000;
/**
 * Beyond this (some 20 MB) further ids are left to the sweep, a minute later. Intake is three times
 * as fast as settling, so 20,000 were too few for a burst of three seconds.
 */
const WAITING_AT_MOST = 100_000;
const START_AT_MOST_MS = 3000;
const REPEAT_AFTER_MS = 1000;

type DispatcherDeps = {
  client: Client;
  log: Logger;
  isSettled: (operatorId: string, eventId: string) => Promise<boolean>;
  traceBatch?: TraceBatch | undefined;
};

export function createDispatcher({ client, log, isSettled, traceBatch }: DispatcherDeps): Dispatcher {
  const waiting = createWaitingEvents();
  let inFlight = 0;
  let isAway = false;
  let isStopped = false;
  let starting = 0;
  /** When a batch was settled last, in milliseconds since 1970. */
  let settledAt = 0;
  let started = 0;
  /** The last batch, while a partial one waits for it. */
  let last: BatchInput | null = null;

  const mayStart = (): boolean => {
    if (waiting.count() >= MAX_BATCH_EVENTS) return inFlight < FULL_IN_FLIGHT;
    return inFlight === 0 || (inFlight < IN_FLIGHT && last === null);
  };

  const launch = (): void => {
    while (!isAway && !isStopped && waiting.count() > 0 && mayStart())
      void run({ batchId: newId('bat'), operators: waiting.take(MAX_BATCH_EVENTS) });
  };

  async function run(batch: BatchInput): Promise<void> {
    inFlight++;
    void holdUpNext(batch);
    const traced = traceBatch?.(batch);
    const handle = await start(traced?.batch ?? batch);
    if (handle !== null) {
      started++;
      const ended = handle.result().then(
        () => traced?.end(true),
        () => traced?.end(false),
      );
      await endOrSettled(batch, ended);
    }
    inFlight--;
    launch();
  }

  async function holdUpNext(batch: BatchInput): Promise<void> {
    last = batch;
    await pause(WAITS_FOR_LAST_MS);
    if (last !== batch) return;
    last = null;
    launch();
  }

  /** Resolves when the batch no longer counts as in flight. */
  async function endOrSettled({ operators }: BatchInput, ended: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = ended.then(() => (isOver = true));
    // The operators of a batch are settled one after the other.
    const { operatorId, eventIds } = operators.at(-1)!;
    const startedAt = Date.now();
    const holdsBack = (): boolean =>
      Date.now() <
      Math.min(startedAt + HOLDS_BACK_AT_MOST_MS, Math.max(startedAt, settledAt) + NOTHING_SETTLES_MS);
    await Promise.race([end, pause(SETTLES_MS)]);
    while (!isOver && holdsBack()) {
      if (await isSettled(operatorId, eventIds[0]!).catch(() => true)) isOver = true;
      else await Promise.race([end, pause(LOOK_EVERY_MS)]);
    }
    if (isOver) settledAt = Date.now();
  }

  /**
   * Starts a batch, under the same id until Temporal answers: a start that timed out may have
   * happened.
   */
  async function start(
    batch: BatchInput,
  ): Promise<Pick<Awaited<ReturnType<Client['workflow']['start']>>, 'result'> | null> {
    const workflowId = conversionsWorkflowId(batch.batchId);
    starting++;
    try {
      for (;;) {
        try {
          const options = {
            workflowId,
            taskQueue: TASK_QUEUES.batches,
            args: [batch],
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
          } as const;
          const handle = await client.withDeadline(Date.now() + START_AT_MOST_MS, () =>
            client.workflow.start(WORKFLOWS.processConversions, options),
          );
          isAway = false;
          return handle;
        } catch (error) {
          if (error instanceof WorkflowExecutionAlreadyStartedError)
            return client.workflow.getHandle(workflowId);
          if (isStopped) return null;
          if (!isAway)
            log.warn({ err: error }, 'Temporal is away; events are kept and started when it is back');
          isAway = true;
          await pause(REPEAT_AFTER_MS);
        }
      }
    } finally {
      starting--;
    }
  }

  return {
    counts: () => ({ started, inFlight, waiting: waiting.count() }),
    dispatch(events) {
      if (waiting.count() + events.length <= WAITING_AT_MOST) waiting.add(events);
      launch();
    },
    async drain(withinMs) {
      const deadline = Date.now() + withinMs;
      while (waiting.count() > 0 && !isAway)
        void run({ batchId: newId('bat'), operators: waiting.take(MAX_BATCH_EVENTS) });
      while (starting > 0 && Date.now() < deadline && !isAway) await pause(10);
      isStopped = true;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
