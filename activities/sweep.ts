// The safety net: whatever a crash, an outage or a lost start left without an owner gets one again. Each run does a bounded amount.
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { newId } from '../ids.ts';
import { conversionsWorkflowId } from '../domain/keys.ts';
import type { Owners } from '../owners.ts';
import type { Pool } from '../store/pool.ts';
import {
  ensurePartitions,
  findForgottenBatches,
  findIdleQueues,
  findIdleSingles,
  findLostEvents,
  findSetAside,
  releaseForgotten,
} from '../store/sweeping.ts';
import { BATCH_AT_MOST, byOperator, TASK_QUEUES, WORKFLOWS, type BatchInput } from '../workflows/contract.ts';
import type { HandOverActivities } from './hand-over.ts';

/** What a run found and gave back. */
export type Swept = { events: number; batches: number; singles: number; queues: number; released: number; setAside: number };

export type SweepActivities = { sweepOnce(): Promise<Swept> };

export type SweepDeps = { pool: Pool; client: Client; owners: Owners; graceMs: number } & HandOverActivities;

const EVENTS_AT_ONCE = 5000;
const OWNERS_AT_ONCE = 200;
const GIVEN_OUT_FOR_MS = 60_000;

/** `graceMs`: how long things may take before they are taken to be forgotten. */
export function createSweep({ pool, client, owners, handOver, graceMs }: SweepDeps): SweepActivities {
  /** When events were given to a batch, so that a batch that takes its time does not get a twin at every run. */
  const givenOut = new Map<string, number>();

  async function restartLostEvents(): Promise<number> {
    for (const [id, at] of givenOut) if (Date.now() - at > GIVEN_OUT_FOR_MS) givenOut.delete(id);
    const lost = (await findLostEvents(pool, graceMs, EVENTS_AT_ONCE)).filter(({ id }) => !givenOut.has(id));
    for (const { id } of lost) givenOut.set(id, Date.now());
    for (let from = 0; from < lost.length; from += BATCH_AT_MOST) {
      const batch: BatchInput = { batchId: newId('bat'), operators: byOperator(lost.slice(from, from + BATCH_AT_MOST)) };
      await client.workflow.start(WORKFLOWS.processConversions, {
        workflowId: conversionsWorkflowId(batch.batchId),
        taskQueue: TASK_QUEUES.batches,
        args: [batch],
      });
    }
    return lost.length;
  }

  /** Takes over from a batch only once Temporal says that its workflow has ended. */
  async function takeOverBatches(): Promise<number> {
    const forgotten = await findForgottenBatches(pool, graceMs, OWNERS_AT_ONCE);
    let taken = 0;
    for (const { operatorId, batchId } of forgotten) {
      if (await isRunning(conversionsWorkflowId(batchId))) continue;
      await handOver({ batchId, operators: [{ operatorId }], endpointsToWake: [], setAside: [] });
      taken++;
    }
    return taken;
  }

  async function isRunning(workflowId: string): Promise<boolean> {
    try {
      const { status } = await client.workflow.getHandle(workflowId).describe();
      return status.name === 'RUNNING' || status.name === 'PAUSED';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  return {
    async sweepOnce() {
      await ensurePartitions(pool);
      const events = await restartLostEvents();
      const batches = await takeOverBatches();
      const released = await releaseForgotten(pool, OWNERS_AT_ONCE);
      const singles = await findIdleSingles(pool, graceMs, OWNERS_AT_ONCE);
      for (const { operatorId, id } of singles) await owners.startDelivery(operatorId, id);
      const queues = await findIdleQueues(pool, graceMs, OWNERS_AT_ONCE);
      for (const { operatorId, id } of queues) await owners.wakeEndpoint(operatorId, id);
      const setAside = await findSetAside(pool, OWNERS_AT_ONCE);
      for (const { operatorId, reason } of setAside) await owners.wakeSetAside(operatorId, reason);
      return { events, batches, singles: singles.length, queues: queues.length, released, setAside: setAside.length };
    },
  };
}
