// Has events judged anew whose customers' bindings changed after a batch.
import { requestChanges } from '../../store/agreements/change-requests.ts';
import { lockReversals } from '../../store/db/locks.ts';
import { withTransaction, type Pool, type PoolClient } from '../../store/db/pool.ts';
import type { Unbound } from '../../store/settlement/rated-again.ts';

/**
 * Takes events from their affiliates and returns them, while nothing of the operator is settled.
 * Those that are settled have a request to leave the books first. Runs after the batch's commit: of
 * two batches that did not see each other, the later one sees both.
 */
export async function judgeAnew(
  pool: Pool,
  operatorId: string,
  take: (client: PoolClient) => Promise<Unbound>,
): Promise<Unbound> {
  return await withTransaction(pool, async (client) => {
    await lockReversals(client, operatorId, 'amendments');
    const unbound = await take(client);
    await requestChanges(client, operatorId, unbound.settled, 'unbound');
    return unbound;
  });
}
