// Hands the unfinished deliveries of a batch to exactly one owner each, and starts every owner's
// workflow.
import type { Pool } from '../../store/db/pool.ts';
import { handOverBatch } from '../../store/delivery/hand-over.ts';
import type { SingleLimits } from '../../store/delivery/single-limits.ts';
import type { EndpointInput, OperatorEvents } from '../../workflows/contract.ts';
import type { WorkflowClient } from '../../workflows/client.ts';

/** The batch, and the endpoints and reasons whose workflows must run as well. */
type HandOverInput = {
  batchId: string;
  operators: Pick<OperatorEvents, 'operatorId'>[];
  endpointsToWake: EndpointInput[];
  setAside: { operatorId: string; reason: string }[];
};

export type HandOverActivities = { handOver(input: HandOverInput): Promise<{ workflows: number }> };

export function createHandOver({
  pool,
  workflows,
  limits,
}: {
  pool: Pool;
  workflows: WorkflowClient;
  limits: SingleLimits;
}): HandOverActivities {
  return {
    async handOver({ batchId, operators, endpointsToWake, setAside }) {
      const endpoints = new Map(endpointsToWake.map((endpoint) => [endpoint.endpointId, endpoint]));
      let started = 0;
      for (const { operatorId } of operators) {
        const left = await handOverBatch(pool, operatorId, batchId, limits);
        for (const endpointId of left.endpoints) endpoints.set(endpointId, { operatorId, endpointId });
        await inParallel(left.deliveries, (deliveryId) => workflows.startDelivery(operatorId, deliveryId));
        started += left.deliveries.length;
      }
      await inParallel([...endpoints.values()], ({ operatorId, endpointId }) =>
        workflows.wakeEndpoint(operatorId, endpointId),
      );
      await inParallel(setAside, ({ operatorId, reason }) => workflows.startSetAside(operatorId, reason));
      return { workflows: started + endpoints.size + setAside.length };
    },
  };
}

/** Starts are unary calls: a few at once keep Temporal busy without flooding it. */
const STARTS_AT_ONCE = 16;

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(STARTS_AT_ONCE, items.length) }, worker));
}
