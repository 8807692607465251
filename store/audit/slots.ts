// Audits slots: recounts sums and targets from the facts by the rules of settlement. Untouched
// slots (no reversal, no linked slot) that are alike are recounted once; all others slot by slot,
// linked ones together.
import { asAmended, isAccrual, isRemark, type SlotFact } from '../../domain/commission/reversals.ts';
import { higherRanked } from '../../domain/attribution/attribution.ts';
import { isLinked, targetOf } from '../../domain/commission/commission.ts';
import type { SlotKind } from '../../domain/commission/slot-kinds.ts';
import { EMPTY_SUMS } from '../../domain/commission/sums.ts';
import { monthByZones } from '../../domain/ledger/periods.ts';
import { recountedTargets, startRecount, type Recount } from '../../domain/settlement/recount.ts';
import type { DealVersion } from '../../domain/types.ts';
import { RATING } from '../settlement/slots.ts';
import { inChunks, type Audited, type Deals, type Finding } from './context.ts';
import type { Slot } from '../../domain/settlement/slot.ts';
import { OF_COMPONENT_MONTHS, OF_SINGLES } from '../ledger/slot-kinds.ts';

/** A group of untouched slots that are alike, with an example; or one touched slot. */
type Alike = {
  isPlain: boolean;
  component: string;
  kind: SlotKind;
  currency: string;
  dealId: string;
  version: number;
  basis: bigint;
  volume: bigint;
  posted: bigint;
  isAsKept: boolean;
  slots: number;
  example: string;
};

/** Groups of slots. An untouched slot has only conversions, all rated by the slot's own version. */
const ALIKE = `
  with facts as (
    select slot_id, count(*) as facts, bigint_sum(basis_minor) as basis, bigint_sum(volume_e4) as volume,
      min(deal_version) as lowest, max(deal_version) as highest,
      bool_and(event_id = original_event_id and rating_version = 0) as untouched
    from slot_facts where operator_id = $1 group by slot_id
  ), known as (
    select id, component, kind, currency, deal_id, deal_version, basis, volume,
      gross_minor - void_minor - clawed_minor - debt_minor as posted,
      (basis_minor, volume_e4, facts_count, conversions_count, ftd_count)
        = (basis, volume, facts, facts, 0) as is_as_kept,
      coalesce(untouched and lowest = deal_version and highest = deal_version, false)
        and rejected_at is null
        and (kind in ${OF_COMPONENT_MONTHS} or kind in ${OF_SINGLES} and facts = 1) as plain
    from slots s left join facts f on f.slot_id = s.id
    where s.operator_id = $1 and kind <> 'manual' and deal_id <> all($2)
  )
  select plain as "isPlain", component, kind, currency, deal_id as "dealId", deal_version as version,
    basis, volume, posted, is_as_kept as "isAsKept", count(*)::int as slots, min(id) as example
  from known
  group by plain, component, kind, currency, deal_id, deal_version, basis, volume, posted, is_as_kept,
    case when not plain then id end`;

/** Recounts groups of untouched slots of unlinked deals, and then all other slots. */
export async function* recountedSlots(audited: Audited): AsyncGenerator<Finding> {
  const { operatorId, deals } = audited;
  const linked = linkedDeals(deals);
  const touched: string[] = [];
  for await (const rows of inChunks<Alike>(audited, ALIKE, [operatorId, linked])) {
    for (const row of rows) {
      if (row.isPlain) yield* compareAlike(row, deals);
      else touched.push(row.example);
    }
  }
  yield* touchedSlots(audited, linked, touched);
}

function* compareAlike(row: Alike, deals: Deals): Generator<Finding> {
  const about = { about: row.example, currency: row.currency };
  const likes = row.slots === 1 ? '' : `, and so are ${row.slots - 1} more`;
  const off = row.posted - worth(row, deals);
  if (off !== 0n) {
    const minor = (off < 0n ? -off : off) * BigInt(row.slots);
    const detail = `${row.posted} is booked, its facts are worth ${row.posted - off}${likes}`;
    yield { ...about, check: 'slot_is_its_target', minor, detail };
  }
  if (!row.isAsKept) {
    const detail = `keeps other sums than ${row.basis} ${row.volume}, which its facts give${likes}`;
    yield { ...about, check: 'slot_keeps_its_sums', minor: 0n, detail };
  }
}

/** The target of an untouched slot with these sums: of one conversion, or of a month. */
function worth(
  { dealId, version: number, component: label, basis: basisMinor, volume: volumeE4 }: Alike,
  deals: Deals,
): bigint {
  const version = deals.version(dealId, number);
  const component = version.terms.components.find((one) => one.label === label);
  if (!component) throw new Error(`version ${number} of ${dealId} has no component ${label}`);
  const accrual: SlotFact = {
    originalEventId: '',
    eventId: '',
    rating: null,
    type: component.on[0] ?? 'sale',
    whole: true,
    amountMinor: basisMinor,
    basisMinor,
    volumeE4,
    occurredAt: 0,
    fx: null,
    customer: null,
  };
  return targetOf(component, version.terms, [{ accrual, version, laterFacts: [] }], {
    ...EMPTY_SUMS,
    basisMinor,
    volumeE4,
  });
}

/** The deals whose slots change one another, or pay parents a part. */
function linkedDeals(deals: Deals): string[] {
  return [
    ...new Set(
      deals.all
        .filter(({ terms }) => isLinked(terms) || terms.overrides.length > 0)
        .map(({ dealId }) => dealId),
    ),
  ];
}

/**
 * A slot with one of its facts, or with nulls where it has none. Times are milliseconds since 1970.
 */
type Row = {
  slotId: string;
  key: string;
  kind: SlotKind;
  component: string;
  period: string | null;
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
  select s.id as "slotId", s.key, s.kind, s.component, s.period, s.currency, s.affiliate_id as "affiliateId",
    coalesce(source.affiliate_id, s.affiliate_id) as "ownerId", s.source_id as "sourceId", s.level,
    s.deal_id as "dealId", s.deal_version as "slotVersion", s.basis_minor as "slotBasisMinor",
    s.volume_e4 as "slotVolumeE4", s.ftd_count as "ftdCount", s.conversions_count as "conversionsCount",
    s.facts_count as "factsCount", s.facts_hash as "factsHash",
    s.gross_minor - s.void_minor - s.clawed_minor - s.debt_minor as "postedMinor",
    s.rejected_at is not null as "isRejected",
    f.original_event_id as "originalEventId", f.event_id as "eventId", ${RATING} as rating, f.type, f.whole,
    f.amount_minor as "amountMinor", f.basis_minor as "basisMinor", f.volume_e4 as "volumeE4",
    f.deal_version as "factVersion",
    (extract(epoch from f.occurred_at) * 1000)::float8 as "occurredAt",
    case when s.kind = 'month' and f.type = 'ftd' then (
      select subject from events where operator_id = $1 and id = f.original_event_id) end as customer
  from slots s
  left join slots source on source.operator_id = $1 and source.id = s.source_id
  left join slot_facts f on f.operator_id = $1 and f.slot_id = s.id
  where s.operator_id = $1 and s.kind <> 'manual'
    and (s.deal_id = any($2) or s.id in (select unnest($3::text[])))
  order by s.deal_id, "ownerId", s.id, f.original_event_id`;

/** A slot that is being recounted, with the facts of its current conversion. */
type Counting = { row: Row; recount: Recount; facts: (Row & SlotFact)[]; strays: number };

/** A slot with all its facts recounted. */
type Recounted = { row: Row; slot: Slot; strays: number };

async function* touchedSlots(
  audited: Audited,
  linked: readonly string[],
  touched: readonly string[],
): AsyncGenerator<Finding> {
  const { operatorId, zones, deals } = audited;
  const together = new Set(linked);
  const month = (moment: number): string => monthByZones(moment, zones);
  let open: Counting | undefined;
  let family: Recounted[] = [];
  for await (const rows of inChunks<Row>(audited, SLOTS_WITH_FACTS, [operatorId, linked, touched])) {
    for (const row of rows) {
      if (open?.row.slotId !== row.slotId) {
        if (open) {
          family.push(end(open, deals));
          const isSameFamily =
            together.has(row.dealId) && open.row.dealId === row.dealId && open.row.ownerId === row.ownerId;
          if (!isSameFamily) yield* compare(family.splice(0), month);
        }
        open = { row, recount: startRecount(identityOf(row, deals), month), facts: [], strays: 0 };
      }
      if (row.factVersion === null) continue;
      if (open.facts[0]?.originalEventId !== row.originalEventId) endConversion(open, deals);
      open.facts.push(row);
    }
  }
  if (open) family.push(end(open, deals));
  yield* compare(family, month);
}

function identityOf(row: Row, deals: Deals): Parameters<typeof startRecount>[0] {
  return {
    id: row.slotId,
    name: { key: row.key, kind: row.kind, component: row.component, period: row.period },
    affiliateId: row.affiliateId,
    version: deals.version(row.dealId, row.slotVersion),
    override: row.sourceId === null ? null : { sourceId: row.sourceId, level: row.level! },
    isRejected: row.isRejected,
  };
}

/** Adds the facts of one conversion to the recount. Facts without their conversion are strays. */
function endConversion(open: Counting, deals: Deals): void {
  const [earned] = open.facts.filter(isAccrual);
  if (earned?.factVersion) {
    const laterFacts = open.facts.filter((fact) => fact !== earned);
    const version = ratingVersion(earned, earned.factVersion, laterFacts, deals);
    open.recount.add({ accrual: asAmended(earned, laterFacts), version, laterFacts });
  } else {
    open.strays += open.facts.length;
  }
  open.facts = [];
}

/** The version that rates a conversion: its own, or that of a later rerating. */
function ratingVersion(
  { dealId }: Row,
  first: number,
  others: readonly SlotFact[],
  deals: Deals,
): DealVersion {
  return others
    .flatMap((fact) => (isRemark(fact) && fact.rating !== null ? [fact.rating] : []))
    .map((rating) => deals.version(rating.dealId, rating.version))
    .reduce(higherRanked, deals.version(dealId, first));
}

function end(open: Counting, deals: Deals): Recounted {
  endConversion(open, deals);
  return { row: open.row, slot: open.recount.result(), strays: open.strays };
}

const COMPARED = 'basis, volume, first deposits, conversions, facts, hash, deal version, month, stray facts';

function* compare(family: readonly Recounted[], month: (moment: number) => string): Generator<Finding> {
  const targets = recountedTargets(
    family.map(({ slot }) => slot),
    month,
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
