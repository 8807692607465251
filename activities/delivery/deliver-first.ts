// First attempts of a batch's deliveries, concurrently and within a time budget: a slow endpoint
// must not hold up the batch.
import { isSentDirectly, isTripped } from '../../domain/delivery/breaker.ts';
import { blamesEndpoint, isDelivered, type AttemptOutcome } from '../../domain/delivery/retry.ts';
import type { Pool } from '../../store/db/pool.ts';
import {
  readBatchDeliveries,
  readSendingEndpoints,
  type Delivery,
  type SendingEndpoint,
} from '../../store/delivery/deliveries.ts';
import type { EndpointInput, BatchInput } from '../../workflows/contract.ts';
import type { Attempt } from './attempt.ts';
import type { BatchTurns } from './batch-turns.ts';
import type { StallPolicy, ConcurrencyLimiter } from './concurrency-limiter.ts';
import type { Recorder } from './recorder.ts';
import { allSettledOrThrow, singleFlight } from '../single-flight.ts';

/**
 * Counts of first attempts. `left` must be handed over: failed, now or in an earlier run, or not
 * started in time.
 */
type DeliveredFirst = { delivered: number; left: number; endpointsToWake: EndpointInput[] };

export type DeliverFirstActivities = { deliverFirst(batch: BatchInput): Promise<DeliveredFirst> };

type DeliverFirstDeps = {
  pool: Pool;
  attempt: Attempt;
  limiter: ConcurrencyLimiter;
  turns: BatchTurns;
  recorder: Recorder;
  budgetMs: number;
};

/**
 * A batch starts requests for so long, beyond its turn only to endpoints that answer, where each
 * waits its place. Going through a queue costs a postback twice as much, and a machine that is slow
 * has no power to spare.
 */
const STARTS_WITHIN_MS = 9000;

/**
 * An endpoint that answered none of its requests for so long is not waited for: the rest goes to
 * its queue.
 */
const STALLS_AFTER_MS = 500;

/** A batch that waits only for endpoints stalled for so long gives its turn to the next. */
const GIVES_TURN_AFTER_MS = 100;
const LOOK_EVERY_MS = 25;

type Release = (() => void) | null;

/**
 * A second run sends only deliveries without a recorded attempt, or joins a run under way. Throws,
 * and sends nothing, while PostgreSQL is away.
 */
export function createDeliverFirst({
  pool,
  attempt,
  limiter,
  turns,
  recorder,
  budgetMs,
}: DeliverFirstDeps): DeliverFirstActivities {
  /**
   * While outcomes cannot be written, no request starts and none is answered: not the endpoint's
   * fault.
   */
  const stall: StallPolicy = { afterMs: STALLS_AFTER_MS, isOurDoing: () => recorder.isBlocked() };

  /** The deliveries of an operator's part of the batch, each with its endpoint. */
  async function readDeliveries(
    operatorId: string,
    batchId: string,
  ): Promise<{ due: Delivery; endpoint: SendingEndpoint }[]> {
    const rows = await readBatchDeliveries(pool, operatorId, batchId);
    const endpointIds = [...new Set(rows.map(({ endpointId }) => endpointId))];
    const endpoints = new Map(
      (await readSendingEndpoints(pool, operatorId, endpointIds)).map((endpoint) => [endpoint.id, endpoint]),
    );
    return rows.map((due) => ({ due, endpoint: endpoints.get(due.endpointId)! }));
  }

  /**
   * Resolves when all have a permit or were refused one, when the rest waits for stalled endpoints
   * only, or when the turn is over.
   */
  function allStartedOrStalled(
    permits: readonly Promise<Release>[],
    endpointIds: readonly string[],
    turnEndsAt: number,
  ): Promise<void> {
    return new Promise((resolve) => {
      const waiting = new Map(endpointIds.entries());
      const end = (): void => {
        clearInterval(timer);
        resolve();
      };
      const look = (): void => {
        const isStalled = (id: string): boolean => limiter.isStalled(id, GIVES_TURN_AFTER_MS);
        if (Date.now() >= turnEndsAt || [...new Set(waiting.values())].every(isStalled)) end();
      };
      // Checked after answers that arrived meanwhile: a busy process delays answers and timers
      // alike.
      const timer = setInterval(() => setImmediate(look), LOOK_EVERY_MS);
      const awaited = permits.map(async (permit, index) => {
        await permit;
        waiting.delete(index);
      });
      void allSettledOrThrow(awaited).then(end, end);
    });
  }

  async function deliverFirst({ batchId, operators }: BatchInput): Promise<DeliveredFirst> {
    // Outcomes of an earlier run may not be written yet; they must be read, not sent again.
    await recorder.ready();
    const startedAt = Date.now();
    const endTurn = await turns.take();
    const result: DeliveredFirst = { delivered: 0, left: 0, endpointsToWake: [] };
    /**
     * Failures in a row per endpoint in this batch; one that trips the breaker gets no more
     * requests from it.
     */
    const failures = new Map<string, number>();

    async function send(due: Delivery, endpoint: SendingEndpoint, permit: Promise<Release>): Promise<void> {
      const release = await permit;
      const hasTripped = isTripped(failures.get(endpoint.id) ?? 0);
      if (release === null || hasTripped) {
        release?.();
        result.left++;
        return;
      }
      const onAnswered = (outcome: AttemptOutcome): void => {
        release();
        if (isDelivered(outcome)) failures.delete(endpoint.id);
        else if (blamesEndpoint(outcome)) failures.set(endpoint.id, (failures.get(endpoint.id) ?? 0) + 1);
      };
      const { state, endpointsToWake } = await attempt(due, endpoint, 'first', { onAnswered });
      if (state === 'delivered') result.delivered++;
      else if (state !== 'gave_up') result.left++;
      result.endpointsToWake.push(...endpointsToWake);
    }

    let sends: Promise<void>[] = [];
    try {
      const all = (
        await allSettledOrThrow(operators.map(({ operatorId }) => readDeliveries(operatorId, batchId)))
      ).flat();
      const turnEndsAt = Date.now() + budgetMs;
      const deadline = endTurn === null ? 0 : startedAt + STARTS_WITHIN_MS;
      const permits = all.map(({ due, endpoint }): Promise<Release> => {
        const mayGo = due.tries === 0 && isSentDirectly(endpoint);
        return mayGo
          ? limiter.acquire(endpoint.id, endpoint.maxInFlight, deadline, stall)
          : Promise.resolve(null);
      });
      sends = all.map(({ due, endpoint }, index) => send(due, endpoint, permits[index]!));
      const endpointIds = all.map(({ endpoint }) => endpoint.id);
      await allStartedOrStalled(permits, endpointIds, turnEndsAt);
    } finally {
      endTurn?.();
      await allSettledOrThrow(sends);
    }
    return result;
  }

  return { deliverFirst: singleFlight(({ batchId }) => batchId, deliverFirst) };
}
