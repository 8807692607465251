// Comparisons of the audit about dates, asked in SQL from the histories and not by the functions of
// settling: parents and months of a conversion are those of the time when it happened.
import { inForce, isAccrual } from '../ledger/facts-in-force.ts';
import { OF_COMPONENT_MONTHS, OF_SINGLES } from '../ledger/slot-kinds.ts';
import type { Comparison } from './context.ts';
import { LAST_CLOSED } from './statements.ts';
import { WAITING } from './waiting-changes.ts';

/** SQL: the affiliates above each affiliate, by level, with the time of each. */
const ABOVE = `dated as (
    select affiliate_id, parent_id, since,
      coalesce(lead(since) over (partition by affiliate_id order by since), 'infinity') as until
    from (
      select distinct on (affiliate_id, since) affiliate_id, since, parent_id from affiliate_parents
      where operator_id = $1 order by affiliate_id, since, number desc
    ) as latest
  ), above as (
    select affiliate_id, 1 as level, parent_id, since, until, array[affiliate_id, parent_id] as path
    from dated where parent_id is not null
    union all
    select a.affiliate_id, a.level + 1, d.parent_id, greatest(a.since, d.since), least(a.until, d.until),
      a.path || d.parent_id
    from above a join dated d on d.affiliate_id = a.parent_id and d.since < a.until and a.since < d.until
    where a.level < 5 and d.parent_id is not null and d.parent_id <> all(a.path)
  )`;

const IS_IN_SLOT = `f.operator_id = $1 and f.slot_id = s.id and ${isAccrual('f')} and ${inForce('f')}`;
const POSTED = `(select gross_minor - void_minor - clawed_minor - debt_minor as posted)`;

/**
 * Paid parts of parents who were not that level above the affiliate when the conversions happened.
 * Of a customer's slot one conversion is paid, which may be any of them.
 */
const PAID_PARENTS = `
  with recursive ${ABOVE}, paid as (
    select id, source_id, affiliate_id, level, currency, posted
    from slots cross join lateral ${POSTED} as p
    where operator_id = $1 and kind = 'override' and posted <> 0
  )
  select p.id as about, p.currency, abs(p.posted) as minor,
    format('pays %s, who was not %s above %s at the time of %s of %s conversions', p.affiliate_id, p.level,
      s.affiliate_id, count(*) - count(a.parent_id), count(*)) as detail
  from paid p join slots s on s.operator_id = $1 and s.id = p.source_id
  join slot_facts f on ${IS_IN_SLOT}
  left join above a on a.affiliate_id = s.affiliate_id and a.level = p.level and a.parent_id = p.affiliate_id
    and a.since <= f.occurred_at and f.occurred_at < a.until
  group by p.id, p.affiliate_id, p.level, p.currency, p.posted, s.affiliate_id, s.kind
  having not bool_or(f.original_event_id in ${WAITING})
    and case when s.kind in ${OF_SINGLES} then count(a.parent_id) = 0 else count(*) > count(a.parent_id) end`;

/** Paid slots without a part for a parent of the time, where their deal pays that level. */
const UNPAID_PARENTS = `
  with recursive ${ABOVE}
  select s.id as about, s.currency, 0::numeric as minor,
    format('pays nothing to %s, who was %s above %s then', a.parent_id, a.level, s.affiliate_id) as detail
  from above a
  join slots s on s.operator_id = $1 and s.affiliate_id = a.affiliate_id
  cross join lateral ${POSTED} as p
  join slot_facts f on ${IS_IN_SLOT} and a.since <= f.occurred_at and f.occurred_at < a.until
  join deal_versions v on v.operator_id = $1 and v.deal_id = s.deal_id and v.version = f.deal_version
    and (v.terms->'overrides'->(a.level - 1)->>'percent')::numeric > 0
  left join slots o on o.operator_id = $1 and o.source_id = s.id and o.level = a.level
    and o.affiliate_id = a.parent_id
  where s.kind not in ('month', 'override', 'manual') and posted > 0 and o.id is null
    and (s.kind in ${OF_COMPONENT_MONTHS} or s.conversions_count = 1)
    and f.original_event_id not in ${WAITING}
  group by s.id, s.currency, s.affiliate_id, a.parent_id, a.level`;

/**
 * Conversions in a month in which they did not happen by the time zone of then. The bounds of
 * months settle nearly all; the hour that a zone repeats at one is settled by the text of the date.
 */
const MONTHS = `
  with monthly as materialized (
    select id, currency, period from slots
    where operator_id = $1 and (kind = 'month' or kind in ${OF_COMPONENT_MONTHS})
  ), zones as (
    select zone, since, coalesce(lead(since) over (order by since), 'infinity') as until
    from operator_zones where operator_id = $1
  ), months as materialized (
    select period, greatest(since, (period || '-01')::timestamp at time zone zone) as since,
      least(until, ((period || '-01')::timestamp + interval '1 month') at time zone zone) as until
    from (select distinct period from monthly) as periods cross join zones
  )
  select s.id as about, s.currency, 0::numeric as minor,
    format('is the month %s, and holds %s conversions from %s to %s', s.period, count(*),
      min(f.occurred_at), max(f.occurred_at)) as detail
  from monthly s join slot_facts f on ${IS_IN_SLOT}
  left join months m on m.period = s.period and m.since <= f.occurred_at and f.occurred_at < m.until
  where m.period is null
    and not exists (select from zones z where z.since <= f.occurred_at and f.occurred_at < z.until
      and to_char(f.occurred_at at time zone z.zone, 'YYYY-MM') = s.period)
  group by s.id, s.currency, s.period`;

/** Affiliates with transfers in a month up to the last closed one, and no statement of it. */
const STATEMENTS = `
  with posted as (
    select affiliate_id, currency, t.period, count(*) as transfers
    from ${LAST_CLOSED} join transfers t on t.operator_id = $1 and t.period <= closed.last
    where affiliate_id is not null group by 1, 2, 3
  )
  select p.affiliate_id as about, p.currency, 0::numeric as minor,
    format('has %s transfers in %s, which is %s, and %s', p.transfers, p.period, coalesce(c.status, 'open'),
      coalesce(s.id, 'no statement')) as detail
  from posted p
  left join periods c on c.operator_id = $1 and c.period = p.period
  left join statements s on s.operator_id = $1 and s.affiliate_id = p.affiliate_id
    and s.currency = p.currency and s.period = p.period
  where s.id is null or c.status is distinct from 'closed'`;

export const DATE_COMPARISONS: readonly Comparison[] = [
  { check: 'month_is_of_the_date', statement: MONTHS },
  { check: 'paid_parent_is_of_the_date', statement: PAID_PARENTS },
  { check: 'parent_of_the_date_is_paid', statement: UNPAID_PARENTS },
  { check: 'month_with_transfers_has_a_statement', statement: STATEMENTS },
];
