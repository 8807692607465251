// Customers: who they are bound to, and the affiliates they were given to by hand since.
import type { ErasedCustomer } from '../../domain/types.ts';
import { requestChangesOf } from '../agreements/change-requests.ts';
import { withoutSettling } from '../db/locks.ts';
import type { Pool, Queryable } from '../db/pool.ts';

/** Events of the customer that occurred from `from` on belong to the affiliate. */
export type Reassignment = {
  id: string;
  customerId: string;
  affiliateId: string;
  from: Date;
  reason: string;
  /** Id of the API key. */
  actor: string;
  createdAt: Date;
};

/** `since`: since when the customer belongs to the affiliate. */
export type CustomerBinding = { affiliateId: string; eventId: string; clickId: string | null; since: Date };

export type Customer = { binding: CustomerBinding | null; reassignments: Reassignment[] };

/** Far more than anybody gives one customer away; the newest are shown. */
const SHOWN_AT_MOST = 200;

export function createReassignments(pool: Pool) {
  return {
    /**
     * Gives a customer to an affiliate, and requests that settled conversions follow. Throws when
     * the affiliate does not exist: check it first.
     */
    async insert(operatorId: string, given: Omit<Reassignment, 'createdAt'>): Promise<void> {
      await withoutSettling(pool, operatorId, async (client) => {
        await client.query(
          `insert into reassignments (operator_id, id, customer_id, affiliate_id, from_at, reason, actor)
           values ($1, $2, $3, $4, $5, $6, $7)`,
          [operatorId, given.id, given.customerId, given.affiliateId, given.from, given.reason, given.actor],
        );
        await requestChangesOf(client, operatorId, 'reassigned', OF_CUSTOMER, [given.customerId, given.from]);
      });
    },

    /** Null for a customer of whom neither an event nor a reassignment is known. */
    async findCustomer(operatorId: string, customerId: string): Promise<Customer | null> {
      const [binding, reassignments] = await Promise.all([
        findBinding(pool, operatorId, customerId),
        listReassignments(pool, operatorId, customerId),
      ]);
      const isKnown =
        binding !== null || reassignments.length > 0 || (await hasEvents(pool, operatorId, customerId));
      return isKnown ? { binding, reassignments } : null;
    },
  };
}

/** Keeps to whom an erased customer was given, and forgets why: people wrote that. */
export async function eraseReassignments(
  db: Queryable,
  { operatorId, customerId, erasedId }: ErasedCustomer,
): Promise<void> {
  await db.query(
    `update reassignments set customer_id = $3, reason = 'erased' where operator_id = $1 and customer_id = $2`,
    [operatorId, customerId, erasedId],
  );
}

/**
 * Conversions of a customer that occurred from a moment on, also under the click that bound them.
 */
const OF_CUSTOMER = `
  select e.id from events e
  where e.operator_id = $1 and e.subject = 'customer ' || $3 and e.occurred_at >= $4
  union
  select e.id from bindings b
  join events e on e.operator_id = $1 and e.subject = 'click ' || b.click_id and e.occurred_at >= $4
  where b.operator_id = $1 and b.customer_id = $3`;

async function findBinding(
  db: Queryable,
  operatorId: string,
  customerId: string,
): Promise<CustomerBinding | null> {
  const { rows } = await db.query<CustomerBinding>(
    `select b.affiliate_id as "affiliateId", b.event_id as "eventId", b.click_id as "clickId",
       b.since
     from bindings b
     where b.operator_id = $1 and b.customer_id = $2`,
    [operatorId, customerId],
  );
  return rows[0] ?? null;
}

/** Newest first. */
async function listReassignments(
  db: Queryable,
  operatorId: string,
  customerId: string,
): Promise<Reassignment[]> {
  const { rows } = await db.query<Reassignment>(
    `select id, customer_id as "customerId", affiliate_id as "affiliateId", from_at as "from", reason, actor,
       created_at as "createdAt"
     from reassignments
     where operator_id = $1 and customer_id = $2
     order by id desc limit $3`,
    [operatorId, customerId, SHOWN_AT_MOST],
  );
  return rows;
}

async function hasEvents(db: Queryable, operatorId: string, customerId: string): Promise<boolean> {
  const { rows } = await db.query<{ has: boolean }>(
    `select exists (select from events where operator_id = $1 and subject = 'customer ' || $2::text) as has`,
    [operatorId, customerId],
  );
  return rows[0]!.has;
}
