// Activities of a replay: each step queues the next deliveries and wakes the workflows of their
// endpoints.
import type { WorkflowClient } from '../../workflows/client.ts';
import type { Pool } from '../../store/db/pool.ts';
import { stepReplay, type ReplayStep } from '../../store/delivery/replay-steps.ts';
import { cancelReplay } from '../../store/delivery/replays.ts';
import type { ReplayInput } from '../../workflows/contract.ts';

/** Counts only: a replay can have more deliveries than a history holds. */
export type Replayed = Pick<ReplayStep, 'state' | 'total' | 'released' | 'waitMs'>;

export type ReplayActivities = {
  replayStep(input: ReplayInput): Promise<Replayed>;
  cancelReplay(input: ReplayInput): Promise<void>;
};

/** After a crash between commit and wake-up the sweep wakes the endpoints. */
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
      // The workflow of a single delivery sees at its next look that the queue has it. Signalled,
      // it looks and ends at once.
      for (const deliveryId of singles) await workflows.startDelivery(operatorId, deliveryId, 'retryNow');
      for (const endpointId of endpoints) await workflows.wakeEndpoint(operatorId, endpointId);
      return replayed;
    },
    cancelReplay: ({ operatorId, replayId }) => cancelReplay(pool, operatorId, replayId),
  };
}
