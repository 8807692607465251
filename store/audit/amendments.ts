// Audits amended conversions: each fact must agree with a version of its event, the fact that
// counts with the version in force.
import { isOperatorPayout, type SlotKind } from '../../domain/commission/slot-kinds.ts';
import { converted, type FxRate } from '../../domain/ledger/fx.ts';
import { inChunks, type Audited, type Finding } from './context.ts';

/** A version of an event; amounts are the text of integers. */
type Version = {
  number: number;
  amount: string | null;
  currency: string | null;
  volume: string | null;
  payout: string | null;
  inForce: boolean;
};

type Row = {
  slotId: string;
  kind: SlotKind;
  currency: string;
  conversionId: string;
  factId: string;
  isAmended: boolean;
  /** 0 for the first entry of the conversion. */
  amendment: number;
  amountMinor: bigint;
  volumeE4: bigint;
  basisMinor: bigint;
  rate: (Pick<FxRate, 'base' | 'quote'> & { rateE12: string }) | null;
  isExchanged: boolean;
  versions: Version[];
};

/** The facts of amended conversions, with all versions of their events. */
const AMENDED = `
  with all_versions as (
    select event_id, number, amount_minor, currency, volume_e4, payout_minor, in_force from amendments
    where operator_id = $1 and state = 'applied'
    union all
    select e.id, 0, e.amount_minor, e.currency, e.volume_e4, e.payout_minor, false from amendments a
    join events e on e.operator_id = $1 and e.id = a.event_id where a.operator_id = $1 and a.in_force
  ), versions as materialized (
    select event_id, json_agg(json_build_object(
      'number', number, 'amount', amount_minor::text, 'currency', currency, 'volume', volume_e4::text,
      'payout', payout_minor::text, 'inForce', in_force)) as versions
    from all_versions group by event_id
  )
  select f.slot_id as "slotId", s.kind, s.currency, f.original_event_id as "conversionId",
    case when f.type = 'amended' then format('%s/%s@%s', f.rating_deal_id, f.rating_version, f.amendment)
      else f.event_id end as "factId",
    f.type = 'amended' as "isAmended", f.amendment, f.amount_minor as "amountMinor",
    f.volume_e4 as "volumeE4", f.basis_minor as "basisMinor", f.fx_rate_id is not null as "isExchanged",
      v.versions,
    case when r.rate = f.fx_rate then json_build_object('base', r.base, 'quote', r.quote,
      'rateE12', (r.rate * 1000000000000)::numeric(38, 0)::text) end as rate
  from versions v
  join slot_facts f on f.operator_id = $1 and f.original_event_id = v.event_id
    and (f.event_id = v.event_id and f.rating_version = 0 or f.type = 'amended')
  join slots s on s.operator_id = $1 and s.id = f.slot_id
  left join fx_rates r on r.operator_id = $1 and r.id = f.fx_rate_id
  order by f.slot_id, f.original_event_id`;

export async function* amendments(audited: Audited): AsyncGenerator<Finding> {
  let together: Row[] = [];
  for await (const rows of inChunks<Row>(audited, AMENDED, [audited.operatorId])) {
    for (const row of rows) {
      const [first] = together;
      if (first && (first.slotId !== row.slotId || first.conversionId !== row.conversionId))
        yield* compare(together.splice(0));
      together.push(row);
    }
  }
  if (together.length > 0) yield* compare(together);
}

/**
 * Compares the facts of one amended conversion in a slot. A slot that it came into later has the
 * version of that time.
 */
function* compare(rows: readonly Row[]): Generator<Finding> {
  const counting = rows.reduce((last, row) => (row.amendment > last.amendment ? row : last));
  for (const row of rows) {
    const own = row.versions.filter(({ number }) => !row.isAmended || number === row.amendment);
    const allowed = row === counting ? own.filter(({ inForce }) => inForce) : own;
    if (allowed.some((version) => isOf(row, version))) continue;
    const brought = `${row.amountMinor} ${row.volumeE4} ${row.basisMinor}`;
    const detail = `${row.factId} brings ${brought} to slot ${row.slotId}, which no version of it says`;
    yield {
      check: 'amended_is_in_its_slots',
      about: row.conversionId,
      currency: row.currency,
      minor: 0n,
      detail,
    };
  }
}

/** Whether a fact agrees with a version of its event. */
function isOf(row: Row, { amount, currency, volume, payout }: Version): boolean {
  if (row.amountMinor !== BigInt(amount ?? 0) || row.volumeE4 !== BigInt(volume ?? 0)) return false;
  if (row.kind === 'month' && row.basisMinor === 0n && payout !== null) return true;
  const sent = BigInt((isOperatorPayout(row.kind) ? payout : amount) ?? 0);
  if (!row.isExchanged)
    return row.basisMinor === (currency === null || currency === row.currency ? sent : 0n);
  const { rate } = row;
  if (rate === null || rate.base !== currency || rate.quote !== row.currency) return false;
  return row.basisMinor === converted(sent, { ...rate, rateE12: BigInt(rate.rateE12) });
}
