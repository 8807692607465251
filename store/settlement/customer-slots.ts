// Reads the slots of customers among those that a batch is about to lock.
import type { SlotKind } from '../../domain/commission/slot-kinds.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import { PER_CUSTOMER } from '../ledger/slot-kinds.ts';

/** A slot per customer, which names its customer in its key. */
export type CustomerSlot = { key: string; kind: SlotKind; affiliateId: string };

/** The slots per customer among these slots. They are not locked. */
export async function readCustomerSlots(
  db: Queryable,
  operatorId: string,
  ids: readonly string[],
): Promise<CustomerSlot[]> {
  const { rows } = await db.query<CustomerSlot>({
    name: 'read-customer-slots',
    text: `select key, kind, affiliate_id as "affiliateId" from ${itemsWithOperator(2)}
     join slots s on s.operator_id = named.operator_id and id = item and kind in ${PER_CUSTOMER}`,
    values: [operatorId, ids],
  });
  return rows;
}
