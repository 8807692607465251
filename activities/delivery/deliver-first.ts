// The first attempts of a batch's postbacks, side by side, within a time budget: a slow endpoint must not hold up the batch.
import { isSentDirectly, isTripped } from '../../domain/delivery/breaker.ts';
import { blamesEndpoint, isDelivered, type Outcome } from '../../domain/delivery/retry.ts';
import type { Pool } from '../../store/db/pool.ts';
import {
  readBatchDeliveries,
  readSendingEndpoints,
  type Due,
  type SendingEndpoint,
} from '../../store/delivery/deliveries.ts';
import type { EndpointInput, BatchInput } from '../../workflows/contract.ts';
import type { Attempt } from './attempt.ts';
import type { Hanging, InFlight } from './concurrency-limiter.ts';
import type { Recorder } from './recorder.ts';
import { allSettledOrThrow, singleFlight } from '../single-flight.ts';

/** How the first attempts went. `left` must be handed over: failed, now or in an earlier run, or not reached in time. */
export type DeliveredFirst = { delivered: number; left: number; endpointsToWake: EndpointInput[] };

export type DeliverFirstActivities = { deliverFirst(batch: BatchInput): Promise<DeliveredFirst> };

export type DeliverFirstDeps = {
  pool: Pool;
  attempt: Attempt;
  inFlight: InFlight;
  recorder: Recorder;
  budgetMs: number;
};

/** Batches of a process that start requests side by side; each has its whole budget once it is its turn, however busy the machine is. */
const BATCHES_AT_ONCE = 2;
/** A batch that waits longer for its turn sends what finds a free place at once, and leaves the rest to the queues. */
const TURN_WITHIN_MS = 8000;

/** An endpoint all of whose places were taken for so long without an answer is not waited for: the rest goes to its queue. */
const HANGS_AFTER_MS = 500;

/** A batch that waits only for endpoints where nothing moved for so long gives its turn to the next. */
const STILL_AFTER_MS = 100;
const LOOK_EVERY_MS = 25;

type Release = (() => void) | null;

/** Running it again sends only what has no recorded attempt yet, or joins a run that still goes on. Throws when PostgreSQL is away; nothing is sent then. */
export function createDeliverFirst({
  pool,
  attempt,
  inFlight,
  recorder,
  budgetMs,
}: DeliverFirstDeps): DeliverFirstActivities {
  /** While outcomes cannot be written, nobody sends and so nobody answers. */
  const hanging: Hanging = { afterMs: HANGS_AFTER_MS, isOurDoing: () => recorder.isBlocked() };

  /** What an operator's part of the batch has to send, each with the endpoint it goes to. */
  async function readDue(
    operatorId: string,
    batchId: string,
  ): Promise<{ due: Due; endpoint: SendingEndpoint }[]> {
    const rows = await readBatchDeliveries(pool, operatorId, batchId);
    const endpointIds = [...new Set(rows.map(({ endpointId }) => endpointId))];
    const endpoints = new Map(
      (await readSendingEndpoints(pool, operatorId, endpointIds)).map((endpoint) => [endpoint.id, endpoint]),
    );
    return rows.map((due) => ({ due, endpoint: endpoints.get(due.endpointId)! }));
  }

  /** Resolves when all have their place or were refused one, or when those that wait do so for endpoints where nothing moves. */
  function placedOrStill(places: readonly Promise<Release>[], endpointIds: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const waiting = new Map(endpointIds.entries());
      const end = (): void => {
        clearInterval(timer);
        resolve();
      };
      const look = (): void => {
        if ([...new Set(waiting.values())].every((id) => inFlight.isStill(id, STILL_AFTER_MS))) end();
      };
      // Looked at after what has arrived meanwhile: being busy ourselves delays answers and timers alike.
      const timer = setInterval(() => setImmediate(look), LOOK_EVERY_MS);
      const awaited = places.map(async (place, index) => {
        await place;
        waiting.delete(index);
      });
      void allSettledOrThrow(awaited).then(end, end);
    });
  }

  async function deliverFirst({ batchId, operators }: BatchInput): Promise<DeliveredFirst> {
    // An earlier run's outcomes may still be on their way to the database; what they say must be read, not sent again.
    await recorder.ready();
    const endTurn = await inFlight.enter('batches', BATCHES_AT_ONCE, Date.now() + TURN_WITHIN_MS);
    const result: DeliveredFirst = { delivered: 0, left: 0, endpointsToWake: [] };
    /** Failures in a row that this batch met; an endpoint that goes down in the middle of it gets no more from it. */
    const failures = new Map<string, number>();

    async function send(due: Due, endpoint: SendingEndpoint, place: Promise<Release>): Promise<void> {
      const release = await place;
      const hasTripped = isTripped(failures.get(endpoint.id) ?? 0);
      if (release === null || hasTripped) {
        release?.();
        result.left++;
        return;
      }
      const onAnswered = (outcome: Outcome): void => {
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
        await allSettledOrThrow(operators.map(({ operatorId }) => readDue(operatorId, batchId)))
      ).flat();
      const deadline = endTurn === null ? 0 : Date.now() + budgetMs;
      const places = all.map(({ due, endpoint }): Promise<Release> => {
        const mayGo = due.tries === 0 && isSentDirectly(endpoint);
        return mayGo
          ? inFlight.enter(endpoint.id, endpoint.maxInFlight, deadline, hanging)
          : Promise.resolve(null);
      });
      sends = all.map(({ due, endpoint }, index) => send(due, endpoint, places[index]!));
      const endpointIds = all.map(({ endpoint }) => endpoint.id);
      await placedOrStill(places, endpointIds);
    } finally {
      endTurn?.();
      await allSettledOrThrow(sends);
    }
    return result;
  }

  return { deliverFirst: singleFlight(({ batchId }) => batchId, deliverFirst) };
}
