// Activities of actions on everything that is stuck: each step acts on the next deliveries or
// endpoints, and tells the workflows concerned.
import type { StuckAction } from '../../domain/delivery/stuck.ts';
import { cancelBulkAction } from '../../store/delivery/bulk-actions.ts';
import { stepBulkAction, type BulkStep } from '../../store/delivery/bulk-steps.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import type { StuckActionInput } from '../../workflows/contract.ts';

/** Counts only: an action can concern more deliveries than a history holds. */
export type ActedOnStuck = Pick<BulkStep, 'state' | 'total' | 'done' | 'joined' | 'refused'>;

export type BulkActionActivities = {
  stuckStep(input: StuckActionInput): Promise<ActedOnStuck>;
  cancelStuckAction(input: StuckActionInput): Promise<void>;
};

type Signals = { single: 'retryNow' | 'giveUp'; endpoint: 'wake' | 'switched' };

/**
 * Signals that follow a step. The workflow of a single delivery, signalled, sees that its row has
 * another owner or none, and ends. A person who retries wants to know whether an endpoint that is
 * down is back: its workflow then probes at once.
 */
const SIGNALS: Record<StuckAction, Signals> = {
  retry: { single: 'retryNow', endpoint: 'switched' },
  give_up: { single: 'giveUp', endpoint: 'wake' },
  acknowledge: { single: 'retryNow', endpoint: 'wake' },
  pause: { single: 'retryNow', endpoint: 'switched' },
};

/** After a crash between commit and signals the sweep wakes the workflows. */
export function createBulkActions({
  pool,
  workflows,
}: {
  pool: Pool;
  workflows: WorkflowClient;
}): BulkActionActivities {
  return {
    async stuckStep({ operatorId, actionId, action }) {
      const { endpoints, singles, ...progress } = await stepBulkAction(pool, operatorId, actionId);
      const { single, endpoint } = SIGNALS[action];
      for (const deliveryId of singles) await workflows.startDelivery(operatorId, deliveryId, single);
      for (const endpointId of endpoints) await workflows.wakeEndpoint(operatorId, endpointId, endpoint);
      return progress;
    },
    cancelStuckAction: ({ operatorId, actionId }) => cancelBulkAction(pool, operatorId, actionId),
  };
}
