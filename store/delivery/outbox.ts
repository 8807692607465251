// Planning postbacks: who listens, what must go first, and the rows that say who brings each postback on.
import type { Owner } from '../../domain/delivery/deliveries.ts';
import type { Condition } from '../../domain/delivery/breaker.ts';
import type { Listener } from '../../domain/delivery/messages.ts';
import { columns, named } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import { conditionSql } from './endpoint-condition.ts';

/** An endpoint as planning sees it. `isQueued`: its postbacks wait their turn, because others wait already or its rate is limited. */
export type PlannedEndpoint = Listener & {
  id: string;
  condition: Condition;
  isQueued: boolean;
};

/** The endpoints of these affiliates and the operator's own webhooks. */
export async function readListeners(
  db: Queryable,
  operatorId: string,
  affiliateIds: readonly string[],
): Promise<PlannedEndpoint[]> {
  // "Limit" has each queue looked into: for "exists" the planner would read the queues of all endpoints first.
  const { rows } = await db.query<PlannedEndpoint>(
    `select id, affiliate_id as "affiliateId", events, share_customer_id as "shareCustomerId", ${conditionSql('e')} as condition,
       rate_per_second is not null
         or (select true from deliveries d where d.operator_id = e.operator_id and d.endpoint_id = e.id and d.owner = 'endpoint' limit 1)
           is not null as "isQueued"
     from (
       select * from endpoints where operator_id = $1 and affiliate_id is null
       union all
       select e.* from ${named(2)} join endpoints e on e.operator_id = named.operator_id and e.affiliate_id = named.item
     ) e
     where deleted_at is null`,
    [operatorId, affiliateIds],
  );
  return rows;
}

/**
 * Locks the unfinished postbacks of these conversions against being finished meanwhile. What is still unfinished is decided by
 * `lastUnfinished`, a later statement: this one may have waited for the very transaction that finished one.
 */
export async function lockUnfinished(
  db: Queryable,
  operatorId: string,
  conversionIds: readonly string[],
): Promise<void> {
  await db.query(
    `select from ${named(2)} join deliveries d on d.operator_id = named.operator_id and original_event_id = item and owner is not null
     order by id for share of d`,
    [operatorId, conversionIds],
  );
}

/**
 * The last unfinished postback of each conversion and endpoint, by `conversion endpoint`: the one that nobody follows yet. The last by its id may
 * be another, where the clocks of two workers differ.
 */
export async function lastUnfinished(
  db: Queryable,
  operatorId: string,
  conversionIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await db.query<{ key: string; id: string }>(
    `select original_event_id || ' ' || endpoint_id as key, max(id) as id
     from ${named(2)} join deliveries d on d.operator_id = named.operator_id and original_event_id = item and owner is not null
     where not exists (select from deliveries f where f.operator_id = $1 and f.predecessor_id = d.id and f.owner = 'predecessor') group by 1`,
    [operatorId, conversionIds],
  );
  return new Map(rows.map(({ key, id }) => [key, id]));
}

/** A postback to be planned. */
export type PlannedDelivery = {
  id: string;
  endpointId: string;
  affiliateId: string | null;
  eventId: string | null;
  conversionId: string;
  type: string;
  body: string;
  state: 'pending' | 'held';
  owner: Owner;
  predecessorId: string | null;
};

const PLANNED = columns<PlannedDelivery>({
  id: ['text', ({ id }) => id],
  endpoint_id: ['text', ({ endpointId }) => endpointId],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  event_id: ['text', ({ eventId }) => eventId],
  original_event_id: ['text', ({ conversionId }) => conversionId],
  type: ['text', ({ type }) => type],
  body: ['text', ({ body }) => body],
  state: ['text', ({ state }) => state],
  owner: ['text', ({ owner }) => owner],
  predecessor_id: ['text', ({ predecessorId }) => predecessorId],
});

export async function insertDeliveries(
  db: Queryable,
  operatorId: string,
  batchId: string,
  deliveries: readonly PlannedDelivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  await db.query(
    `insert into deliveries (operator_id, batch_id, next_attempt_at, ${PLANNED.names()})
     select $1, $2, now(), ${PLANNED.names()} from ${PLANNED.from(3, 'd')}`,
    [operatorId, batchId, ...PLANNED.values(deliveries)],
  );
}
