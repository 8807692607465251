// Makes the workflows of endpoints look at their queues after something joined them, where they do
// not look soon enough by themselves.
import { endpointWorkflowId } from '../../domain/keys.ts';
import { lookWithinMs, type LookPauses } from '../../domain/delivery/looks.ts';
import type { Pool } from '../../store/db/pool.ts';
import { hastenQueueLook, readQueueLooks } from '../../store/delivery/queue-looks.ts';
import type { EndpointInput } from '../../workflows/contract.ts';
import type { WorkflowClient } from '../../workflows/client.ts';
import { inParallel } from '../in-parallel.ts';
import type { Unhurried } from './unhurried.ts';

/** Both are for after the commit that filled the queues. */
export type Waking = {
  /** Of these endpoints those whose workflows must be woken. */
  unpromised(operatorId: string, endpointIds: readonly string[]): Promise<string[]>;
  /**
   * Wakes those. Returns when the workflows of endpoints that are up are woken; those of others are
   * woken in turn, and by the sweep if this process ends before.
   */
  wake(endpoints: readonly EndpointInput[]): Promise<void>;
};

/** `onError` receives the failures of those that nobody waits for. */
type WakingDeps = {
  pool: Pool;
  workflows: Pick<WorkflowClient, 'wakeEndpoint'>;
  unhurried: Unhurried;
  pauses: LookPauses;
  onError: (error: unknown) => void;
};

export function createWaking({ pool, workflows, unhurried, pauses, onError }: WakingDeps): Waking {
  type Late = { endpointId: string; readBy: Date | null; withinMs: number };

  async function lateAmong(operatorId: string, endpointIds: readonly string[]): Promise<Late[]> {
    if (endpointIds.length === 0) return [];
    const now = Date.now();
    return (await readQueueLooks(pool, operatorId, endpointIds)).flatMap((look) => {
      const { endpointId, readBy } = look;
      const withinMs = lookWithinMs(look, now, pauses);
      return readBy !== null && readBy.getTime() <= now + withinMs ? [] : [{ endpointId, readBy, withinMs }];
    });
  }

  /** The signal comes first: who relies on the promise must find it kept. */
  async function wakeOne(operatorId: string, { endpointId, readBy, withinMs }: Late): Promise<void> {
    await workflows.wakeEndpoint(operatorId, endpointId);
    if (readBy === null || withinMs === 0) return;
    const at = new Date(Date.now() + withinMs);
    await hastenQueueLook(pool, operatorId, endpointId, readBy, at);
  }

  return {
    async unpromised(operatorId, endpointIds) {
      return (await lateAmong(operatorId, endpointIds)).map(({ endpointId }) => endpointId);
    },
    async wake(endpoints) {
      const operators = new Map<string, Set<string>>();
      for (const { operatorId, endpointId } of endpoints)
        operators.set(operatorId, (operators.get(operatorId) ?? new Set()).add(endpointId));
      for (const [operatorId, endpointIds] of operators) {
        const late = await lateAmong(operatorId, [...endpointIds]);
        for (const one of late.filter(({ withinMs }) => withinMs > 0))
          unhurried(operatorId, endpointWorkflowId(one.endpointId), () => wakeOne(operatorId, one)).catch(
            onError,
          );
        await inParallel(
          late.filter(({ withinMs }) => withinMs === 0),
          (one) => wakeOne(operatorId, one),
        );
      }
    },
  };
}
