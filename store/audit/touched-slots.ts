// Audits slots one by one: recounts sums and targets from the facts by the rules of settlement.
// Linked slots are compared together.
import { storedGroup } from '../../domain/commission/group.ts';
import type { SlotFact } from '../../domain/commission/slot-facts.ts';
import type { SlotKind } from '../../domain/commission/slot-kinds.ts';
import { monthByZones } from '../../domain/ledger/periods.ts';
import { recountedTargets, startRecount, type Recount } from '../../domain/settlement/recount.ts';
import type { Slot } from '../../domain/settlement/slot.ts';
import type { ParentsOf } from '../../domain/settlement/slot-targets.ts';
import { PER_CUSTOMER } from '../ledger/slot-kinds.ts';
import { REJECTED_SLOTS } from './rejected-slots.ts';
import { inChunks, type Audited, type Deals, type Finding } from './context.ts';
import { epochMs } from '../db/epoch-ms.ts';

/**
 * A slot with one of its facts, or with nulls where it has none. Times are milliseconds since 1970.
 */
type Row = {
  slotId: string;
  key: string;
  kind: SlotKind;
  component: string;
  period: string | null;
  parentsSince: Date | null;
  currency: string;
  affiliateId: string;
  ownerId: string;
  sourceId: string | null;
  level: number | null;
  dealId: string;
  slotVersion: number;
  slotBasisMinor: bigint;
  slotVolumeE4: bigint;
  ftdCount: number;
  conversionsCount: number;
  factsCount: number;
  factsHash: bigint;
  postedMinor: bigint;
  isRejected: boolean;
} & (({ factVersion: number } & SlotFact) | { factVersion: null });

/**
 * All slots of linked deals, and those named by `$3`. A parent's part is ordered with the slots of
 * its affiliate.
 */
const SLOTS_WITH_FACTS = `
  with rejected as materialized ${REJECTED_SLOTS}
  select s.id as "slotId", s.key, s.kind, s.component, s.period, s.parents_since as "parentsSince",
    s.currency, s.affiliate_id as "affiliateId",
    coalesce(source.affiliate_id, s.affiliate_id) as "ownerId", s.source_id as "sourceId", s.level,
    s.deal_id as "dealId", s.deal_version as "slotVersion", s.basis_minor as "slotBasisMinor",
    s.volume_e4 as "slotVolumeE4", s.ftd_count as "ftdCount", s.conversions_count as "conversionsCount",
    s.facts_count as "factsCount", s.facts_hash as "factsHash",
    s.gross_minor - s.void_minor - s.clawed_minor - s.debt_minor as "postedMinor",
    s.id in (select id from rejected) as "isRejected",
    f.original_event_id as "originalEventId", f.event_id as "eventId", f.revision, f.type, f.whole,
    f.amount_minor as "amountMinor", f.basis_minor as "basisMinor", f.volume_e4 as "volumeE4",
    f.deal_version as "factVersion", f.cancels,
    ${epochMs('f.occurred_at')} as "occurredAt",
    case when s.kind = 'month' and f.type = 'ftd' then (
      select subject_of(operator_id, customer_id, click_id) from events
      where operator_id = $1 and id = f.original_event_id) end as customer,
    case when s.kind in ${PER_CUSTOMER} and f.type in ('ftd', 'deposit') then (
      select transaction_id from events
      where operator_id = $1 and id = f.original_event_id) end as payment
  from slots s
  left join slots source on source.operator_id = $1 and source.id = s.source_id
  left join slot_facts f on f.operator_id = $1 and f.slot_id = s.id
  where s.operator_id = $1 and s.kind <> 'manual'
    and (s.deal_id = any($2) or s.id in (select unnest($3::text[])))
  order by "ownerId", s.deal_id, s.id, f.original_event_id`;

/** A slot that is being recounted, with the facts of its current conversion. */
type Counting = {
  row: Row;
  recount: Recount;
  facts: (Row & { factVersion: number } & SlotFact)[];
  strays: number;
};

/** A slot with all its facts recounted. */
type Recounted = { row: Row; slot: Slot; strays: number };

/**
 * Recounts slots one by one from their facts. An affiliate's slots of `dealsTogether` are compared
 * together.
 */
export async function* touchedSlots(
  audited: Audited,
  linked: readonly string[],
  touched: readonly string[],
  dealsTogether: readonly string[],
): AsyncGenerator<Finding> {
  const { operatorId, zones, deals, parentsOf } = audited;
  const together = new Set(dealsTogether);
  const month = (moment: number): string => monthByZones(moment, zones);
  let open: Counting | undefined;
  let family: Recounted[] = [];
  for await (const rows of inChunks<Row>(audited, SLOTS_WITH_FACTS, [operatorId, linked, touched])) {
    for (const row of rows) {
      if (open?.row.slotId !== row.slotId) {
        if (open) {
          family.push(end(open, deals));
          const isSameFamily =
            together.has(row.dealId) && together.has(open.row.dealId) && open.row.ownerId === row.ownerId;
          if (!isSameFamily) yield* compare(family.splice(0), month, parentsOf);
        }
        open = { row, recount: startRecount(identityOf(row, deals), month), facts: [], strays: 0 };
      }
      if (row.factVersion === null) continue;
      if (open.facts[0]?.originalEventId !== row.originalEventId) endConversion(open, deals);
      open.facts.push(row);
    }
  }
  if (open) family.push(end(open, deals));
  yield* compare(family, month, parentsOf);
}

function identityOf(row: Row, deals: Deals): Parameters<typeof startRecount>[0] {
  return {
    id: row.slotId,
    name: {
      key: row.key,
      kind: row.kind,
      component: row.component,
      period: row.period,
      parentsSince: row.parentsSince?.getTime() ?? null,
    },
    affiliateId: row.affiliateId,
    version: deals.version(row.dealId, row.slotVersion),
    override: row.sourceId === null ? null : { sourceId: row.sourceId, level: row.level! },
    isRejected: row.isRejected,
  };
}

/** Adds the facts of one conversion to the recount. Facts without their conversion are strays. */
function endConversion(open: Counting, deals: Deals): void {
  const group = storedGroup(open.facts, ({ dealId, factVersion }) => deals.version(dealId, factVersion));
  if (group === null) open.strays += open.facts.length;
  else open.recount.add(group, open.facts);
  open.facts = [];
}

function end(open: Counting, deals: Deals): Recounted {
  endConversion(open, deals);
  return { row: open.row, slot: open.recount.result(), strays: open.strays };
}

const COMPARED = 'basis, volume, first deposits, conversions, facts, hash, deal version, month, stray facts';

function* compare(
  family: readonly Recounted[],
  month: (moment: number) => string,
  parentsOf: ParentsOf,
): Generator<Finding> {
  const targets = recountedTargets(
    family.map(({ slot }) => slot),
    month,
    parentsOf,
  );
  for (const { row, slot, strays } of family) {
    const about = { about: row.slotId, currency: row.currency };
    const targetMinor = targets.get(slot.id)!;
    const off = row.postedMinor - targetMinor;
    if (off !== 0n) {
      const detail = `${row.postedMinor} is booked, its facts are worth ${targetMinor}`;
      yield { ...about, check: 'slot_is_its_target', minor: off < 0n ? -off : off, detail };
    }
    const { sums } = slot;
    const kept = [
      row.slotBasisMinor,
      row.slotVolumeE4,
      row.ftdCount,
      row.conversionsCount,
      row.factsCount,
      row.factsHash,
      row.slotVersion,
      row.period,
      0,
    ];
    const { basisMinor, volumeE4, ftdCount, conversionsCount, factsCount, factsHash } = sums;
    const counted = [
      basisMinor,
      volumeE4,
      ftdCount,
      conversionsCount,
      factsCount,
      factsHash,
      versionKept(slot, row),
      slot.name.period,
      strays,
    ];
    if (kept.join() === counted.join()) continue;
    const detail = `keeps ${kept.join(' ')}, its facts give ${counted.join(' ')} (${COMPARED})`;
    yield { ...about, check: 'slot_keeps_its_sums', minor: 0n, detail };
  }
}

/** The version of a parent's part is not recounted, since the part has no facts of its own. */
function versionKept({ override, version }: Slot, { slotVersion }: Row): number {
  return override ? slotVersion : version.version;
}
