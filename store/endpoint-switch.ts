// Switching an endpoint by hand. Made active, it starts with a clean slate: what failed before does not count against it.
import type { Queryable } from './pool.ts';

export async function switchEndpoint(
  db: Queryable,
  operatorId: string,
  endpointId: string,
  state: 'active' | 'paused' | 'disabled',
): Promise<void> {
  await db.query(
    `update endpoints set state = $3, state_reason = case when $3 = 'active' then null else 'switched by hand' end,
       failures_in_a_row = case when $3 = 'active' then 0 else failures_in_a_row end,
       failing_since = case when $3 = 'active' then null else failing_since end
     where operator_id = $1 and id = $2 and deleted_at is null`,
    [operatorId, endpointId, state],
  );
}
