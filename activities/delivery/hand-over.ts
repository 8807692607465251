// Hands the unfinished deliveries of a batch to exactly one owner each, and sees to it that every
// owner's workflow runs.
import { deliveryWorkflowId } from '../../domain/keys.ts';
import type { Pool } from '../../store/db/pool.ts';
import { handOverBatch } from '../../store/delivery/hand-over.ts';
import type { SingleLimits } from '../../store/delivery/single-limits.ts';
import type { EndpointInput, OperatorEvents } from '../../workflows/contract.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import { inParallel } from '../in-parallel.ts';
import type { Unhurried } from './unhurried.ts';
import type { Waking } from './waking.ts';

/**
 * The batch, and the endpoints and reasons whose workflows must run as well. `isTakenOver`: its
 * workflow was ended from outside, which does not end its requests.
 */
type HandOverInput = {
  batchId: string;
  isTakenOver?: boolean;
  operators: Pick<OperatorEvents, 'operatorId'>[];
  endpointsToWake: EndpointInput[];
  setAside: { operatorId: string; reason: string }[];
};

export type HandOverActivities = { handOver(input: HandOverInput): Promise<{ workflows: number }> };

/** `onError` receives the failures of starts that nobody waits for. */
type HandOverDeps = {
  pool: Pool;
  workflows: WorkflowClient;
  waking: Waking;
  unhurried: Unhurried;
  limits: SingleLimits;
  onError: (error: unknown) => void;
};

/**
 * Single deliveries are due in seconds at the earliest, so their workflows are started in turn,
 * after the activity is over. Those that a killed process did not start, the sweep starts.
 */
export function createHandOver({
  pool,
  workflows,
  waking,
  unhurried,
  limits,
  onError,
}: HandOverDeps): HandOverActivities {
  return {
    async handOver({ batchId, isTakenOver, operators, endpointsToWake, setAside }) {
      const endpoints = new Map(endpointsToWake.map((endpoint) => [endpoint.endpointId, endpoint]));
      let started = 0;
      for (const { operatorId } of operators) {
        const left = await handOverBatch(pool, operatorId, batchId, limits, isTakenOver);
        for (const endpointId of left.endpoints) endpoints.set(endpointId, { operatorId, endpointId });
        for (const id of left.deliveries)
          unhurried(operatorId, deliveryWorkflowId(id), () => workflows.startDelivery(operatorId, id)).catch(
            onError,
          );
        started += left.deliveries.length;
      }
      await waking.wake([...endpoints.values()]);
      await inParallel(setAside, ({ operatorId, reason }) => workflows.startSetAside(operatorId, reason));
      return { workflows: started + endpoints.size + setAside.length };
    },
  };
}
