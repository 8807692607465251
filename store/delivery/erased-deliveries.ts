// Postbacks about the events of a customer who is erased, and the answers to them.
import { withoutCustomer } from '../../domain/delivery/bodies.ts';
import type { ErasedCustomer } from '../../domain/types.ts';
import type { Queryable } from '../db/pool.ts';
import { eraseBodies } from './transitions/erasures.ts';

/** `isSending`: one that was changed is being sent, with the body that it had. */
type Emptied = { all: string[]; changed: number; isSending: boolean };

/** Takes the customer out of the postbacks about these events, also of those to be sent yet. */
export async function eraseDeliveries(
  db: Queryable,
  { operatorId, customerId, erasedId }: ErasedCustomer,
  eventIds: readonly string[],
): Promise<Emptied> {
  const { rows } = await db.query<{ id: string; body: string; isSending: boolean }>(
    `select id, body, coalesce(owner = 'batch' or sending_until > now(), false) as "isSending" from deliveries
     where operator_id = $1 and original_event_id = any($2) order by id for update`,
    [operatorId, eventIds],
  );
  const emptied = rows.map((row) => ({ ...row, after: withoutCustomer(row.body, customerId, erasedId) }));
  const changed = emptied.filter(({ body, after }) => body !== after);
  await eraseBodies(
    db,
    operatorId,
    changed.map(({ id, after }) => ({ id, body: after })),
  );
  return {
    all: rows.map(({ id }) => id),
    changed: changed.length,
    isSending: changed.some(({ isSending }) => isSending),
  };
}

/** Forgets what servers answered to these postbacks, since they may repeat what they are sent. */
export async function eraseExcerpts(
  db: Queryable,
  operatorId: string,
  deliveryIds: readonly string[],
): Promise<void> {
  await db.query(
    `update attempts set response_excerpt = null
     where operator_id = $1 and delivery_id = any($2) and response_excerpt is not null`,
    [operatorId, deliveryIds],
  );
}
