// Temporal as the API uses it: readiness, links into its UI, and signals that follow a change of
// rows. The rows change first, so that a workflow which has ended, or a Temporal that is away,
// fails no request: the sweep starts what is missing.
import type { Client, Connection } from '@temporalio/client';
import type { CancellableJob } from '../domain/jobs.ts';
import type { Logger } from '../log.ts';
import { bestEffort, type BestEffortClient, type WorkflowClient } from '../workflows/client.ts';
import {
  acknowledgeDelivery,
  giveUpDelivery,
  pauseDelivery,
  resumeDelivery,
  takeForRetry,
  type Refused,
} from '../store/delivery/manual-actions.ts';
import type { Pool } from '../store/db/pool.ts';
import { cancelBulkAction } from '../store/delivery/bulk-actions.ts';
import { cancelImport } from '../store/intake/imports.ts';
import { cancelPayoutRun } from '../store/ledger/payout-runs.ts';
import { cancelReplay } from '../store/delivery/replay-steps.ts';

type DeliveryActionResult = { kind: 'done' } | Refused;

export type Temporal = Omit<BestEffortClient, 'rematchOrphans'> & {
  /** Tries a delivery now, by a workflow of its own; joins the attempt that is under way. */
  retryDelivery(operatorId: string, deliveryId: string): Promise<DeliveryActionResult>;
  /** Ends the tries of an unfinished delivery; its successor goes on. */
  giveUpDelivery(operatorId: string, deliveryId: string): Promise<DeliveryActionResult>;
  /**
   * Pauses a delivery that has a workflow of its own, or ends its pause. Others are refused: their
   * endpoint can be paused.
   */
  pauseDelivery(operatorId: string, deliveryId: string): Promise<DeliveryActionResult>;
  resumeDelivery(operatorId: string, deliveryId: string): Promise<DeliveryActionResult>;
  /** Takes a delivery that was given up out of sight. */
  acknowledgeDelivery(operatorId: string, deliveryId: string): Promise<DeliveryActionResult>;
  /**
   * Has an operator's orphans read again within a second. Many calls in a second are one. What
   * Temporal does not take is asked again; the schedule covers a process that ended before.
   */
  rematchSoon(operatorId: string): void;
  isReachable(): Promise<boolean>;
  /** The address of a workflow in the Temporal UI; null where no UI is configured. */
  workflowUrl(workflowId: string): string | null;
  /** The address of a list of workflows there, by a query of Temporal's. */
  workflowsUrl(query: string): string | null;
};

type TemporalDeps = {
  pool: Pool;
  client: Client;
  connection: Connection;
  workflows: WorkflowClient;
  uiUrl: string | undefined;
  log: Logger;
};

const REACHABLE_WITHIN_MS = 1000;
const REACHABLE_KEPT_MS = 2000;
/**
 * While an operator back-fills clicks or coupons, its orphans are read again at most this often.
 */
const REMATCH_EVERY_MS = 1000;
const REMATCH_AGAIN_AT_MOST_MS = 60_000;

type CancelRow = (pool: Pool, operatorId: string, id: string) => Promise<void>;

/** Cancel the row of a job that is not done. */
const CANCEL_ROW: Record<CancellableJob['kind'], CancelRow> = {
  replay: cancelReplay,
  stuckAction: cancelBulkAction,
  payoutRun: cancelPayoutRun,
  import: cancelImport,
};

export function createTemporal(deps: TemporalDeps): Temporal {
  const { pool, client, connection, uiUrl, log } = deps;
  const onError = (error: unknown): void =>
    log.warn({ err: error }, 'Temporal did not take a signal; what is missing is started later');
  const workflows = bestEffort(deps.workflows, onError);
  let checked = { at: 0, isReachable: false };
  const pageOf = (page: string): string | null =>
    uiUrl === undefined
      ? null
      : `${uiUrl}/namespaces/${encodeURIComponent(client.options.namespace)}/workflows${page}`;

  return {
    ...workflows,
    async retryDelivery(operatorId, deliveryId) {
      const taken = await takeForRetry(pool, operatorId, deliveryId);
      if (taken.kind === 'refused') return taken;
      if (taken.kind === 'under_way') return { kind: 'done' };
      if (taken.owner === 'self') await workflows.startDelivery(operatorId, deliveryId, 'retryNow');
      if (taken.owner === 'endpoint' || taken.wasGivenUp)
        await workflows.wakeEndpoint(operatorId, taken.endpointId);
      return { kind: 'done' };
    },
    async pauseDelivery(operatorId, deliveryId) {
      const paused = await pauseDelivery(pool, operatorId, deliveryId, 'paused over the API');
      if (paused.kind === 'done') await workflows.startDelivery(operatorId, deliveryId, 'pause');
      return paused;
    },
    async resumeDelivery(operatorId, deliveryId) {
      const resumed = await resumeDelivery(pool, operatorId, deliveryId);
      if (resumed.kind === 'done') await workflows.startDelivery(operatorId, deliveryId, 'resume');
      return resumed;
    },
    async acknowledgeDelivery(operatorId, deliveryId) {
      const acknowledged = await acknowledgeDelivery(pool, operatorId, deliveryId);
      if (acknowledged.kind === 'refused') return acknowledged;
      await workflows.wakeEndpoint(operatorId, acknowledged.endpointId);
      return { kind: 'done' };
    },
    async giveUpDelivery(operatorId, deliveryId) {
      const given = await giveUpDelivery(pool, operatorId, deliveryId);
      if (given.kind === 'refused') return given;
      if (given.wasOwner === 'self') await workflows.startDelivery(operatorId, deliveryId, 'giveUp');
      for (const { endpointId } of given.endpointsToWake)
        await workflows.wakeEndpoint(operatorId, endpointId);
      return { kind: 'done' };
    },
    async cancelJob(operatorId, job) {
      await CANCEL_ROW[job.kind](pool, operatorId, job.id);
      await workflows.cancelJob(operatorId, job);
    },
    rematchSoon: coalesced(deps.workflows.rematchOrphans, onError),
    async isReachable() {
      if (Date.now() - checked.at > REACHABLE_KEPT_MS) {
        const answer = connection.withDeadline(Date.now() + REACHABLE_WITHIN_MS, () =>
          connection.workflowService.getSystemInfo({}),
        );
        const isReachable = await answer.then(
          () => true,
          () => false,
        );
        checked = { at: Date.now(), isReachable };
      }
      return checked.isReachable;
    },
    workflowUrl: (workflowId) => pageOf(`/${encodeURIComponent(workflowId)}`),
    workflowsUrl: (query) => pageOf(`?query=${encodeURIComponent(query)}`),
  };
}

/**
 * The first call for an operator goes at once; those until a second after it become one call then.
 * One that fails is repeated, ever more rarely, until it succeeds or this process ends.
 */
function coalesced(
  rematch: (operatorId: string) => Promise<void>,
  onError: (error: unknown) => void,
): (operatorId: string) => void {
  const waiting = new Map<string, 'done' | 'again'>();
  async function ask(operatorId: string, pauseMs: number): Promise<void> {
    waiting.set(operatorId, 'done');
    let nextMs = REMATCH_EVERY_MS;
    try {
      await rematch(operatorId);
    } catch (error) {
      onError(error);
      waiting.set(operatorId, 'again');
      nextMs = Math.min(2 * pauseMs, REMATCH_AGAIN_AT_MOST_MS);
    }
    setTimeout(() => {
      const state = waiting.get(operatorId);
      waiting.delete(operatorId);
      if (state === 'again') void ask(operatorId, nextMs);
    }, pauseMs).unref();
  }
  return (operatorId) => {
    if (waiting.has(operatorId)) waiting.set(operatorId, 'again');
    else void ask(operatorId, REMATCH_EVERY_MS);
  };
}
