// Slots and their facts while a batch is settled: locked in the order of their ids as they are read, made and changed. Rows travel as one JSON
// document: that costs the Node process half of what an array per column costs, and the column list stands once.
import type { Slot } from '../domain/books.ts';
import type { SlotFact } from '../domain/clawback.ts';
import { isMonthly, type Group, type SlotKind } from '../domain/commission.ts';
import type { DealVersion, EventType } from '../domain/types.ts';
import { LostRace } from './lost-race.ts';
import { namesOf, type Queryable } from './pool.ts';

type SlotRow = Omit<Slot, 'name' | 'version' | 'sums' | 'money' | 'holdUntil' | 'isNew' | 'isChanged' | 'groups'> &
  Slot['sums'] &
  Slot['money'] & {
    key: string;
    kind: SlotKind;
    component: string;
    period: string | null;
    dealId: string;
    dealVersion: number;
    holdUntil: Date;
  };

type VersionOf = (dealId: string, version: number) => DealVersion;

/**
 * Locks the slots of these names and those in which these conversions earned, in the order of their ids, and gives them without their facts.
 * Slots that only one conversion or customer can earn in need no lock before they exist: their unique key decides. A row that had to be
 * waited for is given as its last writer left it.
 */
export async function lockSlots(
  db: Queryable,
  operatorId: string,
  keys: readonly string[],
  conversionIds: readonly string[],
  versionOf: VersionOf,
): Promise<Slot[]> {
  const { rows } = await db.query<SlotRow>({
    name: 'lock-slots',
    text: `select id, key, affiliate_id as "affiliateId", deal_id as "dealId", deal_version as "dealVersion", component, kind, period,
       basis_minor as "basisMinor", volume_e4 as "volumeE4", facts_count as "factsCount", facts_hash as "factsHash",
       gross_minor as "grossMinor", void_minor as "voidMinor", pending_minor as "pendingMinor", payable_minor as "payableMinor",
       clawed_minor as "clawedMinor", in_payout_minor as "inPayoutMinor", paid_minor as "paidMinor", debt_minor as "debtMinor",
       transfers_count as "transfersCount", ratings_count as "ratingsCount", hold_until as "holdUntil"
     from slots where operator_id = $1 and id = any(array(
       select id from slots where operator_id = $1 and key = any($2)
       union select slot_id from slot_facts where operator_id = $1 and original_event_id = any($3)))
     order by id for no key update`,
    values: [operatorId, keys, conversionIds],
  });
  return rows.map((row): Slot => {
    const {
      id,
      key,
      kind,
      component,
      period,
      affiliateId,
      basisMinor,
      volumeE4,
      factsCount,
      factsHash,
      transfersCount,
      ratingsCount,
    } = row;
    const { grossMinor, voidMinor, pendingMinor, payableMinor, clawedMinor, inPayoutMinor, paidMinor, debtMinor } = row;
    return {
      id,
      name: { key, kind, component, period },
      affiliateId,
      version: versionOf(row.dealId, row.dealVersion),
      sums: { basisMinor, volumeE4, factsCount, factsHash },
      money: { grossMinor, voidMinor, pendingMinor, payableMinor, clawedMinor, inPayoutMinor, paidMinor, debtMinor },
      transfersCount,
      ratingsCount,
      holdUntil: row.holdUntil.getTime(),
      isNew: false,
      isChanged: false,
      groups: new Map(),
    };
  });
}

type FactRow = Omit<SlotFact, 'occurredAt' | 'type'> & { slotId: string; type: EventType; dealVersion: number; occurredAt: Date };

/**
 * Fills locked slots with their facts: all of them, but into monthly slots only those about these conversions, since the running sums stand
 * for the rest. A statement after the one that locked them, so that it sees what their last writer wrote.
 */
export async function loadFacts(
  db: Queryable,
  operatorId: string,
  slots: readonly Slot[],
  conversionIds: readonly string[],
  versionOf: VersionOf,
): Promise<void> {
  const whole = slots.filter(({ name }) => !isMonthly(name.kind)).map(({ id }) => id);
  const partly = conversionIds.length === 0 ? [] : slots.filter(({ name }) => isMonthly(name.kind)).map(({ id }) => id);
  if (whole.length + partly.length === 0) return;
  const columns = `slot_id as "slotId", original_event_id as "originalEventId", event_id as "eventId", type, whole,
       amount_minor as "amountMinor", volume_e4 as "volumeE4", deal_version as "dealVersion", occurred_at as "occurredAt"`;
  // The empty text keeps PostgreSQL from the index by slot, through which it would read a busy month whole.
  const { rows } = await db.query<FactRow>({
    name: 'load-facts',
    text: `select ${columns} from slot_facts where operator_id = $1 and slot_id = any($2)
     union all
     select ${columns} from slot_facts where operator_id = $1 and original_event_id = any($4) and slot_id || '' = any($3)`,
    values: [operatorId, whole, partly, conversionIds],
  });
  const byId = new Map(slots.map((slot) => [slot.id, slot]));
  const facts = rows.map((row) => ({ ...row, occurredAt: row.occurredAt.getTime() }));
  for (const fact of facts.filter(({ originalEventId, eventId }) => originalEventId === eventId)) {
    const slot = byId.get(fact.slotId)!;
    const group: Group = { earned: fact, version: versionOf(slot.version.dealId, fact.dealVersion), others: [] };
    slot.groups.set(fact.originalEventId, group);
  }
  for (const fact of facts.filter(({ originalEventId, eventId }) => originalEventId !== eventId)) {
    const slot = byId.get(fact.slotId)!;
    const group = slot.groups.get(fact.originalEventId)!;
    slot.groups.set(fact.originalEventId, { ...group, others: [...group.others, fact] });
  }
}

const SLOT_COLUMNS = `id text, key text, affiliate_id text, deal_id text, deal_version int, component text, kind text, period text, currency text,
  basis_minor bigint, volume_e4 bigint, facts_count int, facts_hash bigint, gross_minor bigint, void_minor bigint, pending_minor bigint,
  payable_minor bigint, clawed_minor bigint, in_payout_minor bigint, paid_minor bigint, debt_minor bigint, transfers_count int,
  ratings_count int, hold_until timestamptz`;
const SLOT_NAMES = namesOf(SLOT_COLUMNS).join(', ');
const SLOT_CHANGES = namesOf(SLOT_COLUMNS)
  .filter((name) => !['id', 'key', 'affiliate_id', 'deal_id', 'component', 'kind', 'period', 'currency'].includes(name))
  .map((name) => `${name} = n.${name}`)
  .join(', ');

/** Inserts new slots, in the order of their keys. Throws LostRace if somebody made one of them meanwhile. */
export async function insertSlots(db: Queryable, operatorId: string, slots: readonly Slot[]): Promise<void> {
  if (slots.length === 0) return;
  const { rowCount } = await db.query({
    name: 'insert-slots',
    text: `insert into slots (operator_id, ${SLOT_NAMES}) select $1, ${SLOT_NAMES} from json_to_recordset($2) as s (${SLOT_COLUMNS})
     order by key on conflict (operator_id, key) do nothing`,
    values: [operatorId, JSON.stringify(slots.map(slotRow))],
  });
  if (rowCount !== slots.length) throw new LostRace('a slot was made meanwhile');
}

/** Writes what changed in slots that the caller has locked. */
export async function updateSlots(db: Queryable, operatorId: string, slots: readonly Slot[]): Promise<void> {
  if (slots.length === 0) return;
  await db.query({
    name: 'update-slots',
    text: `update slots s set ${SLOT_CHANGES} from json_to_recordset($2) as n (${SLOT_COLUMNS}) where s.operator_id = $1 and s.id = n.id`,
    values: [operatorId, JSON.stringify(slots.map(slotRow))],
  });
}

/** Makes monthly slots that nobody made yet, empty, in the order of their keys; whoever locks them next fills them. */
export async function insertEmptySlots(db: Queryable, operatorId: string, slots: readonly Named[]): Promise<void> {
  await db.query(
    `insert into slots (operator_id, id, key, affiliate_id, deal_id, deal_version, component, kind, period, currency, hold_until)
     select $1, id, key, affiliate_id, deal_id, deal_version, component, kind, period, currency, 'epoch'
     from json_to_recordset($2) as s (${SLOT_COLUMNS}) order by key on conflict (operator_id, key) do nothing`,
    [operatorId, JSON.stringify(slots.map(nameRow))],
  );
}

type Named = Pick<Slot, 'id' | 'name' | 'affiliateId' | 'version'>;

/** The columns that say which slot it is. */
function nameRow({ id, name, affiliateId, version }: Named): object {
  return {
    id,
    key: name.key,
    affiliate_id: affiliateId,
    deal_id: version.dealId,
    deal_version: version.version,
    component: name.component,
    kind: name.kind,
    period: name.period,
    currency: version.terms.currency,
  };
}

function slotRow(slot: Slot): object {
  const { sums, money, transfersCount, ratingsCount, holdUntil } = slot;
  return {
    ...nameRow(slot),
    basis_minor: String(sums.basisMinor),
    volume_e4: String(sums.volumeE4),
    facts_count: sums.factsCount,
    facts_hash: String(sums.factsHash),
    gross_minor: String(money.grossMinor),
    void_minor: String(money.voidMinor),
    pending_minor: String(money.pendingMinor),
    payable_minor: String(money.payableMinor),
    clawed_minor: String(money.clawedMinor),
    in_payout_minor: String(money.inPayoutMinor),
    paid_minor: String(money.paidMinor),
    debt_minor: String(money.debtMinor),
    transfers_count: transfersCount,
    ratings_count: ratingsCount,
    hold_until: new Date(holdUntil),
  };
}

export async function writeFacts(
  db: Queryable,
  operatorId: string,
  batchId: string,
  facts: readonly { slot: Slot; fact: SlotFact }[],
): Promise<void> {
  if (facts.length === 0) return;
  const rows = facts.map(({ slot, fact }) => ({
    original_event_id: fact.originalEventId,
    slot_id: slot.id,
    event_id: fact.eventId,
    type: fact.type,
    whole: fact.whole,
    amount_minor: String(fact.amountMinor),
    volume_e4: String(fact.volumeE4),
    deal_version: slot.groups.get(fact.originalEventId)!.version.version,
    occurred_at: new Date(fact.occurredAt),
  }));
  await db.query({
    name: 'insert-facts',
    text: `insert into slot_facts (operator_id, original_event_id, slot_id, event_id, type, whole, amount_minor, volume_e4, deal_version, occurred_at, batch_id)
     select $1, original_event_id, slot_id, event_id, type, whole, amount_minor, volume_e4, deal_version, occurred_at, $2
     from json_to_recordset($3) as f (original_event_id text, slot_id text, event_id text, type text, whole boolean, amount_minor bigint,
       volume_e4 bigint, deal_version int, occurred_at timestamptz)`,
    values: [operatorId, batchId, JSON.stringify(rows)],
  });
}
