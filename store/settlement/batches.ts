// Reads back the work that a batch left, so that a second run of an activity returns the same as
// the first. What every batch asks is prepared once per connection.
import { POSITIVE_EVENTS } from '../../domain/types.ts';
import { changesOrphan, CUSTOMER, reachesEvent, WAITS_FOR_EVIDENCE } from '../attribution/orphan-evidence.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { hasReplaced } from './replaced-bindings.ts';

/**
 * `forBatch`: postbacks that the batch itself must send. `endpointsToWake`: endpoints whose queues
 * got some. `setAside`: reasons of events set aside.
 */
export type BatchRest = { forBatch: number; endpointsToWake: string[]; setAside: string[] };

export async function readBatch(db: Queryable, operatorId: string, batchId: string): Promise<BatchRest> {
  const { rows } = await db.query<BatchRest>(
    `select
       (select count(*)::int from deliveries where operator_id = $1 and batch_id = $2
         and owner = 'batch') as "forBatch",
       array(select distinct endpoint_id from deliveries where operator_id = $1 and batch_id = $2
         and owner = 'endpoint') as "endpointsToWake",
       array(select distinct reason from event_outcomes where operator_id = $1 and batch_id = $2
         and status = 'set_aside') as "setAside"`,
    [operatorId, batchId],
  );
  return rows[0]!;
}

/**
 * Whether the orphan `o` of the event `e` is to be settled again for the binding `b` of the
 * affiliate `f`: the binding decides whose the event is, or the reason is to say now that it does
 * not.
 */
const IS_MATCHED = `(o.reason = 'no_evidence' or ${reachesEvent('b.since')} and ${changesOrphan('f')}
  and not exists (select from reassignments r where r.operator_id = $1
    and r.customer_id = b.customer_id and r.from_at <= e.occurred_at))`;

/**
 * Work left by the customers of a batch. `matched`: events without an affiliate to settle now.
 * `isSameCustomer`: conversions are noted to be rated again as those of a known customer.
 * `isReplaced`: bindings were replaced, and what the former ones decided is to be judged anew.
 */
type CustomersRest = { matched: string[]; isSameCustomer: boolean; isReplaced: boolean };

/**
 * Reads what a batch's customers mean for other events. `unknown`: its events of whose customer
 * only a click is known. Runs after the batch's commit: of two batches that did not see each other,
 * the later reader sees both. The questions travel together.
 */
export function joinCustomers(
  pool: Pool,
  operatorId: string,
  batchId: string,
  unknown: readonly string[],
): Promise<CustomersRest> {
  return withTransaction(
    pool,
    async (client) => {
      const [matched, isSameCustomer, isReplaced] = await Promise.all([
        findMatched(client, operatorId, batchId),
        requestSameCustomer(client, operatorId, batchId, unknown),
        hasReplaced(client, operatorId, batchId),
      ]);
      return { matched, isSameCustomer, isReplaced };
    },
    { forceIndexLookups: true },
  );
}

/**
 * Orphans, and events whose click was too old, that can be matched now: those of customers this
 * batch bound, and those this batch left while another one bound their customer.
 */
async function findMatched(db: Queryable, operatorId: string, batchId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find-matched',
    text: `select e.id from bindings b
     join affiliates f on f.operator_id = $1 and f.id = b.affiliate_id
     cross join lateral (select id, occurred_at from events where operator_id = $1
       and subject in ('customer ' || b.customer_id, 'click ' || b.click_id) offset 0) e
     join event_outcomes o on o.operator_id = $1 and o.event_id = e.id and ${WAITS_FOR_EVIDENCE}
     where b.operator_id = $1 and b.batch_id = $2 and ${IS_MATCHED}
     union
     select o.event_id from event_outcomes o
     join events e on e.operator_id = $1 and e.id = o.event_id
     join bindings b on b.operator_id = $1 and b.customer_id = ${CUSTOMER}
     join affiliates f on f.operator_id = $1 and f.id = b.affiliate_id
     where o.operator_id = $1 and o.batch_id = $2 and ${WAITS_FOR_EVIDENCE} and ${IS_MATCHED}`,
    values: [operatorId, batchId],
  });
  return rows.map(({ id }) => id);
}

/**
 * Requests that conversions are rated again which turned out to be of a known customer: those that
 * name only a click that this batch bound, and `unknown` ones of this batch whose click was bound
 * meanwhile. Where such a click has reversals, they take back from all conversions of the customer.
 * Returns whether there are any. Rows are joined by their operator, as in `itemsWithOperator`: with
 * `operator_id = $1` every batch read all events of the tenant while the tables were new.
 */
async function requestSameCustomer(
  db: Queryable,
  operatorId: string,
  batchId: string,
  unknown: readonly string[],
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'request-same-customer',
    text: `with bound as materialized (
       select operator_id, customer_id, click_id from (
         select b.operator_id, customer_id, click_id
         from (select $1 as operator_id, $2 as batch_id offset 0) n
         join bindings b on b.operator_id = n.operator_id and b.batch_id = n.batch_id offset 0) own
       where click_id is not null
       union
       select b.operator_id, b.customer_id, b.click_id from ${itemsWithOperator(3)}
       join events e on e.operator_id = named.operator_id and e.id = item
       join bindings b on b.operator_id = e.operator_id and b.click_id = e.click_id
     ), alone as materialized (
       select e.operator_id, e.id, e.type, b.customer_id from bound b
       join events e on e.operator_id = b.operator_id and e.subject = 'click ' || b.click_id
     ), due as materialized (
       select operator_id, id from alone where type = any($4)
       union
       select e.operator_id, e.id from alone a
       join events e on e.operator_id = a.operator_id and e.subject = 'customer ' || a.customer_id
       where a.type <> all($4) and e.type = any($4)
     )
     insert into change_requests (operator_id, event_id, reason)
     select due.operator_id, due.id, 'same_customer' from due
     join event_outcomes o on o.operator_id = due.operator_id and o.event_id = due.id and o.status = 'settled'
     order by due.id
     on conflict do nothing`,
    values: [operatorId, batchId, unknown, POSITIVE_EVENTS],
  });
  return (rowCount ?? 0) > 0;
}
