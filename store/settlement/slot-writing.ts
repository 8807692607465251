// Slots and their facts as a settled batch leaves them: new slots in the order of their keys, changed ones under the caller's locks.
import type { SlotFact } from '../../domain/commission/reversals.ts';
import type { DealVersion } from '../../domain/types.ts';
import { columns, type ColumnSpec } from '../db/bulk.ts';
import { LostRace } from '../db/conflict.ts';
import type { Queryable } from '../db/pool.ts';
import type { Slot } from '../../domain/settlement/slot.ts';

type Named = Pick<Slot, 'id' | 'name' | 'affiliateId' | 'version'> & { override?: Slot['override'] };

/** Which slot it is. The version and the month of a slot may change, when the first of its events turns out to be another one. */
const NAME = {
  id: ['text', ({ id }) => id],
  key: ['text', ({ name }) => name.key],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  deal_id: ['text', ({ version }) => version.dealId],
  component: ['text', ({ name }) => name.component],
  kind: ['text', ({ name }) => name.kind],
  source_id: ['text', ({ override }) => override?.sourceId],
  level: ['int', ({ override }) => override?.level],
  currency: ['text', ({ version }) => version.terms.currency],
} as const satisfies ColumnSpec<Named>;

const VERSION = {
  deal_version: ['int', ({ version }) => version.version],
  period: ['text', ({ name }) => name.period],
} as const satisfies ColumnSpec<Named>;

const STATE = {
  ...VERSION,
  basis_minor: ['bigint', ({ sums }) => sums.basisMinor],
  volume_e4: ['bigint', ({ sums }) => sums.volumeE4],
  ftd_count: ['int', ({ sums }) => sums.ftdCount],
  conversions_count: ['int', ({ sums }) => sums.conversionsCount],
  facts_count: ['int', ({ sums }) => sums.factsCount],
  facts_hash: ['bigint', ({ sums }) => sums.factsHash],
  gross_minor: ['bigint', ({ money }) => money.grossMinor],
  void_minor: ['bigint', ({ money }) => money.voidMinor],
  pending_minor: ['bigint', ({ money }) => money.pendingMinor],
  payable_minor: ['bigint', ({ money }) => money.payableMinor],
  clawed_minor: ['bigint', ({ money }) => money.clawedMinor],
  in_payout_minor: ['bigint', ({ money }) => money.inPayoutMinor],
  paid_minor: ['bigint', ({ money }) => money.paidMinor],
  debt_minor: ['bigint', ({ money }) => money.debtMinor],
  transfers_count: ['int', ({ transfersCount }) => transfersCount],
  ratings_count: ['int', ({ ratingsCount }) => ratingsCount],
  hold_until: ['timestamptz', ({ holdUntil }) => new Date(holdUntil)],
} as const satisfies ColumnSpec<Slot>;

const EMPTY = columns<Named>({ ...NAME, ...VERSION });
const NEW = columns<Slot>({ ...NAME, ...STATE });
const CHANGED = columns<Slot>({ id: NAME.id, ...STATE });

/** Inserts new slots, in the order of their keys. Throws LostRace if somebody made one of them meanwhile. */
export async function insertSlots(db: Queryable, operatorId: string, slots: readonly Slot[]): Promise<void> {
  if (slots.length === 0) return;
  const { rowCount } = await db.query({
    name: 'insert-slots',
    text: `insert into slots (operator_id, ${NEW.names()}) select $1, ${NEW.names()} from ${NEW.from(2, 's')}
     order by key on conflict (operator_id, key) do nothing`,
    values: [operatorId, ...NEW.values(slots)],
  });
  if (rowCount !== slots.length) throw new LostRace('a slot was made meanwhile');
}

/** Writes what changed in slots that the caller has locked. */
export async function updateSlots(db: Queryable, operatorId: string, slots: readonly Slot[]): Promise<void> {
  if (slots.length === 0) return;
  await db.query({
    name: 'update-slots',
    text: `update slots s set ${CHANGED.changes('n', ['id'])} from ${CHANGED.ofOperator(2, 'n')}
     where s.operator_id = n.operator_id and s.id = n.id`,
    values: [operatorId, ...CHANGED.values(slots)],
  });
}

/** Makes monthly slots that nobody made yet, empty, in the order of their keys; whoever locks them next fills them. */
export async function insertEmptySlots(
  db: Queryable,
  operatorId: string,
  slots: readonly Named[],
): Promise<void> {
  await db.query(
    `insert into slots (operator_id, hold_until, ${EMPTY.names()}) select $1, 'epoch', ${EMPTY.names()} from ${EMPTY.from(2, 's')}
     order by key on conflict (operator_id, key) do nothing`,
    [operatorId, ...EMPTY.values(slots)],
  );
}

/** A fact that goes into a slot, with the deal version that rates it there. */
export type NewFact = { slot: Slot; fact: SlotFact; version: DealVersion };

const FACTS = columns<NewFact>({
  original_event_id: ['text', ({ fact }) => fact.originalEventId],
  slot_id: ['text', ({ slot }) => slot.id],
  event_id: ['text', ({ fact }) => fact.eventId],
  rating_deal_id: ['text', ({ fact }) => fact.rating?.dealId ?? ''],
  rating_version: ['int', ({ fact }) => fact.rating?.version ?? 0],
  amendment: ['int', ({ fact }) => fact.rating?.amendment ?? 0],
  type: ['text', ({ fact }) => fact.type],
  whole: ['boolean', ({ fact }) => fact.whole],
  amount_minor: ['bigint', ({ fact }) => fact.amountMinor],
  basis_minor: ['bigint', ({ fact }) => fact.basisMinor],
  volume_e4: ['bigint', ({ fact }) => fact.volumeE4],
  deal_version: ['int', ({ version }) => version.version],
  occurred_at: ['timestamptz', ({ fact }) => new Date(fact.occurredAt)],
  fx_rate_id: ['text', ({ fact }) => fact.fx?.rateId],
  fx_rate: ['numeric', ({ fact }) => fact.fx?.rate],
});

export async function writeFacts(
  db: Queryable,
  operatorId: string,
  batchId: string,
  facts: readonly NewFact[],
): Promise<void> {
  if (facts.length === 0) return;
  await db.query({
    name: 'insert-facts',
    text: `insert into slot_facts (operator_id, batch_id, ${FACTS.names()}) select $1, $2, ${FACTS.names()} from ${FACTS.from(3, 'f')}`,
    values: [operatorId, batchId, ...FACTS.values(facts)],
  });
}
