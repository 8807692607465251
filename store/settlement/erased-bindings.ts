// Bindings of a customer who is erased: the affiliate keeps it, under another id.
import type { ErasedCustomer } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';

/** Returns the clicks that bound the customer and no other: events that name them are its own. */
export async function eraseBindings(
  db: Queryable,
  { operatorId, customerId, erasedId }: ErasedCustomer,
): Promise<string[]> {
  const { rows } = await db.query<{ clickId: string }>(
    `update bindings set customer_id = $3, sub1 = null, sub2 = null, sub3 = null, sub4 = null, sub5 = null
     where operator_id = $1 and customer_id = $2 returning click_id as "clickId"`,
    [operatorId, customerId, erasedId],
  );
  const { rows: own } = await db.query<{ clickId: string }>(
    `select click_id as "clickId" from unnest($2::text[]) as click_id where customer_of_click($1, click_id) = $3`,
    [operatorId, rows.map(({ clickId }) => clickId).filter((id) => id !== null), erasedId],
  );
  return own.map(({ clickId }) => clickId);
}
