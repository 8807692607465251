// One step of a replay: the next postbacks go into their endpoints' queues, and their endpoints' workflows hear of it.
import type { WorkflowClient } from '../../workflows/client.ts';
import type { Pool } from '../../store/db/pool.ts';
import { cancelReplay, stepReplay, type ReplayStep } from '../../store/delivery/replays.ts';
import type { ReplayInput } from '../../workflows/contract.ts';

/** Counts only: what is replayed can be more than a history holds. */
export type Replayed = Pick<ReplayStep, 'state' | 'total' | 'released' | 'waitMs'>;

export type ReplayActivities = {
  replayStep(input: ReplayInput): Promise<Replayed>;
  cancelReplay(input: ReplayInput): Promise<void>;
};

/** Endpoints that were not woken because of a crash after the commit, the sweep wakes. */
export function createReplay({
  pool,
  workflows,
}: {
  pool: Pool;
  workflows: WorkflowClient;
}): ReplayActivities {
  return {
    async replayStep({ operatorId, replayId }) {
      const { endpoints, singles, ...replayed } = await stepReplay(pool, operatorId, replayId);
      // A postback's own workflow finds at its next look that the queue has it now; told to look at once, it ends.
      for (const deliveryId of singles) await workflows.startDelivery(operatorId, deliveryId, 'retryNow');
      for (const endpointId of endpoints) await workflows.wakeEndpoint(operatorId, endpointId);
      return replayed;
    },
    cancelReplay: ({ operatorId, replayId }) => cancelReplay(pool, operatorId, replayId),
  };
}
