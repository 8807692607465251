// Activities of a replay: each step releases what its endpoints take, and wakes their workflows.
import type { WorkflowClient } from '../../workflows/client.ts';
import type { Pool } from '../../store/db/pool.ts';
import { cancelReplay, stepReplay, type ReplayStep } from '../../store/delivery/replay-steps.ts';
import type { ReplayInput } from '../../workflows/contract.ts';

/** Counts only: a replay can have more deliveries than a history holds. */
export type Replayed = Pick<ReplayStep, 'state' | 'total' | 'released' | 'sent' | 'isOver' | 'waitMs'>;

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
      const step = await stepReplay(pool, operatorId, replayId);
      const { state, total, released, sent, isOver, waitMs } = step;
      // The workflow of a single delivery sees at its next look that the queue has it. Signalled,
      // it looks and ends at once.
      for (const deliveryId of step.singles)
        await workflows.startDelivery(operatorId, deliveryId, 'retryNow');
      // A queue that is down waits for its next probe; one delivery was released to probe it now.
      for (const { id, isDown } of step.endpoints)
        await workflows.wakeEndpoint(operatorId, id, isDown ? 'switched' : 'wake');
      return { state, total, released, sent, isOver, waitMs };
    },
    cancelReplay: ({ operatorId, replayId }) => cancelReplay(pool, operatorId, replayId),
  };
}
