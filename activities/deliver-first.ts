// The first attempts of a batch's postbacks, side by side, within a time budget: a slow endpoint must not hold up the batch.
import type { Pool } from '../store/pool.ts';
import { readBatchDeliveries, readSendingEndpoints, type Due, type SendingEndpoint } from '../store/deliveries.ts';
import type { BatchInput } from '../workflows/contract.ts';
import type { Attempt } from './attempt.ts';
import type { InFlight } from './in-flight.ts';
import type { Recorder } from './recorder.ts';
import { allDone, joined } from './side-by-side.ts';

/** How the first attempts went. `left` must be handed over: failed, now or in an earlier run, or not reached in time. */
export type DeliveredFirst = { delivered: number; left: number; endpointsToWake: { operatorId: string; endpointId: string }[] };

export type DeliverFirstActivities = { deliverFirst(batch: BatchInput): Promise<DeliveredFirst> };

export type DeliverFirstDeps = { pool: Pool; attempt: Attempt; inFlight: InFlight; recorder: Recorder; budgetMs: number };

/** Running it again sends only what has no recorded attempt yet, or joins a run that still goes on. Throws when PostgreSQL is away; nothing is sent then. */
export function createDeliverFirst({ pool, attempt, inFlight, recorder, budgetMs }: DeliverFirstDeps): DeliverFirstActivities {
  async function deliverFirst({ batchId, operators }: BatchInput): Promise<DeliveredFirst> {
    // An earlier run's outcomes may still be on their way to the database; what they say must be read, not sent again.
    await recorder.ready();
    const deadline = Date.now() + budgetMs;
    const result: DeliveredFirst = { delivered: 0, left: 0, endpointsToWake: [] };

    async function sendAll(operatorId: string): Promise<void> {
      const due = await readBatchDeliveries(pool, operatorId, batchId);
      const endpointIds = [...new Set(due.map(({ endpointId }) => endpointId))];
      const endpoints = new Map(
        (await readSendingEndpoints(pool, operatorId, endpointIds)).map((endpoint) => [endpoint.id, endpoint]),
      );
      await allDone(due.map((one) => sendOne(one, endpoints.get(one.endpointId)!)));
    }

    async function sendOne(due: Due, endpoint: SendingEndpoint): Promise<void> {
      const mayGo = due.tries === 0 && endpoint.state === 'active';
      const release = mayGo ? await inFlight.enter(endpoint.id, endpoint.maxInFlight, deadline) : null;
      if (release === null) {
        result.left++;
        return;
      }
      const { state, endpointsToWake } = await attempt(due, endpoint, 'first', { onAnswered: release });
      if (state === 'delivered') result.delivered++;
      else if (state !== 'gave_up') result.left++;
      result.endpointsToWake.push(...endpointsToWake);
    }

    await allDone(operators.map(({ operatorId }) => sendAll(operatorId)));
    return result;
  }

  return { deliverFirst: joined(({ batchId }) => batchId, deliverFirst) };
}
