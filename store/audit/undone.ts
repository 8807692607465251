// Comparisons of the audit about what was undone, asked from the events and not by the functions of
// settling: chargebacks after a win, voided events, replaced rates, amounts that reversals divide.
import { EVENT_TYPES, isConversion, NEGATIVE_EVENTS, REINSTATING_EVENT } from '../../domain/types.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { sqlList } from '../db/sql-list.ts';
import { inForce, isAccrual } from '../ledger/facts-in-force.ts';
import { OF_SINGLES } from '../ledger/slot-kinds.ts';
import type { Comparison } from './context.ts';
import { WAITING } from './waiting-changes.ts';

const CONVERSIONS = sqlList(EVENT_TYPES.filter(isConversion));

/** Whether nobody knows any more whose an event was: see `isErasedId` in domain/keys.ts. */
const isErased = (event: string): string => `${event}.customer_id ~ '^erased_[0-9a-z]{26}$'`;

/**
 * Slots that pay although each of their conversions was charged back wholly, and no win came at or
 * after that. Only slots of one customer or event: a month does not say what is left of each.
 */
const CHARGED_BACK = `
  with chargebacks as materialized (
    select e.id, e.key, e.reference, e.reference_type, e.customer_id, e.subject, e.occurred_at,
      coalesce(m.amount_minor, e.amount_minor) as minor, coalesce(m.currency, e.currency) as currency
    from events e join event_outcomes o on o.operator_id = $1 and o.event_id = e.id and o.status = 'settled'
    ${JOIN_AMENDMENT}
    where e.operator_id = $1 and e.type = 'chargeback' and e.id not in ${WAITING}
  ), wins as materialized (
    select reference, occurred_at from events where operator_id = $1 and type = '${REINSTATING_EVENT}'
  ), pairs as materialized (
    select b.*, e.id as conversion, e.key as conversion_key, e.occurred_at as earned_at,
      coalesce(m.amount_minor, e.amount_minor, 0) as earned_minor,
      coalesce(m.currency, e.currency) as earned_currency
    from (
      select b.id, e.id as conversion from chargebacks b join events e on e.operator_id = $1
        and e.key = b.reference and (e.key_kind = 'transaction' or b.reference_type is not null)
        and (b.customer_id is null or e.customer_id is null or b.customer_id = e.customer_id or ${isErased('e')})
      union
      select b.id, e.id from chargebacks b join events e on e.operator_id = $1 and e.subject = b.subject
        and e.occurred_at <= b.occurred_at
      where b.reference is null and b.minor is null
    ) as hit
    join chargebacks b on b.id = hit.id join events e on e.operator_id = $1 and e.id = hit.conversion
    ${JOIN_AMENDMENT}
    where e.type in ${CONVERSIONS} and (b.reference_type is null or b.reference_type = e.type)
  ), taken as materialized (
    select distinct f.slot_id, f.original_event_id
    from pairs p join slot_facts f on f.operator_id = $1 and f.original_event_id = p.conversion
      and ${isAccrual('f')} and ${inForce('f')}
    join slots s on s.operator_id = $1 and s.id = f.slot_id and s.kind in ${OF_SINGLES}
    join deal_versions v on v.operator_id = $1 and v.deal_id = s.deal_id and v.version = f.deal_version
    cross join lateral (select coalesce(v.terms->'clawback'->>'chargeback', 'full') as policy,
      coalesce((v.terms->'clawback'->>'days')::int, 90) as days) as c
    where c.policy <> 'none'
      and (p.reference is not null or p.occurred_at <= p.earned_at + make_interval(hours => 24 * c.days))
      and (c.policy = 'full' or p.minor is null or p.earned_minor <= 0
        or p.currency = p.earned_currency and p.minor >= p.earned_minor)
      and not exists (select from wins w where w.reference = p.conversion_key and w.occurred_at >= p.occurred_at)
      and not exists (select from wins w where w.reference = p.key and w.occurred_at >= p.occurred_at)
  )
  select s.id as about, s.currency, abs(posted) as minor,
    format('pays %s for %s, which was charged back after the last win', posted, min(f.original_event_id)) as detail
  from slots s
  cross join lateral (select gross_minor - void_minor - clawed_minor - debt_minor as posted) as p
  join slot_facts f on f.operator_id = $1 and f.slot_id = s.id and ${isAccrual('f')} and ${inForce('f')}
  left join taken t on t.slot_id = f.slot_id and t.original_event_id = f.original_event_id
  where s.operator_id = $1 and posted <> 0 and s.id in (select slot_id from taken)
  group by s.id, s.currency, posted
  having count(*) = count(t.slot_id) and not bool_or(f.original_event_id in ${WAITING})`;

/** Facts in force of events that were taken out of the books. */
const VOIDED = `
  select f.event_id as about, null as currency, 0::numeric as minor,
    format('is voided, and counts for %s in slot %s', f.original_event_id, f.slot_id) as detail
  from amendments a join slot_facts f on f.operator_id = $1 and f.event_id = a.event_id
  where a.operator_id = $1 and a.in_force and a.voided and f.type not in ('left', 'rejected')
    and ${inForce('f')} and f.event_id not in ${WAITING} and f.original_event_id not in ${WAITING}`;

/** Facts in force that were exchanged at a rate which a later one of the same moment replaced. */
const REPLACED_RATES = `
  with replaced as materialized (
    select r.id, max(n.id) as by from fx_rates r join fx_rates n on n.operator_id = $1
      and n.base = r.base and n.quote = r.quote and n.as_of = r.as_of and n.id > r.id
    where r.operator_id = $1 group by 1
  )
  select f.event_id as about, null as currency, 0::numeric as minor,
    format('was exchanged at %s in slot %s, which %s replaced', r.id, f.slot_id, r.by) as detail
  from replaced r join slot_facts f on f.operator_id = $1 and f.fx_rate_id = r.id
  where f.type not in ('left', 'rejected') and ${inForce('f')} and f.original_event_id not in ${WAITING}`;

/**
 * Reversals by customer and amount that take more than their amount. One that takes each conversion
 * whole reaches the last of them by a part of its amount only, so the greatest is left out; and
 * only conversions count there that no other event reverses. A first deposit and a deposit of one
 * transaction are one payment, taken once.
 */
const DIVIDED = `
  with divided as materialized (
    select e.id, coalesce(m.amount_minor, e.amount_minor) as minor, coalesce(m.currency, e.currency) as currency
    from events e ${JOIN_AMENDMENT}
    where e.operator_id = $1 and e.reference is null and e.type in ${sqlList(NEGATIVE_EVENTS)}
      and coalesce(m.amount_minor, e.amount_minor) is not null and e.id not in ${WAITING}
  ), hit as materialized (
    select f.event_id, f.original_event_id, bool_and(f.whole and f.amount_minor = 0) as is_whole,
      max(f.amount_minor) as minor
    from divided d join slot_facts f on f.operator_id = $1 and f.event_id = d.id
    where f.fx_rate_id is null and f.type not in ('left', 'rejected') and ${inForce('f')}
    group by 1, 2
  ), earned as (
    select f.original_event_id, max(f.amount_minor) filter (where ${isAccrual('f')}) as minor
    from slot_facts f where f.operator_id = $1 and f.original_event_id in (select original_event_id from hit)
      and f.type not in ('left', 'rejected') and ${inForce('f')}
    group by 1 having count(distinct f.event_id) = 2
  ), payments as (
    select h.event_id, case when c.type in ('ftd', 'deposit') and c.transaction_id is not null
        then 'paid ' || c.transaction_id else c.id end as payment,
      bool_and(h.is_whole) as is_whole, max(h.minor) as minor, max(e.minor) as earned_minor,
      bool_or(c.id in ${WAITING}) as waits
    from hit h join events c on c.operator_id = $1 and c.id = h.original_event_id
    left join earned e on e.original_event_id = h.original_event_id group by 1, 2
  ), sums as (
    select event_id, coalesce(sum(minor) filter (where not is_whole), 0) as taken,
      coalesce(sum(earned_minor) filter (where is_whole) - max(earned_minor) filter (where is_whole), 0)
        as reached, bool_or(waits) as waits
    from payments group by 1
  )
  select d.id as about, d.currency, greatest(s.taken - d.minor, 0) as minor,
    format('of %s takes %s, and further conversions after %s', d.minor, s.taken, s.reached) as detail
  from divided d join sums s on s.event_id = d.id
  where not s.waits and (s.taken > d.minor or s.reached > 0 and s.reached >= d.minor)`;

/** Reversals that take from a conversion of another customer than the one that they name. */
const OTHER_CUSTOMERS = `
  select f.event_id as about, null as currency, 0::numeric as minor,
    format('names customer %s, and takes from %s of %s', e.customer_id, c.id, c.customer_id) as detail
  from slot_facts f join events e on e.operator_id = $1 and e.id = f.event_id
  join events c on c.operator_id = $1 and c.id = f.original_event_id
  where f.operator_id = $1 and f.event_id <> f.original_event_id and e.customer_id <> c.customer_id
    and not ${isErased('c')} and ${inForce('f')}`;

export const UNDONE_COMPARISONS: readonly Comparison[] = [
  { check: 'lost_chargeback_takes_all', statement: CHARGED_BACK },
  { check: 'voided_event_counts_nowhere', statement: VOIDED },
  { check: 'replaced_rate_is_not_used', statement: REPLACED_RATES },
  { check: 'reversal_is_of_its_customer', statement: OTHER_CUSTOMERS },
  { check: 'reversal_takes_at_most_its_amount', statement: DIVIDED },
];
