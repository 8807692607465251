// Starts the workflows that own postbacks and events in trouble. Starting one is idempotent, so hand-over, buttons and sweep all come here.
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import {
  deliveryWorkflowId,
  endpointWorkflowId,
  periodWorkflowId,
  rematchWorkflowId,
  setAsideWorkflowId,
} from './domain/keys.ts';
import { SIGNALS, TASK_QUEUES, WORKFLOWS } from './workflows/contract.ts';

/** What workflow starts need of Temporal; calls wait at most this long. */
const CALL_AT_MOST_MS = 3000;

export type Owners = {
  /** Makes sure the postback's own workflow runs; with a signal, that it hears it. */
  startDelivery(operatorId: string, deliveryId: string, signal?: 'retryNow' | 'giveUp'): Promise<void>;
  /**
   * Makes sure the endpoint's workflow runs and looks at its queue again. Only after the commit that filled the queue.
   * `resume` also makes it active and tries at once where it was failing.
   */
  wakeEndpoint(operatorId: string, endpointId: string, signal?: 'wake' | 'resume'): Promise<void>;
  /** Makes sure that events set aside for a reason are in plain sight. */
  wakeSetAside(operatorId: string, reason: string): Promise<void>;
  /** Has an operator's orphans looked through again, after evidence for some of them was committed. */
  wakeRematch(operatorId: string): Promise<void>;
  /** Makes sure that a month of an operator's books is being closed; whether that began now. */
  closePeriod(operatorId: string, period: string): Promise<boolean>;
};

export function createOwners(client: Client): Owners {
  const bounded = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_AT_MOST_MS, call);
  const unlessRunning = async (start: () => Promise<unknown>): Promise<boolean> => {
    try {
      await bounded(start);
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return false;
    }
  };
  return {
    async startDelivery(operatorId, deliveryId, signal) {
      const options = {
        workflowId: deliveryWorkflowId(deliveryId),
        taskQueue: TASK_QUEUES.attempts,
        args: [{ operatorId, deliveryId }],
        staticSummary: `postback ${deliveryId}`,
      };
      if (signal) {
        await bounded(() => client.workflow.signalWithStart(WORKFLOWS.deliverPostback, { ...options, signal: SIGNALS[signal] }));
        return;
      }
      await unlessRunning(() => client.workflow.start(WORKFLOWS.deliverPostback, options));
    },
    async wakeEndpoint(operatorId, endpointId, signal = 'wake') {
      await bounded(() =>
        client.workflow.signalWithStart(WORKFLOWS.drainEndpoint, {
          workflowId: endpointWorkflowId(endpointId),
          taskQueue: TASK_QUEUES.upkeep,
          args: [{ operatorId, endpointId }],
          staticSummary: `postbacks waiting for endpoint ${endpointId}`,
          signal: SIGNALS[signal],
        }),
      );
    },
    async wakeSetAside(operatorId, reason) {
      await bounded(() =>
        client.workflow.signalWithStart(WORKFLOWS.settleSetAside, {
          workflowId: setAsideWorkflowId(operatorId, reason),
          taskQueue: TASK_QUEUES.upkeep,
          args: [{ operatorId, reason }],
          staticSummary: `events set aside: ${reason}`,
          signal: SIGNALS.wake,
        }),
      );
    },
    async wakeRematch(operatorId) {
      await bounded(() =>
        client.workflow.signalWithStart(WORKFLOWS.rematchOrphans, {
          workflowId: rematchWorkflowId(operatorId),
          taskQueue: TASK_QUEUES.upkeep,
          args: [{ operatorId }],
          staticSummary: `orphans of ${operatorId}: new evidence`,
          signal: SIGNALS.wake,
        }),
      );
    },
    closePeriod(operatorId, period) {
      const options = {
        workflowId: periodWorkflowId(operatorId, period),
        taskQueue: TASK_QUEUES.upkeep,
        args: [{ operatorId, period }],
        staticSummary: `closing ${period}`,
      };
      return unlessRunning(() => client.workflow.start(WORKFLOWS.closePeriod, options));
    },
  };
}
