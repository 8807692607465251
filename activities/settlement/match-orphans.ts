// Settles orphans for which evidence arrived, like any other event. Their postbacks go through the
// queues of the endpoints.
import { scanOrphans } from '../../store/attribution/orphans.ts';
import type { Pool } from '../../store/db/pool.ts';
import {
  MAX_BATCH_EVENTS,
  byOperator,
  type OrphanPosition,
  type RematchInput,
} from '../../workflows/contract.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import type { SettleActivities } from './settle.ts';
import { createSettleFully } from './settle-fully.ts';

export type MatchOrphansActivities = {
  /**
   * Reads a page of orphans and settles those with evidence; `next` is the cursor, null at the end.
   */
  matchOrphans(
    input: Pick<RematchInput, 'operatorId'> & { after: OrphanPosition | null },
  ): Promise<{ settled: number; next: OrphanPosition | null }>;
};

const LOOKED_AT_AT_ONCE = 1000;

export function createMatchOrphans({
  pool,
  settle,
  handOver,
}: { pool: Pool } & SettleActivities & HandOverActivities): MatchOrphansActivities {
  const settleFully = createSettleFully({ settle, handOver });

  return {
    async matchOrphans({ operatorId, after }) {
      const page = await scanOrphans(pool, operatorId, after, LOOKED_AT_AT_ONCE);
      const matched = page
        .filter(({ hasEvidence }) => hasEvidence)
        .map((one) => ({ operatorId: one.operatorId, id: one.eventId }));
      let settled = 0;
      for (let from = 0; from < matched.length; from += MAX_BATCH_EVENTS)
        settled += await settleFully(byOperator(matched.slice(from, from + MAX_BATCH_EVENTS)));
      const last = page.at(-1);
      const isEnd = page.length < LOOKED_AT_AT_ONCE || last === undefined;
      return { settled, next: isEnd ? null : { operatorId: last.operatorId, eventId: last.eventId } };
    },
  };
}
