// Starts the workflows that own postbacks and events in trouble. Starting one is idempotent, so hand-over, buttons and sweep all come here.
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

export type Owners = {
  /** Makes sure the postback's own workflow runs; with a signal, that it hears it. */
  startDelivery(operatorId: string, deliveryId: string, signal?: 'retryNow' | 'giveUp'): Promise<void>;
  /**
   * Makes sure the endpoint's workflow runs and looks at its queue again. Only after the commit that filled the queue. `switched`: its row was
   * switched, so it looks at once, also where it was down.
   */
  wakeEndpoint(operatorId: string, endpointId: string, signal?: 'wake' | 'switched'): Promise<void>;
  /** Makes sure the endpoint's workflow runs, and leaves one that runs in peace. */
  startEndpoint(operatorId: string, endpointId: string): Promise<void>;
  /** Makes sure the replay's workflow runs. */
  startReplay(operatorId: string, replayId: string): Promise<void>;
  /** Makes the replay's workflow see that it was cancelled. */
  cancelReplay(operatorId: string, replayId: string): Promise<void>;
  /** Makes sure that events set aside for a reason are in plain sight; with `retry`, that they are settled again. */
  wakeSetAside(operatorId: string, reason: string, signal?: 'wake' | 'retry'): Promise<void>;
  /** Makes sure that what a deal version left to be rated again is. Only after the commit that marked it. */
  startRerating(operatorId: string, dealId: string, version: number): Promise<void>;
  /** Has an operator's amendments booked. Only after the commit that kept them. */
  wakeAmendments(operatorId: string): Promise<void>;
  /** Has an operator's orphans looked through again, after evidence for some of them was committed. */
  wakeRematch(operatorId: string): Promise<void>;
  /** Makes sure that a month of an operator's books is being closed; whether that began now. */
  closePeriod(operatorId: string, period: string): Promise<boolean>;
};

/** `callAtMostMs`: how long a call waits for Temporal before it fails. */
export function createOwners(client: Client, callAtMostMs = CALL_AT_MOST_MS): Owners {
  const bounded = <T>(call: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + callAtMostMs, call);

  /** Whether it was started now; one that is running is left in peace. */
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
    wakeEndpoint: (operatorId, endpointId, name = 'wake') =>
      signal(WORKFLOWS.drainEndpoint, endpointOptions(operatorId, endpointId), name),
    async startEndpoint(operatorId, endpointId) {
      await start(WORKFLOWS.drainEndpoint, endpointOptions(operatorId, endpointId));
    },
    async startReplay(operatorId, replayId) {
      await start(WORKFLOWS.replayPostbacks, replayOptions(operatorId, replayId));
    },
    cancelReplay: (operatorId, replayId) =>
      signal(WORKFLOWS.replayPostbacks, replayOptions(operatorId, replayId), 'cancel'),
    async wakeSetAside(operatorId, reason, name = 'wake') {
      const options = {
        workflowId: setAsideWorkflowId(operatorId, reason),
        taskQueue: TASK_QUEUES.upkeep,
        args: [{ operatorId, reason }],
        staticSummary: `events set aside: ${reason}`,
        ...fairTo(operatorId),
      };
      await signal(WORKFLOWS.settleSetAside, options, name);
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
    async wakeAmendments(operatorId) {
      const options = {
        workflowId: amendmentsWorkflowId(operatorId),
        taskQueue: TASK_QUEUES.upkeep,
        args: [{ operatorId }],
        staticSummary: `amendments of ${operatorId}`,
        ...fairTo(operatorId),
      };
      await signal(WORKFLOWS.applyAmendments, options, 'wake');
    },
    async wakeRematch(operatorId) {
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

/** Temporal gives waiting tasks out in turn by this key, so that an operator with much trouble does not keep the others waiting. */
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
