// Sweep: restarts work that a crash, an outage or a lost start left behind. Each run is bounded.
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { newId } from '../../store/db/ids.ts';
import { conversionsWorkflowId, deliveryWorkflowId, endpointWorkflowId } from '../../domain/keys.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import { findDueAmendments } from '../../store/agreements/amendments-in-force.ts';
import { findOpenRetryRequests } from '../../store/agreements/retry-requests.ts';
import { withTransaction, type Pool } from '../../store/db/pool.ts';
import {
  ensurePartitions,
  findAbandonedBatches,
  findOwingEndpoints,
  findSingles,
  findLostEvents,
  findUnfinishedReratings,
  type Found,
} from '../../store/upkeep/sweep.ts';
import { findRunningJobs } from '../../store/upkeep/running-jobs.ts';
import { addUpStuckCounts } from '../../store/delivery/stuck-counts.ts';
import { findUnfollowed, releaseSuccessors } from '../../store/delivery/succession.ts';
import { findSetAsideReasons } from '../../store/settlement/set-aside.ts';
import { MAX_BATCH_EVENTS, byOperator, type BatchInput } from '../../workflows/contract.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import type { Unhurried } from '../delivery/unhurried.ts';

/** Numbers of restarted items per kind of work. */
export type SweepResult = {
  events: number;
  batches: number;
  /** Owners of deliveries whose workflow did not run, and endpoints whose queue was overdue. */
  missing: number;
  late: number;
  released: number;
  setAside: number;
  jobs: number;
  retries: number;
  reratings: number;
  amendments: number;
};

export type SweepActivities = { sweepOnce(): Promise<SweepResult> };

type SweepDeps = {
  pool: Pool;
  client: Client;
  workflows: WorkflowClient;
  unhurried: Unhurried;
  graceMs: number;
} & HandOverActivities;

const EVENTS_AT_ONCE = 5000;
const COUNTED_AT_ONCE = 20_000;
const COUNTED_RUNS = 10;
const OWNERS_AT_ONCE = 200;
const LISTED_AT_ONCE = 100;
const RESTART_PAUSE_MS = 60_000;
const START_TIMEOUT_MS = 3000;

const START: Found = { operatorId: '', id: '' };

/** A page that is not full was the last. */
function placeAfter(page: readonly Found[]): Found {
  return page.length < OWNERS_AT_ONCE ? START : page.at(-1)!;
}

/** Creates the sweep. `graceMs`: age at which unfinished work counts as abandoned. */
export function createSweep({
  pool,
  client,
  workflows,
  unhurried,
  handOver,
  graceMs,
}: SweepDeps): SweepActivities {
  /** Restart times of events, so that a slow batch does not get a second one at every run. */
  const recentlyStarted = new Map<string, number>();

  async function restartLostEvents(): Promise<number> {
    for (const [id, at] of recentlyStarted)
      if (Date.now() - at > RESTART_PAUSE_MS) recentlyStarted.delete(id);
    const lost = (await findLostEvents(pool, graceMs, EVENTS_AT_ONCE)).filter(
      ({ id }) => !recentlyStarted.has(id),
    );
    for (let from = 0; from < lost.length; from += MAX_BATCH_EVENTS) {
      const events = lost.slice(from, from + MAX_BATCH_EVENTS);
      const batch: BatchInput = { batchId: newId('bat'), operators: byOperator(events) };
      await workflows.startBatch(batch);
      // Only after the start: the next run must find a batch again that could not be started.
      for (const { id } of events) recentlyStarted.set(id, Date.now());
    }
    return lost.length;
  }

  /** Takes deliveries over from a batch only after Temporal reports the end of its workflow. */
  async function takeOverAbandonedBatches(): Promise<number> {
    const forgotten = await findAbandonedBatches(pool, graceMs, OWNERS_AT_ONCE);
    let taken = 0;
    for (const { operatorId, batchId } of forgotten) {
      if (await isRunning(conversionsWorkflowId(batchId))) continue;
      const operators = [{ operatorId }];
      await handOver({ batchId, isTakenOver: true, operators, endpointsToWake: [], setAside: [] });
      taken++;
    }
    return taken;
  }

  /**
   * Releases deliveries whose predecessor is finished. The predecessor does so itself, unless its
   * process died in between.
   */
  async function releaseStalledSuccessors(): Promise<number> {
    const unfollowed = await findUnfollowed(pool, OWNERS_AT_ONCE);
    const released = await withTransaction(pool, (db) => releaseSuccessors(db, unfollowed));
    for (const { operatorId, endpointId } of released) await workflows.wakeEndpoint(operatorId, endpointId);
    return released.length;
  }

  /** Where the next look for owners begins. */
  const places = { singles: START, endpoints: START };

  /**
   * Starts the workflows of owners that should have one, whenever their next try is due: somebody
   * may have terminated it. Wakes those of endpoints whose queue is overdue. Each run looks at the
   * next owners, and begins again at the end.
   */
  async function lookAfterOwners(): Promise<{ missing: number; late: number }> {
    const singles = await findSingles(pool, places.singles, OWNERS_AT_ONCE);
    places.singles = placeAfter(singles);
    const endpoints = await findOwingEndpoints(pool, places.endpoints, graceMs, OWNERS_AT_ONCE);
    places.endpoints = placeAfter(endpoints);
    const late = endpoints.filter(({ isLate }) => isLate);
    for (const { operatorId, id } of late) await workflows.wakeEndpoint(operatorId, id);
    const owners = [
      ...singles.map(({ operatorId, id }) => {
        const start = () => workflows.startDelivery(operatorId, id);
        return { operatorId, workflowId: deliveryWorkflowId(id), start };
      }),
      ...endpoints.flatMap(({ operatorId, id, isLate }) => {
        const start = () => workflows.startEndpoint(operatorId, id);
        return isLate ? [] : [{ operatorId, workflowId: endpointWorkflowId(id), start }];
      }),
    ];
    const running = await runningAmong(owners.map(({ workflowId }) => workflowId));
    const missing = owners.filter(({ workflowId }) => !running.has(workflowId));
    await Promise.all(
      missing.map(({ operatorId, workflowId, start }) => unhurried(operatorId, workflowId, start)),
    );
    return { missing: missing.length, late: late.length };
  }

  /** Of these workflows those that the list shows as running. It is a second behind at most. */
  async function runningAmong(workflowIds: readonly string[]): Promise<Set<string>> {
    const running = new Set<string>();
    for (let from = 0; from < workflowIds.length; from += LISTED_AT_ONCE) {
      const ids = workflowIds.slice(from, from + LISTED_AT_ONCE).map((id) => `'${id}'`);
      const query = `ExecutionStatus = 'Running' AND WorkflowId IN (${ids.join(', ')})`;
      await client.withDeadline(Date.now() + START_TIMEOUT_MS, async () => {
        for await (const { workflowId } of client.workflow.list({ query })) running.add(workflowId);
      });
    }
    return running;
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
      for (let run = 0; run < COUNTED_RUNS; run++)
        if ((await addUpStuckCounts(pool, COUNTED_AT_ONCE)) < COUNTED_AT_ONCE) break;
      const events = await restartLostEvents();
      const batches = await takeOverAbandonedBatches();
      const released = await releaseStalledSuccessors();
      const owners = await lookAfterOwners();
      const jobs = await findRunningJobs(pool, OWNERS_AT_ONCE);
      for (const { operatorId, ...job } of jobs) await workflows.startJob(operatorId, job);
      const setAside = await findSetAsideReasons(pool, OWNERS_AT_ONCE);
      // A wake is history: only what changed is shown again.
      for (const { operatorId, reason, isChanged } of setAside)
        await (isChanged
          ? workflows.wakeSetAside(operatorId, reason)
          : workflows.startSetAside(operatorId, reason));
      const retries = await findOpenRetryRequests(pool, OWNERS_AT_ONCE);
      for (const { operatorId, reason } of retries) await workflows.retrySetAside(operatorId, [reason]);
      const reratings = await findUnfinishedReratings(pool, OWNERS_AT_ONCE);
      for (const { operatorId, dealId, version } of reratings)
        await workflows.startRerating(operatorId, dealId, version);
      const amending = await findDueAmendments(pool, OWNERS_AT_ONCE);
      for (const operatorId of amending) await workflows.applyAmendments(operatorId);
      const agreed = { retries: retries.length, reratings: reratings.length, amendments: amending.length };
      const counts = { jobs: jobs.length, setAside: setAside.length };
      return { events, batches, released, ...owners, ...counts, ...agreed };
    },
  };
}
