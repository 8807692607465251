// Transition of deliveries whose customer is erased: their bodies change, and nothing else.
import { bulkColumns } from '../../db/bulk.ts';
import type { Queryable } from '../../db/pool.ts';

const BODIES = bulkColumns<{ id: string; body: string }>({
  id: ['text', ({ id }) => id],
  body: ['text', ({ body }) => body],
});

/** The caller has locked the rows. */
export async function eraseBodies(
  db: Queryable,
  operatorId: string,
  bodies: readonly { id: string; body: string }[],
): Promise<void> {
  if (bodies.length === 0) return;
  await db.query(
    `update deliveries d set body = b.body from ${BODIES.unnest(2, 'b')}
     where d.operator_id = $1 and d.id = b.id`,
    [operatorId, ...BODIES.values(bodies)],
  );
}
