// Audits trades of deals with components for some symbols: each is in slots of those components
// that take it. The number of slots is compared in comparisons.ts, so that none is missing either.
import { inForce, isAccrual } from '../ledger/facts-in-force.ts';
import { OF_SYMBOLS } from '../ledger/slot-kinds.ts';
import { inChunks, type Audited, type Finding } from './context.ts';

type Row = { eventId: string; slotId: string; component: string; currency: string };

const MISPLACED = `
  with promised as (
    select * from json_to_recordset($2) as v (deal_id text, version int, type text, is_computed boolean,
      by_symbol boolean, symbol text, symbol_group text, takers json)
  ), takers as (
    select deal_id, version, type, symbol, symbol_group, component
    from promised, json_array_elements_text(takers) as component
  ), by_symbol as (
    select distinct deal_id, version from promised
  )
  select f.event_id as "eventId", s.id as "slotId", s.component, s.currency
  from slots s
  join by_symbol b on b.deal_id = s.deal_id and b.version = s.deal_version
  join slot_facts f on f.operator_id = $1 and f.slot_id = s.id and ${isAccrual('f')} and ${inForce('f')}
  join events e on e.operator_id = $1 and e.id = f.event_id
  left join takers t on t.deal_id = s.deal_id and t.version = s.deal_version and t.component = s.component
    and t.type = e.type and t.symbol = coalesce(e.symbol, '') and t.symbol_group = coalesce(e.symbol_group, '')
  where s.operator_id = $1 and s.kind in ${OF_SYMBOLS} and t.component is null`;

export async function* misplacedTrades(audited: Audited): AsyncGenerator<Finding> {
  const promised = audited.deals.promised.filter((row) => row.by_symbol && !row.is_computed);
  if (promised.length === 0) return;
  const values = [audited.operatorId, JSON.stringify(promised)];
  for await (const rows of inChunks<Row>(audited, MISPLACED, values)) {
    for (const { eventId, slotId, component, currency } of rows) {
      const detail = `is in slot ${slotId} of ${component}, which does not take its symbol`;
      yield { check: 'trade_is_by_its_symbol', about: eventId, currency, minor: 0n, detail };
    }
  }
}
