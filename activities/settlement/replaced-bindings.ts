// Has the events of customers judged anew whose binding was replaced by an earlier event.
import { requestChanges } from '../../store/agreements/change-requests.ts';
import { lockReversals } from '../../store/db/locks.ts';
import { withTransaction, type Pool } from '../../store/db/pool.ts';
import type { Unbound } from '../../store/settlement/rated-again.ts';
import { takeReplaced } from '../../store/settlement/replaced-bindings.ts';

/**
 * Returns those events of the bindings that a batch replaced, after its commit: of two batches that
 * did not see each other, the later one sees both. Those that are settled have a request to leave
 * the books first.
 */
export async function judgeReplaced(pool: Pool, operatorId: string, batchId: string): Promise<Unbound> {
  return await withTransaction(pool, async (client) => {
    await lockReversals(client, operatorId, 'amendments');
    const unbound = await takeReplaced(client, operatorId, batchId);
    await requestChanges(client, operatorId, unbound.settled, 'unbound');
    return unbound;
  });
}
