// Writes what a batch adds to slots beside money: the facts, and the ratings that explain their
// targets.
import type { SlotFact } from '../../domain/commission/slot-facts.ts';
import type { Slot } from '../../domain/settlement/slot.ts';
import type { DealVersion, ErasedCustomer } from '../../domain/types.ts';
import { bulkColumns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

/** A fact that goes into a slot, with the deal version that rates it there. */
type NewFact = { slot: Slot; fact: SlotFact; version: DealVersion };

const FACTS = bulkColumns<NewFact>({
  original_event_id: ['text', ({ fact }) => fact.originalEventId],
  slot_id: ['text', ({ slot }) => slot.id],
  event_id: ['text', ({ fact }) => fact.eventId],
  revision: ['int', ({ fact }) => fact.revision],
  type: ['text', ({ fact }) => fact.type],
  whole: ['boolean', ({ fact }) => fact.whole],
  amount_minor: ['bigint', ({ fact }) => fact.amountMinor],
  basis_minor: ['bigint', ({ fact }) => fact.basisMinor],
  volume_e4: ['bigint', ({ fact }) => fact.volumeE4],
  deal_version: ['int', ({ version }) => version.version],
  occurred_at: ['timestamptz', ({ fact }) => new Date(fact.occurredAt)],
  fx_rate_id: ['text', ({ fact }) => fact.fx?.rateId],
  fx_rate: ['numeric', ({ fact }) => fact.fx?.rate],
  cancels: ['text', ({ fact }) => fact.cancels],
  customer: ['text', ({ fact }) => fact.customer],
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
    text: `insert into slot_facts (operator_id, batch_id, ${FACTS.names()})
     select $1, $2, ${FACTS.names()} from ${FACTS.unnest(3, 'f')}`,
    values: [operatorId, batchId, ...FACTS.values(facts)],
  });
}

/** The explanation of a slot's target: one row per slot and batch. */
export type RatingRow = { slot: Slot; targetMinor: bigint; formula: string; inputs: Record<string, string> };

const RATINGS = bulkColumns<RatingRow>({
  slot_id: ['text', ({ slot }) => slot.id],
  seq: ['int', ({ slot }) => slot.ratingsCount],
  deal_version: ['int', ({ slot }) => slot.version.version],
  facts_count: ['int', ({ slot }) => slot.sums.factsCount],
  facts_hash: ['bigint', ({ slot }) => slot.sums.factsHash],
  target_minor: ['bigint', ({ targetMinor }) => targetMinor],
  formula: ['text', ({ formula }) => formula],
  inputs: ['json', ({ inputs }) => JSON.stringify(inputs)],
});

export async function writeRatings(
  db: Queryable,
  operatorId: string,
  batchId: string,
  ratings: readonly RatingRow[],
): Promise<void> {
  if (ratings.length === 0) return;
  await db.query({
    name: 'insert-ratings',
    text: `insert into ratings (operator_id, batch_id, ${RATINGS.names()})
     select $1, $2, ${RATINGS.names()} from ${RATINGS.unnest(3, 'r')}`,
    values: [operatorId, batchId, ...RATINGS.values(ratings)],
  });
}

/** Counts of first deposits go on under the id that their customer is erased to. */
export async function eraseFacts(
  db: Queryable,
  { operatorId, customerId, erasedId }: ErasedCustomer,
  eventIds: readonly string[],
): Promise<void> {
  await db.query(
    `update slot_facts set customer = 'customer ' || $4
     where operator_id = $1 and original_event_id = any($2) and customer = 'customer ' || $3`,
    [operatorId, eventIds, customerId, erasedId],
  );
}
