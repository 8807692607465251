// Releases commission whose hold has ended, operator by operator, on schedule.
import { createHolds } from '../../store/ledger/holds.ts';
import type { Pool } from '../../store/db/pool.ts';
import { findOperatorsWithDueHolds } from '../../store/upkeep/sweep.ts';
import type { Waking } from '../delivery/waking.ts';

export type ReleaseHoldsActivities = {
  /**
   * Releases until the time budget ends; `more` tells whether commission may be left. Safe to
   * repeat.
   */
  releaseDueHolds(): Promise<{ released: number; more: boolean }>;
};

export function createReleaseHolds({
  pool,
  waking,
  budgetMs,
}: {
  pool: Pool;
  waking: Pick<Waking, 'wake'>;
  budgetMs: number;
}): ReleaseHoldsActivities {
  const holds = createHolds(pool);
  return {
    async releaseDueHolds() {
      const deadline = Date.now() + budgetMs;
      let sum = 0;
      for (const operatorId of await findOperatorsWithDueHolds(pool)) {
        const { released, endpointsToWake } = await holds.release(operatorId, null, deadline);
        sum += released;
        await waking.wake(endpointsToWake.map((endpointId) => ({ operatorId, endpointId })));
        if (Date.now() >= deadline) return { released: sum, more: true };
      }
      return { released: sum, more: false };
    },
  };
}
