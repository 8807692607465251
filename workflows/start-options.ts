// Options with which an operator's workflows are started: id, task queue, input, and a summary for
// people.
import type { WorkflowStartOptions } from '@temporalio/client';
import type { Job } from '../domain/jobs.ts';
import {
  erasureWorkflowId,
  importWorkflowId,
  payoutRunWorkflowId,
  replayWorkflowId,
  setAsideWorkflowId,
  stuckActionWorkflowId,
} from '../domain/keys.ts';
import {
  TASK_QUEUES,
  WORKFLOWS,
  type ErasureInput,
  type ImportInput,
  type PayoutRunInput,
  type ReplayInput,
  type StuckActionInput,
} from './contract.ts';

export type StartOptions = Pick<
  WorkflowStartOptions,
  'taskQueue' | 'args' | 'priority' | 'staticSummary' | 'staticDetails'
> & { workflowId: string };

/**
 * Fairness key: Temporal serves waiting tasks of operators in turn, so a backlog of one operator
 * does not delay the others.
 */
export const fairnessOf = (operatorId: string) => ({ priority: { fairnessKey: operatorId } });

/** Options of a workflow of an operator that is no batch and no single postback. */
export function upkeepOptions(
  workflowId: string,
  input: { operatorId: string } & Record<string, unknown>,
  staticSummary: string,
): StartOptions {
  return {
    workflowId,
    taskQueue: TASK_QUEUES.upkeep,
    args: [input],
    staticSummary,
    ...fairnessOf(input.operatorId),
  };
}

export const setAsideOptions = (operatorId: string, reason: string): StartOptions =>
  upkeepOptions(
    setAsideWorkflowId(operatorId, reason),
    { operatorId, reason },
    `events set aside: ${reason}`,
  );

/** Name and options of a job's workflow. */
export function jobWorkflow(operatorId: string, job: Job): { workflow: string; options: StartOptions } {
  const { id } = job;
  switch (job.kind) {
    case 'replay': {
      const input: ReplayInput = { operatorId, replayId: id };
      return {
        workflow: WORKFLOWS.replayPostbacks,
        options: upkeepOptions(replayWorkflowId(id), input, `replay ${id}`),
      };
    }
    case 'stuckAction': {
      const input: StuckActionInput = { operatorId, actionId: id, action: job.action };
      const summary = `${job.action.replace('_', ' ')} of what is stuck: ${id}`;
      return {
        workflow: WORKFLOWS.actOnStuck,
        options: upkeepOptions(stuckActionWorkflowId(id), input, summary),
      };
    }
    case 'payoutRun': {
      const input: PayoutRunInput = { operatorId, runId: id };
      return {
        workflow: WORKFLOWS.runPayouts,
        options: upkeepOptions(payoutRunWorkflowId(id), input, `payout run ${id}`),
      };
    }
    case 'import': {
      const input: ImportInput = { operatorId, importId: id };
      return {
        workflow: WORKFLOWS.importEvents,
        options: upkeepOptions(importWorkflowId(id), input, `import ${id}`),
      };
    }
    case 'erasure': {
      const input: ErasureInput = { operatorId, erasureId: id };
      return {
        workflow: WORKFLOWS.eraseCustomer,
        options: upkeepOptions(erasureWorkflowId(id), input, `erasure ${id}`),
      };
    }
  }
}
