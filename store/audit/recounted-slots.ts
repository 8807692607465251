// Audits slots against their facts. Untouched slots (no reversal, no linked slot) that are alike
// are recounted once, from their sums; all others slot by slot.
import { groupOf } from '../../domain/commission/group.ts';
import type { SlotFact } from '../../domain/commission/slot-facts.ts';
import { contestedBounties } from '../../domain/commission/bounties.ts';
import { isLinked, targetOf } from '../../domain/commission/commission.ts';
import type { SlotKind } from '../../domain/commission/slot-kinds.ts';
import { EMPTY_SUMS } from '../../domain/commission/sums.ts';
import type { DealVersion } from '../../domain/types.ts';
import { inChunks, type Audited, type Deals, type Finding } from './context.ts';
import { isAccrual } from '../ledger/facts-in-force.ts';
import { OF_COMPONENT_MONTHS, OF_SINGLES, PER_CUSTOMER } from '../ledger/slot-kinds.ts';
import { REJECTED_SLOTS } from './rejected-slots.ts';
import { touchedSlots } from './touched-slots.ts';

/** A group of untouched slots that are alike, with an example; or one touched slot. */
type Alike = {
  isPlain: boolean;
  component: string;
  kind: SlotKind;
  currency: string;
  /** Place of the slot's version among the `distinct` ones; null for an unknown version. */
  terms: number | null;
  basis: bigint;
  volume: bigint;
  posted: bigint;
  isAsKept: boolean;
  slots: number;
  example: string;
};

/**
 * Groups of slots. An untouched slot has only conversions, all rated by the slot's own version.
 * `$3`: deals whose versions share months; `$4`: deals with bounties that have rivals; `$5`: JSON,
 * which versions have the same terms.
 */
const ALIKE = `
  with rejected as materialized ${REJECTED_SLOTS}, versions as (
    select * from json_to_recordset($5) as v (deal_id text, version int, terms int)
  ), facts as (
    select slot_id, count(*) as facts, bigint_sum(basis_minor) as basis, bigint_sum(volume_e4) as volume,
      min(deal_version) as lowest, max(deal_version) as highest,
      bool_and(revision = 0 and ${isAccrual('slot_facts')}) as untouched
    from slot_facts where operator_id = $1 group by slot_id
  ), known as (
    select id, component, kind, currency, terms, basis, volume,
      gross_minor - void_minor - clawed_minor - debt_minor as posted,
      (basis_minor, volume_e4, facts_count, conversions_count, ftd_count)
        = (basis, volume, facts, facts, 0) as is_as_kept,
      coalesce(untouched and lowest = deal_version and highest = deal_version, false)
        and id not in (select id from rejected)
        and (kind in ${OF_COMPONENT_MONTHS} and s.deal_id <> all($3)
          or kind in ${OF_SINGLES} and facts = 1
            and not (kind in ${PER_CUSTOMER} and s.deal_id = any($4))) as plain
    from slots s left join facts f on f.slot_id = s.id
    left join versions v on v.deal_id = s.deal_id and v.version = s.deal_version
    where s.operator_id = $1 and kind <> 'manual' and s.deal_id <> all($2)
  )
  select plain as "isPlain", component, kind, currency, terms, basis, volume, posted,
    is_as_kept as "isAsKept", count(*)::int as slots, min(id) as example
  from known
  group by plain, component, kind, currency, terms, basis, volume, posted, is_as_kept,
    case when not plain then id end`;

/** Recounts groups of untouched slots that no other slot moves, and then all other slots. */
export async function* recountedSlots(audited: Audited): AsyncGenerator<Finding> {
  const { operatorId, deals } = audited;
  const linked = linkedDeals(deals);
  const shared = [...new Set(deals.all.filter(({ version }) => version > 1).map(({ dealId }) => dealId))];
  const contested = contestedDeals(deals);
  const { distinct, versions } = byTerms(deals);
  const touched: string[] = [];
  const values = [operatorId, linked, shared, contested, JSON.stringify(versions)];
  for await (const rows of inChunks<Alike>(audited, ALIKE, values)) {
    for (const row of rows) {
      if (row.isPlain) yield* compareAlike(row, distinct);
      else touched.push(row.example);
    }
  }
  if (linked.length + touched.length > 0)
    yield* touchedSlots(audited, linked, touched, [...linked, ...shared, ...contested]);
}

/**
 * The first of all versions that have the same terms, and the place of each version's terms there.
 */
function byTerms({ all }: Deals): { distinct: DealVersion[]; versions: object[] } {
  const distinct: DealVersion[] = [];
  const places = new Map<string, number>();
  const versions = all.map((one) => {
    const text = JSON.stringify(one.terms, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
    const terms = places.get(text) ?? distinct.push(one) - 1;
    places.set(text, terms);
    return { deal_id: one.dealId, version: one.version, terms };
  });
  return { distinct, versions };
}

function* compareAlike(row: Alike, distinct: readonly DealVersion[]): Generator<Finding> {
  const about = { about: row.example, currency: row.currency };
  const likes = row.slots === 1 ? '' : `, and so are ${row.slots - 1} more`;
  const off = row.posted - worth(row, distinct);
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
  { terms, example, component: label, basis: basisMinor, volume: volumeE4 }: Alike,
  distinct: readonly DealVersion[],
): bigint {
  const version = terms === null ? undefined : distinct[terms];
  const component = version?.terms.components.find((one) => one.label === label);
  if (!version || !component) throw new Error(`the version of slot ${example} has no component ${label}`);
  const accrual: SlotFact = {
    originalEventId: '',
    eventId: '',
    revision: 0,
    type: component.on[0] ?? 'sale',
    whole: true,
    amountMinor: basisMinor,
    basisMinor,
    volumeE4,
    occurredAt: 0,
    fx: null,
    customer: null,
    payment: null,
    cancels: null,
  };
  return targetOf(component, version.terms, [groupOf([accrual], version)], {
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

/** The deals with bounties of which a customer can earn only one, among those of an affiliate. */
function contestedDeals({ all }: Deals): string[] {
  const common = all.filter(({ affiliateId }) => affiliateId === null);
  const owners = new Set(all.map(({ affiliateId }) => affiliateId));
  const contested = new Set<string>();
  for (const owner of owners) {
    const own = owner === null ? [] : all.filter(({ affiliateId }) => affiliateId === owner);
    for (const { version } of contestedBounties([...common, ...own])) contested.add(version.dealId);
  }
  return [...contested];
}
