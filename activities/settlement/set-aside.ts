// Activities of the workflow for events set aside: counts them and says what they lack, settles
// them again in batches, or rejects them for good.
import { describeSetAside } from '../../domain/settlement/set-aside.ts';
import { newId } from '../../store/db/ids.ts';
import type { Pool } from '../../store/db/pool.ts';
import { clearRetryRequest, noteRetry } from '../../store/agreements/retry-requests.ts';
import {
  dismissSetAside,
  noteShown,
  readSetAside,
  summarizeSetAside,
  type Sample,
} from '../../store/settlement/set-aside.ts';
import { MAX_BATCH_EVENTS, type SetAsideInput } from '../../workflows/contract.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import type { SettleActivities } from './settle.ts';

/** `lacking`: in words, what each group of the events lacks; sums, days and currencies only. */
type Counted = { count: number; since: number | null; lacking: string[]; samples: Sample[] };

export type SetAsideActivities = {
  countSetAside(input: SetAsideInput): Promise<Counted>;
  retrySetAside(input: SetAsideInput): Promise<{ settled: number }>;
  dismissSetAside(input: SetAsideInput): Promise<{ dismissed: number }>;
};

export function createSetAside({
  pool,
  settle,
  handOver,
}: { pool: Pool } & SettleActivities & HandOverActivities): SetAsideActivities {
  return {
    async countSetAside({ operatorId, reason }) {
      const { groups, samples, since, ...summary } = await summarizeSetAside(pool, operatorId, reason);
      await noteShown(pool, operatorId, reason, summary);
      const lacking = groups.map((group) => describeSetAside(reason, group));
      return { count: summary.count, since: since?.getTime() ?? null, lacking, samples };
    },

    async retrySetAside({ operatorId, reason }) {
      const wantedAt = await noteRetry(pool, operatorId, reason);
      let settled = 0;
      for (let after = ''; ;) {
        if (after !== '') await noteRetry(pool, operatorId, reason);
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
