// Ends bindings of customers who turned out to have been there before, so that an older event that
// comes late counts as if it had come first.
import { requestChanges } from '../../store/agreements/change-requests.ts';
import { lockReversals } from '../../store/db/locks.ts';
import { withTransaction, type Pool } from '../../store/db/pool.ts';
import { findExistingBound } from '../../store/settlement/existing-customers.ts';
import { unbind, type Unbound } from '../../store/settlement/rated-again.ts';

const NOBODY: Unbound = { settled: [], orphaned: [] };

/**
 * Ends those bindings among the customers of a batch, after its commit: of two batches that did not
 * see each other, the later one sees both. Returns the customers' events, to be judged anew; those
 * that are settled have a request to leave the books first.
 */
export async function unbindExisting(
  pool: Pool,
  operatorId: string,
  batchId: string,
  eventIds: readonly string[],
): Promise<Unbound> {
  if ((await findExistingBound(pool, operatorId, batchId, eventIds)).length === 0) return NOBODY;
  return await withTransaction(pool, async (client) => {
    await lockReversals(client, operatorId, 'amendments');
    const bound = await findExistingBound(client, operatorId, batchId, eventIds);
    const unbound = await unbind(client, operatorId, bound);
    await requestChanges(client, operatorId, unbound.settled, 'unbound');
    return unbound;
  });
}
