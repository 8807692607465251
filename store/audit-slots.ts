// Recounts every slot from its facts by the deal version pinned to it, and compares what the slot keeps and holds.
import { startRecount, type Recount } from '../domain/recount.ts';
import type { SlotKind } from '../domain/commission.ts';
import type { SlotFact } from '../domain/clawback.ts';
import { inChunks, type Audited, type Deals, type Finding } from './audit-context.ts';

/** A slot beside one of its facts; a slot without facts comes once, with nulls. Times are milliseconds since 1970. */
type Row = {
  slotId: string;
  kind: SlotKind;
  component: string;
  currency: string;
  dealId: string;
  slotVersion: number;
  slotBasisMinor: bigint;
  slotVolumeE4: bigint;
  factsCount: number;
  factsHash: bigint;
  postedMinor: bigint;
} & (({ factVersion: number } & SlotFact) | { factVersion: null });

const SLOTS_WITH_FACTS = `
  select s.id as "slotId", s.kind, s.component, s.currency, s.deal_id as "dealId", s.deal_version as "slotVersion",
    s.basis_minor as "slotBasisMinor", s.volume_e4 as "slotVolumeE4", s.facts_count as "factsCount", s.facts_hash as "factsHash",
    s.gross_minor - s.void_minor - s.clawed_minor - s.debt_minor as "postedMinor",
    f.original_event_id as "originalEventId", f.event_id as "eventId", f.type, f.whole, f.amount_minor as "amountMinor", f.basis_minor as "basisMinor",
    f.volume_e4 as "volumeE4", f.deal_version as "factVersion", (extract(epoch from f.occurred_at) * 1000)::float8 as "occurredAt"
  from slots s left join slot_facts f on f.operator_id = $1 and f.slot_id = s.id
  where s.operator_id = $1 order by s.id, f.original_event_id`;

/** A slot while its facts go by: those of one conversion at a time. */
type Open = { row: Row; recount: Recount; facts: (Row & SlotFact)[]; strays: number };

export async function* recountedSlots({ client, operatorId, deals }: Audited): AsyncGenerator<Finding> {
  let open: Open | undefined;
  for await (const rows of inChunks<Row>(client, SLOTS_WITH_FACTS, [operatorId])) {
    for (const row of rows) {
      if (open?.row.slotId !== row.slotId) {
        if (open) yield* compare(open, deals);
        open = { row, recount: startRecount(row.kind), facts: [], strays: 0 };
      }
      if (row.factVersion === null) continue;
      if (open.facts[0]?.originalEventId !== row.originalEventId) endConversion(open, deals);
      open.facts.push(row);
    }
  }
  if (open) yield* compare(open, deals);
}

/** Hands the facts about one conversion to the recount; facts without the conversion itself say nothing. */
function endConversion(open: Open, deals: Deals): void {
  const [earned] = open.facts.filter(({ eventId, originalEventId }) => eventId === originalEventId);
  if (earned?.factVersion) {
    const others = open.facts.filter((fact) => fact !== earned);
    open.recount.add({ earned, version: deals.version(earned.dealId, earned.factVersion), others });
  } else {
    open.strays += open.facts.length;
  }
  open.facts = [];
}

function* compare(open: Open, deals: Deals): Generator<Finding> {
  endConversion(open, deals);
  const { row, recount, strays } = open;
  const { sums, version, targetMinor } = recount.result(row.component, deals.version(row.dealId, row.slotVersion));
  const about = { about: row.slotId, currency: row.currency };
  const off = row.postedMinor - targetMinor;
  if (off !== 0n) {
    const detail = `${row.postedMinor} is booked, its facts are worth ${targetMinor}`;
    yield { ...about, check: 'slot_is_its_target', minor: off < 0n ? -off : off, detail };
  }
  const kept = [row.slotBasisMinor, row.slotVolumeE4, row.factsCount, row.factsHash, row.slotVersion, 0];
  const counted = [sums.basisMinor, sums.volumeE4, sums.factsCount, sums.factsHash, version.version, strays];
  if (kept.join() !== counted.join()) {
    const detail = `keeps ${kept.join(' ')}, its facts give ${counted.join(' ')} (basis, volume, facts, hash, deal version, stray facts)`;
    yield { ...about, check: 'slot_keeps_its_sums', minor: 0n, detail };
  }
}
