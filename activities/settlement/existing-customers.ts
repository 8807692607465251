// Ends bindings of customers who turned out to have been there before, so that an older event that
// comes late counts as if it had come first.
import type { Pool } from '../../store/db/pool.ts';
import { findExistingBound } from '../../store/settlement/existing-customers.ts';
import { unbind, type Unbound } from '../../store/settlement/rated-again.ts';
import { judgeAnew } from './judge-anew.ts';

const NOBODY: Unbound = { settled: [], orphaned: [] };

/**
 * Ends those bindings among the customers of a batch, after its commit. Returns the customers'
 * events, as `judgeAnew`.
 */
export async function unbindExisting(
  pool: Pool,
  operatorId: string,
  batchId: string,
  eventIds: readonly string[],
): Promise<Unbound> {
  if ((await findExistingBound(pool, operatorId, batchId, eventIds)).length === 0) return NOBODY;
  return await judgeAnew(pool, operatorId, async (client) => {
    const bound = await findExistingBound(client, operatorId, batchId, eventIds);
    return unbind(client, operatorId, bound);
  });
}
