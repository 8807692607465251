// Reads the traces in which events came, for spans about them.
import { itemsWithOperator } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

/** The `traceparent` of each of these events that has one, by the event's id. */
export async function readTraceparents(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await db.query<{ id: string; traceparent: string }>({
    name: 'read-traceparents',
    text: `select e.id, e.traceparent from ${itemsWithOperator(2)}
     join events e on e.operator_id = named.operator_id and e.id = item
     where e.traceparent is not null`,
    values: [operatorId, eventIds],
  });
  return new Map(rows.map(({ id, traceparent }) => [id, traceparent]));
}
