// Audits reversals: an event that reverses a conversion must have its fact in each slot where the
// conversion earned, unless the deal lets the affiliate keep the commission; and no other event may
// have one.
import { reverses, reversalOf } from '../../domain/commission/reversals.ts';
import { NEGATIVE_EVENTS, REINSTATING_EVENT } from '../../domain/types.ts';
import { sqlList } from '../db/sql-list.ts';
import { inChunks, type Audited, type Finding } from './context.ts';
import { loadEvents } from '../settlement/load-events.ts';
import { inForce } from '../ledger/facts-in-force.ts';

/**
 * An event that may reverse a conversion, with a slot where the conversion earned, and the event's
 * fact there, if any.
 */
type Pair = {
  eventId: string;
  conversionId: string;
  slotId: string;
  currency: string;
  dealId: string;
  dealVersion: number;
  whole: boolean | null;
  amountMinor: bigint | null;
  isExchanged: boolean;
};

const PAIRS = `
  with reversals as materialized (
    select e.id, e.reference, e.subject, e.occurred_at
    from events e join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
    where e.operator_id = $1
      and e.type in ${sqlList([...NEGATIVE_EVENTS, REINSTATING_EVENT])}
      and (o.status = 'settled' or (o.status = 'orphaned' and o.reason = 'no_conversion'))
  ), pairs as (
    select a.id, c.id as conversion
    from reversals a join events c on c.operator_id = $1 and c.key = a.reference
    where a.reference is not null
    union all
    select a.id, c.id
    from reversals a
    join events c on c.operator_id = $1 and c.subject = a.subject and c.occurred_at <= a.occurred_at
    where a.reference is null
  )
  select p.id as "eventId", p.conversion as "conversionId", f.slot_id as "slotId",
    s.currency, s.deal_id as "dealId",
    max(f.deal_version) as "dealVersion", bool_or(f.whole) filter (where f.event_id = p.id) as whole,
    max(f.amount_minor) filter (where f.event_id = p.id) as "amountMinor",
    bool_or(f.fx_rate_id is not null and f.event_id = p.id) as "isExchanged"
  from pairs p
  join slot_facts f on f.operator_id = $1 and f.original_event_id = p.conversion
    and f.event_id in (p.id, p.conversion)
  join slots s on s.operator_id = $1 and s.id = f.slot_id
  where f.type not in ('left', 'rejected') and ${inForce('f')}
  group by p.id, p.conversion, f.slot_id, s.currency, s.deal_id having bool_or(f.event_id = p.conversion)`;

export async function* missingReversals(audited: Audited): AsyncGenerator<Finding> {
  const { client, operatorId, deals } = audited;
  for await (const pairs of inChunks<Pair>(audited, PAIRS, [operatorId], 250)) {
    const ids = new Set(pairs.flatMap(({ eventId, conversionId }) => [eventId, conversionId]));
    const events = new Map(
      (await loadEvents(client, operatorId, [...ids])).map(({ event }) => [event.id, event]),
    );
    for (const pair of pairs) {
      const [event, conversion] = [events.get(pair.eventId)!, events.get(pair.conversionId)!];
      const { terms } = deals.version(pair.dealId, pair.dealVersion);
      const wanted = reverses(event, conversion) ? reversalOf(event, conversion, terms) : null;
      // A part in another currency was exchanged at a stored rate, which fx.ts audits.
      const [is, should] =
        wanted === 'no_rate' && pair.isExchanged ? ['part', 'part'] : [inWords(pair), inWords(wanted)];
      if (is === should) continue;
      const where = `of ${conversion.id} in slot ${pair.slotId}`;
      const detail = `takes back ${is} ${where}, should take back ${should}`;
      yield {
        check: 'reversal_is_in_its_slots',
        about: event.id,
        currency: pair.currency,
        minor: 0n,
        detail,
      };
    }
  }
}

function inWords(fact: { whole: boolean | null; amountMinor: bigint | null } | 'no_rate' | null): string {
  if (fact === null || fact === 'no_rate' || fact.whole === null) return 'nothing';
  return fact.whole ? 'all' : String(fact.amountMinor);
}
