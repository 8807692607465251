// Comparisons of the audit about whose an event is, asked from the rules of attribution and not by
// its functions: evidence in time, owners of customers, customers of events that were set aside.
import { EVENT_TYPES, isConversion } from '../../domain/types.ts';
import { sqlList } from '../db/sql-list.ts';
import type { Comparison } from './context.ts';
import { WAITING } from './waiting-changes.ts';

const CONVERSIONS = sqlList(EVENT_TYPES.filter(isConversion));
const CLOCKS = `interval '1 hour'`;

/**
 * SQL: the customer whom a click bound; of several, the one of the event with the lowest id. Ids
 * have no blanks. `clicks`: a query of the click ids that are asked for, which mostly are few.
 */
export const boundByClicks = (clicks: string): string => `bound as (
    select click_id, substr(first, position(' ' in first) + 1) as customer_id from (
      select click_id, min(event_id || ' ' || customer_id) as first from bindings
      where operator_id = $1 and click_id in (${clicks}) group by 1
    ) as firsts
  )`;

/** SQL: the customers whom a person moved, with whose they are, and from when until when. */
const MOVED = `moved as (
    select customer_id, affiliate_id, from_at,
      coalesce(lead(from_at) over (partition by customer_id order by from_at), 'infinity') as until
    from (
      select distinct on (customer_id, from_at) customer_id, affiliate_id, from_at from reassignments
      where operator_id = $1 order by customer_id, from_at, id desc
    ) as latest
  )`;

/**
 * Settled conversions without evidence for their affiliate that began at most an hour after them. A
 * click that was deleted since cannot be asked. The binding of the customer settles nearly all; all
 * other evidence is read for the rest.
 */
const IN_TIME = `
  with late as materialized (
    select e.id, e.occurred_at, e.coupon, e.click_id, e.customer_id, o.affiliate_id, o.method, o.payout_currency
    from events e join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
    left join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id
    where e.operator_id = $1 and e.type in ${CONVERSIONS} and o.status = 'settled'
      and o.affiliate_id is not null and (b.affiliate_id = o.affiliate_id
        and e.occurred_at >= coalesce(b.clicked_at, b.since) - ${CLOCKS}) is not true
  ), ${boundByClicks('select click_id from late where customer_id is null')}, ${MOVED}, offered as (
    select upper(code) as code, affiliate_id, min(coalesce(starts_at, '-infinity')) as since
    from coupons where operator_id = $1 group by 1, 2
  ), known as materialized (
    select l.*, coalesce(l.customer_id, k.customer_id) as customer
    from late l left join bound k on k.click_id = l.click_id and l.customer_id is null
  ), attributed as (
    select l.*, least(
      case when c.affiliate_id = l.affiliate_id then c.clicked_at end,
      case when b.affiliate_id = l.affiliate_id then coalesce(b.clicked_at, b.since) end,
      v.since, m.from_at + ${CLOCKS},
      case when a.event_id is not null then coalesce(a.from_at, l.occurred_at) end) as begins
    from known l
    left join clicks c on c.operator_id = $1 and c.id = l.click_id
    left join bindings b on b.operator_id = $1 and b.customer_id = l.customer
    left join offered v on v.code = upper(l.coupon) and v.affiliate_id = l.affiliate_id
    left join assignments a on a.operator_id = $1 and a.event_id = l.id and a.affiliate_id = l.affiliate_id
    left join moved m on m.customer_id = l.customer and m.affiliate_id = l.affiliate_id
      and m.from_at <= l.occurred_at and l.occurred_at < m.until
    where l.click_id is null or c.id is not null
  )
  select id as about, payout_currency as currency, 0::numeric as minor,
    format('occurred at %s and is of %s by %s, whose evidence begins at %s', occurred_at, affiliate_id,
      method, begins) as detail
  from attributed
  where occurred_at < coalesce(begins, 'infinity') - ${CLOCKS} and id not in ${WAITING}`;

/**
 * Settled conversions of customers who are not the affiliate's: moved by a person, or known only by
 * the click that bound the customer. A person may give an event to another affiliate.
 */
const OWNERS = `
  with clicked as materialized (
    select id, occurred_at, click_id from events
    where operator_id = $1 and customer_id is null and click_id is not null and type in ${CONVERSIONS}
  ), ${boundByClicks('select click_id from clicked')}, ${MOVED}, known as (
    select e.id, e.occurred_at, e.customer_id as customer, null as binder
    from events e join moved m on m.customer_id = e.customer_id
    where e.operator_id = $1 and e.type in ${CONVERSIONS}
    union
    select e.id, e.occurred_at, k.customer_id, b.affiliate_id
    from clicked e join bound k on k.click_id = e.click_id
    join bindings b on b.operator_id = $1 and b.customer_id = k.customer_id
    where e.occurred_at >= b.since - ${CLOCKS}
  ), owned as (
    select k.id, o.payout_currency, o.affiliate_id, k.customer, coalesce(m.affiliate_id, k.binder) as owner
    from known k join event_outcomes o on o.operator_id = $1 and o.event_id = k.id
    left join moved m on m.customer_id = k.customer and m.from_at <= k.occurred_at and k.occurred_at < m.until
    where o.status = 'settled' and o.method <> 'manual'
  )
  select id as about, payout_currency as currency, 0::numeric as minor,
    format('is of %s, its customer %s was of %s', affiliate_id, customer, owner) as detail
  from owned where affiliate_id <> owner and id not in ${WAITING}`;

/**
 * Events set aside that a click in time attributes, and whose customer nobody has. Not asked where
 * existing customers are ignored, which depends on what else is known.
 */
const SET_ASIDE = `
  select e.id as about, null as currency, 0::numeric as minor,
    format('was set aside for %s with click %s of %s, and customer %s is bound to nobody', o.reason, c.id,
      c.affiliate_id, e.customer_id) as detail
  from event_outcomes o join events e on e.operator_id = $1 and e.id = o.event_id
  join operators p on p.id = $1
  join clicks c on c.operator_id = $1 and c.id = e.click_id
  join affiliates a on a.operator_id = $1 and a.id = c.affiliate_id
  left join bindings b on b.operator_id = $1 and b.customer_id = e.customer_id
  where o.operator_id = $1 and o.status = 'set_aside' and e.type in ${CONVERSIONS}
    and e.customer_id is not null and b.customer_id is null and c.received_at <= o.settled_at
    and e.occurred_at >= c.clicked_at - ${CLOCKS}
    and e.occurred_at <= c.clicked_at + make_interval(hours => 24 * p.click_window_days)
    and p.existing_customers = 'bind' and a.external_id is distinct from e.customer_id
    and (a.closed_at is null or a.closed_at > e.occurred_at) and e.id not in ${WAITING}`;

export const OWNER_COMPARISONS: readonly Comparison[] = [
  { check: 'event_is_attributed_in_time', statement: IN_TIME },
  { check: 'event_is_its_customers_owners', statement: OWNERS },
  { check: 'event_set_aside_binds', statement: SET_ASIDE },
];
