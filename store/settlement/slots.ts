// Finds, locks and reads slots and their facts for settling a batch.
import type { SlotFact } from '../../domain/commission/slot-facts.ts';
import { storedGroup } from '../../domain/commission/group.ts';
import { isMonthly, type SlotKind } from '../../domain/commission/slot-kinds.ts';
import type { DealVersion } from '../../domain/types.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import { selected, SLOT_MONEY, slotMoneyOf } from '../ledger/money-columns.ts';
import { addsUpPayments, type Slot } from '../../domain/settlement/slot.ts';
import { OF_CHAINS, PER_CUSTOMER } from '../ledger/slot-kinds.ts';

type SlotRow = Omit<
  Slot,
  | 'name'
  | 'version'
  | 'override'
  | 'sums'
  | 'money'
  | 'holdUntil'
  | 'isRejected'
  | 'isNew'
  | 'isChanged'
  | 'groups'
> &
  Slot['sums'] &
  Slot['money'] & {
    key: string;
    kind: SlotKind;
    component: string;
    period: string | null;
    parentsSince: Date | null;
    dealId: string;
    dealVersion: number;
    sourceId: string | null;
    level: number | null;
    holdUntil: Date;
    rejectedAt: Date | null;
  };

type VersionOf = (dealId: string, version: number) => DealVersion;

/** A deal and an affiliate: the slots that caps, tiers and carried losses link. */
export type DealOfAffiliate = { dealId: string; affiliateId: string };

/**
 * Locks deals with linked slots, for these affiliates, until the transaction ends. Row locks would
 * not do: a slot that a concurrent batch is about to insert cannot be locked. Taken in sorted
 * order, after `lockReversals` and before any slot.
 */
export async function lockDeals(
  db: Queryable,
  operatorId: string,
  deals: readonly DealOfAffiliate[],
): Promise<void> {
  const names = deals.map(({ dealId, affiliateId }) => `${dealId} ${affiliateId}`).toSorted();
  await db.query(
    `select pg_advisory_xact_lock(hashtextextended('deal ' || $1 || name, 0))
     from unnest($2::text[]) as name`,
    [operatorId, names],
  );
}

/**
 * Ids of the slots whose targets may change when events of these months are settled: slots that the
 * months rank or count, slots of months that these names and conversions may enter, and every month
 * of a revenue share, since losses may be carried through all of them.
 */
export async function findFamily(
  db: Queryable,
  operatorId: string,
  deals: readonly DealOfAffiliate[],
  of: { keys: readonly string[]; conversionIds: readonly string[]; months: readonly string[] },
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find-family',
    text: `with deals as materialized (
       select * from json_to_recordset($2) as d ("dealId" text, "affiliateId" text)
     ), touched as materialized (
       select id, period from ${itemsWithOperator(3)} join slots s on s.operator_id = named.operator_id
         and key = item
       union
       select s.id, s.period from ${itemsWithOperator(4)} join slot_facts f
         on f.operator_id = named.operator_id and f.original_event_id = item
       join slots s on s.operator_id = f.operator_id and s.id = f.slot_id
     ), months as materialized (
       select unnest($5::text[]) as period union select period from touched
       union
       select month_of($1, f.occurred_at) from touched t
       join slots s on s.operator_id = $1 and s.id = t.id and s.kind in ${PER_CUSTOMER}
       join slot_facts f on f.operator_id = $1 and f.slot_id = t.id
     )
     select s.id from deals d
     join slots s on s.operator_id = $1 and s.affiliate_id = d."affiliateId" and s.deal_id = d."dealId"
       and s.period is not null
     where s.kind in ${OF_CHAINS} or s.period in (select period from months)`,
    values: [operatorId, JSON.stringify(deals), of.keys, of.conversionIds, of.months],
  });
  return rows.map(({ id }) => id);
}

/**
 * Locks slots in the order of their ids and returns them without facts: slots of these names, of
 * these ids, and those in which these conversions earned, with the parents' parts of each. Slots of
 * a single conversion or customer need no lock before they exist: their unique key decides. A row
 * that was waited for is returned as its last writer left it.
 */
export async function lockSlots(
  db: Queryable,
  operatorId: string,
  wanted: { keys: readonly string[]; conversionIds: readonly string[]; ids: readonly string[] },
  versionOf: VersionOf,
): Promise<Slot[]> {
  const { rows } = await db.query<SlotRow>({
    name: 'lock-slots',
    text: `with own as materialized (
         select s.operator_id, id from ${itemsWithOperator(2)} join slots s
           on s.operator_id = named.operator_id and key = item
         union select f.operator_id, slot_id from ${itemsWithOperator(3)} join slot_facts f
           on f.operator_id = named.operator_id and original_event_id = item
         union select operator_id, item from ${itemsWithOperator(4)}
       ), wanted as materialized (
         select operator_id, id as item from own
         union select part.operator_id, part.id
         from own join slots part on part.operator_id = own.operator_id and part.source_id = own.id
           and part.source_id is not null
       )
     select id, key, affiliate_id as "affiliateId", deal_id as "dealId", deal_version as "dealVersion",
       component, kind, period, parents_since as "parentsSince",
       basis_minor as "basisMinor", volume_e4 as "volumeE4", ftd_count as "ftdCount",
         conversions_count as "conversionsCount",
       facts_count as "factsCount", facts_hash as "factsHash",
       source_id as "sourceId", level, ${selected(SLOT_MONEY)},
       transfers_count as "transfersCount", ratings_count as "ratingsCount", hold_until as "holdUntil",
         rejected_at as "rejectedAt"
     from wanted join slots s on s.operator_id = wanted.operator_id and id = item
       order by id for no key update of s`,
    values: [operatorId, wanted.keys, wanted.conversionIds, wanted.ids],
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
      ftdCount,
      conversionsCount,
      factsCount,
      factsHash,
      transfersCount,
      ratingsCount,
    } = row;
    return {
      id,
      name: { key, kind, component, period, parentsSince: row.parentsSince?.getTime() ?? null },
      affiliateId,
      version: versionOf(row.dealId, row.dealVersion),
      override: row.sourceId === null ? null : { sourceId: row.sourceId, level: row.level! },
      sums: { basisMinor, volumeE4, ftdCount, conversionsCount, factsCount, factsHash },
      money: slotMoneyOf(row),
      transfersCount,
      ratingsCount,
      holdUntil: row.holdUntil.getTime(),
      isRejected: row.rejectedAt !== null,
      isNew: false,
      isChanged: false,
      groups: new Map(),
    };
  });
}

/**
 * All first deposits of the customers of these first deposits; the earliest of a customer counts.
 */
export async function findFirstDeposits(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find-first-deposits',
    text: `select distinct x.id from ${itemsWithOperator(2)}
     join events e on e.operator_id = named.operator_id and e.id = item and e.type = 'ftd'
     cross join lateral (select coalesce(e.customer_id, customer_of_click(e.operator_id, e.click_id)) as id) c
     left join bindings b on b.operator_id = e.operator_id and b.customer_id = c.id
     join events x on x.operator_id = e.operator_id and x.type = 'ftd'
       and x.subject in (e.subject, 'customer ' || c.id, 'click ' || b.click_id)`,
    values: [operatorId, eventIds],
  });
  return rows.map(({ id }) => id);
}

type FactRow = Omit<SlotFact, 'occurredAt' | 'fx'> & {
  slotId: string;
  dealVersion: number;
  occurredAt: Date;
  fxRateId: string | null;
  fxRate: string | null;
};

/**
 * Reads the facts of locked slots: all of them, and for monthly slots those of these conversions,
 * since running sums stand for the rest. Runs after the locking statement, so that it sees the rows
 * of their last writer.
 */
export async function loadFacts(
  db: Queryable,
  operatorId: string,
  slots: readonly Slot[],
  conversionIds: readonly string[],
  versionOf: VersionOf,
): Promise<void> {
  const whole = slots.filter(({ name }) => !isMonthly(name.kind)).map(({ id }) => id);
  const partly =
    conversionIds.length === 0 ? [] : slots.filter(({ name }) => isMonthly(name.kind)).map(({ id }) => id);
  if (whole.length + partly.length === 0) return;
  const adding = slots.filter(addsUpPayments).map(({ id }) => id);
  const columns = `slot_id as "slotId", original_event_id as "originalEventId", event_id as "eventId",
       revision, type, whole, amount_minor as "amountMinor", basis_minor as "basisMinor",
       volume_e4 as "volumeE4", deal_version as "dealVersion", occurred_at as "occurredAt",
       fx_rate_id as "fxRateId", fx_rate as "fxRate", cancels, customer`;
  // The empty text keeps PostgreSQL from the index by slot, through which it would read a busy
  // month whole.
  const { rows } = await db.query<FactRow>({
    name: 'load-facts',
    text: `select ${columns}, case when type in ('ftd', 'deposit') and slot_id = any($5) then
         (select transaction_id from events e where e.operator_id = f.operator_id
           and e.id = f.original_event_id) end as payment
     from ${itemsWithOperator(2)} join slot_facts f on f.operator_id = named.operator_id and slot_id = item
     union all
     select ${columns}, null as payment
     from ${itemsWithOperator(4)} join slot_facts f on f.operator_id = named.operator_id
       and original_event_id = item and slot_id || '' = any($3)`,
    values: [operatorId, whole, partly, conversionIds, adding],
  });
  const byId = new Map(slots.map((slot) => [slot.id, slot]));
  for (const facts of byConversion(rows)) {
    const { slotId, originalEventId } = facts[0]!;
    const { groups, version } = byId.get(slotId)!;
    const group = storedGroup(facts, ({ dealVersion }) => versionOf(version.dealId, dealVersion));
    if (group === null) throw new Error(`slot ${slotId} has facts about ${originalEventId} without its own`);
    groups.set(originalEventId, group);
  }
}

/** Facts grouped by slot and conversion. */
function byConversion(
  rows: readonly FactRow[],
): Iterable<(SlotFact & Pick<FactRow, 'slotId' | 'dealVersion'>)[]> {
  const all = new Map<string, (SlotFact & Pick<FactRow, 'slotId' | 'dealVersion'>)[]>();
  for (const row of rows) {
    const key = `${row.slotId} ${row.originalEventId}`;
    const known = all.get(key);
    if (known) known.push(factFrom(row));
    else all.set(key, [factFrom(row)]);
  }
  return all.values();
}

function factFrom({ fxRateId, fxRate, ...row }: FactRow) {
  const fx = fxRateId === null || fxRate === null ? null : { rateId: fxRateId, rate: fxRate };
  return { ...row, occurredAt: row.occurredAt.getTime(), fx };
}
