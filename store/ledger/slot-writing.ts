// Writes slots: new ones in the order of their keys, changed ones under the caller's locks.
import type { ErasedCustomer } from '../../domain/types.ts';
import { ofCustomer } from '../../domain/keys.ts';
import type { Slot } from '../../domain/settlement/slot.ts';
import { bulkColumns, itemsWithOperator, type ColumnSpec } from '../db/bulk.ts';
import { ConflictError } from '../db/conflict.ts';
import type { Queryable } from '../db/pool.ts';
import { moneySpec, SLOT_MONEY } from './money-columns.ts';

type SlotIdentity = Pick<Slot, 'id' | 'name' | 'affiliateId' | 'version'> & { override?: Slot['override'] };

const dateOf = (moment: number | null): Date | null => (moment === null ? null : new Date(moment));

/** The identity of a slot. */
const IDENTITY = {
  id: ['text', ({ id }) => id],
  key: ['text', ({ name }) => name.key],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  deal_id: ['text', ({ version }) => version.dealId],
  component: ['text', ({ name }) => name.component],
  kind: ['text', ({ name }) => name.kind],
  source_id: ['text', ({ override }) => override?.sourceId],
  level: ['int', ({ override }) => override?.level],
  parents_since: ['timestamptz', ({ name }) => dateOf(name.parentsSince)],
  currency: ['text', ({ version }) => version.terms.currency],
} as const satisfies ColumnSpec<SlotIdentity>;

/** Both change when another event turns out to be the first of the slot. */
const VERSION = {
  deal_version: ['int', ({ version }) => version.version],
  period: ['text', ({ name }) => name.period],
} as const satisfies ColumnSpec<SlotIdentity>;

type Posted = Pick<Slot, 'money' | 'transfersCount'>;

const POSTED = {
  ...moneySpec<Posted, keyof Slot['money']>(SLOT_MONEY, ({ money }) => money),
  transfers_count: ['int', ({ transfersCount }) => transfersCount],
} satisfies ColumnSpec<Posted>;

const STATE = {
  ...VERSION,
  basis_minor: ['bigint', ({ sums }) => sums.basisMinor],
  volume_e4: ['bigint', ({ sums }) => sums.volumeE4],
  ftd_count: ['int', ({ sums }) => sums.ftdCount],
  conversions_count: ['int', ({ sums }) => sums.conversionsCount],
  facts_count: ['int', ({ sums }) => sums.factsCount],
  facts_hash: ['bigint', ({ sums }) => sums.factsHash],
  ...POSTED,
  ratings_count: ['int', ({ ratingsCount }) => ratingsCount],
  hold_until: ['timestamptz', ({ holdUntil }) => new Date(holdUntil)],
} as const satisfies ColumnSpec<Slot>;

const EMPTY = bulkColumns<SlotIdentity>({ ...IDENTITY, ...VERSION });
const NEW = bulkColumns<Slot>({ ...IDENTITY, ...STATE });
const CHANGED = bulkColumns<Slot>({ id: IDENTITY.id, ...STATE });
const MONEY = bulkColumns<Posted & { id: string }>({ id: ['text', ({ id }) => id], ...POSTED });

/**
 * Inserts new slots, in the order of their keys. Throws ConflictError where a concurrent
 * transaction inserted one of them.
 */
export async function insertSlots(db: Queryable, operatorId: string, slots: readonly Slot[]): Promise<void> {
  if (slots.length === 0) return;
  const { rowCount } = await db.query({
    name: 'insert-slots',
    text: `insert into slots (operator_id, ${NEW.names()}) select $1, ${NEW.names()}
      from ${NEW.unnest(2, 's')}
     order by key on conflict (operator_id, key) do nothing`,
    values: [operatorId, ...NEW.values(slots)],
  });
  if (rowCount !== slots.length) throw new ConflictError('a slot was made meanwhile');
}

/** Writes slots that settling changed under the caller's locks: sums, money, version and hold. */
export async function updateSlots(db: Queryable, operatorId: string, slots: readonly Slot[]): Promise<void> {
  if (slots.length === 0) return;
  await db.query({
    name: 'update-slots',
    text: `update slots s set ${CHANGED.assignments('n', ['id'])} from ${CHANGED.unnestWithOperator(2, 'n')}
     where s.operator_id = n.operator_id and s.id = n.id`,
    values: [operatorId, ...CHANGED.values(slots)],
  });
}

/**
 * Inserts monthly slots that do not exist yet, empty, in the order of their keys. The caller locks
 * and fills them.
 */
export async function insertEmptySlots(
  db: Queryable,
  operatorId: string,
  slots: readonly SlotIdentity[],
): Promise<void> {
  await db.query(
    `insert into slots (operator_id, hold_until, ${EMPTY.names()})
     select $1, 'epoch', ${EMPTY.names()} from ${EMPTY.unnest(2, 's')}
     order by key on conflict (operator_id, key) do nothing`,
    [operatorId, ...EMPTY.values(slots)],
  );
}

/**
 * Inserts the slot of an adjustment, without money; waits for a concurrent insert. False where the
 * key is taken.
 */
export async function insertAdjustmentSlot(
  db: Queryable,
  operatorId: string,
  slot: { id: string; key: string; affiliateId: string; currency: string; holdUntil: Date },
): Promise<boolean> {
  const { id, key, affiliateId, currency, holdUntil } = slot;
  const { rowCount } = await db.query(
    `insert into slots (operator_id, id, key, affiliate_id, component, kind, currency, hold_until)
     values ($1, $2, $3, $4, 'manual', 'manual', $5, $6) on conflict (operator_id, key) do nothing`,
    [operatorId, id, key, affiliateId, currency, holdUntil],
  );
  return rowCount === 1;
}

/** Writes the money of locked slots and how many transfers each has. */
export async function updateSlotMoney(
  db: Queryable,
  operatorId: string,
  slots: readonly (Posted & { id: string })[],
): Promise<void> {
  if (slots.length === 0) return;
  await db.query(
    `update slots s set ${MONEY.assignments('n', ['id'])} from ${MONEY.unnestWithOperator(2, 'n')}
     where s.operator_id = n.operator_id and s.id = n.id`,
    [operatorId, ...MONEY.values(slots)],
  );
}

/** Marks locked slots as rejected, with one more rating, which the caller writes. */
export async function rejectSlots(
  db: Queryable,
  operatorId: string,
  ids: readonly string[],
  rejectedAt: Date,
): Promise<void> {
  await db.query(
    `update slots s set rejected_at = $3, ratings_count = ratings_count + 1 from ${itemsWithOperator(2)}
     where s.operator_id = named.operator_id and s.id = named.item`,
    [operatorId, ids, rejectedAt],
  );
}

/** Marks locked slots as no longer rejected. */
export async function reinstateSlots(
  db: Queryable,
  operatorId: string,
  ids: readonly string[],
): Promise<void> {
  await db.query(
    `update slots s set rejected_at = null from ${itemsWithOperator(2)}
     where s.operator_id = named.operator_id and s.id = named.item`,
    [operatorId, ids],
  );
}

/**
 * Gives the slots of a customer, and what parents have of them, the key of the id that it is erased
 * to. `eventIds`: events of the customer, by whose facts the slots are found.
 */
export async function renameSlots(
  db: Queryable,
  { operatorId, customerId, erasedId }: ErasedCustomer,
  eventIds: readonly string[],
): Promise<void> {
  const [before, after] = [ofCustomer(customerId), ofCustomer(erasedId)];
  await db.query(
    `with own as (
       select distinct slot_id as id from slot_facts where operator_id = $1 and original_event_id = any($2)
     ), named as (
       select id from own
       union select s.id from own join slots s on s.operator_id = $1 and s.source_id = own.id
     )
     update slots s set key = left(key, -length($3)) || $4
     from named where s.operator_id = $1 and s.id = named.id and right(key, length($3)) = $3`,
    [operatorId, eventIds, before, after],
  );
}
