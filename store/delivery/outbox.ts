// The outbox: plans postbacks in the transaction that changes what they report, one for every
// endpoint that subscribes to a message, each with exactly one owner.
import type { Condition } from '../../domain/delivery/breaker.ts';
import { bodyOf, payoutDeltaIn } from '../../domain/delivery/bodies.ts';
import type { Owner } from '../../domain/delivery/deliveries.ts';
import { subscribes, type Listener, type OutgoingMessage } from '../../domain/delivery/messages.ts';
import { bulkColumns, itemsWithOperator } from '../db/bulk.ts';
import { newId } from '../db/ids.ts';
import type { Queryable } from '../db/pool.ts';
import { conditionSql } from './endpoint-condition.ts';
import { isOpenSql } from './in-flight.ts';

/**
 * An endpoint as planning sees it. `isQueued`: others wait in its queue already, or its rate is
 * limited.
 */
export type PlannedEndpoint = Listener & { id: string; condition: Condition; isQueued: boolean };

/** The endpoints of these affiliates and the operator's own webhooks. */
export async function readListeners(
  db: Queryable,
  operatorId: string,
  affiliateIds: readonly string[],
): Promise<PlannedEndpoint[]> {
  // "Limit" has each queue looked into: for "exists" the planner would read the queues of all
  // endpoints first.
  const { rows } = await db.query<PlannedEndpoint>({
    name: 'read-listeners',
    text: `select id, affiliate_id as "affiliateId", events, share_customer_id as "shareCustomerId",
       api_version as "apiVersion",
       ${conditionSql('e')} as condition,
       rate_per_second is not null or (
         select true from deliveries d
         where d.operator_id = e.operator_id and d.endpoint_id = e.id and d.owner = 'endpoint' limit 1
       ) is not null as "isQueued"
     from (
       select * from endpoints where operator_id = $1 and affiliate_id is null
       union all
       select e.* from ${itemsWithOperator(2)}
       join endpoints e on e.operator_id = named.operator_id and e.affiliate_id = named.item
     ) e
     where deleted_at is null`,
    values: [operatorId, affiliateIds],
  });
  return rows;
}

/**
 * Where and when postbacks are planned. `owner` sends those that nothing holds up: the batch for
 * events that just came in, the queues of the endpoints for everything else.
 */
type PlanInput = { operatorId: string; batchId: string; now: Date; owner: 'batch' | 'endpoint' };

/**
 * How many postbacks the batch sends itself, and the endpoints whose workflows must be woken after
 * the commit.
 */
export type Planned = { forBatch: number; endpointsToWake: string[] };

/**
 * Plans the postbacks of messages, which are in the order in which their receivers must get them.
 */
export async function planPostbacks(
  db: Queryable,
  input: PlanInput,
  listeners: readonly PlannedEndpoint[],
  messages: readonly OutgoingMessage[],
): Promise<Planned> {
  const wanted = messages.filter((message) => listeners.some((listener) => subscribes(listener, message)));
  if (wanted.length === 0) return { forBatch: 0, endpointsToWake: [] };
  const last = await unfinishedBefore(db, input.operatorId, wanted);
  const rows: PlannedDelivery[] = [];
  for (const message of wanted) {
    for (const endpoint of listeners) {
      if (!subscribes(endpoint, message)) continue;
      const key = `${message.aboutId} ${endpoint.id}`;
      const row = plannedFor(endpoint, message, last.get(key) ?? null, input);
      last.set(key, row.id);
      rows.push(row);
    }
  }
  await insertDeliveries(db, input, rows);
  const queued = rows.filter(({ owner }) => owner === 'endpoint').map(({ endpointId }) => endpointId);
  return {
    forBatch: rows.filter(({ owner }) => owner === 'batch').length,
    endpointsToWake: [...new Set(queued)],
  };
}

function plannedFor(
  endpoint: PlannedEndpoint,
  message: OutgoingMessage,
  predecessorId: string | null,
  { now, owner: usual }: PlanInput,
): PlannedDelivery {
  const isQueued = endpoint.isQueued || endpoint.condition === 'off';
  const owner = predecessorId !== null ? 'predecessor' : isQueued ? 'endpoint' : usual;
  return {
    id: newId('dlv'),
    endpointId: endpoint.id,
    affiliateId: message.affiliateId,
    eventId: message.eventId,
    aboutId: message.aboutId,
    type: message.type,
    body: bodyOf(message, endpoint, now),
    payoutDelta: payoutDeltaIn(message),
    state: owner === 'endpoint' && endpoint.condition !== 'up' ? 'held' : 'pending',
    owner,
    predecessorId,
  };
}

/**
 * The last unfinished postback about each thing to each endpoint, by `about endpoint`.
 */
async function unfinishedBefore(
  db: Queryable,
  operatorId: string,
  messages: readonly OutgoingMessage[],
): Promise<Map<string, string>> {
  const earlier = new Set(messages.filter(({ mayFollow }) => mayFollow).map(({ aboutId }) => aboutId));
  if (earlier.size === 0) return new Map();
  await lockAbout(db, operatorId, [...earlier]);
  return lastUnfinished(db, operatorId, [...earlier]);
}

/**
 * Locks postbacks about these things against being finished or sent again meanwhile. Which of them
 * are unfinished, a later statement reads: this one may have waited for the very transaction that
 * finished one.
 */
async function lockAbout(db: Queryable, operatorId: string, aboutIds: readonly string[]): Promise<void> {
  await db.query(
    `select from ${itemsWithOperator(2)}
     join deliveries d on d.operator_id = named.operator_id and original_event_id = item
     order by id for share of d`,
    [operatorId, aboutIds],
  );
}

/**
 * Reads the unfinished postback, or one given up during its attempt, that none follows yet, by
 * `about endpoint`. The last by its id may
 * be another one, where the clocks of two workers differ.
 */
async function lastUnfinished(
  db: Queryable,
  operatorId: string,
  aboutIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await db.query<{ key: string; id: string }>(
    `select original_event_id || ' ' || endpoint_id as key, max(id) as id
     from ${itemsWithOperator(2)}
     join deliveries d
       on d.operator_id = named.operator_id and original_event_id = item and ${isOpenSql('d')}
     where not exists (
       select from deliveries f
       where f.operator_id = $1 and f.predecessor_id = d.id and f.owner = 'predecessor')
     group by 1`,
    [operatorId, aboutIds],
  );
  return new Map(rows.map(({ key, id }) => [key, id]));
}

type PlannedDelivery = {
  id: string;
  endpointId: string;
  affiliateId: string | null;
  eventId: string | null;
  aboutId: string;
  type: string;
  body: string;
  payoutDelta: ReturnType<typeof payoutDeltaIn>;
  state: 'pending' | 'held';
  owner: Owner;
  predecessorId: string | null;
};

const PLANNED = bulkColumns<PlannedDelivery>({
  id: ['text', ({ id }) => id],
  endpoint_id: ['text', ({ endpointId }) => endpointId],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  event_id: ['text', ({ eventId }) => eventId],
  original_event_id: ['text', ({ aboutId }) => aboutId],
  type: ['text', ({ type }) => type],
  body: ['text', ({ body }) => body],
  payout_delta_minor: ['bigint', ({ payoutDelta }) => payoutDelta?.minor],
  payout_currency: ['text', ({ payoutDelta }) => payoutDelta?.currency],
  state: ['text', ({ state }) => state],
  owner: ['text', ({ owner }) => owner],
  predecessor_id: ['text', ({ predecessorId }) => predecessorId],
});

async function insertDeliveries(
  db: Queryable,
  { operatorId, batchId }: PlanInput,
  rows: readonly PlannedDelivery[],
): Promise<void> {
  await db.query(
    `insert into deliveries (operator_id, batch_id, next_attempt_at, ${PLANNED.names()})
     select $1, $2, now(), ${PLANNED.names()} from ${PLANNED.unnest(3, 'd')}`,
    [operatorId, batchId, ...PLANNED.values(rows)],
  );
}
