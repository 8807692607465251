// Finds the conversions that an event may reverse or reinstate.
import { isConversion } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';
import type { StoredEvent } from './event-lists.ts';

/**
 * Ids of the conversions an event may concern, and its own id. Slot facts and postbacks are found
 * through their conversion, so neither table needs an index by event on the busiest path.
 */
export async function conversionsOf(
  db: Queryable,
  operatorId: string,
  event: Pick<StoredEvent, 'id' | 'type' | 'reference' | 'subject'>,
): Promise<string[]> {
  if (isConversion(event.type)) return [event.id];
  const { rows } = await db.query<{ id: string }>(
    `select $2::text as id
     union
     select id from events where operator_id = $1 and key = $3 and key_kind = 'transaction'
     union
     select id from events where operator_id = $1 and $3::text is null and subject = $4`,
    [operatorId, event.id, event.reference, event.subject],
  );
  return rows.map(({ id }) => id);
}
