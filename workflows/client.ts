// Temporal client: starts and signals workflows for batches, deliveries, endpoints, jobs, events
// set aside and housekeeping. Starting a running workflow changes nothing, so batches, the API and
// the sweep call the same functions.
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import {
  amendmentsWorkflowId,
  conversionsWorkflowId,
  deliveryWorkflowId,
  endpointWorkflowId,
  periodWorkflowId,
  rematchWorkflowId,
  rerateWorkflowId,
} from '../domain/keys.ts';
import { pageIn } from '../domain/console-pages.ts';
import type { CancellableJob, Job } from '../domain/jobs.ts';
import { SIGNALS, TASK_QUEUES, WORKFLOWS, type BatchInput, type TraceBatch } from './contract.ts';
import {
  fairnessOf,
  jobWorkflow,
  setAsideOptions,
  upkeepOptions,
  type StartOptions,
} from './start-options.ts';

const CALL_TIMEOUT_MS = 3000;

type DeliverySignal = 'retryNow' | 'giveUp' | 'pause' | 'resume';

/** Every call rejects when Temporal does not answer within the client's time limit. */
export type WorkflowClient = {
  /**
   * Starts `deliverPostback` of one delivery unless it runs; `signal` reaches the workflow either
   * way.
   */
  startDelivery(operatorId: string, deliveryId: string, signal?: DeliverySignal): Promise<void>;
  /**
   * Starts `drainEndpoint` unless it runs, and makes it read its queue again. Call only after the
   * commit that filled the queue. `switched`: the endpoint's state changed; the workflow then reads
   * the row at once, even while it waits for a probe.
   */
  wakeEndpoint(operatorId: string, endpointId: string, signal?: 'wake' | 'switched'): Promise<void>;
  wakeEndpoints(operatorId: string, endpointIds: readonly string[]): Promise<void>;
  /** Starts `drainEndpoint` unless it runs; sends no signal. */
  startEndpoint(operatorId: string, endpointId: string): Promise<void>;
  /** Starts the workflow of a job, unless it runs. */
  startJob(operatorId: string, job: Job): Promise<void>;
  /** Tells the workflow of a job that its row was cancelled. */
  cancelJob(operatorId: string, job: CancellableJob): Promise<void>;
  /** Starts `processConversions`, and waits for its end at most so long (default: not at all). */
  startBatch(batch: BatchInput, waitMs?: number): Promise<void>;
  /** Starts `settleSetAside` of one reason unless it runs; sends no signal. */
  startSetAside(operatorId: string, reason: string): Promise<void>;
  /**
   * Starts `settleSetAside` of one reason unless it runs, and makes it count its events again. The
   * sweep alone calls this, once its events differ from those it shows.
   */
  wakeSetAside(operatorId: string, reason: string): Promise<void>;
  /** Makes `settleSetAside` of each reason settle its events again. */
  retrySetAside(operatorId: string, reasons: readonly string[]): Promise<void>;
  /** Starts `rerateDeal` for a deal version. Call only after the commit that marked the version. */
  startRerating(operatorId: string, dealId: string, version: number): Promise<void>;
  /** Makes `applyAmendments` apply an operator's amendments. Call only after their commit. */
  applyAmendments(operatorId: string): Promise<void>;
  /**
   * Makes `rematchOrphans` match an operator's orphans again. Call only after the commit of the new
   * evidence.
   */
  rematchOrphans(operatorId: string): Promise<void>;
  /** Starts `closePeriod` for a month unless it runs; returns whether this call started it. */
  closePeriod(operatorId: string, period: string): Promise<boolean>;
};

/** `WorkflowClient` for callers with committed work: no call rejects. */
export type BestEffortClient = {
  [Call in keyof WorkflowClient]: (...args: Parameters<WorkflowClient[Call]>) => Promise<void>;
};

/**
 * Reports failures to `onError`. The sweep later starts the workflows that failed calls did not.
 */
export function bestEffort(client: WorkflowClient, onError: (error: unknown) => void): BestEffortClient {
  const calls = Object.entries(client) as [string, (...args: unknown[]) => Promise<unknown>][];
  const tolerant = calls.map(([name, call]) => [
    name,
    async (...args: unknown[]) => void (await call(...args).catch(onError)),
  ]);
  return Object.fromEntries(tolerant) as BestEffortClient;
}

/**
 * Reads what a workflow is about, in the words of people; null where there is no such row. A
 * workflow whose summary cannot be read is called by its id.
 */
export type Summaries = {
  delivery(operatorId: string, deliveryId: string): Promise<string | null>;
  endpoint(operatorId: string, endpointId: string): Promise<string | null>;
};

type WorkflowClientOptions = {
  callTimeoutMs?: number;
  summaries?: Summaries;
  consoleUrl?: string;
  traceBatch?: TraceBatch | undefined;
};

const NO_SUMMARIES: Summaries = { delivery: async () => null, endpoint: async () => null };

/**
 * `callTimeoutMs`: after this time without an answer from Temporal a call rejects. `consoleUrl`:
 * the details of workflows lead to their pages there.
 */
export function createWorkflowClient(
  client: Client,
  {
    callTimeoutMs = CALL_TIMEOUT_MS,
    summaries = NO_SUMMARIES,
    consoleUrl,
    traceBatch,
  }: WorkflowClientOptions = {},
): WorkflowClient {
  const bounded = <T>(call: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + callTimeoutMs, call);

  /** Set when a workflow starts, so that no replay is concerned. */
  const linked = (options: StartOptions): StartOptions => {
    const page = consoleUrl === undefined ? null : pageIn(options.workflowId);
    return page === null ? options : { ...options, staticDetails: `[In the console](${consoleUrl}${page})` };
  };

  /** Returns whether this call started the workflow; a running workflow is left alone. */
  async function start(type: string, options: StartOptions): Promise<boolean> {
    try {
      await bounded(() => client.workflow.start(type, linked(options)));
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return false;
    }
  }

  async function signal(type: string, options: StartOptions, name: keyof typeof SIGNALS): Promise<void> {
    await bounded(() => client.workflow.signalWithStart(type, { ...linked(options), signal: SIGNALS[name] }));
  }

  async function endpointOptions(operatorId: string, endpointId: string): Promise<StartOptions> {
    const receiver = await summaries.endpoint(operatorId, endpointId).catch(() => null);
    const summary = `postbacks to ${receiver ?? endpointId}`;
    return upkeepOptions(endpointWorkflowId(endpointId), { operatorId, endpointId }, summary);
  }

  const wakeEndpoint: WorkflowClient['wakeEndpoint'] = async (operatorId, endpointId, name = 'wake') =>
    signal(WORKFLOWS.drainEndpoint, await endpointOptions(operatorId, endpointId), name);

  return {
    async startDelivery(operatorId, deliveryId, name) {
      const summary = await summaries.delivery(operatorId, deliveryId).catch(() => null);
      const options = {
        workflowId: deliveryWorkflowId(deliveryId),
        taskQueue: TASK_QUEUES.attempts,
        args: [{ operatorId, deliveryId }],
        staticSummary: summary ?? `postback ${deliveryId}`,
        ...fairnessOf(operatorId),
      };
      await (name
        ? signal(WORKFLOWS.deliverPostback, options, name)
        : start(WORKFLOWS.deliverPostback, options));
    },
    wakeEndpoint,
    async wakeEndpoints(operatorId, endpointIds) {
      await Promise.all(endpointIds.map((endpointId) => wakeEndpoint(operatorId, endpointId)));
    },
    async startEndpoint(operatorId, endpointId) {
      await start(WORKFLOWS.drainEndpoint, await endpointOptions(operatorId, endpointId));
    },
    async startJob(operatorId, job) {
      const { workflow, options } = jobWorkflow(operatorId, job);
      await start(workflow, options);
    },
    async cancelJob(operatorId, job) {
      const { workflow, options } = jobWorkflow(operatorId, job);
      await signal(workflow, options, 'cancel');
    },
    async startBatch(batch, waitMs = 0) {
      const traced = traceBatch?.(batch);
      const options = {
        workflowId: conversionsWorkflowId(batch.batchId),
        taskQueue: TASK_QUEUES.batches,
        args: [traced?.batch ?? batch],
      };
      const handle = await bounded(() => client.workflow.start(WORKFLOWS.processConversions, options));
      if (traced)
        void handle.result().then(
          () => traced.end(true),
          () => traced.end(false),
        );
      if (waitMs > 0) await Promise.race([handle.result().catch(() => {}), pause(waitMs)]);
    },
    async startSetAside(operatorId, reason) {
      await start(WORKFLOWS.settleSetAside, setAsideOptions(operatorId, reason));
    },
    wakeSetAside: (operatorId, reason) =>
      signal(WORKFLOWS.settleSetAside, setAsideOptions(operatorId, reason), 'wake'),
    async retrySetAside(operatorId, reasons) {
      const retry = (reason: string) =>
        signal(WORKFLOWS.settleSetAside, setAsideOptions(operatorId, reason), 'retry');
      await Promise.all(reasons.map(retry));
    },
    async startRerating(operatorId, dealId, version) {
      const summary = `conversions of ${operatorId} rated again by version ${version} of ${dealId}`;
      const input = { operatorId, dealId, version };
      await start(WORKFLOWS.rerateDeal, upkeepOptions(rerateWorkflowId(dealId, version), input, summary));
    },
    async applyAmendments(operatorId) {
      const summary = `amendments of ${operatorId}`;
      const options = upkeepOptions(amendmentsWorkflowId(operatorId), { operatorId }, summary);
      await signal(WORKFLOWS.applyAmendments, options, 'wake');
    },
    async rematchOrphans(operatorId) {
      const summary = `orphans of ${operatorId}: new evidence`;
      const options = upkeepOptions(rematchWorkflowId(operatorId), { operatorId }, summary);
      await signal(WORKFLOWS.rematchOrphans, options, 'wake');
    },
    closePeriod(operatorId, period) {
      const workflowId = periodWorkflowId(operatorId, period);
      return start(
        WORKFLOWS.closePeriod,
        upkeepOptions(workflowId, { operatorId, period }, `closing ${period}`),
      );
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
