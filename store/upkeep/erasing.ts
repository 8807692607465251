// First step of an erasure: the customer's events, binding and commission go on under another id,
// all in one transaction, so that no settling ever sees a part of the customer.
import type { ErasedCustomer } from '../../domain/types.ts';
import { eraseBindings } from '../settlement/erased-bindings.ts';
import { eraseClicks } from '../attribution/clicks.ts';
import { eraseReassignments } from '../attribution/reassignments.ts';
import { lockReversals } from '../db/locks.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { eraseEvents, eraseReferences, type AfterEvent } from '../intake/erased-events.ts';
import { renameSlots } from '../ledger/slot-writing.ts';
import { eraseFacts } from '../settlement/facts-and-ratings.ts';

/** Events of one statement: a fraction of a second. */
const EVENTS_AT_ONCE = 2000;

/** Nobody settles the operator's events meanwhile. Does nothing where it was done before. */
export async function renameCustomer(pool: Pool, operatorId: string, erasureId: string): Promise<void> {
  await withTransaction(pool, async (client) => {
    await lockReversals(client, operatorId, 'amendments');
    const { rows } = await client.query<Omit<ErasedCustomer, 'operatorId'>>(
      `select customer_id as "customerId", erased_id as "erasedId" from erasures
       where operator_id = $1 and id = $2 and state = 'running' and not renamed for update`,
      [operatorId, erasureId],
    );
    if (!rows[0]) return;
    const erased = { operatorId, ...rows[0] };
    const bound = await eraseBindings(client, erased);
    const clicks = await renameEvents(client, erased, `customer ${erased.customerId}`);
    for (const clickId of bound) {
      clicks.add(clickId);
      await renameEvents(client, erased, `click ${clickId}`);
    }
    await eraseReferences(client, erased);
    await eraseReassignments(client, erased);
    const ids = [...clicks];
    for (let from = 0; from < ids.length; from += EVENTS_AT_ONCE)
      await eraseClicks(client, operatorId, ids.slice(from, from + EVENTS_AT_ONCE));
    await client.query(`update erasures set renamed = true where operator_id = $1 and id = $2`, [
      operatorId,
      erasureId,
    ]);
  });
}

/** Returns the clicks that the events name. */
async function renameEvents(db: Queryable, erased: ErasedCustomer, subject: string): Promise<Set<string>> {
  const clicks = new Set<string>();
  for (let after: AfterEvent = null; ;) {
    const page = await eraseEvents(db, erased, { subject, after, limit: EVENTS_AT_ONCE });
    for (const { clickId } of page) if (clickId !== null) clicks.add(clickId);
    const ids = page.map(({ id }) => id);
    await renameSlots(db, erased, ids);
    await eraseFacts(db, erased, ids);
    if (page.length < EVENTS_AT_ONCE) return clicks;
    after = page.at(-1)!;
  }
}
