// Temporal client of Postrider: starts and signals the workflows that own postbacks, events set aside and housekeeping. Starting a
// workflow that runs changes nothing, so the hand-over, the API and the sweep all call the same functions.
import {
  WorkflowExecutionAlreadyStartedError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client';
import {
  amendmentsWorkflowId,
  deliveryWorkflowId,
  endpointWorkflowId,
  periodWorkflowId,
  rematchWorkflowId,
  replayWorkflowId,
  rerateWorkflowId,
  setAsideWorkflowId,
} from '../domain/keys.ts';
import { SIGNALS, TASK_QUEUES, WORKFLOWS } from './contract.ts';

const CALL_AT_MOST_MS = 3000;

/** Every call rejects when Temporal does not answer within the client's time limit. */
export type WorkflowClient = {
  /** Starts `deliverPostback` of one delivery, unless it runs; `signal` is delivered to it either way. */
  startDelivery(operatorId: string, deliveryId: string, signal?: 'retryNow' | 'giveUp'): Promise<void>;
  /**
   * Starts `drainEndpoint`, unless it runs, and has it read its queue again. To be called only after the commit that filled the
   * queue. `switched` says that the endpoint's row was switched: the workflow then reads it at once, also while it waits for a probe.
   */
  wakeEndpoint(operatorId: string, endpointId: string, signal?: 'wake' | 'switched'): Promise<void>;
  wakeEndpoints(operatorId: string, endpointIds: readonly string[]): Promise<void>;
  /** Starts `drainEndpoint`, unless it runs; a running one is not signalled. */
  startEndpoint(operatorId: string, endpointId: string): Promise<void>;
  /** Starts `replayPostbacks`, unless it runs. */
  startReplay(operatorId: string, replayId: string): Promise<void>;
  /** Signals `replayPostbacks` that its row was cancelled. */
  cancelReplay(operatorId: string, replayId: string): Promise<void>;
  /** Starts `settleSetAside` of one reason, unless it runs, and has it count its events again. */
  wakeSetAside(operatorId: string, reason: string): Promise<void>;
  /** The same for several reasons; each workflow settles its events again. */
  retrySetAside(operatorId: string, reasons: readonly string[]): Promise<void>;
  /** Starts `rerateDeal` of a deal version. To be called only after the commit that marked the version. */
  startRerating(operatorId: string, dealId: string, version: number): Promise<void>;
  /** Has `applyAmendments` book an operator's amendments. To be called only after the commit that kept them. */
  applyAmendments(operatorId: string): Promise<void>;
  /** Has `rematchOrphans` read an operator's orphans again. To be called only after the commit of the new evidence. */
  rematchOrphans(operatorId: string): Promise<void>;
  /** Starts `closePeriod` of a month, unless it runs; returns whether it was started by this call. */
  closePeriod(operatorId: string, period: string): Promise<boolean>;
};

/** `WorkflowClient` for callers whose work is committed already: no call rejects. */
export type BestEffortClient = {
  [Call in keyof WorkflowClient]: (...args: Parameters<WorkflowClient[Call]>) => Promise<void>;
};

/** Failures go to `onError`; the sweep starts later what a failed call did not. */
export function bestEffort(client: WorkflowClient, onError: (error: unknown) => void): BestEffortClient {
  const calls = Object.entries(client) as [string, (...args: unknown[]) => Promise<unknown>][];
  const tolerant = calls.map(([name, call]) => [
    name,
    async (...args: unknown[]) => void (await call(...args).catch(onError)),
  ]);
  return Object.fromEntries(tolerant) as BestEffortClient;
}

/** `callAtMostMs`: how long a call waits for Temporal before it rejects. */
export function createWorkflowClient(client: Client, callAtMostMs = CALL_AT_MOST_MS): WorkflowClient {
  const bounded = <T>(call: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + callAtMostMs, call);

  /** Returns whether the workflow was started by this call; a running one is left alone. */
  async function start(type: string, options: Options): Promise<boolean> {
    try {
      await bounded(() => client.workflow.start(type, options));
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return false;
    }
  }

  async function signal(type: string, options: Options, name: keyof typeof SIGNALS): Promise<void> {
    await bounded(() => client.workflow.signalWithStart(type, { ...options, signal: SIGNALS[name] }));
  }

  const wakeEndpoint: WorkflowClient['wakeEndpoint'] = (operatorId, endpointId, name = 'wake') =>
    signal(WORKFLOWS.drainEndpoint, endpointOptions(operatorId, endpointId), name);

  return {
    async startDelivery(operatorId, deliveryId, name) {
      const options = {
        workflowId: deliveryWorkflowId(deliveryId),
        taskQueue: TASK_QUEUES.attempts,
        args: [{ operatorId, deliveryId }],
        staticSummary: `postback ${deliveryId}`,
        ...fairTo(operatorId),
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
      await start(WORKFLOWS.drainEndpoint, endpointOptions(operatorId, endpointId));
    },
    async startReplay(operatorId, replayId) {
      await start(WORKFLOWS.replayPostbacks, replayOptions(operatorId, replayId));
    },
    cancelReplay: (operatorId, replayId) =>
      signal(WORKFLOWS.replayPostbacks, replayOptions(operatorId, replayId), 'cancel'),
    wakeSetAside: (operatorId, reason) =>
      signal(WORKFLOWS.settleSetAside, setAsideOptions(operatorId, reason), 'wake'),
    async retrySetAside(operatorId, reasons) {
      const retry = (reason: string) =>
        signal(WORKFLOWS.settleSetAside, setAsideOptions(operatorId, reason), 'retry');
      await Promise.all(reasons.map(retry));
    },
    async startRerating(operatorId, dealId, version) {
      await start(WORKFLOWS.rerateDeal, {
        workflowId: rerateWorkflowId(dealId, version),
        taskQueue: TASK_QUEUES.upkeep,
        args: [{ operatorId, dealId, version }],
        staticSummary: `conversions of ${operatorId} rated again by version ${version} of ${dealId}`,
        ...fairTo(operatorId),
      });
    },
    async applyAmendments(operatorId) {
      const options = {
        workflowId: amendmentsWorkflowId(operatorId),
        taskQueue: TASK_QUEUES.upkeep,
        args: [{ operatorId }],
        staticSummary: `amendments of ${operatorId}`,
        ...fairTo(operatorId),
      };
      await signal(WORKFLOWS.applyAmendments, options, 'wake');
    },
    async rematchOrphans(operatorId) {
      const options = {
        workflowId: rematchWorkflowId(operatorId),
        taskQueue: TASK_QUEUES.upkeep,
        args: [{ operatorId }],
        staticSummary: `orphans of ${operatorId}: new evidence`,
        ...fairTo(operatorId),
      };
      await signal(WORKFLOWS.rematchOrphans, options, 'wake');
    },
    closePeriod(operatorId, period) {
      const options = {
        workflowId: periodWorkflowId(operatorId, period),
        taskQueue: TASK_QUEUES.upkeep,
        args: [{ operatorId, period }],
        staticSummary: `closing ${period}`,
        ...fairTo(operatorId),
      };
      return start(WORKFLOWS.closePeriod, options);
    },
  };
}

type Options = Pick<WorkflowStartOptions, 'taskQueue' | 'args' | 'priority' | 'staticSummary'> & {
  workflowId: string;
};

/** Temporal hands out waiting tasks in turn by this key, so that an operator with many does not delay the others. */
const fairTo = (operatorId: string) => ({ priority: { fairnessKey: operatorId } });

function endpointOptions(operatorId: string, endpointId: string): Options {
  return {
    workflowId: endpointWorkflowId(endpointId),
    taskQueue: TASK_QUEUES.upkeep,
    args: [{ operatorId, endpointId }],
    staticSummary: `postbacks waiting for endpoint ${endpointId}`,
    ...fairTo(operatorId),
  };
}

function replayOptions(operatorId: string, replayId: string): Options {
  return {
    workflowId: replayWorkflowId(replayId),
    taskQueue: TASK_QUEUES.upkeep,
    args: [{ operatorId, replayId }],
    staticSummary: `replay ${replayId}`,
    ...fairTo(operatorId),
  };
}

function setAsideOptions(operatorId: string, reason: string): Options {
  return {
    workflowId: setAsideWorkflowId(operatorId, reason),
    taskQueue: TASK_QUEUES.upkeep,
    args: [{ operatorId, reason }],
    staticSummary: `events set aside: ${reason}`,
    ...fairTo(operatorId),
  };
}
