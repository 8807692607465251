// Activities of the workflow for events set aside: counts them, settles them again in batches, or
// rejects them for good.
import { newId } from '../../store/db/ids.ts';
import type { Pool } from '../../store/db/pool.ts';
import { findRetryRequest, clearRetryRequest } from '../../store/agreements/retry-requests.ts';
import {
  dismissSetAside,
  readSetAside,
  sampleSetAside,
  type Sample,
} from '../../store/settlement/set-aside.ts';
import { MAX_BATCH_EVENTS, type SetAsideInput } from '../../workflows/contract.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import type { SettleActivities } from './settle.ts';

export type SetAsideActivities = {
  countSetAside(input: SetAsideInput): Promise<{ count: number; samples: Sample[] }>;
  retrySetAside(input: SetAsideInput): Promise<{ settled: number }>;
  dismissSetAside(input: SetAsideInput): Promise<{ dismissed: number }>;
};

export function createSetAside({
  pool,
  settle,
  handOver,
}: { pool: Pool } & SettleActivities & HandOverActivities): SetAsideActivities {
  return {
    countSetAside: ({ operatorId, reason }) => sampleSetAside(pool, operatorId, reason),

    async retrySetAside({ operatorId, reason }) {
      const wantedAt = await findRetryRequest(pool, operatorId, reason);
      let settled = 0;
      for (let after = ''; ;) {
        const eventIds = await readSetAside(pool, operatorId, reason, after, MAX_BATCH_EVENTS);
        if (eventIds.length === 0) {
          if (wantedAt !== null) await clearRetryRequest(pool, operatorId, reason, wantedAt);
          return { settled };
        }
        // An id of its own: a trace must not name the workflow of a batch that never ran.
        const batchId = newId('again');
        const operators = [{ operatorId, eventIds }];
        const result = await settle({ batchId, operators, owner: 'endpoint' });
        const setAside = result.setAside.filter((one) => one.reason !== reason);
        await handOver({ batchId, operators, endpointsToWake: result.endpointsToWake, setAside });
        settled += eventIds.length;
        after = eventIds.at(-1)!;
      }
    },

    async dismissSetAside({ operatorId, reason }) {
      return { dismissed: await dismissSetAside(pool, operatorId, reason) };
    },
  };
}
