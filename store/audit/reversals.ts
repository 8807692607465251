// Audits reversals: an event that reverses a conversion must have its fact in each slot where the
// conversion earned, unless the deal lets the affiliate keep the commission; and no other event may
// have one.
import { namesChargeback, reinstates, reverses, reversalOf } from '../../domain/commission/reversals.ts';
import { isSpread } from '../../domain/settlement/reversal-effects.ts';
import { NEGATIVE_EVENTS, REINSTATING_EVENT, type ConversionEvent, type Terms } from '../../domain/types.ts';
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
  /** The chargeback of the conversion that a win names; null for others. */
  chargebackId: string | null;
  slotId: string;
  currency: string;
  dealId: string;
  dealVersion: number;
  whole: boolean | null;
  amountMinor: bigint | null;
  cancels: string | null;
  isExchanged: boolean;
};

const PAIRS = `
  with reversals as materialized (
    select e.id, e.type, e.reference, e.subject, e.occurred_at
    from events e join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
    where e.operator_id = $1
      and e.type in ${sqlList([...NEGATIVE_EVENTS, REINSTATING_EVENT])}
      and (o.status = 'settled' or (o.status = 'orphaned' and o.reason = 'no_conversion'))
  ), direct as materialized (
    select a.id, c.id as conversion
    from reversals a join events c on c.operator_id = $1 and c.key = a.reference
    where a.reference is not null
    union all
    select a.id, c.id
    from reversals a
    join events c on c.operator_id = $1 and c.subject = a.subject and c.occurred_at <= a.occurred_at
    where a.reference is null
  ), pairs as (
    select id, conversion, null as chargeback from direct
    union all
    select w.id, d.conversion, d.id
    from reversals w
    join events b on b.operator_id = $1 and b.key = w.reference and b.type = 'chargeback'
    join direct d on d.id = b.id
    where w.type = '${REINSTATING_EVENT}'
  )
  select p.id as "eventId", p.conversion as "conversionId", max(p.chargeback) as "chargebackId",
    f.slot_id as "slotId", s.currency, s.deal_id as "dealId",
    max(f.deal_version) as "dealVersion", bool_or(f.whole) filter (where f.event_id = p.id) as whole,
    max(f.amount_minor) filter (where f.event_id = p.id) as "amountMinor",
    max(f.cancels) filter (where f.event_id = p.id) as cancels,
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
    const ids = new Set(
      pairs.flatMap(({ eventId, conversionId, chargebackId }) => [
        eventId,
        conversionId,
        ...(chargebackId === null ? [] : [chargebackId]),
      ]),
    );
    const events = new Map(
      (await loadEvents(client, operatorId, [...ids])).map(({ event }) => [event.id, event]),
    );
    for (const pair of pairs) {
      const [event, conversion] = [events.get(pair.eventId)!, events.get(pair.conversionId)!];
      const chargeback = pair.chargebackId === null ? undefined : events.get(pair.chargebackId);
      // What is divided among conversions depends on all of them: divided-reversals.ts audits it.
      if (isSpread(event, chargeback && namesChargeback(event, chargeback) ? chargeback : undefined))
        continue;
      const { terms } = deals.version(pair.dealId, pair.dealVersion);
      const wanted = wantedOf(event, conversion, chargeback, terms);
      const [is, should] = [inWords(pair, pair.isExchanged), inWords(wanted, pair.isExchanged)];
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

function wantedOf(
  event: ConversionEvent,
  conversion: ConversionEvent,
  chargeback: ConversionEvent | undefined,
  terms: Terms,
): ReturnType<typeof reversalOf> {
  if (reverses(event, conversion)) return reversalOf(event, conversion, terms);
  return chargeback && reinstates(event, chargeback, conversion)
    ? reversalOf(event, conversion, terms, undefined, chargeback.id)
    : null;
}

/**
 * A fact in words that can be compared. An amount in another currency was exchanged at a stored
 * rate, which fx.ts audits.
 */
function inWords(
  fact: Pick<Pair, 'whole' | 'amountMinor' | 'cancels'> | 'no_rate' | null,
  isExchanged: boolean,
): string {
  if (fact === 'no_rate') return isExchanged ? 'a part' : 'nothing';
  if (fact === null || fact.whole === null) return 'nothing';
  const of = fact.cancels === null ? '' : ` of ${fact.cancels}`;
  if (isExchanged) return `${fact.whole ? 'all' : 'a part'}${of}`;
  return `${fact.whole ? 'all, by ' : ''}${fact.amountMinor}${of}`;
}
